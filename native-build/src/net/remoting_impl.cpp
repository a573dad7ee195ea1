#include "net/remoting_impl.h"

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "net/connector.h"
#include "net/coroutine.h"
#include "net/request_failure.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

using asio::ip::tcp;
using net::kNoMemory;
using net::make_error;
using net::no_memory;
using net::tell_failure;

// After a server went away, this long its only connection is the main one.
constexpr Millis kSyncPoolPause{10000};

}  // namespace

RemotingClient::Impl::Channel& RemotingClient::Impl::channel_of(const std::string& address) {
  auto found = channels.find(address);
  if (found == channels.end()) {
    auto shared = std::make_shared<const std::string>(address);
    found = channels.emplace(address, Channel{}).first;
    found->second.address = std::move(shared);
  }
  return found->second;
}

// Takes the request among the pending ones; the connection to write it to, or nullptr where it waits for one, or was
// refused.
std::shared_ptr<Connection> RemotingClient::Impl::accept(const std::string& address, ByteView frame, int32_t opaque,
                                                         TimePoint deadline, bool one_way,
                                                         const std::shared_ptr<ResponseHandler>& handler,
                                                         Error& refused, bool& added) {
  bool arm = false;
  std::shared_ptr<Connection> connection;
  {
    std::lock_guard lock(mutex);
    if (closed) {
      refused = make_error(ErrorKind::kClosed, address, "the client is closed");
      return nullptr;
    }
    Channel& channel = channel_of(address);
    connection = channel.connection;
    if (!connection && !channel.connecting && now() < channel.retry_at) {
      refused = make_error(ErrorKind::kUnreachable, address, channel.last_error);
      return nullptr;
    }
    arm = pending.add(opaque, {handler, deadline, channel.address, now(), connection.get()});
    added = true;
    if (!connection) {
      channel.waiting.push_back({opaque, {frame.begin(), frame.end()}, one_way});
      if (!channel.connecting) {
        start_coroutine(loop, connect(address), "connect");
        channel.connecting = true;
      }
    }
  }
  if (arm) arm_timer();
  return connection;
}

void RemotingClient::Impl::submit(const std::string& address, ByteView frame, int32_t opaque, TimePoint deadline,
                                  Write mode, bool one_way, const std::shared_ptr<ResponseHandler>& handler) {
  std::shared_ptr<Connection> connection;
  Error refused;
  refused.kind = ErrorKind::kOk;
  bool added = false;
  try {
    connection = accept(address, frame, opaque, deadline, one_way, handler, refused, added);
  } catch (const std::exception& e) {
    log(LogLevel::kDebug, "net", "a request to {} could not be made: {}", address, e.what());
    // One that waits for its connection all the same is not found by it, and so not written.
    if (added && !pending.take(opaque)) return;
    refused = no_memory();
  }
  if (refused.kind != ErrorKind::kOk) return handler->on_failure(std::move(refused));
  if (connection) write(connection, opaque, frame, mode, one_way);
}

void RemotingClient::Impl::write(const std::shared_ptr<Connection>& connection, int32_t opaque, ByteView frame,
                                 Write mode, bool one_way) {
  Status written;
  try {
    written = connection->write(frame, mode);
  } catch (const std::exception&) {
    written = fail(no_memory());
  }
  if (written && !one_way) return;
  auto taken = pending.take(opaque);
  if (!taken) return;
  if (written) {
    taken->handler->on_response({}, connection->address());
  } else {
    tell_failure(*taken->handler, false, [&] { return std::move(written.error()); });
  }
}

asio::awaitable<void> RemotingClient::Impl::connect(std::string address) {
  auto self = shared_from_this();
  // What waits for the connection must learn of any end of this, and the next request must be able to try again.
  Error error;
  try {
    auto socket = co_await connect_to(loop, address, options.connect_timeout);
    if (socket) {
      connected(address, std::move(*socket));
      co_return;
    }
    error = std::move(socket.error());
  } catch (const std::exception& e) {
    error.message = kNoMemory;
    log(LogLevel::kWarn, "net", "the connection to {} could not be made: {}", address, e.what());
  }
  connect_failed(address, error);
}

