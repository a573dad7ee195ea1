#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>

#include "consumer/push/push_context.h"
#include "protocol/message.h"

namespace rocketmq {

// Puts messages that were not consumed into the hands of brokers again. Coroutines of the event loop, true when a
// broker has the message; `context` lives as long as they do.

// By way of the broker that has it, or, where that one cannot, by an ordinary send to the group's retry topic.
asio::awaitable<bool> send_back(std::shared_ptr<PushContext> context, MessageQueue queue, const StoredMessage& message,
                                int32_t delay_level);
// To the dead-letter queue, with the times that it was delivered here, which its own broker does not know.
asio::awaitable<bool> send_to_dead_letters(std::shared_ptr<PushContext> context, MessageQueue queue,
                                           const StoredMessage& message);

}  // namespace rocketmq
