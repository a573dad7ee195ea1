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
           (route.find_broker(data.broker_name) == nullptr ||
            route.find_broker(data.broker_name)->writable_address().empty());
  });
}

tl::unexpected<Error> no_master(std::string_view topic) {
  return fail(ErrorKind::kUnreachable,
              "no broker with queues of the topic \"" + std::string(topic) + "\" to send to has a master now");
}

// The next queue, by turns, of the brokers that are meant; nullptr where there are none.
template <typename IsMeant>
const MessageQueue* pick(const RouteSnapshot& route, IsMeant&& is_meant) {
  size_t left = 0;
  for (const auto& broker : route.publish_brokers) left += is_meant(*broker) ? broker->count : 0;
  if (left == 0) return nullptr;
  size_t place = route.detour.fetch_add(1, std::memory_order_relaxed) % left;
  for (const auto& broker : route.publish_brokers) {
    if (!is_meant(*broker)) continue;
    if (place < broker->count) return &route.publish_queues[broker->first + place];
    place -= broker->count;
  }
  return nullptr;
}

}  // namespace

bool QueueSelector::is_fit(const PublishBroker& broker, TimePoint at) const {
  if (!broker.state) return false;
  if (broker.refuses(at)) return false;
  return or_slow_ ? !broker.state->avoided_or_slow(at) : !broker.state->avoided(at);
}

bool QueueSelector::has_other(const RouteSnapshot& route, const PublishBroker& than, TimePoint at) const {
  return std::any_of(route.publish_brokers.begin(), route.publish_brokers.end(),
                     [&](const auto& broker) { return broker->name != than.name && is_fit(*broker, at); });
}

const MessageQueue* QueueSelector::next_in_turn(const RouteSnapshot& route, const QueueWish& wish, TimePoint at) const {
  const auto& queues = route.publish_queues;
  const MessageQueue& next = queues[route.turn.fetch_add(1, std::memory_order_relaxed) % queues.size()];
  const bool all_well = brokers_.all_well() && route.refusing.load(std::memory_order_relaxed) == 0;
  if (route.publish_brokers.size() == 1 || (all_well && wish.last_broker.empty())) return &next;
  const PublishBroker& broker = route.broker_of(next);
  if (broker.name != wish.last_broker && is_fit(broker, at)) return &next;
  const auto is_other = [&](const PublishBroker& each) { return each.state && each.name != wish.last_broker; };
  const auto* other = pick(route, [&](const PublishBroker& each) { return is_other(each) && is_fit(each, at); });
  if (other == nullptr) {
    other = pick(route, [&](const PublishBroker& each) { return is_other(each) && !each.state->suspected(); });
  }
  if (other == nullptr) other = pick(route, is_other);
  return other == nullptr ? &next : other;
}

Result<const MessageQueue*> QueueSelector::select(std::string_view topic, const RouteSnapshot& route,
                                                  const QueueWish& wish, TimePoint at) const {
  const auto& queues = route.publish_queues;
  if (queues.empty()) {
    if (route.route.is_static()) {
      return fail(ErrorKind::kNotSupported, "the topic \"" + std::string(topic) +
                                                "\" is a static topic, with logical queues that are mapped to those of "
                                                "brokers: this client does not send to it, use another topic");
    }
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
  return next_in_turn(route, wish, at);
}

}  // namespace rocketmq
