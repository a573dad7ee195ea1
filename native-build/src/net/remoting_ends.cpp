#include <algorithm>

#include "base/log.h"
#include "net/remoting_impl.h"
#include "net/request_failure.h"
#include "net/sync_channel.h"
#include "protocol/codes.h"

// How requests and connections end: answered on the caller's own thread, timed out, lost, closed.
namespace rocketmq {

namespace {

using net::make_error;
using net::no_memory;
using net::tell_failure;

// A connection that ends sooner than this without any answer counts as a failed attempt to connect.
constexpr Millis kShortLife{1000};
// Until the requests whose time is over are looked for again, after there was no memory for that.
constexpr Millis kNextCheckPause{10};
// A server's own request may take so long to come; larger than a message it is none.
constexpr Millis kLongestFrame{60000};

}  // namespace

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
        back_off(channel, cause.message);
      }
    }
  }
  // What is malformed answered one request at most, and which one is known where there is only one.
  const bool of_another = cause.kind == ErrorKind::kProtocolError && pending.count_of(*connection) > 1;
  const auto make = [&] {
    Error error = cause;
    if (of_another) error.kind = ErrorKind::kConnectionLost;
    return error;
  };
  try {
    for (auto& request : pending.take_of(connection.get())) tell_failure(*request.handler, true, make);
  } catch (const std::bad_alloc&) {
    while (auto request = pending.take_one_of(connection.get())) tell_failure(*request->handler, true, make);
  }
  try {
    if (observer) observer->on_disconnected(connection->address(), cause);
    if (disconnected_handler) disconnected_handler(connection->address());
  } catch (const std::exception& e) {
    log(LogLevel::kError, "net", "the end of a connection could not be told: {}", e.what());
  }
}

void RemotingClient::Impl::arm_timer() {
  try {
    // Asked for only there, as several threads may arm it at once.
    loop.post([self = shared_from_this()] {
      if (const auto at = self->pending.earliest()) self->arm_timer_on_loop(*at);
    });
  } catch (...) {
    pending.arming_failed();
    throw;
  }
}

void RemotingClient::Impl::arm_timer_on_loop(TimePoint at) {
  try {
    timer.expires_at(at);
    timer.async_wait([self = shared_from_this()](asio::error_code error) {
      if (!error) self->expire();
    });
  } catch (const std::exception& e) {
    pending.arming_failed();
    log(LogLevel::kError, "net", "the timer of the requests could not be set: {}", e.what());
  }
}

void RemotingClient::Impl::expire() {
  std::vector<PendingRequests::Request> expired;
  std::optional<TimePoint> next;
  try {
    expired = pending.take_expired(now());
    next = pending.earliest();
  } catch (const std::bad_alloc&) {
    next = now() + kNextCheckPause;
  }
  // First of all: what follows may fail.
  if (next) arm_timer_on_loop(*next);
  for (auto& request : expired) time_out(request);
}

void RemotingClient::Impl::time_out(const PendingRequests::Request& request) {
  const bool written = request.connection != nullptr;
  std::shared_ptr<Connection> connection;
  try {
    connection = connection_of(request);
    const TimePoint since = connection ? std::max(request.submitted, connection->last_read()) : request.submitted;
    if (observer) observer->on_timeout(*request.address, Millis(millis_between(since, now())));
    if (connection && !replace_if_silent(request, connection)) replace_if_stuck(connection);
  } catch (const std::exception& e) {
    log(LogLevel::kError, "net", "a timeout could not be handled: {}", e.what());
  }
  tell_failure(*request.handler, written, [&] {
    return make_error(ErrorKind::kTimeout, *request.address,
                      written ? *request.address + " did not answer in time"
                              : "no connection to " + *request.address + " was made in time");
  });
  if (connection && connection->left) close_left(connection, false);
}

// The connection that it was written to, while that is open.
std::shared_ptr<Connection> RemotingClient::Impl::connection_of(const PendingRequests::Request& request) {
  if (request.connection == nullptr) return nullptr;
  std::lock_guard lock(mutex);
  auto found = channels.find(*request.address);
  if (found != channels.end() && found->second.connection.get() == request.connection) return found->second.connection;
  auto left = std::find_if(leaving.begin(), leaving.end(),
                           [&](const auto& connection) { return connection.get() == request.connection; });
  return left == leaving.end() ? nullptr : *left;
}

// A peer, or what lies between, that went without a word leaves a connection on which nothing ever comes.
bool RemotingClient::Impl::replace_if_silent(const PendingRequests::Request& request,
                                             const std::shared_ptr<Connection>& connection) {
  const TimePoint last = connection->last_read();
  const bool came_since = last != connection->opened() && last > request.submitted;
  if (connection->left || came_since || now() - last < options.longest_silence) return false;
  log(LogLevel::kWarn, "net", "{} has been silent since {} ms: a new connection takes the place of this one",
      *request.address, millis_between(last, now()));
  connection->close(make_error(ErrorKind::kConnectionLost, *request.address,
                               "the connection to " + *request.address + " was given up, as nothing came any more"));
  return true;
}

