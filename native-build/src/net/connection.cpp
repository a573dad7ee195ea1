#include "net/connection.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <cstring>
#include <thread>

#include "base/log.h"
#include "net/request_failure.h"

#ifdef _WIN32
#include <winsock2.h>
#else
#include <sys/socket.h>

#include <cerrno>
#endif

namespace rocketmq {

namespace {

constexpr size_t kInputBytes = size_t{64} * 1024;
// Beyond this, a frame gets a buffer of its own, and the rest of it is read straight into that.
constexpr size_t kLargeFrame = size_t{16} * 1024;
// Answers to a few requests.
constexpr size_t kSmallPiece = 2048;
constexpr int64_t kManyRequests = 128;
// The most of a frame that is passed over; more is nothing that a broker sends, which answers with a message of each
// of a topic's queues at the most.
constexpr size_t kMostPassedOver = size_t{1} << 30;
// A server that does not read must not eat the client's memory.
constexpr size_t kMostQueued = size_t{64} * 1024 * 1024;

std::string first_bytes(ByteView bytes) {
  std::string text;
  for (const uint8_t byte : bytes.substr(0, 16)) text += fmt::format("{:02x} ", byte);
  return text;
}

// "HTTP" as a length.
constexpr size_t kHttp = 0x48545450;

std::string claims(size_t length) {
  if (length == kHttp) return "an answer of HTTP: it is not the port of a name server or broker";
  return fmt::format("a frame that claims {} bytes", length);
}

void shut_down(asio::ip::tcp::socket::native_handle_type socket) {
#ifdef _WIN32
  ::shutdown(socket, SD_BOTH);
#else
  ::shutdown(socket, SHUT_RDWR);
#endif
}

asio::ip::tcp::endpoint remote_endpoint_of(const asio::ip::tcp::socket& socket) {
  asio::error_code ignored;
  return socket.remote_endpoint(ignored);
}

}  // namespace

Connection::Connection(EventLoop& loop, asio::ip::tcp::socket socket, std::string address, int32_t max_frame_bytes,
                       std::weak_ptr<ConnectionListener> listener)
    : loop_(loop),
      socket_(std::move(socket)),
      endpoint_(remote_endpoint_of(socket_)),
      address_(std::move(address)),
      max_frame_bytes_(static_cast<size_t>(max_frame_bytes)),
      listener_(std::move(listener)),
      input_(kInputBytes) {
  asio::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);
}

void Connection::start() {
  guarded([this] { read(); });
}

// A connection that is not read or written any more, for want of memory say, must not stay open.
template <typename Action>
void Connection::guarded(Action action) {
  try {
    action();
  } catch (const std::bad_alloc&) {
    Error error;
    error.kind = ErrorKind::kConnectionLost;
    error.message = net::kNoMemory;
    close(std::move(error));
  } catch (const std::exception& e) {
    close(lost(e.what()));
  }
}

Error Connection::lost(const std::string& reason) const {
  Error error;
  error.kind = ErrorKind::kConnectionLost;
  error.message = "the connection to " + address_ + " broke: " + reason;
  error.address = address_;
  return error;
}

void Connection::read() {
  socket_.async_read_some(asio::buffer(input_.data() + end_, input_.size() - end_),
                          [self = shared_from_this()](asio::error_code error, size_t count) {
                            self->guarded([&] {
                              if (error) return self->close(self->lost(error.message()));
                              self->on_read(count);
                            });
                          });
}

void Connection::on_read(size_t count) {
  end_ += count;
  last_read_ = now();
  const size_t passed_over = std::min(passed_over_, end_ - begin_);
  begin_ += passed_over;
  passed_over_ -= passed_over;
  if (passed_over > 0 && passed_over_ == 0) partial_since_.reset();
  if (!take_frames()) return;
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > 0) {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const auto listener = listener_.lock();
  // Else a server that answers many requests in small pieces costs a switch to this thread for each.
  if (count < kSmallPiece && listener && listener->pending_requests() > kManyRequests) std::this_thread::yield();
  read();
}

