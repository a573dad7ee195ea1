#include "client/route_snapshot.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/random.h"

namespace rocketmq {

namespace {

void find_publish_brokers(RouteSnapshot& snapshot, BrokerStates& states) {
  const auto& queues = snapshot.publish_queues;
  for (size_t i = 0; i < queues.size(); ++i) {
    auto& brokers = snapshot.publish_brokers;
    if (brokers.empty() || brokers.back()->name != queues[i].broker_name) {
      auto& added = *brokers.emplace_back(std::make_unique<PublishBroker>());
      added.first = i;
      added.name = queues[i].broker_name;
      const auto* broker = snapshot.route.find_broker(added.name);
      if (broker != nullptr) added.address = broker->writable_address();
      if (!added.address.empty()) added.state = states.of(added.address);
    }
    ++brokers.back()->count;
  }
}

}  // namespace

const PublishBroker& RouteSnapshot::broker_of(const MessageQueue& queue) const {
  const auto place = static_cast<size_t>(&queue - publish_queues.data());
  auto after = std::upper_bound(publish_brokers.begin(), publish_brokers.end(), place,
                                [](size_t at, const auto& broker) { return at < broker->first; });
  return **std::prev(after);
}

void RouteSnapshot::note_refusal(const PublishBroker& broker, TimePoint at) const {
  // Those of one moment count once.
  if (broker.refuses(at)) return;
  constexpr int32_t kMostDoublings = 5;
  const int32_t before = broker.refusals.fetch_add(1, std::memory_order_relaxed);
  if (before == 0) refusing.fetch_add(1, std::memory_order_relaxed);
  const Millis pause = std::min(Millis(30000), Millis(1000) * (1 << std::min(before, kMostDoublings)));
  broker.refused_until.store((at + pause).time_since_epoch().count(), std::memory_order_relaxed);
}

void RouteSnapshot::note_success(const PublishBroker& broker) const {
  if (broker.refusals.load(std::memory_order_relaxed) == 0) return;
  if (broker.refusals.exchange(0, std::memory_order_relaxed) == 0) return;
  broker.refused_until.store(INT64_MIN, std::memory_order_relaxed);
  refusing.fetch_sub(1, std::memory_order_relaxed);
}

Route make_snapshot(const std::string& topic, TopicRoute route, BrokerStates& states) {
  auto snapshot = std::make_shared<RouteSnapshot>();
  snapshot->publish_queues = publish_queues(topic, route);
  snapshot->subscribe_queues = subscribe_queues(topic, route);
  snapshot->route = std::move(route);
  find_publish_brokers(*snapshot, states);
  // Clients that start together shall not all begin with the same queue.
  snapshot->turn = random_below(static_cast<uint32_t>(std::max<size_t>(1, snapshot->publish_queues.size())));
  return snapshot;
}

}  // namespace rocketmq
