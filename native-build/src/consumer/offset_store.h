#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "protocol/route.h"

namespace rocketmq {

// No queue is longer: what a broker tells beyond is wrong, and would overflow.
inline constexpr int64_t kMostOffset = INT64_MAX / 4;

// Where a consumer keeps up to which offset each of its queues is consumed. Two ways: BrokerOffsetStore for a group
// whose members share the queues, FileOffsetStore for a member of a broadcast. Owned by the consumer; on the client's
// event loop. What read() and write() return may end after the store has gone.
class OffsetStore {
 public:
  virtual ~OffsetStore() = default;
  // The next message to consume; nullopt where none was written yet.
  virtual asio::awaitable<Result<std::optional<int64_t>>> read(MessageQueue queue) = 0;
  virtual asio::awaitable<Status> write(MessageQueue queue, int64_t offset) = 0;
  // After each round of writing: makes them durable, where that is a step of its own. Does not wait for it.
  virtual void save_soon() {}
};

}  // namespace rocketmq
