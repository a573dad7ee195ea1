#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "consumer/process_queue.h"
#include "consumer/push_consumer.h"

namespace rocketmq {

// A delivery with the queue that it came from.
struct DeliveryRecord {
  Delivery delivery;
  std::shared_ptr<ProcessQueue> queue;
  TimePoint deadline;
};

// Gives waiting messages to the application on the threads "rmq-consume-K", queue after queue in turn, and
// keeps what is given out until it is acknowledged. Any thread.
class Dispatcher {
 public:
  explicit Dispatcher(const PushConsumerOptions& options) : options_(options) {}

  void start();
  // The queue has messages.
  void schedule(const std::shared_ptr<ProcessQueue>& queue);
  void suspend();
  void resume();
  // No more deliveries; waits for the callbacks that run. Not from one of the threads.
  void stop();

  // Takes a delivery out for its acknowledgement. nullptr for an unknown or an abandoned one, which is freed.
  std::shared_ptr<DeliveryRecord> take(uint64_t id);
  std::shared_ptr<DeliveryRecord> find(uint64_t id) const;
  // Deliveries past their deadline: they stay valid for the application, but no longer count.
  std::vector<std::shared_ptr<DeliveryRecord>> abandon_expired(TimePoint at);
  // False when some are outstanding at the deadline.
  bool wait_idle(TimePoint deadline);
  size_t outstanding() const;
  int64_t delivered() const { return delivered_.load(std::memory_order_relaxed); }

 private:
  void run();
  std::shared_ptr<DeliveryRecord> next();

  const PushConsumerOptions& options_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable idle_;
  std::deque<std::shared_ptr<ProcessQueue>> ready_;
  std::unordered_map<uint64_t, std::shared_ptr<DeliveryRecord>> given_out_;
  std::unordered_map<uint64_t, std::shared_ptr<DeliveryRecord>> abandoned_;
  uint64_t last_id_ = 0;
  bool suspended_ = false;
  bool stopping_ = false;
  std::atomic<int64_t> delivered_{0};
  std::vector<std::thread> threads_;
};

}  // namespace rocketmq
