#include "net/remoting_client.h"

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <map>
#include <mutex>

#include "base/log.h"
#include "base/random.h"
#include "net/address.h"
#include "net/connection.h"
#include "net/coroutine.h"
#include "net/name_resolution.h"
#include "net/pending_requests.h"
#include "net/sync_channel.h"
#include "net/sync_pool.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

using asio::ip::tcp;

// A connection that ends sooner than this without any answer counts as a failed attempt to connect.
constexpr Millis kShortLife{1000};

// A request that waits for its connection.
struct Waiting {
  int32_t opaque;
  std::vector<uint8_t> frame;
  bool one_way;
};

struct Channel {
  // For the requests, which outlive a channel.
  std::shared_ptr<const std::string> address;
  std::shared_ptr<Connection> connection;
  uint64_t connection_number = 0;
  std::shared_ptr<SyncPool> sync_pool = std::make_shared<SyncPool>();
  bool connecting = false;
  std::vector<Waiting> waiting;
  TimePoint retry_at;
  Millis pause{0};
  std::string last_error;
};

Error make_error(ErrorKind kind, const std::string& address, std::string message) {
  Error error;
  error.kind = kind;
  error.message = std::move(message);
  error.address = address;
  return error;
}

class OneWayHandler : public ResponseHandler {
 public:
  explicit OneWayHandler(std::function<void(Status)> done) : done_(std::move(done)) {}
  void on_response(RemotingCommand, const std::string&) override { done_({}); }
  void on_failure(Error error) override { done_(fail(std::move(error))); }

 private:
  const std::function<void(Status)> done_;
};

// The end of a request, for the coroutine that waits for it; on the loop only.
class CallState : public ResponseHandler {
 public:
  explicit CallState(EventLoop& loop) : wake(loop.context(), asio::steady_timer::time_point::max()) {}
  void on_response(RemotingCommand response, const std::string&) override { end(std::move(response)); }
  void on_failure(Error error) override { end(fail(std::move(error))); }
  void end(Result<RemotingCommand> outcome) {
    result = std::move(outcome);
    wake.cancel();
  }

  asio::steady_timer wake;
  std::optional<Result<RemotingCommand>> result;
};

}  // namespace

struct RemotingClient::Impl : ConnectionListener, std::enable_shared_from_this<RemotingClient::Impl> {
  Impl(EventLoop& event_loop, RemotingOptions remoting_options)
      : loop(event_loop), options(remoting_options), timer(event_loop.context()) {}

  // `frame` carries `opaque`.
  void submit(const std::string& address, ByteView frame, int32_t opaque, TimePoint deadline, Write mode, bool one_way,
              std::shared_ptr<ResponseHandler> handler);
  Channel& channel_of(const std::string& address);
  static void end_pool(Channel& channel);
  void write(const std::shared_ptr<Connection>& connection, int32_t opaque, ByteView frame, Write mode, bool one_way);
  asio::awaitable<void> connect(std::string address);
  asio::awaitable<Result<tcp::socket>> open(std::string address);
  asio::awaitable<Result<tcp::socket>> open_endpoint(tcp::endpoint endpoint, TimePoint deadline);
  void connected(const std::string& address, tcp::socket socket);
  void connect_failed(const std::string& address, const Error& error);
  void back_off(Channel& channel, const std::string& reason);
  void leave(const std::shared_ptr<Connection>& connection);
  void arm_timer();
  void expire();
  void replace_if_silent(const PendingRequests::Request& request);
  void close_all();

  void on_command(const std::shared_ptr<Connection>& connection, RemotingCommand command) override;
  int64_t pending_requests() const override { return pending.count(); }
  void on_closed(const std::shared_ptr<Connection>& connection, const Error& cause) override;

  EventLoop& loop;
  const RemotingOptions options;
  PendingRequests pending;
  std::atomic<int32_t> next_opaque{1};
  asio::steady_timer timer;
  mutable std::mutex mutex;
  std::map<std::string, Channel, std::less<>> channels;
  uint64_t last_connection_number = 0;
  // Connections that take no new requests, but whose last ones are still answered.
  std::vector<std::shared_ptr<Connection>> leaving;
  ServerRequestHandler server_request_handler;
  std::function<void(const std::string& address)> connected_handler;
  bool closed = false;
};

