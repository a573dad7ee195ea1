#pragma once

#include <stdexcept>

#include "mock/mock_cluster.h"
#include "mock/rocketmq_mock.h"

struct rocketmq_mock {
  explicit rocketmq_mock(rocketmq::mock::MockOptions options) : cluster(options) {}
  rocketmq::mock::MockCluster cluster;
};

namespace rocketmq::mock {

// Calls `action` with the server, and returns what that does; -1 where there is no such server.
template <typename Action>
int32_t with_server(rocketmq_mock* mock, int32_t kind, int32_t index, Action action) {
  try {
    if (kind == ROCKETMQ_MOCK_NAME_SERVER) return action(static_cast<MockServer&>(mock->cluster.name_server(index)));
    if (kind == ROCKETMQ_MOCK_BROKER) return action(static_cast<MockServer&>(mock->cluster.broker(index)));
  } catch (const std::out_of_range&) {
  }
  return -1;
}

}  // namespace rocketmq::mock
