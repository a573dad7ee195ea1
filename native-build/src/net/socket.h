#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace rocketmq {

// A new TCP socket, blocking, of an address family (AF_INET, AF_INET6), which no child process inherits;
// asio::detail::invalid_socket where there is none, and the system's code of why not in `error`.
asio::ip::tcp::socket::native_handle_type open_socket(int family, asio::error_code& error);

// The same as one of Asio's, not connected yet.
asio::ip::tcp::socket open_socket(asio::io_context& context, const asio::ip::tcp& protocol, asio::error_code& error);

}  // namespace rocketmq
