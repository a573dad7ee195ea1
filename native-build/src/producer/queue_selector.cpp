#include "producer/queue_selector.h"

#include <algorithm>
#include <cstdlib>

#include "protocol/subscription.h"

namespace rocketmq {

namespace {

const MessageQueue* find_named(const std::vector<MessageQueue>& queues, const QueueWish& wish) {
  for (const MessageQueue& queue : queues) {
    if (queue.broker_name == wish.broker_name && queue.queue_id == wish.queue_id) return &queue;
  }
  return nullptr;
}

// Whether a broker (any, or the one named) has queues to send to, and lacks a master alone.
bool lacks_master(const TopicRoute& route, std::string_view broker_name) {
  return std::any_of(route.queues.begin(), route.queues.end(), [&](const TopicRoute::QueueData& data) {
    return (broker_name.empty() || data.broker_name == broker_name) &&
           (data.permission & TopicRoute::kWritePermission) != 0 && data.write_queues > 0 &&
           route.master_address(data.broker_name).empty();
  });
}

tl::unexpected<Error> no_master(std::string_view topic) {
  return fail(ErrorKind::kUnreachable,
              "no broker with queues of the topic \"" + std::string(topic) + "\" to send to has a master now");
}

}  // namespace

Result<const MessageQueue*> QueueSelector::select(std::string_view topic, const RouteSnapshot& route,
                                                  const QueueWish& wish) {
  const auto& queues = route.publish_queues;
  if (queues.empty()) {
    if (lacks_master(route.route, wish.broker_name)) return no_master(topic);
    return fail(ErrorKind::kTopicNotFound,
                "the topic \"" + std::string(topic) + "\" has no queue that may be written to: check its permission");
  }
  if (!wish.broker_name.empty()) {
    const MessageQueue* found = find_named(queues, wish);
    if (found != nullptr) return found;
    if (lacks_master(route.route, wish.broker_name)) return no_master(topic);
    return fail(ErrorKind::kTopicNotFound, "the topic \"" + std::string(topic) + "\" has no queue " +
                                               std::to_string(wish.queue_id) + " on broker \"" + wish.broker_name +
                                               "\" to send to");
  }
  if (!wish.sharding_key.empty()) {
    // As the Java client's SelectMessageQueueByHash, so that both choose the same queue.
    const auto remainder = int64_t{java_string_hash(wish.sharding_key)} % static_cast<int64_t>(queues.size());
    return &queues[static_cast<size_t>(std::abs(remainder))];
  }
  const uint32_t first = turn_.fetch_add(1, std::memory_order_relaxed);
  const MessageQueue* other_broker = nullptr;
  for (size_t i = 0; i < queues.size(); ++i) {
    const MessageQueue& queue = queues[(first + i) % queues.size()];
    if (queue.broker_name == wish.last_broker) continue;
    if (!health_.avoided(queue.broker_name)) return &queue;
    if (other_broker == nullptr) other_broker = &queue;
  }
  return other_broker != nullptr ? other_broker : &queues[first % queues.size()];
}

}  // namespace rocketmq