// False when reading goes on elsewhere, or ended.
bool Connection::take_frames() {
  while (end_ - begin_ >= 4) {
    const ByteView available(input_.data() + begin_, end_ - begin_);
    const auto length = static_cast<uint32_t>(ByteReader(available).i32());
    if (length < 4 || length > std::max(max_frame_bytes_, kMostPassedOver)) return refuse(available, claims(length));
    if (length > max_frame_bytes_) {
      note_partial(length);
      if (!begin_too_large(available, length)) return false;
      if (passed_over_ == 0) return true;
      continue;
    }
    if (available.size() - 4 < length) {
      note_partial(length);
      if (length <= kLargeFrame) return true;
      begin_large(length);
      return false;
    }
    begin_ += 4 + length;
    if (!handle(SharedBytes(nullptr, available.substr(4, length)), false)) return false;
  }
  return true;
}

// One answer that is too large is that request's trouble alone: others' are on the same connection. False when it is
// closed; passes nothing over as long as the header has not come.
bool Connection::begin_too_large(ByteView available, size_t length) {
  ByteReader reader(available);
  reader.i32();
  const auto mark = static_cast<uint32_t>(reader.i32());
  if (!reader.ok()) return true;
  const size_t header = mark & 0xffffffU;
  if (mark >> 24 > 1 || header > length - 4 || 8 + header > input_.size()) return refuse(available, claims(length));
  if (available.size() < 8 + header) return true;
  const auto command = decode_frame(SharedBytes(nullptr, available.substr(4, 4 + header)));
  if (!command) return refuse(available, "a " + command.error().message);
  const size_t present = std::min(available.size(), 4 + length);
  begin_ += present;
  passed_over_ = 4 + length - present;
  if (passed_over_ == 0) partial_since_.reset();
  answered_ = true;
  if (auto listener = listener_.lock()) listener->on_too_large(shared_from_this(), *command, length);
  return true;
}

bool Connection::refuse(ByteView available, const std::string& reason) {
  Error error = lost("");
  error.kind = ErrorKind::kProtocolError;
  error.message = address_ + " sent " + reason;
  log(LogLevel::kWarn, "net", "{}; it begins with {}", error.message, first_bytes(available));
  close(std::move(error));
  return false;
}

void Connection::begin_large(size_t length) {
  const size_t present = end_ - begin_ - 4;
  large_.resize(length);
  std::memcpy(large_.data(), input_.data() + begin_ + 4, present);
  large_read_ = present;
  begin_ = end_ = 0;
  read_large();
}

// Piece by piece, as each of them says that the server lives.
void Connection::read_large() {
  socket_.async_read_some(asio::buffer(large_.data() + large_read_, large_.size() - large_read_),
                          [self = shared_from_this()](asio::error_code error, size_t count) {
                            self->guarded([&] {
                              if (error) return self->close(self->lost(error.message()));
                              self->last_read_ = now();
                              self->large_read_ += count;
                              if (self->large_read_ < self->large_.size()) return self->read_large();
                              const SharedBytes frame(std::exchange(self->large_, {}));
                              if (self->handle(frame, true)) self->read();
                            });
                          });
}

// `owned`: the frame's bytes outlive the call, so that the body need not be copied.
bool Connection::handle(const SharedBytes& frame, bool owned) {
  partial_since_.reset();
  auto command = decode_frame(frame);
  if (!command) return refuse(frame.view(), "a " + command.error().message);
  if (!owned && !command->body.empty()) command->body = SharedBytes::copy_of(command->body.view());
  answered_ = true;
  auto listener = listener_.lock();
  if (!listener) return true;
  listener->on_command(shared_from_this(), std::move(*command));
  return true;
}

void Connection::note_partial(size_t claimed) {
  if (!partial_since_) partial_since_ = last_read_;
  partial_claimed_ = claimed;
}