// A frame whose length is wrong takes what comes after it for its own: all answers would be lost until it is full. It
// is given up once it comes too late for who asked for it, as it does on a connection that is too slow for it.
void RemotingClient::Impl::replace_if_stuck(const std::shared_ptr<Connection>& connection) {
  const auto partial = connection->partial_frame();
  const TimePoint at = now();
  if (!partial || at - partial->since < options.longest_silence) return;
  // The server's own requests have none, nor has an answer that is passed over.
  std::optional<TimePoint> deadline = partial->since + kLongestFrame;
  if (partial->is_response && !partial->is_passed_over) {
    deadline = partial->opaque ? pending.deadline_of(*partial->opaque, connection.get()) : std::nullopt;
  }
  const double still = static_cast<double>(partial->claimed) / static_cast<double>(std::max<size_t>(partial->come, 1));
  const auto takes = std::chrono::duration<double>(at - partial->since) * still;
  if (deadline && std::chrono::duration<double>(*deadline - partial->since) > takes) return;
  const std::string reason = fmt::format(
      "{} of the {} bytes that an answer claims to have came in {} ms, which is too slow for it, or its "
      "length is wrong",
      partial->come, partial->claimed, millis_between(partial->since, at));
  log(LogLevel::kWarn, "net", "{}: {}: a new connection takes the place of this one", connection->address(), reason);
  connection->close(make_error(ErrorKind::kConnectionLost, connection->address(),
                               "the connection to " + connection->address() + " was given up: " + reason));
}

std::optional<Result<RemotingCommand>> RemotingClient::Impl::exchange(
    const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline,
    const std::function<void(std::shared_ptr<SyncChannel>)>& begun) {
  std::shared_ptr<SyncPool> pool;
  asio::ip::tcp::endpoint endpoint;
  const TimePoint at = now();
  {
    std::lock_guard lock(mutex);
    auto known = channels.find(address);
    if (closed || known == channels.end() || !known->second.connection) return std::nullopt;
    Channel& channel = known->second;
    if (!channel.sync_pool) {
      if (at < channel.sync_pool_from) return std::nullopt;
      channel.sync_pool = std::make_shared<SyncPool>();
    }
    pool = channel.sync_pool;
    endpoint = channel.connection->endpoint();
  }
  auto channel = pool->borrow(endpoint, address, options.max_frame_bytes, deadline);
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
  };
  std::optional<Result<RemotingCommand>> response;
  try {
    Loan loan{*pool, channel, begun};
    begun(channel);
    response = channel->exchange(opaque, frame, deadline);
    loan.usable = *response && (*response)->code != response_code::kGoAway;
  } catch (const std::exception& e) {
    Error error = no_memory();
    error.kind = ErrorKind::kConnectionLost;
    error.may_be_stored = true;
    response = fail(std::move(error));
    log(LogLevel::kWarn, "net", "an answer of {} could not be handled: {}", address, e.what());
  }
  tell_exchange(address, *pool, at, *response);
  return response;
}

// What a caller's own exchange says of the server.
void RemotingClient::Impl::tell_exchange(const std::string& address, const SyncPool& pool, TimePoint begin,
                                         const Result<RemotingCommand>& response) {
  try {
    if (response && response->code == response_code::kGoAway) {
      went_away(address, &pool, nullptr);
    } else if (observer && response) {
      observer->on_answered(address, Millis(millis_between(begin, now())));
    } else if (observer && response.error().kind == ErrorKind::kTimeout) {
      observer->on_timeout(address, Millis(millis_between(begin, now())));
    }
  } catch (const std::exception& e) {
    log(LogLevel::kError, "net", "the end of a request to {} could not be told: {}", address, e.what());
  }
}

// On the loop.
void RemotingClient::Impl::retain(const std::vector<std::string>& keep) {
  std::vector<std::shared_ptr<Connection>> unwanted;
  std::vector<std::shared_ptr<Connection>> left;
  {
    std::lock_guard lock(mutex);
    left = leaving;
    for (auto channel = channels.begin(); channel != channels.end();) {
      if (channel->second.sync_pool) channel->second.sync_pool->drop_idle();
      const bool kept = std::find(keep.begin(), keep.end(), channel->first) != keep.end();
      if (kept || channel->second.connecting) {
        ++channel;
        continue;
      }
      if (channel->second.connection) unwanted.push_back(std::move(channel->second.connection));
      end_pool(channel->second);
      channel = channels.erase(channel);
    }
  }
  for (const auto& connection : left) close_left(connection, true);
  for (const auto& connection : unwanted) {
    connection->close(make_error(ErrorKind::kConnectionLost, connection->address(),
                                 connection->address() + " is in no route any more"));
  }
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
  const auto end = [](const PendingRequests::Request& request) {
    tell_failure(*request.handler, request.connection != nullptr,
                 [&] { return make_error(ErrorKind::kClosed, *request.address, "the client was closed"); });
  };
  try {
    for (const auto& request : pending.take_all()) end(request);
  } catch (const std::bad_alloc&) {
    while (auto request = pending.take_one_of(nullptr)) end(*request);
  }
  for (const auto& connection : connections) {
    connection->close(make_error(ErrorKind::kClosed, connection->address(), "the client was closed"));
  }
}

void RemotingClient::Impl::end_pool(Channel& channel) {
  if (auto pool = std::exchange(channel.sync_pool, nullptr)) pool->end();
}

}  // namespace rocketmq
