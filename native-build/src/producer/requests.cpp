#include "producer/requests.h"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <new>
#include <vector>

#include "base/log.h"
#include "base/memory.h"
#include "net/coroutine.h"
#include "producer/reply.h"
#include "protocol/unique_id.h"

namespace rocketmq {

namespace {

// A broker that is down must not hold up every request.
constexpr Millis kReachAgain{5000};

Host parse_host(std::string_view text) {
  Host host;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return host;
  asio::error_code error;
  const auto address = asio::ip::make_address(text.substr(0, colon), error);
  if (error) return host;
  host.v6 = address.is_v6();
  if (host.v6) {
    const auto bytes = address.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), host.address);
  } else {
    const auto bytes = address.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), host.address);
  }
  ExtFields port;
  port.add("port", text.substr(colon + 1));
  host.port = static_cast<int32_t>(port.number("port", 0));
  return host;
}

// What a request that has ended was given.
Result<StoredMessage> reply_of(const Request& request) {
  if (!*request.end) return fail(request.end->error());
  return decode_reply(**request.end);
}

Error closed_before_reply() {
  Error error;
  error.kind = ErrorKind::kClosed;
  error.message = "the producer was closed before the reply came";
  return error;
}

}  // namespace

Result<StoredMessage> decode_reply(const std::shared_ptr<const RemotingCommand>& reply) {
  const ExtFields& fields = reply->ext_fields;
  StoredMessage message;
  // The texts lie in the fields.
  message.bytes = SharedBytes(reply, reply->body.view());
  message.topic = fields.text("topic");
  message.properties = parse_properties(fields.text("properties"));
  message.body = reply->body;
  message.queue_id = static_cast<int32_t>(fields.number("queueId", 0));
  message.flag = static_cast<int32_t>(fields.number("flag", 0));
  message.system_flag = static_cast<int32_t>(fields.number("sysFlag", 0));
  message.born_timestamp_ms = fields.number("bornTimestamp", 0);
  message.born_host = parse_host(fields.text("bornHost"));
  message.store_timestamp_ms = fields.number("storeTimestamp", 0);
  message.store_host = parse_host(fields.text("storeHost"));
  message.reconsume_times = static_cast<int32_t>(fields.number("reconsumeTimes", 0));
  if (auto unpacked = unpack_body(message); !unpacked) {
    return fail(ErrorKind::kProtocolError, "the reply cannot be read: " + unpacked.error().message);
  }
  return message;
}

Status Requests::set_callback(ReplyCallback on_reply) {
  std::lock_guard lock(mutex_);
  if (has_callback()) return fail(ErrorKind::kInvalidState, "the reply callback was set before: it is set once");
  on_reply_ = std::move(on_reply);
  has_callback_.store(true, std::memory_order_release);
  return {};
}

void Requests::start(std::shared_ptr<ClientInstance> client) {
  client_ = std::move(client);
  timer_ = std::make_unique<asio::steady_timer>(client_->loop().context());
}

Result<std::shared_ptr<Request>> Requests::prepare(const OutgoingMessage& message, Millis timeout,
                                                   std::string* properties) const {
  if (message.delay_level != 0 || message.deliver_at_ms != 0) {
    return fail(ErrorKind::kInvalidArgument,
                "a request cannot be delayed, as its reply is waited for: leave delay_level and deliver_at_ms out");
  }
  if (!message.reply_to.empty()) {
    return fail(ErrorKind::kInvalidArgument, "a message cannot be a request and a reply at once: send the reply alone");
  }
  auto request = std::make_shared<Request>();
  request->correlation_id = as_text(create_unique_id());
  request->topic = message.topic;
  request->begin = now();
  request->deadline = request->begin + timeout;
  append_property(*properties, property::kCorrelationId, request->correlation_id);
  append_property(*properties, property::kReplyToClient, client_->client_id());
  append_property(*properties, property::kTimeToLive, std::to_string(timeout.count()));
  return request;
}

Status Requests::add(const std::shared_ptr<Request>& request) {
  bool is_next = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return fail(ErrorKind::kClosed, "the producer is closed: create another one");
    if (request->limited && limited_ >= max_waiting_) {
      return fail(ErrorKind::kTooManyRequests, std::to_string(limited_) +
                                                   " asynchronous requests wait for their replies, the limit of " +
                                                   "max_in_flight_count: wait for replies, or raise it");
    }
    const auto waits = waiting_.emplace(request->correlation_id, request).first;
    try {
      deadlines_.emplace(request->deadline, request.get());
    } catch (...) {
      waiting_.erase(waits);
      throw;
    }
    if (!operations_->add(*request)) {
      deadlines_.erase({request->deadline, request.get()});
      waiting_.erase(waits);
      return fail(ErrorKind::kClosed, "the producer is closed: create another one");
    }
    limited_ += request->limited ? 1 : 0;
    is_next = deadlines_.begin()->second == request.get();
  }
  if (!is_next) return {};
  try {
    arm();
  } catch (...) {
    // Otherwise a close has ended it, as one that was taken.
    if (take(*request)) {
      operations_->remove(*request);
      throw;
    }
  }
  return {};
}