// Under the lock.
Channel& RemotingClient::Impl::channel_of(const std::string& address) {
  auto found = channels.find(address);
  if (found == channels.end()) {
    found = channels.emplace(address, Channel{}).first;
    found->second.address = std::make_shared<const std::string>(address);
  }
  return found->second;
}

void RemotingClient::Impl::submit(const std::string& address, ByteView frame, int32_t opaque, TimePoint deadline,
                                  Write mode, bool one_way, std::shared_ptr<ResponseHandler> handler) {
  std::shared_ptr<Connection> connection;
  Error refused;
  bool taken = false;
  bool arm = false;
  {
    std::lock_guard lock(mutex);
    if (closed) {
      refused = make_error(ErrorKind::kClosed, address, "the client is closed");
    } else {
      Channel& channel = channel_of(address);
      connection = channel.connection;
      if (!connection && !channel.connecting && now() < channel.retry_at) {
        refused = make_error(ErrorKind::kUnreachable, address, channel.last_error);
      } else {
        taken = true;
        arm = pending.add(opaque, {handler, deadline, channel.address, now(), connection.get()});
        if (!connection) {
          channel.waiting.push_back({opaque, {frame.begin(), frame.end()}, one_way});
          if (!channel.connecting) {
            channel.connecting = true;
            start_coroutine(loop, connect(address), "connect");
          }
        }
      }
    }
  }
  if (!taken) return handler->on_failure(std::move(refused));
  if (arm) arm_timer();
  if (connection) write(connection, opaque, frame, mode, one_way);
}

void RemotingClient::Impl::write(const std::shared_ptr<Connection>& connection, int32_t opaque, ByteView frame,
                                 Write mode, bool one_way) {
  auto written = connection->write(frame, mode);
  if (written && !one_way) return;
  auto taken = pending.take(opaque);
  if (!taken) return;
  if (written) {
    taken->handler->on_response({}, connection->address());
  } else {
    taken->handler->on_failure(written.error());
  }
}

