#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace rocketmq {

// A new TCP socket, blocking, of an address family (AF_INET, AF_INET6), which no child process inherits;
// asio::detail::invalid_socket where there is none, and the system's code of why not in `error`.
asio::ip::tcp::socket::native_handle_type open_socket(int family, asio::error_code& error);

// The same as one of Asio's, not connected yet.
asio::ip::tcp::socket open_socket(asio::io_context& context, const asio::ip::tcp& protocol, asio::error_code& error);

// Whether TCP joined a connected socket to itself, as it may when nothing listens on a port of this machine that the
// system gives out just then: it would be answered with its own requests.
bool is_connected_to_itself(asio::ip::tcp::socket::native_handle_type socket);

inline constexpr const char* kConnectedToItself = "nothing listens there (the connection was one to itself)";

}  // namespace rocketmq
