#include "net/socket.h"

#include <asio/error.hpp>
#include <cstring>

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace rocketmq {

using asio::ip::tcp;

tcp::socket::native_handle_type open_socket(int family, asio::error_code& error) {
#ifdef _WIN32
  // As Asio opens its own ones: for overlapped use.
  const auto socket = ::WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED);
  if (socket != INVALID_SOCKET) ::SetHandleInformation(reinterpret_cast<HANDLE>(socket), HANDLE_FLAG_INHERIT, 0);
  const int code = socket == INVALID_SOCKET ? ::WSAGetLastError() : 0;
#elif defined(SOCK_CLOEXEC)
  // In one step, as another thread may start a process at any time.
  const auto socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  const int code = socket < 0 ? errno : 0;
#else
  const auto socket = ::socket(family, SOCK_STREAM, IPPROTO_TCP);
  const int code = socket < 0 ? errno : 0;
  if (socket >= 0) ::fcntl(socket, F_SETFD, FD_CLOEXEC);
#endif
  error = asio::error_code(code, asio::error::get_system_category());
  return socket;
}

tcp::socket open_socket(asio::io_context& context, const tcp& protocol, asio::error_code& error) {
  tcp::socket socket(context);
  const auto handle = open_socket(protocol.family(), error);
  if (error) return socket;
  socket.assign(protocol, handle, error);
  if (error) {
#ifdef _WIN32
    ::closesocket(handle);
#else
    ::close(handle);
#endif
  }
  return socket;
}

bool is_connected_to_itself(tcp::socket::native_handle_type socket) {
#ifdef _WIN32
  using Length = int;
#else
  using Length = socklen_t;
#endif
  sockaddr_storage own{};
  sockaddr_storage peer{};
  Length own_length = sizeof own;
  Length peer_length = sizeof peer;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_length) != 0) return false;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_length) != 0) return false;
  return own_length == peer_length && std::memcmp(&own, &peer, static_cast<size_t>(own_length)) == 0;
}

}  // namespace rocketmq
