#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "client/client_instance.h"
#include "consumer/offset_store.h"
#include "protocol/route.h"

namespace rocketmq {

// What brokers are asked about a queue's offsets. Coroutines of the client's event loop; after they have asked, they
// use the client no more, so that it may end meanwhile. Without a master, its slave answers, which knows the offsets.

// Of the group; nullopt where it has none. With `zero_if_young` a broker answers 0 for a queue that still has its
// first message in memory.
asio::awaitable<Result<std::optional<int64_t>>> query_committed_offset(ClientInstance& client, std::string group,
                                                                       MessageQueue queue, bool zero_if_young);
asio::awaitable<Result<int64_t>> query_min_offset(ClientInstance& client, MessageQueue queue);
// The offset that the next message will have.
asio::awaitable<Result<int64_t>> query_max_offset(ClientInstance& client, MessageQueue queue);
// The first message that was stored at `timestamp_ms` or later.
asio::awaitable<Result<int64_t>> search_offset(ClientInstance& client, MessageQueue queue, int64_t timestamp_ms);
// To the master, as slaves do not keep offsets.
asio::awaitable<Status> update_committed_offset(ClientInstance& client, std::string group, MessageQueue queue,
                                                int64_t offset);

}  // namespace rocketmq
