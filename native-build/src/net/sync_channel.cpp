#include "net/sync_channel.h"

#include <algorithm>
#include <asio/error.hpp>

#include "net/socket.h"

#ifdef _WIN32
#include <winsock2.h>
#else
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace rocketmq {

namespace {

constexpr size_t kFirstInput = size_t{4} * 1024;
constexpr int kReadable = 1;
constexpr int kWritable = 2;
// How long a blocking call lasts at most before its deadline is looked at again.
constexpr Millis kSlice{100};

using Handle = asio::ip::tcp::socket::native_handle_type;

#ifdef _WIN32
using SocketLength = int;
int last_error() { return WSAGetLastError(); }
bool is_under_way(int error) { return error == WSAEWOULDBLOCK || error == WSAEINPROGRESS; }
void close_socket(Handle socket) { ::closesocket(socket); }
void set_blocking(Handle socket, bool blocking) {
  u_long mode = blocking ? 0 : 1;
  ::ioctlsocket(socket, FIONBIO, &mode);
}
int poll_once(Handle socket, int what, int timeout_ms) {
  WSAPOLLFD entry{};
  entry.fd = socket;
  entry.events = static_cast<SHORT>((what & kReadable ? POLLRDNORM : 0) | (what & kWritable ? POLLWRNORM : 0));
  return WSAPoll(&entry, 1, timeout_ms);
}
#else
using SocketLength = socklen_t;
int last_error() { return errno; }
bool is_under_way(int error) { return error == EINPROGRESS || error == EINTR; }
void close_socket(Handle socket) { ::close(socket); }
void set_blocking(Handle socket, bool blocking) {
  const int flags = ::fcntl(socket, F_GETFL);
  ::fcntl(socket, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}
int poll_once(Handle socket, int what, int timeout_ms) {
  pollfd entry{};
  entry.fd = socket;
  entry.events = static_cast<int16_t>((what & kReadable ? POLLIN : 0) | (what & kWritable ? POLLOUT : 0));
  return ::poll(&entry, 1, timeout_ms);
}
#endif

std::string message_of(int error) { return asio::error_code(error, asio::error::get_system_category()).message(); }

Millis left_until(TimePoint deadline) {
  // A part of a millisecond counts as a whole one, so that nobody polls without waiting.
  return std::max(std::chrono::ceil<Millis>(deadline - now()), Millis(0));
}

// Whether the socket is ready (or broken, which the next call on it tells) in time; a signal does not end the wait.
bool wait_ready(Handle socket, int what, Millis timeout) {
  const TimePoint deadline = now() + timeout;
  for (;;) {
    const int ready = poll_once(socket, what, static_cast<int>(left_until(deadline).count()));
    if (ready > 0) return true;
    if (ready == 0 || now() >= deadline) return false;
  }
}

}  // namespace

SyncChannel::SyncChannel(Handle socket, std::string address, int32_t max_frame_bytes)
    : address_(std::move(address)),
      max_frame_bytes_(static_cast<size_t>(max_frame_bytes)),
      socket_(socket),
      input_(kFirstInput) {}

SyncChannel::~SyncChannel() { close_socket(socket_); }

Result<std::shared_ptr<SyncChannel>> SyncChannel::open(const asio::ip::tcp::endpoint& endpoint,
                                                       const std::string& address, int32_t max_frame_bytes,
                                                       TimePoint deadline) {
  asio::error_code error;
  const Handle socket = open_socket(endpoint.protocol().family(), error);
  if (error) return fail(ErrorKind::kUnreachable, address + " cannot be reached: " + error.message());
  std::shared_ptr<SyncChannel> channel;
  try {
    channel = std::shared_ptr<SyncChannel>(new SyncChannel(socket, address, max_frame_bytes));
  } catch (...) {
    close_socket(socket);
    throw;
  }
  const std::string refused = channel->connect(endpoint, deadline);
  if (!refused.empty()) return fail(channel->failure(ErrorKind::kUnreachable, refused));
  return channel;
}

// Why not, or nothing.
std::string SyncChannel::connect(const asio::ip::tcp::endpoint& endpoint, TimePoint deadline) const {
  set_blocking(socket_, false);
  if (::connect(socket_, endpoint.data(), static_cast<SocketLength>(endpoint.size())) != 0) {
    const int error = last_error();
    if (!is_under_way(error)) return message_of(error);
    if (!wait_ready(socket_, kWritable, left_until(deadline))) return "no connection in time";
    int code = 0;
    SocketLength size = sizeof code;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&code), &size);
    if (code != 0) return message_of(code);
  }
  if (is_connected_to_itself(socket_)) return kConnectedToItself;
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
  ::setsockopt(socket_, SOL_SOCKET, SO_KEEPALIVE, reinterpret_cast<const char*>(&on), sizeof on);
#ifndef _WIN32
  // Blocking from here on, slice after slice: one system call for an answer in place of two.
  set_blocking(socket_, true);
  timeval slice{};
  slice.tv_usec = std::chrono::microseconds(kSlice).count();
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice);
#endif
  return {};
}

