#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "client/route_table.h"
#include "net/event_loop.h"

namespace rocketmq {

// On the loop: the known route, or that of a look-up, which is shared with all who wait for it; the arguments as of
// RouteTable::get. kTimeout at the deadline. Loop and table must live as long as it runs: they are the client's.
asio::awaitable<Result<Route>> await_route(EventLoop& loop, RouteTable& routes, std::string topic, bool or_default,
                                           int32_t default_queues, TimePoint deadline);

// What is left until then; a part of a millisecond counts as a whole one, so that nothing ends before the deadline.
Millis left_until(TimePoint deadline);

}  // namespace rocketmq
