#include "net/connector.h"

#include <asio/steady_timer.hpp>
#include <memory>
#include <utility>

#include "net/address.h"
#include "net/name_resolution.h"
#include "net/patient_wait.h"
#include "net/socket.h"

namespace rocketmq {

namespace {

using asio::ip::tcp;

// What the end of the time refers to, which may come when nobody waits any more.
struct Attempt {
  tcp::socket socket;
  bool late = false;
};

asio::awaitable<Result<tcp::socket>> connect_endpoint(EventLoop& loop, tcp::endpoint endpoint, TimePoint deadline) {
  asio::error_code error;
  auto attempt = std::make_shared<Attempt>(Attempt{open_socket(loop.context(), endpoint.protocol(), error)});
  if (error) co_return fail(ErrorKind::kUnreachable, "no socket: " + error.message());
  asio::steady_timer limit(loop.context(), deadline);
  limit.async_wait([attempt](asio::error_code waited) {
    if (waited) return;
    attempt->late = true;
    asio::error_code ignored;
    attempt->socket.close(ignored);
  });
  co_await attempt->socket.async_connect(endpoint, patiently(error));
  // The end of the time may be on its way, and would close what is given on.
  const bool in_time = limit.cancel() != 0 && !attempt->late;
  if (!in_time) co_return fail(ErrorKind::kUnreachable, "no connection within the connect timeout");
  if (error) co_return fail(ErrorKind::kUnreachable, error.message());
  if (is_connected_to_itself(attempt->socket.native_handle()))
    co_return fail(ErrorKind::kUnreachable, kConnectedToItself);
  co_return std::move(attempt->socket);
}

}  // namespace

asio::awaitable<Result<tcp::socket>> connect_to(EventLoop& loop, std::string address, Millis timeout) {
  const TimePoint deadline = now() + timeout;
  auto parsed = parse_announced_address(address);
  if (!parsed) {
    parsed.error().kind = ErrorKind::kUnreachable;
    co_return fail(parsed.error());
  }
  auto endpoints = co_await resolve(loop, *parsed, timeout);
  if (!endpoints) co_return fail(endpoints.error());
  Result<tcp::socket> socket = fail(ErrorKind::kUnreachable, "it has no address");
  for (size_t i = 0; i < endpoints->size(); ++i) {
    // Of several addresses each gets its share, so that a silent one leaves time for the next.
    const auto left = deadline - now();
    socket =
        co_await connect_endpoint(loop, (*endpoints)[i], now() + left / static_cast<int64_t>(endpoints->size() - i));
    if (socket) break;
  }
  co_return socket;
}

}  // namespace rocketmq
