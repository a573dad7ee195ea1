#include "client/await_route.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "net/coroutine.h"

namespace rocketmq {

namespace {

struct Found {
  explicit Found(EventLoop& loop) : pause(loop) {}
  Pause pause;
  std::optional<Result<Route>> route;
};

}  // namespace

Millis left_until(TimePoint deadline) { return std::max(std::chrono::ceil<Millis>(deadline - now()), Millis(1)); }

asio::awaitable<Result<Route>> await_route(EventLoop& loop, RouteTable& routes, std::string topic, bool or_default,
                                           int32_t default_queues, TimePoint deadline) {
  if (Route known = routes.find(topic)) co_return known;
  const TimePoint begin = now();
  auto found = std::make_shared<Found>(loop);
  // Told on another thread too, when the client is closed.
  routes.get(topic, or_default, default_queues, [&loop, found](Result<Route> route) {
    loop.post([found, route = std::move(route)]() mutable {
      found->route.emplace(std::move(route));
      found->pause.interrupt();
    });
  });
  if (!found->route) co_await found->pause.wait(left_until(deadline));
  if (found->route) co_return std::move(*found->route);
  // It may be known without having been told, for want of memory.
  if (Route known = routes.find(topic)) co_return known;
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.message = "the route of the topic \"" + topic + "\" did not come in " +
                  std::to_string(millis_between(begin, now())) + " ms";
  co_return fail(std::move(error));
}

}  // namespace rocketmq
