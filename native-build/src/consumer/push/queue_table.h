#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "consumer/push/queue_actor.h"

namespace rocketmq {

class QueueNotifier;

// The queues that a consumer has, wants, or has not let go of yet: an actor for each. Owned by the consumer; on the
// event loop.
class QueueTable {
 public:
  QueueTable(std::shared_ptr<PushContext> context, QueueNotifier& notifier);

  // Allocation. A queue that is on its way out begins anew when it has come to its end.
  void take(const MessageQueue& queue);
  void drop(const MessageQueue& queue);
  void drop_topic(const std::string& topic);
  // What is ours of the topic by the last allocation.
  std::set<MessageQueue> wanted_of(const std::string& topic) const;
  std::vector<std::string> topics() const;

  std::shared_ptr<QueueActor> find(const MessageQueue& queue) const;
  void for_each(const std::function<void(QueueActor& actor)>& action) const;

  // Closes all queues; `on_empty` is called when the last one has ended, perhaps at once.
  void close(std::function<void()> on_empty);
  // The client is about to go.
  void shut();

  // Of the topics whose queues changed since, if there are any.
  void tell_changes();

 private:
  using Actors = std::map<MessageQueue, std::shared_ptr<QueueActor>>;
  void on_assignment(QueueActor& actor);
  void on_ended(const MessageQueue& queue);
  void note_growth(const std::string& topic) noexcept;
  void tell_growth();

  const std::shared_ptr<PushContext> context_;
  QueueNotifier& notifier_;
  QueueActor::Owner owner_;
  std::map<std::string, Actors> by_topic_;
  std::set<std::string> changed_topics_;
  // Of which queues were given up, so that the others have a greater share of the topic's limits.
  std::set<std::string> grown_topics_;
  bool closed_ = false;
  std::function<void()> on_empty_;
};

}  // namespace rocketmq
