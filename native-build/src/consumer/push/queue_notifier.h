#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/worker_pool.h"
#include "consumer/push_consumer.h"
#include "protocol/route.h"

namespace rocketmq {

// Tells the application, one call at a time on the client's worker threads, which queues it has of each topic, in the
// order of the changes. Owned by the consumer. Any thread; a callback that does not return in time may outlive it.
class QueueNotifier {
 public:
  void start(WorkerPool& workers, QueuesCallback callback);
  // The queues of some topics now: of those that differ from what was told before is told.
  void tell(std::map<std::string, std::set<MessageQueue>> queues);
  // No callback begins from now on. Idempotent.
  void stop();
  // After stop(): false when one still runs at the deadline. Not from inside one.
  bool wait_callback(TimePoint deadline);

 private:
  std::shared_ptr<Lane> lane() const;

  mutable std::mutex mutex_;
  std::shared_ptr<Lane> lane_;
  std::shared_ptr<const QueuesCallback> callback_;
  std::map<std::string, std::set<MessageQueue>> told_;
};

}  // namespace rocketmq
