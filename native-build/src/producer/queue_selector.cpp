#include "producer/queue_selector.h"

#include <algorithm>

#include "protocol/subscription.h"

namespace rocketmq {

namespace {

const MessageQueue* find_named(const std::vector<MessageQueue>& queues, const QueueWish& wish) {
  for (const MessageQueue& queue : queues) {
    if (queue.broker_name == wish.broker_name && queue.queue_id == wish.queue_id) return &queue;
  }
  return nullptr;
}

}  // namespace

Result<MessageQueue> QueueSelector::select(std::string_view topic, const RouteSnapshot& route, const QueueWish& wish) {
  const auto& queues = route.publish_queues;
  const auto named = [&](const MessageQueue& queue) {
    // The route may be the default topic's.
    return MessageQueue{std::string(topic), queue.broker_name, queue.queue_id};
  };
  if (queues.empty()) {
    return fail(ErrorKind::kTopicNotFound,
                "the topic \"" + std::string(topic) + "\" has no queue that may be written to: check its permission");
  }
  if (!wish.broker_name.empty()) {
    const MessageQueue* found = find_named(queues, wish);
    if (found != nullptr) return named(*found);
    return fail(ErrorKind::kTopicNotFound, "the topic \"" + std::string(topic) + "\" has no queue " +
                                               std::to_string(wish.queue_id) + " on broker \"" + wish.broker_name +
                                               "\" to send to");
  }
  if (!wish.sharding_key.empty()) {
    const auto hash = static_cast<uint32_t>(java_string_hash(wish.sharding_key)) & 0x7fffffffU;
    return named(queues[hash % queues.size()]);
  }
  const uint32_t first = turn_.fetch_add(1, std::memory_order_relaxed);
  const MessageQueue* other_broker = nullptr;
  for (size_t i = 0; i < queues.size(); ++i) {
    const MessageQueue& queue = queues[(first + i) % queues.size()];
    if (queue.broker_name == wish.last_broker) continue;
    if (!health_.avoided(queue.broker_name)) return named(queue);
    if (other_broker == nullptr) other_broker = &queue;
  }
  return named(other_broker != nullptr ? *other_broker : queues[first % queues.size()]);
}

}  // namespace rocketmq