void RemotingClient::Impl::connected(const std::string& address, tcp::socket socket) {
  auto connection =
      std::make_shared<Connection>(loop, std::move(socket), address, options.max_frame_bytes, weak_from_this());
  std::vector<Waiting> waiting;
  {
    std::lock_guard lock(mutex);
    if (closed) return;
    Channel& channel = channel_of(address);
    channel.connecting = false;
    channel.connection = connection;
    channel.connection_number = ++last_connection_number;
    waiting.swap(channel.waiting);
    // Those whose deadline passed meanwhile are not sent any more.
    waiting.erase(std::remove_if(waiting.begin(), waiting.end(),
                                 [&](const Waiting& request) {
                                   return !pending.set_connection(request.opaque, connection.get());
                                 }),
                  waiting.end());
  }
  log(LogLevel::kDebug, "net", "connected to {}", address);
  connection->start();
  try {
    if (observer) observer->on_connected(address);
    if (connected_handler) connected_handler(address);
  } catch (const std::exception& e) {
    log(LogLevel::kError, "net", "a new connection to {} could not be told: {}", address, e.what());
  }
  for (const Waiting& request : waiting) {
    write(connection, request.opaque, {request.frame.data(), request.frame.size()}, Write::kBatched, request.one_way);
  }
}

void RemotingClient::Impl::back_off(Channel& channel, const std::string& reason) noexcept {
  channel.pause = std::clamp(channel.pause * 2, options.reconnect_first, options.reconnect_max);
  // From -25 % to +50 %, so that many clients do not come back at once.
  const auto jitter = static_cast<int64_t>(random_below(76)) - 25;
  channel.retry_at = now() + channel.pause + channel.pause * jitter / 100;
  try {
    channel.last_error = *channel.address + " cannot be reached: " + reason;
  } catch (const std::bad_alloc&) {
    channel.last_error = kNoMemory;
  }
}

void RemotingClient::Impl::connect_failed(const std::string& address, const Error& error) {
  std::vector<Waiting> waiting;
  std::string message;
  {
    std::lock_guard lock(mutex);
    auto found = channels.find(address);
    if (found == channels.end()) return;
    Channel& channel = found->second;
    channel.connecting = false;
    waiting.swap(channel.waiting);
    back_off(channel, error.message);
    try {
      message = channel.last_error;
    } catch (const std::bad_alloc&) {
      message = kNoMemory;
    }
  }
  log(LogLevel::kDebug, "net", "{}", message);
  const auto make = [&] { return make_error(ErrorKind::kUnreachable, address, message); };
  if (observer) observer->on_connect_failed(address, make());
  for (const Waiting& request : waiting) {
    if (auto taken = pending.take(request.opaque)) tell_failure(*taken->handler, false, make);
  }
}

// A broker that is about to end answers GO_AWAY to everything, and still accepts connections; a proxy that is one of
// several behind one address does, too. So a new connection is made at once, and after that only every few seconds.
void RemotingClient::Impl::went_away(const std::string& address, const SyncPool* pool, const Connection* connection) {
  std::shared_ptr<Connection> left;
  TimePoint until;
  {
    std::lock_guard lock(mutex);
    auto found = channels.find(address);
    if (found == channels.end()) return;
    Channel& channel = found->second;
    // What comes by one of those that were left tells nothing new.
    if (!channel.connection || (pool != nullptr && channel.sync_pool.get() != pool) ||
        (connection != nullptr && channel.connection.get() != connection)) {
      return;
    }
    leaving.push_back(channel.connection);
    left = std::exchange(channel.connection, nullptr);
    left->left = true;
    end_pool(channel);
    const TimePoint at = now();
    channel.sync_pool_from = at + kSyncPoolPause;
    channel.retry_at = std::max(at, channel.after_next_leave);
    channel.after_next_leave = channel.retry_at + options.go_away_pause;
    channel.last_error = fmt::format("{} is about to end: it answered GO_AWAY, and is not connected to for up to {} ms",
                                     address, options.go_away_pause.count());
    until = channel.retry_at;
  }
  log(LogLevel::kInfo, "net", "{} goes away: the next connection to it is made in {} ms", address,
      std::max<int64_t>(0, millis_between(now(), until)));
  if (observer) observer->on_went_away(address, until);
  try {
    loop.post([self = shared_from_this(), left] { self->close_left(left, false); });
  } catch (const std::bad_alloc&) {
    log(LogLevel::kDebug, "net", "the connection to {} that was left is closed by its next answer or timeout", address);
  }
}

