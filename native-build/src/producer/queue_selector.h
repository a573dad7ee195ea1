#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "client/route_table.h"
#include "producer/broker_health.h"

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
};

// Chooses queues in turn, past brokers that failed lately where there are others. Any thread.
class QueueSelector {
 public:
  // kTopicNotFound when the route has no queue to send to, or not the one wished for; kUnreachable when it has, but
  // on brokers without a master now.
  // The queue lives as long as the route, which may be the default topic's.
  Result<const MessageQueue*> select(std::string_view topic, const RouteSnapshot& route, const QueueWish& wish);
  BrokerHealth& health() { return health_; }

 private:
  BrokerHealth health_;
  std::atomic<uint32_t> turn_{0};
};

}  // namespace rocketmq
