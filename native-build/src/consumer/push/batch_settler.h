#pragma once

#include <asio/awaitable.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/error.h"
#include "consumer/push/dispatcher.h"
#include "consumer/push/push_context.h"
#include "consumer/push/queue_table.h"
#include "net/coroutine.h"

namespace rocketmq {

// Does what follows from the end of a batch: tells its queue what is consumed, and sends back what is not. Owned by the
// consumer; on the event loop, but for wait_idle().
class BatchSettler {
 public:
  BatchSettler(std::shared_ptr<PushContext> context, QueueTable& queues);

  // Batches that have ended since, so many that others get their turn on the loop; true when more are left. What
  // cannot be done for want of memory is done by a later call.
  bool settle_ended();
  // Any thread: false when messages are still being sent back at the deadline.
  bool wait_idle(TimePoint deadline);

 private:
  using Record = Dispatcher::Record;
  void settle(const Record& record);
  void send_rest_back(const Record& record);
  void pass_over_rest(const Record& record);
  void end_orderly(const Record& record);
  void finish(const Record& record, std::vector<int64_t> offsets);
  void finish(const std::shared_ptr<ProcessQueue>& cache, int64_t offset);
  void put_back(const std::shared_ptr<ProcessQueue>& cache, std::span<StoredMessage> messages, Millis rest);

  // What is under way for messages that were not consumed. At its end those that no broker took wait again here, be it
  // that memory ran out: they would be out for ever.
  struct Returning {
    BatchSettler* settler;
    std::shared_ptr<PushContext> context;
    std::shared_ptr<ProcessQueue> cache;
    std::vector<StoredMessage> messages;
    Millis rest{0};
    // How many of them it is decided about, and whether one of these is to be delivered again.
    size_t decided = 0;
    bool any_left = false;
    // The close waits for it.
    bool under_way = true;
    void operator()();
    void end_one();
  };
  AtEnd<Returning> begin_returning(Returning returning);
  asio::awaitable<void> send_one_back(AtEnd<Returning> returning, int32_t delay_level);
  asio::awaitable<void> settle_orderly(AtEnd<Returning> returning, int32_t delay_level);
  void begin_one();
  void end_one();

  const std::shared_ptr<PushContext> context_;
  QueueTable& queues_;
  std::mutex mutex_;
  std::condition_variable idle_;
  int64_t under_way_ = 0;
};

// Whether an acknowledgement says what can be done.
Status check_acknowledgement(const PushConsumerOptions& options, size_t messages, int32_t success_count,
                             int32_t delay_level, Millis suspension);

}  // namespace rocketmq