Error SyncChannel::failure(ErrorKind kind, const std::string& reason) const {
  Error error;
  error.kind = kind;
  error.address = address_;
  switch (kind) {
    case ErrorKind::kTimeout:
      error.message = address_ + " did not answer in time";
      break;
    case ErrorKind::kConnectionLost:
      error.message = "the connection to " + address_ + " broke: " + reason;
      break;
    case ErrorKind::kProtocolError:
      error.message = address_ + " sent a " + reason;
      break;
    default:
      error.message = address_ + " cannot be reached: " + reason;
  }
  return error;
}

SyncChannel::Io SyncChannel::send_all(ByteView bytes, TimePoint deadline, size_t* sent) {
  while (*sent < bytes.size()) {
    const auto* data = bytes.data() + *sent;
    const size_t size = bytes.size() - *sent;
#ifdef _WIN32
    const auto count = ::send(socket_, reinterpret_cast<const char*>(data), static_cast<int>(size), 0);
    const bool again = count < 0 && WSAGetLastError() == WSAEWOULDBLOCK;
#else
    // A blocking call would last as long as the server takes all of it, however slowly.
    const auto count = ::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    const bool again = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
#endif
    if (count > 0) {
      *sent += static_cast<size_t>(count);
      if (*sent == bytes.size()) break;
    } else if (!again) {
      reason_ = "it could not be written to";
      return Io::kLost;
    }
    const Millis left = left_until(deadline);
    if (left.count() <= 0) return Io::kLate;
    (void)wait_ready(socket_, kWritable, left);
  }
  return Io::kDone;
}

SyncChannel::Io SyncChannel::receive(TimePoint deadline) {
  for (;;) {
    const Millis left = left_until(deadline);
    if (left.count() <= 0) return Io::kLate;
#ifdef _WIN32
    if (!wait_ready(socket_, kReadable, left)) continue;
    const auto count = ::recv(socket_, reinterpret_cast<char*>(input_.data() + received_),
                              static_cast<int>(input_.size() - received_), 0);
    const bool again = count < 0 && WSAGetLastError() == WSAEWOULDBLOCK;
#else
    // The last slice must not last longer than what is left.
    if (left < kSlice && !wait_ready(socket_, kReadable, left)) continue;
    const auto count = ::recv(socket_, input_.data() + received_, input_.size() - received_, 0);
    const bool again = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
#endif
    if (count > 0) {
      received_ += static_cast<size_t>(count);
      return Io::kDone;
    }
    if (again) continue;  // The slice has passed.
    reason_ = count == 0 ? "End of file" : "it could not be read";
    return Io::kLost;
  }
}

// Reads until a whole frame is at the beginning of the input; how long it is.
Result<size_t> SyncChannel::receive_frame(TimePoint deadline) {
  for (size_t needed = 4;;) {
    if (received_ >= 4) {
      const auto length = static_cast<uint32_t>(ByteReader({input_.data(), 4}).i32());
      if (length < 4 || length > max_frame_bytes_) {
        return fail(failure(ErrorKind::kProtocolError, "frame that claims " + std::to_string(length) +
                                                           " bytes; the limit is " + std::to_string(max_frame_bytes_)));
      }
      needed = 4 + static_cast<size_t>(length);
      if (received_ >= needed) return needed;
      if (input_.size() < needed) input_.resize(needed);
    }
    const Io io = receive(deadline);
    if (io == Io::kLate) return fail(failure(ErrorKind::kTimeout, {}));
    if (io == Io::kLost) return fail(failure(ErrorKind::kConnectionLost, reason_));
  }
}

Result<RemotingCommand> SyncChannel::exchange(int32_t opaque, ByteView frame, TimePoint deadline) {
  size_t sent = 0;
  const Io io = send_all(frame, deadline, &sent);
  // A frame of which a part is missing is none to the server.
  if (io == Io::kLate) return fail(failure(ErrorKind::kTimeout, {}));
  if (io == Io::kLost) return fail(failure(sent > 0 ? ErrorKind::kConnectionLost : ErrorKind::kUnreachable, reason_));
  received_ = 0;
  auto response = receive_response(opaque, deadline);
  if (!response) response.error().may_be_stored = true;
  return response;
}

Result<RemotingCommand> SyncChannel::receive_response(int32_t opaque, TimePoint deadline) {
  for (;;) {
    const auto size = receive_frame(deadline);
    if (!size) return fail(size.error());
    auto command = decode_frame(SharedBytes(nullptr, ByteView(input_.data() + 4, *size - 4)));
    if (!command) return fail(failure(ErrorKind::kProtocolError, command.error().message));
    if (command->is_response() && command->opaque == opaque) {
      // Its bytes are the next exchange's.
      command->body = SharedBytes::copy_of(command->body.view());
      return command;
    }
    // What belongs to nobody here is passed over: requests of the server, answers that nobody asked for.
    std::copy(input_.begin() + static_cast<std::ptrdiff_t>(*size),
              input_.begin() + static_cast<std::ptrdiff_t>(received_), input_.begin());
    received_ -= *size;
  }
}

bool SyncChannel::is_quiet() { return !wait_ready(socket_, kReadable, Millis(0)); }

void SyncChannel::interrupt() {
  // Not closed, which another thread may be in the midst of using.
#ifdef _WIN32
  ::shutdown(socket_, SD_BOTH);
#else
  ::shutdown(socket_, SHUT_RDWR);
#endif
}

}  // namespace rocketmq
