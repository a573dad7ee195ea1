#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "client/broker_states.h"
#include "client/route_snapshot.h"

namespace rocketmq {

// What a send asks of its queue.
struct QueueWish {
  // This queue and no other, when set.
  std::string broker_name;
  int32_t queue_id = 0;
  // The same queue for the same key, when set.
  std::string sharding_key;
  // The broker of the attempt before, when that failed.
  std::string last_broker;

  // No other queue will do.
  bool is_bound() const { return !broker_name.empty() || !sharding_key.empty(); }
};

// Chooses the queues of sends. Without a wish they take turns, past brokers that are in trouble, whose share the other
// queues get in equal parts. Owned by the producer; any thread, without a lock.
class QueueSelector {
 public:
  // `or_slow`: brokers that answer slowly are avoided, too.
  QueueSelector(const BrokerStates& brokers, bool or_slow) : brokers_(brokers), or_slow_(or_slow) {}

  // kTopicNotFound when the route has no queue to send to, or not the one wished for; kUnreachable when it has, but
  // on brokers without a master now; kNotSupported of a static topic.
  // The queue lives as long as the route, which may be the default topic's.
  Result<const MessageQueue*> select(std::string_view topic, const RouteSnapshot& route, const QueueWish& wish,
                                     TimePoint at = now()) const;
  // Whether another broker than this one is fit to take messages of the topic now.
  bool has_other(const RouteSnapshot& route, const PublishBroker& than, TimePoint at) const;

 private:
  const MessageQueue* next_in_turn(const RouteSnapshot& route, const QueueWish& wish, TimePoint at) const;
  bool is_fit(const PublishBroker& broker, TimePoint at) const;

  const BrokerStates& brokers_;
  const bool or_slow_;
};

}  // namespace rocketmq
