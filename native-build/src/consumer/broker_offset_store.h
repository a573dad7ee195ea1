#pragma once

#include <memory>
#include <string>

#include "client/client_instance.h"
#include "consumer/offset_store.h"

namespace rocketmq {

// The offsets of a group, which the master of each queue's broker keeps. Owned by the consumer, which holds the client
// for as long as it asks; on the client's event loop.
class BrokerOffsetStore : public OffsetStore {
 public:
  // With `zero_if_young` a queue without an offset is read as 0 while its first message is still in memory: it came
  // after the group, and nothing that was sent to it is to be passed over.
  BrokerOffsetStore(ClientInstance& client, std::string group, bool zero_if_young)
      : client_(client), group_(std::move(group)), zero_if_young_(zero_if_young) {}

  asio::awaitable<Result<std::optional<int64_t>>> read(MessageQueue queue) override;
  asio::awaitable<Status> write(MessageQueue queue, int64_t offset) override;

 private:
  ClientInstance& client_;
  const std::string group_;
  const bool zero_if_young_;
};

}  // namespace rocketmq
