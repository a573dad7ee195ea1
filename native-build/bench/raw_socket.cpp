#include "raw_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "contender.h"

namespace bench {

namespace {

constexpr size_t kInputBytes = size_t{256} * 1024;
// RocketMQ's own limit.
constexpr uint32_t kLargestFrame = uint32_t{16} * 1024 * 1024;
constexpr timeval kLongestWait{10, 0};

[[noreturn]] void fail(const std::string& address, const std::string& what) {
  throw CommandError(address + " " + what + ": check that a server runs there");
}

std::string error_text() { return errno == EAGAIN ? "no progress within 10 s" : std::strerror(errno); }

int connect_to(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    throw CommandError("the address \"" + address + "\" has no port: give host:port, such as 127.0.0.1:9876");
  }
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &hints, &found);
  if (error != 0) fail(address, std::string("has no IPv4 address (") + gai_strerror(error) + ")");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail(address, "gets no socket (" + error_text() + ")");
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &kLongestWait, sizeof kLongestWait);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &kLongestWait, sizeof kLongestWait);
  if (::connect(descriptor, found->ai_addr, found->ai_addrlen) == 0) return descriptor;
  const std::string reason = error_text();
  ::close(descriptor);
  fail(address, "takes no connection (" + reason + ")");
}

}  // namespace

RawSocket::RawSocket(const std::string& addresses)
    : address_(addresses.substr(0, addresses.find(';'))), descriptor_(connect_to(address_)), input_(kInputBytes) {}

RawSocket::~RawSocket() { ::close(descriptor_); }

void RawSocket::write(const char* bytes, size_t length) {
  while (length > 0) {
    const ssize_t sent = ::send(descriptor_, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail(address_, "takes no request (" + error_text() + ")");
    bytes += sent;
    length -= static_cast<size_t>(sent);
  }
}

void RawSocket::fill() {
  if (begin_ > 0) {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == input_.size()) input_.resize(input_.size() * 2);
  ssize_t count = -1;
  do {
    count = ::recv(descriptor_, input_.data() + end_, input_.size() - end_, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) fail(address_, "does not answer (" + error_text() + ")");
  if (count == 0) fail(address_, "closed the connection");
  end_ += static_cast<size_t>(count);
}

void RawSocket::check_length(uint32_t length) {
  if (length >= 4 && length <= kLargestFrame) return;
  fail(address_, "sent a frame of " + std::to_string(length) + " bytes, which no RocketMQ server does");
}

void RawSocket::shut_down() { ::shutdown(descriptor_, SHUT_RDWR); }

}  // namespace bench
