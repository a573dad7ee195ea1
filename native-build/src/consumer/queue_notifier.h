#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "base/clock.h"
#include "consumer/push_consumer.h"
#include "protocol/route.h"

namespace rocketmq {

// Tells the application on a thread of its own, "rmq-queues", which queues it has of each topic, in the order of the
// changes. Any thread. The thread may outlive this object when a callback does not return in time.
class QueueNotifier {
 public:
  QueueNotifier();
  // Lets go of its thread.
  ~QueueNotifier();

  // Throws when the thread cannot be started.
  void start(QueuesCallback callback);
  // All topics with their queues now: those that differ from what was told before are told.
  void tell(std::map<std::string, std::set<MessageQueue>> queues);
  // No callback begins from now on; false when one still runs at the deadline. Not from inside one. Idempotent.
  bool stop(TimePoint deadline);

 private:
  struct State;
  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace rocketmq