bool Requests::take(const Request& request) {
  std::lock_guard lock(mutex_);
  if (waiting_.erase(request.correlation_id) == 0) return false;
  deadlines_.erase({request.deadline, &request});
  limited_ -= request.limited ? 1 : 0;
  return true;
}

SendOperation::OnEnd Requests::when_sent(const std::shared_ptr<Request>& request) {
  return [self = shared_from_this(), request](Result<SendReceipt>& result) {
    if (!result) {
      const Error& error = result.error();
      (void)self->finish(request, fail(as_far_as_memory_goes(error.kind, error.may_be_stored, [&] { return error; })));
      return;
    }
    bool overdue = false;
    {
      std::lock_guard lock(self->mutex_);
      try {
        request->stored = *result;
      } catch (const std::bad_alloc&) {
        request->stored.emplace();
        request->stored->message_id = result->message_id;
        request->stored->attempts = result->attempts;
      }
      overdue = request->overdue;
    }
    if (overdue) (void)self->finish(request, fail(self->no_reply(*request)));
  };
}

// Whether every broker to which a consumer of the topic may hand its reply knows how to reach this client.
bool Requests::is_reachable(std::string_view topic) const {
  const auto reachable = [&](const RouteSnapshot& route) {
    return std::all_of(route.route.brokers.begin(), route.route.brokers.end(), [&](const auto& broker) {
      const std::string master(broker.master_address());
      return master.empty() || client_->reachable_from(master);
    });
  };
  const Route route = client_->routes().find(topic);
  if (!route || !reachable(*route)) return false;
  return std::all_of(route->route.brokers.begin(), route->route.brokers.end(), [&](const auto& broker) {
    const Route replies = client_->routes().find(reply_topic(broker.cluster));
    return replies && reachable(*replies);
  });
}

void Requests::send(const std::shared_ptr<Request>& request, std::shared_ptr<SendOperation> operation) {
  try {
    client_->keep_reachable();
    if (begin_to_reach(request, operation)) return;
  } catch (const std::exception& e) {
    log(LogLevel::kWarn, "producer", "the brokers of a reply were not looked for: {}", e.what());
  }
  operation->start();
}

// False where the message may be sent at once.
bool Requests::begin_to_reach(const std::shared_ptr<Request>& request,
                              const std::shared_ptr<SendOperation>& operation) {
  {
    std::lock_guard lock(mutex_);
    if (closed_ || now() < reach_again_at_) return false;
  }
  if (is_reachable(request->topic)) return false;
  {
    std::lock_guard lock(mutex_);
    ++reaching_;
  }
  try {
    start_coroutine(client_->loop(), reach_and_send(shared_from_this(), request, operation), "request");
  } catch (...) {
    end_reaching();
    throw;
  }
  return true;
}

void Requests::end_reaching() {
  std::lock_guard lock(mutex_);
  --reaching_;
  changed_.notify_all();
}

asio::awaitable<void> Requests::reach_and_send(std::shared_ptr<Requests> self, std::shared_ptr<Request> request,
                                               std::shared_ptr<SendOperation> operation) {
  const struct End {
    Requests& requests;
    ~End() { requests.end_reaching(); }
  } end{*self};
  std::shared_ptr<Pause> done;
  try {
    done = std::make_shared<Pause>(self->client_->loop());
    start_coroutine(self->client_->loop(),
                    reach(self->client_.get(), request->topic, self->default_topic_queues_, done),
                    "search for brokers");
    self->pauses_.insert(done);
    if (self->is_closed()) done->interrupt();
    // Whatever it takes, the message shall have its time.
    co_await done->wait(std::chrono::duration_cast<Millis>(request->deadline - now()) / 2);
    if (!self->is_reachable(request->topic)) {
      std::lock_guard lock(self->mutex_);
      self->reach_again_at_ = now() + kReachAgain;
    }
  } catch (const std::exception& e) {
    log(LogLevel::kWarn, "producer", "the brokers of a reply were not looked for: {}", e.what());
  }
  // It must go before the loop.
  self->pauses_.erase(done);
  operation->start();
}

bool Requests::is_closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