asio::awaitable<Result<tcp::socket>> RemotingClient::Impl::open_endpoint(tcp::endpoint endpoint, TimePoint deadline) {
  tcp::socket socket(loop.context());
  asio::steady_timer limit(loop.context(), deadline);
  bool late = false;
  limit.async_wait([&](asio::error_code error) {
    if (error) return;
    late = true;
    asio::error_code ignored;
    socket.close(ignored);
  });
  asio::error_code error;
  co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  // The timer's handler refers to this frame, and must have run before the frame goes.
  if (limit.cancel() == 0 && !late) {
    while (!late) {
      asio::steady_timer turn(loop.context(), now());
      asio::error_code ignored;
      co_await turn.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }
  if (late) co_return fail(ErrorKind::kUnreachable, "no connection within the connect timeout");
  if (error) co_return fail(ErrorKind::kUnreachable, error.message());
  co_return socket;
}

asio::awaitable<Result<tcp::socket>> RemotingClient::Impl::open(std::string address) {
  const TimePoint deadline = now() + options.connect_timeout;
  auto parsed = parse_address(address);
  if (!parsed) {
    parsed.error().kind = ErrorKind::kUnreachable;
    co_return fail(parsed.error());
  }
  auto endpoints = co_await resolve(loop, *parsed, options.connect_timeout);
  if (!endpoints) co_return fail(endpoints.error());
  Result<tcp::socket> socket = fail(ErrorKind::kUnreachable, "it has no address");
  for (size_t i = 0; i < endpoints->size(); ++i) {
    // Of several addresses each gets its share, so that a silent one leaves time for the next.
    const auto left = deadline - now();
    socket = co_await open_endpoint((*endpoints)[i], now() + left / static_cast<int64_t>(endpoints->size() - i));
    if (socket) break;
  }
  co_return socket;
}

asio::awaitable<void> RemotingClient::Impl::connect(std::string address) {
  auto self = shared_from_this();
  // What waits for the connection must learn of any end of this, and the next request must be able to try again.
  try {
    auto socket = co_await open(address);
    if (socket) {
      connected(address, std::move(*socket));
    } else {
      connect_failed(address, socket.error());
    }
  } catch (const std::exception& e) {
    connect_failed(address, make_error(ErrorKind::kUnreachable, address, e.what()));
  }
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
  if (connected_handler) connected_handler(address);
  for (const Waiting& request : waiting) {
    write(connection, request.opaque, {request.frame.data(), request.frame.size()}, Write::kBatched, request.one_way);
  }
}

void RemotingClient::Impl::back_off(Channel& channel, const std::string& reason) {
  channel.pause = std::clamp(channel.pause * 2, options.reconnect_first, options.reconnect_max);
  // From -25 % to +50 %, so that many clients do not come back at once.
  const auto jitter = static_cast<int64_t>(random_below(76)) - 25;
  channel.retry_at = now() + channel.pause + channel.pause * jitter / 100;
  channel.last_error = reason;
}

void RemotingClient::Impl::connect_failed(const std::string& address, const Error& error) {
  std::vector<Waiting> waiting;
  const std::string message = address + " cannot be reached: " + error.message;
  {
    std::lock_guard lock(mutex);
    Channel& channel = channel_of(address);
    channel.connecting = false;
    back_off(channel, message);
    waiting.swap(channel.waiting);
  }
  log(LogLevel::kDebug, "net", "{}", message);
  for (const Waiting& request : waiting) {
    if (auto taken = pending.take(request.opaque)) {
      taken->handler->on_failure(make_error(ErrorKind::kUnreachable, address, message));
    }
  }
}

void RemotingClient::Impl::leave(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(mutex);
  auto found = channels.find(connection->address());
  if (found == channels.end() || found->second.connection != connection) return;
  found->second.connection = nullptr;
  leaving.push_back(connection);
}

void RemotingClient::Impl::on_command(const std::shared_ptr<Connection>& connection, RemotingCommand command) {
  if (!command.is_response()) {
    ServerRequestHandler handler;
    {
      std::lock_guard lock(mutex);
      handler = server_request_handler;
    }
    const bool one_way = command.is_one_way();
    if (!handler) return;
    handler(std::move(command), connection->address(),
            [weak = std::weak_ptr<Connection>(connection), one_way](RemotingCommand response) {
              auto target = weak.lock();
              if (!target || one_way) return;
              std::vector<uint8_t> frame;
              if (encode_frame(response, frame)) (void)target->write({frame.data(), frame.size()}, Write::kBatched);
            });
    return;
  }
  if (command.code == response_code::kGoAway) {
    log(LogLevel::kInfo, "net", "{} goes away: new requests take a new connection", connection->address());
    leave(connection);
  }
  auto request = pending.take(command.opaque, connection.get());
  if (!request) {
    log(LogLevel::kDebug, "net", "dropped a response of {} to the request {}, which has ended or never was",
        connection->address(), command.opaque);
    return;
  }
  try {
    request->handler->on_response(std::move(command), connection->address());
  } catch (const std::exception& e) {
    request->handler->on_failure(make_error(ErrorKind::kInternalError, connection->address(),
                                            std::string("a response could not be handled: ") + e.what()));
  }
}

void RemotingClient::Impl::on_closed(const std::shared_ptr<Connection>& connection, const Error& cause) {
  {
    std::lock_guard lock(mutex);
    leaving.erase(std::remove(leaving.begin(), leaving.end(), connection), leaving.end());
    auto found = channels.find(connection->address());
    if (found != channels.end() && found->second.connection == connection) {
      Channel& channel = found->second;
      channel.connection = nullptr;
      end_pool(channel);
      const bool lived = connection->answered() || now() - connection->opened() >= kShortLife;
      if (lived) {
        channel.pause = Millis(0);
      } else {
        back_off(channel, connection->address() + " cannot be reached: " + cause.message);
      }
    }
  }
  for (auto& request : pending.take_of(connection.get())) request.handler->on_failure(cause);
}

void RemotingClient::Impl::arm_timer() {
  loop.post([self = shared_from_this()] {
    // Asked for only now, as several threads may arm it at once.
    const auto at = self->pending.earliest();
    if (!at) return;
    self->timer.expires_at(*at);
    self->timer.async_wait([self](asio::error_code error) {
      if (!error) self->expire();
    });
  });
}

void RemotingClient::Impl::expire() {
  auto expired = pending.take_expired(now());
  arm_timer();
  for (auto& request : expired) {
    if (request.connection != nullptr) replace_if_silent(request);
    request.handler->on_failure(make_error(ErrorKind::kTimeout, *request.address,
                                           request.connection != nullptr
                                               ? *request.address + " did not answer in time"
                                               : "no connection to " + *request.address + " was made in time"));
  }
}

// A peer, or what lies between, that went without a word leaves a connection on which nothing ever comes.
void RemotingClient::Impl::replace_if_silent(const PendingRequests::Request& request) {
  std::shared_ptr<Connection> connection;
  {
    std::lock_guard lock(mutex);
    auto found = channels.find(*request.address);
    if (found == channels.end() || found->second.connection.get() != request.connection) return;
    connection = found->second.connection;
  }
  const TimePoint last = connection->last_read();
  const bool came_since = last != connection->opened() && last > request.submitted;
  if (came_since || now() - last < options.longest_silence) return;
  log(LogLevel::kWarn, "net", "{} has been silent since {} ms: a new connection takes the place of this one",
      *request.address, millis_between(last, now()));
  connection->close(make_error(ErrorKind::kConnectionLost, *request.address,
                               "the connection to " + *request.address + " was given up, as nothing came any more"));
}

void RemotingClient::Impl::close_all() {
  std::vector<std::shared_ptr<Connection>> connections;
  {
    std::lock_guard lock(mutex);
    closed = true;
    connections.swap(leaving);
    for (auto& [address, channel] : channels) {
      if (channel.connection) connections.push_back(std::move(channel.connection));
      end_pool(channel);
    }
    channels.clear();
  }
  timer.cancel();
  for (auto& request : pending.take_all()) {
    request.handler->on_failure(make_error(ErrorKind::kClosed, *request.address, "the client was closed"));
  }
  for (const auto& connection : connections) {
    connection->close(make_error(ErrorKind::kClosed, connection->address(), "the client was closed"));
  }
}

// Under the lock.
void RemotingClient::Impl::end_pool(Channel& channel) {
  channel.sync_pool->end();
  channel.sync_pool = std::make_shared<SyncPool>();
}

std::shared_ptr<RemotingClient> RemotingClient::create(EventLoop& loop, RemotingOptions options) {
  return std::shared_ptr<RemotingClient>(new RemotingClient(std::make_shared<Impl>(loop, options)));
}

RemotingClient::RemotingClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
RemotingClient::~RemotingClient() = default;

void RemotingClient::send(const std::string& address, const RemotingCommand& request, TimePoint deadline, Write write,
                          std::shared_ptr<ResponseHandler> handler) {
  std::vector<uint8_t> frame;
  RemotingCommand numbered = request;
  // The opaque's place in the frame is known for the binary header only, so JSON gets it before encoding.
  numbered.opaque = next_opaque();
  if (auto encoded = encode_frame(numbered, frame, impl_->options.max_frame_bytes); !encoded) {
    return handler->on_failure(encoded.error());
  }
  impl_->submit(address, {frame.data(), frame.size()}, numbered.opaque, deadline, write, false, std::move(handler));
}

int32_t RemotingClient::next_opaque() { return impl_->next_opaque.fetch_add(1, std::memory_order_relaxed) & INT32_MAX; }

void RemotingClient::send_frame(const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline,
                                Write write, std::shared_ptr<ResponseHandler> handler) {
  impl_->submit(address, frame, opaque, deadline, write, false, std::move(handler));
}

std::optional<Result<RemotingCommand>> RemotingClient::exchange(
    const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline,
    const std::function<void(std::shared_ptr<SyncChannel>)>& begun) {
  std::shared_ptr<SyncPool> pool;
  asio::ip::tcp::endpoint endpoint;
  {
    std::lock_guard lock(impl_->mutex);
    auto known = impl_->channels.find(address);
    if (impl_->closed || known == impl_->channels.end() || !known->second.connection) return std::nullopt;
    pool = known->second.sync_pool;
    endpoint = known->second.connection->endpoint();
  }
  auto channel = pool->borrow(endpoint, address, impl_->options.max_frame_bytes, deadline);
  if (!channel) return std::nullopt;
  // Given back on every way out.
  struct Loan {
    SyncPool& pool;
    std::shared_ptr<SyncChannel>& channel;
    const std::function<void(std::shared_ptr<SyncChannel>)>& begun;
    bool usable = false;
    ~Loan() {
      begun(nullptr);
      pool.give_back(std::move(channel), usable);
    }
  } loan{*pool, channel, begun};
  begun(channel);
  try {
    auto response = channel->exchange(opaque, frame, deadline);
    loan.usable = response && response->code != response_code::kGoAway;
    return response;
  } catch (const std::exception& e) {
    // Without memory, say: it may have been written.
    return Result<RemotingCommand>(fail(
        make_error(ErrorKind::kConnectionLost, address, std::string("the answer could not be handled: ") + e.what())));
  }
}

void RemotingClient::send_one_way(const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline,
                                  std::function<void(Status)> done) {
  impl_->submit(address, frame, opaque, deadline, Write::kBatched, true,
                std::make_shared<OneWayHandler>(std::move(done)));
}

asio::awaitable<Result<RemotingCommand>> RemotingClient::call(std::string address, RemotingCommand request,
                                                              Millis timeout) {
  const auto impl = impl_;
  const TimePoint deadline = now() + timeout;
  for (bool again = false;; again = true) {
    auto state = std::make_shared<CallState>(impl->loop);
    send(address, request, deadline, Write::kBatched, state);
    if (!state->result) {
      asio::error_code ignored;
      co_await state->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (!state->result) co_return fail(ErrorKind::kClosed, "the client was closed");
    const bool gone = *state->result && (*state->result)->code == response_code::kGoAway;
    if (!gone || again) co_return std::move(*state->result);
  }
}

void RemotingClient::call_one_way(const std::string& address, RemotingCommand request) {
  request.flag |= RemotingCommand::kOneWayFlag;
  request.opaque = next_opaque();
  std::vector<uint8_t> frame;
  if (!encode_frame(request, frame, impl_->options.max_frame_bytes)) return;
  send_one_way(address, request.opaque, {frame.data(), frame.size()}, now() + impl_->options.connect_timeout,
               [address](Status status) {
                 if (!status)
                   log(LogLevel::kDebug, "net", "a one-way request to {} was lost: {}", address,
                       status.error().message);
               });
}

void RemotingClient::set_server_request_handler(ServerRequestHandler handler) {
  std::lock_guard lock(impl_->mutex);
  impl_->server_request_handler = std::move(handler);
}

void RemotingClient::set_connected_handler(std::function<void(const std::string& address)> handler) {
  std::lock_guard lock(impl_->mutex);
  impl_->connected_handler = std::move(handler);
}

void RemotingClient::retain(const std::vector<std::string>& keep) {
  impl_->loop.post([impl = impl_, keep] {
    std::vector<std::shared_ptr<Connection>> unwanted;
    {
      std::lock_guard lock(impl->mutex);
      for (auto& [address, channel] : impl->channels) channel.sync_pool->drop_idle();
      for (auto channel = impl->channels.begin(); channel != impl->channels.end();) {
        const bool kept = std::find(keep.begin(), keep.end(), channel->first) != keep.end();
        if (kept || channel->second.connecting) {
          ++channel;
          continue;
        }
        if (channel->second.connection) unwanted.push_back(std::move(channel->second.connection));
        impl->end_pool(channel->second);
        channel = impl->channels.erase(channel);
      }
    }
    for (const auto& connection : unwanted) {
      connection->close(make_error(ErrorKind::kConnectionLost, connection->address(),
                                   connection->address() + " is in no route any more"));
    }
  });
}

bool RemotingClient::connected(const std::string& address) const {
  std::lock_guard lock(impl_->mutex);
  auto found = impl_->channels.find(address);
  return found != impl_->channels.end() && found->second.connection != nullptr;
}

uint64_t RemotingClient::connection_number(const std::string& address) const {
  std::lock_guard lock(impl_->mutex);
  auto found = impl_->channels.find(address);
  if (found == impl_->channels.end() || found->second.connection == nullptr) return 0;
  return found->second.connection_number;
}

void RemotingClient::close() {
  impl_->loop.run_and_wait([impl = impl_] { impl->close_all(); });
}

RemotingClient::Gauges RemotingClient::gauges() const {
  Gauges gauges;
  gauges.pending_requests = impl_->pending.count();
  std::lock_guard lock(impl_->mutex);
  for (const auto& [address, channel] : impl_->channels) {
    if (!channel.connection) continue;
    ++gauges.connections;
    gauges.queued_bytes += channel.connection->queued_bytes();
  }
  return gauges;
}

}  // namespace rocketmq