std::optional<Connection::PartialFrame> Connection::partial_frame() const {
  if (!partial_since_) return std::nullopt;
  PartialFrame partial;
  partial.since = *partial_since_;
  partial.claimed = partial_claimed_;
  partial.come = partial_claimed_ - passed_over_;
  partial.is_passed_over = passed_over_ > 0;
  if (partial.is_passed_over) return partial;
  ByteView come(large_.data(), large_read_);
  if (large_.empty()) come = ByteView(input_.data() + begin_, end_ - begin_).substr(std::min<size_t>(4, end_ - begin_));
  partial.come = come.size();
  ByteReader reader(come);
  const size_t header = static_cast<uint32_t>(reader.i32()) & 0xffffffU;
  if (!reader.ok() || come.size() - 4 < header) return partial;
  const auto command = decode_frame(SharedBytes(nullptr, come.substr(0, 4 + header)));
  if (!command) return partial;
  partial.opaque = command->opaque;
  partial.is_response = command->is_response();
  return partial;
}

size_t Connection::write_directly(ByteView frame) {
#ifdef _WIN32
  const int sent =
      ::send(socket_.native_handle(), reinterpret_cast<const char*>(frame.data()), static_cast<int>(frame.size()), 0);
#else
  const auto sent = ::send(socket_.native_handle(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
#endif
  // A failure shows again when the loop writes the rest, and is told there.
  return sent > 0 ? static_cast<size_t>(sent) : 0;
}

Status Connection::write(ByteView frame, RemotingClient::Write mode) {
  std::lock_guard lock(write_mutex_);
  if (!open_) {
    Error error = lost("it was closed before the request was written");
    error.kind = ErrorKind::kUnreachable;
    return fail(std::move(error));
  }
  if (output_.size() + frame.size() > kMostQueued && !output_.empty()) {
    return fail(ErrorKind::kTooManyRequests,
                fmt::format("{} does not read: {} bytes wait to be written to it", address_, output_.size()));
  }
  size_t sent = 0;
  if (mode == RemotingClient::Write::kDirect && !flushing_) sent = write_directly(frame);
  if (sent == frame.size()) return {};
  const size_t before = output_.size();
  try {
    output_.insert(output_.end(), frame.begin() + static_cast<std::ptrdiff_t>(sent), frame.end());
    if (!flushing_) schedule_flush();
    return {};
  } catch (const std::bad_alloc&) {
    output_.resize(before);
    // The server would take the rest of a frame from the next one: its end is seen where it is read.
    if (sent > 0) shut_down(socket_.native_handle());
  }
  return fail(ErrorKind::kOutOfMemory, net::kNoMemory);
}

void Connection::schedule_flush() {
  loop_.post([self = shared_from_this()] { self->flush(); });
  flushing_ = true;
}

void Connection::flush() {
  std::optional<Error> closing;
  {
    std::lock_guard lock(write_mutex_);
    if (!open_) return;
    if (output_.empty()) {
      flushing_ = false;
      closing = std::exchange(closing_, std::nullopt);
    } else {
      writing_.clear();
      writing_.swap(output_);
    }
  }
  if (closing) return close(std::move(*closing));
  if (writing_.empty()) return;
  guarded([this] {
    asio::async_write(socket_, asio::buffer(writing_), [self = shared_from_this()](asio::error_code error, size_t) {
      self->guarded([&] {
        if (error) return self->close(self->lost(error.message()));
        self->writing_.clear();
        self->flush();
      });
    });
  });
}

void Connection::close_when_written(Error cause) {
  {
    std::lock_guard lock(write_mutex_);
    if (!open_) return;
    if (flushing_) {
      closing_ = std::move(cause);
      return;
    }
  }
  close(std::move(cause));
}

void Connection::close(Error cause) {
  {
    std::lock_guard lock(write_mutex_);
    if (!open_) return;
    open_ = false;
    output_.clear();
    asio::error_code ignored;
    // Cancelled first: under some Windows systems a pending write outlives the close.
    socket_.cancel(ignored);
    socket_.close(ignored);
  }
  log(LogLevel::kDebug, "net", "closed the connection to {}: {}", address_, cause.message);
  if (auto listener = listener_.lock()) listener->on_closed(shared_from_this(), cause);
}

}  // namespace rocketmq
