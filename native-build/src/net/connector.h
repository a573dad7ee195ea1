#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/event_loop.h"

namespace rocketmq {

// A socket connected to "host:port", on the loop: looks the host up, and tries its addresses in turn, each with its
// share of the time. kUnreachable telling why not.
asio::awaitable<Result<asio::ip::tcp::socket>> connect_to(EventLoop& loop, std::string address, Millis timeout);

}  // namespace rocketmq
