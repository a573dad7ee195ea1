#include "consumer/push/queue_table.h"

#include <utility>

#include "consumer/push/queue_notifier.h"

namespace rocketmq {

QueueTable::QueueTable(std::shared_ptr<PushContext> context, QueueNotifier& notifier)
    : context_(std::move(context)), notifier_(notifier) {
  owner_.on_assignment = [this](QueueActor& actor) { on_assignment(actor); };
  owner_.on_ended = [this](QueueActor& actor) { on_ended(actor.queue()); };
}

void QueueTable::take(const MessageQueue& queue) {
  if (closed_) return;
  if (const auto known = find(queue)) return known->take();
  // Made whole first, so that what fails leaves neither a place without an actor nor a topic without a queue.
  const auto actor = std::make_shared<QueueActor>(context_, owner_, queue);
  Actors made;
  made.emplace(queue, actor);
  by_topic_[queue.topic].merge(made);
  actor->start();
}

void QueueTable::drop(const MessageQueue& queue) {
  if (const auto actor = find(queue)) actor->drop();
}

void QueueTable::drop_topic(const std::string& topic) {
  for (const MessageQueue& queue : wanted_of(topic)) drop(queue);
}

std::set<MessageQueue> QueueTable::wanted_of(const std::string& topic) const {
  std::set<MessageQueue> wanted;
  const auto found = by_topic_.find(topic);
  if (found == by_topic_.end()) return wanted;
  for (const auto& [queue, actor] : found->second) {
    if (actor->machine().is_wanted()) wanted.insert(wanted.end(), queue);
  }
  return wanted;
}

std::vector<std::string> QueueTable::topics() const {
  std::vector<std::string> topics;
  topics.reserve(by_topic_.size());
  for (const auto& [topic, actors] : by_topic_) topics.push_back(topic);
  return topics;
}

std::shared_ptr<QueueActor> QueueTable::find(const MessageQueue& queue) const {
  const auto topic = by_topic_.find(queue.topic);
  if (topic == by_topic_.end()) return nullptr;
  const auto found = topic->second.find(queue);
  return found == topic->second.end() ? nullptr : found->second;
}

void QueueTable::for_each(const std::function<void(QueueActor& actor)>& action) const {
  // A copy, as an actor may end meanwhile.
  std::vector<std::shared_ptr<QueueActor>> all;
  for (const auto& [topic, actors] : by_topic_) {
    for (const auto& [queue, actor] : actors) all.push_back(actor);
  }
  for (const auto& actor : all) action(*actor);
}

void QueueTable::on_assignment(QueueActor& actor) {
  // Redeliveries are the group's own affair, and a queue that begins anew is not lost.
  const MessageQueue& queue = actor.queue();
  if (!actor.machine().is_assigned()) note_growth(queue.topic);
  if (closed_ || queue.topic == context_->retry_topic) return;
  if (!actor.machine().is_assigned() && actor.machine().is_wanted() && !context_->options.needs_locks()) return;
  const bool first = changed_topics_.empty();
  changed_topics_.insert(queue.topic);
  if (!first) return;
  // Once for all that happens in this turn of the loop.
  try {
    context_->client->loop().post([this, context = context_] {
      if (!context->ended) tell_changes();
    });
  } catch (const std::bad_alloc&) {
    context_->look_again = true;
  }
}

// A queue that has no room waits for the end of messages of its own, which may take long.
void QueueTable::note_growth(const std::string& topic) noexcept {
  if (closed_ || !context_->options.has_topic_limits()) return;
  try {
    const bool first = grown_topics_.empty();
    grown_topics_.insert(topic);
    if (!first) return;
    // Once for all that happens in this turn of the loop.
    context_->client->loop().post([this, context = context_] {
      if (!context->ended) tell_growth();
    });
  } catch (const std::exception&) {
    grown_topics_.clear();
    context_->look_again = true;
  }
}

void QueueTable::tell_growth() {
  try {
    for (const std::string& topic : std::exchange(grown_topics_, {})) {
      const auto found = by_topic_.find(topic);
      if (found == by_topic_.end()) continue;
      // A copy, as an actor may end meanwhile.
      for (const auto& [queue, actor] : Actors(found->second)) actor->share_grew();
    }
  } catch (const std::bad_alloc&) {
    context_->look_again = true;
  }
}

void QueueTable::tell_changes() {
  if (changed_topics_.empty()) return;
  std::map<std::string, std::set<MessageQueue>> told;
  for (const std::string& topic : changed_topics_) {
    auto& queues = told[topic];
    const auto found = by_topic_.find(topic);
    if (found == by_topic_.end()) continue;
    for (const auto& [queue, actor] : found->second) {
      const bool has =
          actor->machine().is_assigned() || (actor->machine().is_wanted() && !context_->options.needs_locks());
      if (has) queues.insert(queues.end(), queue);
    }
  }
  try {
    notifier_.tell(std::move(told));
  } catch (const std::bad_alloc&) {
    context_->look_again = true;
    return;
  }
  changed_topics_.clear();
}

void QueueTable::on_ended(const MessageQueue& queue) {
  const auto topic = by_topic_.find(queue.topic);
  if (topic == by_topic_.end()) return;
  topic->second.erase(queue);
  if (topic->second.empty()) {
    context_->shares.erase(queue.topic);
    by_topic_.erase(topic);
  }
  if (closed_ && by_topic_.empty() && on_empty_) std::exchange(on_empty_, nullptr)();
}

void QueueTable::close(std::function<void()> on_empty) {
  closed_ = true;
  on_empty_ = std::move(on_empty);
  for_each([](QueueActor& actor) { actor.close(); });
  if (by_topic_.empty() && on_empty_) std::exchange(on_empty_, nullptr)();
}

void QueueTable::shut() {
  closed_ = true;
  on_empty_ = nullptr;
  for (const auto& [topic, actors] : by_topic_) {
    for (const auto& [queue, actor] : actors) {
      actor->shut();
      if (actor->machine().cache()) actor->machine().cache()->discard();
    }
  }
  by_topic_.clear();
  context_->shares.clear();
  context_->counters.assigned_queues = 0;
}

}  // namespace rocketmq