// On the loop: closes a connection that is left once nothing waits for an answer there.
void RemotingClient::Impl::close_left(const std::shared_ptr<Connection>& connection, bool unwritten_too) {
  {
    std::lock_guard lock(mutex);
    if (std::find(leaving.begin(), leaving.end(), connection) == leaving.end()) return;
    // No more are added, as that takes the lock and a connection that is not left.
    if (pending.count_of(*connection) > 0) return;
  }
  Error cause =
      make_error(ErrorKind::kConnectionLost, connection->address(), connection->address() + " is about to end");
  unwritten_too ? connection->close(std::move(cause)) : connection->close_when_written(std::move(cause));
}

void RemotingClient::Impl::on_server_request(const std::shared_ptr<Connection>& connection, RemotingCommand request) {
  ServerRequestHandler handler;
  {
    std::lock_guard lock(mutex);
    handler = server_request_handler;
  }
  const bool one_way = request.is_one_way();
  if (!handler) return;
  handler(std::move(request), connection->address(),
          [weak = std::weak_ptr<Connection>(connection), one_way](RemotingCommand response) {
            auto target = weak.lock();
            if (!target || one_way) return;
            std::vector<uint8_t> frame;
            if (encode_frame(response, frame)) (void)target->write({frame.data(), frame.size()}, Write::kBatched);
          });
}

void RemotingClient::Impl::on_command(const std::shared_ptr<Connection>& connection, RemotingCommand command) {
  if (!command.is_response()) return on_server_request(connection, std::move(command));
  const bool goes_away = command.code == response_code::kGoAway;
  if (goes_away) went_away(connection->address(), nullptr, connection.get());
  auto request = pending.take(command.opaque, connection.get());
  if (!request) {
    log(LogLevel::kDebug, "net", "dropped a response of {} to the request {}, which has ended or never was",
        connection->address(), command.opaque);
    return;
  }
  if (!goes_away) {
    if (observer)
      observer->on_answered(connection->address(), Millis(millis_between(request->submitted, connection->last_read())));
  }
  try {
    request->handler->on_response(std::move(command), connection->address());
  } catch (const std::exception& e) {
    tell_failure(*request->handler, true, [&] {
      return make_error(ErrorKind::kInternalError, connection->address(),
                        std::string("a response could not be handled: ") + e.what());
    });
  }
  if (connection->left) close_left(connection, false);
}

// It is its own request's trouble alone.
void RemotingClient::Impl::on_too_large(const std::shared_ptr<Connection>& connection, const RemotingCommand& command,
                                        size_t frame_bytes) {
  const auto text = [&] {
    return fmt::format("{} sent a frame of {} bytes; the limit is {} (max_frame_bytes)", connection->address(),
                       frame_bytes, options.max_frame_bytes);
  };
  auto request = command.is_response() ? pending.take(command.opaque, connection.get()) : std::nullopt;
  if (!request) return log(LogLevel::kWarn, "net", "{}, which nobody waits for", text());
  if (observer)
    observer->on_answered(connection->address(), Millis(millis_between(request->submitted, connection->last_read())));
  tell_failure(*request->handler, true, [&] {
    Error error = make_error(ErrorKind::kProtocolError, connection->address(), text());
    error.answer_too_large = true;
    return error;
  });
  if (connection->left) close_left(connection, false);
}

}  // namespace rocketmq
