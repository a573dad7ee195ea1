#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/address.h"
#include "net/event_loop.h"

namespace rocketmq {

// The endpoints of an address, on the loop. A literal needs no look-up; a name is looked up on a thread of
// its own ("rmq-resolve"), for which neither the loop nor its end waits.
asio::awaitable<Result<std::vector<asio::ip::tcp::endpoint>>> resolve(EventLoop& loop, Address address, Millis timeout);

}  // namespace rocketmq
