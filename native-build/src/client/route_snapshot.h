#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/broker_states.h"
#include "protocol/route.h"

namespace rocketmq {

// A broker of a topic to send to: its queues are publish_queues[first .. first + count).
struct PublishBroker {
  size_t first = 0;
  size_t count = 0;
  std::string_view name;
  // Empty where it has no master now, and then without a state.
  std::string address;
  std::shared_ptr<BrokerState> state;

  // Until then it refuses the topic, as a time of the steady clock: it may well take other ones.
  mutable std::atomic<int64_t> refused_until{INT64_MIN};
  mutable std::atomic<int32_t> refusals{0};
  bool refuses(TimePoint at) const {
    return at.time_since_epoch().count() < refused_until.load(std::memory_order_relaxed);
  }
};

// A topic's route with what is derived from it. Immutable but for the turns: readers share it, a refresh replaces it.
struct RouteSnapshot {
  TopicRoute route;
  std::vector<MessageQueue> publish_queues;
  // In the order of their queues.
  std::vector<std::unique_ptr<PublishBroker>> publish_brokers;
  std::vector<MessageQueue> subscribe_queues;
  // Whose turn it is to be sent to: among all queues, and among those that are left where brokers are avoided.
  mutable std::atomic<uint32_t> turn{0};
  mutable std::atomic<uint32_t> detour{0};

  // Brokers that refuse this topic.
  mutable std::atomic<int32_t> refusing{0};

  // Of one of publish_queues.
  const PublishBroker& broker_of(const MessageQueue& queue) const;
  // It refuses the topic: avoided for 1 s, doubling with each further time up to 30 s, or until it takes a message.
  void note_refusal(const PublishBroker& broker, TimePoint at) const;
  void note_success(const PublishBroker& broker) const;
};
using Route = std::shared_ptr<const RouteSnapshot>;

// The queues to send to and to read from of a topic's route.
Route make_snapshot(const std::string& topic, TopicRoute route, BrokerStates& states);

}  // namespace rocketmq