asio::awaitable<void> Requests::reach(ClientInstance* client, std::string topic, int32_t default_queues,
                                      std::shared_ptr<Pause> done) {
  if (!client->routes().find(topic)) {
    auto found = std::make_shared<Pause>(client->loop());
    // Told on another thread too, when the client is closed.
    client->routes().get(topic, true, default_queues, [client, found](const Result<Route>&) {
      client->loop().post([found] { found->interrupt(); });
    });
    co_await found->wait(client->options().request_timeout);
  }
  const Route route = client->routes().find(topic);
  std::set<std::string> clusters;
  if (route) {
    for (const auto& broker : route->route.brokers) clusters.insert(broker.cluster);
  }
  for (const std::string& cluster : clusters) {
    if (!client->routes().find(reply_topic(cluster))) (void)co_await client->routes().refresh(reply_topic(cluster));
  }
  co_await client->send_new_heartbeats();
  done->interrupt();
}

bool Requests::take_reply(const std::shared_ptr<const RemotingCommand>& reply) {
  std::string_view id;
  for (const auto& [name, value] : parse_properties(reply->ext_fields.text("properties"))) {
    if (name == property::kCorrelationId) id = value;
  }
  std::shared_ptr<Request> request;
  {
    std::lock_guard lock(mutex_);
    auto found = waiting_.find(id);
    if (found == waiting_.end()) return false;
    request = found->second;
  }
  return finish(request, reply);
}

bool Requests::finish(const std::shared_ptr<Request>& request, End end) {
  if (!end) {
    Error& error = end.error();
    try {
      error.topic = request->topic;
    } catch (const std::bad_alloc&) {
      // It must come all the same.
      error.topic.clear();
    }
    error.elapsed_ms = millis_between(request->begin, now());
  }
  if (!take(*request)) return false;
  request->end = std::move(end);
  if (request->asynchronous) {
    operations_->end(request);
    return true;
  }
  operations_->remove(*request);
  request->ended.set();
  return true;
}

void Requests::call_back(const Request& request) const {
  try {
    until_memory([&] {
      const auto reply = reply_of(request);
      on_reply_({request.context, reply});
    });
  } catch (const std::exception& e) {
    log(LogLevel::kError, "producer", "the callback for a reply failed: {}", e.what());
  } catch (...) {
    log(LogLevel::kError, "producer", "the callback for a reply failed with an exception of an unknown type");
  }
}

void Requests::abort(Request& request) {
  const auto kept = std::static_pointer_cast<Request>(request.shared_from_this());
  Error error = closed_before_reply();
  {
    std::lock_guard lock(mutex_);
    error.may_be_stored = request.stored.has_value();
  }
  (void)finish(kept, fail(std::move(error)));
}

Result<StoredMessage> Requests::wait(Request& request) {
  request.ended.wait();
  return reply_of(request);
}

void Requests::arm() {
  client_->loop().post([self = shared_from_this()] { self->arm_on_loop(); });
}

void Requests::arm_on_loop() {
  // Without a timer a request that waits for its reply might never end.
  until_memory([this] {
    std::lock_guard lock(mutex_);
    if (!timer_ || deadlines_.empty()) return;
    timer_->expires_at(deadlines_.begin()->first);
    timer_->async_wait([self = shared_from_this()](asio::error_code error) {
      if (!error) self->expire();
    });
  });
}

// One that was stored, and whose deadline has passed.
std::shared_ptr<Request> Requests::next_expired() {
  std::lock_guard lock(mutex_);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now()) {
    auto found = waiting_.find(deadlines_.begin()->second->correlation_id);
    deadlines_.erase(deadlines_.begin());
    if (found->second->stored) return found->second;
    // Its send has the same deadline, and tells more.
    found->second->overdue = true;
  }
  return nullptr;
}

void Requests::expire() {
  while (const auto request = next_expired()) {
    (void)finish(request, fail(no_reply(*request)));
  }
  arm_on_loop();
}

Error Requests::no_reply(const Request& request) const {
  std::lock_guard lock(mutex_);
  return as_far_as_memory_goes(ErrorKind::kTimeout, true, [&] { return no_reply_locked(request); });
}

Error Requests::no_reply_locked(const Request& request) {
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.may_be_stored = true;
  error.attempts = request.stored->attempts;
  error.message = "the request to topic \"" + request.topic + "\" was stored by the broker \"" +
                  request.stored->broker_name + "\" as message " + std::string(as_text(request.stored->message_id)) +
                  ", but no reply came within " + std::to_string(millis_between(request.begin, request.deadline)) +
                  " ms: see that a consumer replies in time, or give the request more time";
  return error;
}

int64_t Requests::waiting() const {
  std::lock_guard lock(mutex_);
  return static_cast<int64_t>(waiting_.size());
}

void Requests::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  client_->loop().run_and_wait([&] {
    for (const auto& pause : pauses_) pause->interrupt();
  });
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reaching_ == 0; });
  }
  client_->loop().run_and_wait([&] {
    std::lock_guard lock(mutex_);
    // Whoever waits on it lets go of this object.
    timer_ = nullptr;
  });
}

}  // namespace rocketmq
