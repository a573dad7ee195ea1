#pragma once

#include <cstdint>
#include <string_view>

#include "client/client_options.h"
#include "mock/mock_cluster.h"
#include "net/address.h"
#include "producer/producer.h"
#include "protocol/codes.h"

namespace rocketmq::test {

// The requests that most tests count or make fail.
inline constexpr int32_t kSend = request_code::kSendMessageV2;
inline constexpr int32_t kRoute = request_code::kGetRouteByTopic;
inline constexpr int32_t kHeartbeat = request_code::kHeartbeat;

inline ClientOptions client_options(const mock::MockCluster& cluster) {
  ClientOptions options;
  options.name_servers = *parse_address_list(cluster.name_server_addresses());
  options.connect_timeout = Millis(5000);
  options.request_timeout = Millis(5000);
  return options;
}

inline OutgoingMessage message(std::string_view topic, std::string_view body) {
  OutgoingMessage outgoing;
  outgoing.topic = topic;
  outgoing.body = as_bytes(body);
  return outgoing;
}

}  // namespace rocketmq::test
