#include "net/connector.h"

#include <asio/steady_timer.hpp>

#include "net/address.h"
#include "net/name_resolution.h"
#include "net/patient_wait.h"
#include "net/socket.h"

namespace rocketmq {

namespace {

using asio::ip::tcp;

asio::awaitable<Result<tcp::socket>> connect_endpoint(EventLoop& loop, tcp::endpoint endpoint, TimePoint deadline) {
  asio::error_code error;
  tcp::socket socket = open_socket(loop.context(), endpoint.protocol(), error);
  if (error) co_return fail(ErrorKind::kUnreachable, "no socket: " + error.message());
  asio::steady_timer limit(loop.context(), deadline);
  bool late = false;
  limit.async_wait([&](asio::error_code waited) {
    if (waited) return;
    late = true;
    asio::error_code ignored;
    socket.close(ignored);
  });
  co_await socket.async_connect(endpoint, patiently(error));
  // The timer's handler refers to this frame, and must have run before the frame goes.
  if (limit.cancel() == 0 && !late) {
    while (!late) {
      asio::steady_timer turn(loop.context(), now());
      asio::error_code ignored;
      make_room_to_wait(turn.get_executor());
      co_await turn.async_wait(patiently(ignored));
    }
  }
  if (late) co_return fail(ErrorKind::kUnreachable, "no connection within the connect timeout");
  if (error) co_return fail(ErrorKind::kUnreachable, error.message());
  if (is_connected_to_itself(socket.native_handle())) co_return fail(ErrorKind::kUnreachable, kConnectedToItself);
  co_return socket;
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
