#include "consumer/simple/simple_consumer.h"

#include <algorithm>

#include "base/attempt.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "client/client_thread.h"
#include "client/filter_check.h"
#include "consumer/simple/simple_consumer_impl.h"
#include "protocol/admin_bodies.h"
#include "protocol/codes.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

// Brokers that do not answer find out by themselves that the consumer is gone.
constexpr Millis kMostToLeave{1000};
// Past the timeout of a close, for callbacks that tell of what it ended.
constexpr Millis kGrace{1000};

Error closed_error() {
  return as_far_as_memory_goes(ErrorKind::kClosed, false, [] {
    Error error;
    error.kind = ErrorKind::kClosed;
    error.message = "the consumer was closed before the call ended";
    return error;
  });
}

}  // namespace

SimpleConsumer::Impl::Impl(ClientOptions client_options, SimpleConsumerOptions options)
    : client_options_(std::move(client_options)),
      options_(std::move(options)),
      operations_(std::make_shared<SimpleOperations>(options_.on_completed)) {}

Status SimpleConsumer::Impl::check_usable() const {
  if (in_child_process()) {
    return fail(ErrorKind::kInvalidState,
                "this consumer belongs to the parent process: create one after fork, in the process that uses it");
  }
  switch (state_.load(std::memory_order_acquire)) {
    case State::kCreated:
      return fail(ErrorKind::kInvalidState, "the consumer is not started: call start first");
    case State::kStarted:
      return {};
    default:
      return fail(ErrorKind::kClosed, "the consumer is closed: create another one");
  }
}

Status SimpleConsumer::Impl::start() {
  if (in_child_process()) return check_usable();
  std::lock_guard lock(mutex_);
  if (state_ == State::kStarted) return fail(ErrorKind::kInvalidState, "the consumer was started before");
  if (state_ != State::kCreated) return check_usable();
  std::optional<ClientLease> lease;
  try {
    lease.emplace(ClientLease::acquire(client_options_));
    (*lease)->start();
    operations_->start((*lease)->workers());
  } catch (const std::exception& e) {
    return fail(ErrorKind::kInternalError, std::string("the client's threads could not be started: ") + e.what());
  }
  const TimePoint deadline = now() + client_options_.request_timeout;
  for (const auto& [topic, subscription] : subscriptions_) {
    if (auto accepted = check_filter(lease->instance(), subscription, deadline); !accepted) return accepted;
  }
  if (auto joined = (*lease)->join_consumer_group(shared_from_this()); !joined) return joined;
  lease_.emplace(std::move(*lease));
  client_ = lease_->instance();
  loop_client_ = client_.get();
  started_ms_ = wall_clock_ms();
  state_ = State::kStarted;
  return {};
}

void SimpleConsumer::Impl::start(asio::awaitable<void> coroutine, const char* name) {
  start_coroutine(
      client().loop(),
      // A parameter lives as long as the coroutine, from before it first runs.
      [](std::shared_ptr<Impl>, asio::awaitable<void> body) -> asio::awaitable<void> { co_await std::move(body); }(
                                                                shared_from_this(), std::move(coroutine)),
      name);
}

std::shared_ptr<ClientInstance> SimpleConsumer::Impl::running_client() const {
  std::lock_guard lock(mutex_);
  return state_ == State::kStarted ? client_ : nullptr;
}

Result<SimpleResult> SimpleConsumer::Impl::wait(Result<Operation> operation) {
  if (!operation) return fail(operation.error());
  return operations_->wait(*operation);
}

Status SimpleConsumer::Impl::subscribe(Subscription subscription) {
  if (auto valid = validate_topic(subscription.topic); !valid) return valid;
  if (in_child_process()) return check_usable();
  std::shared_ptr<ClientInstance> running;
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
    if (state_ == State::kStarted) running = client_;
  }
  // Without the lock, which the loop takes too.
  if (running) {
    auto accepted = check_filter(running, subscription, now() + client_options_.request_timeout);
    if (!accepted) return accepted;
  }
  std::lock_guard lock(mutex_);
  if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
  // Brokers keep the newer version of two.
  const auto earlier = subscriptions_.find(subscription.topic);
  if (earlier != subscriptions_.end() && subscription.version <= earlier->second.version) {
    subscription.version = earlier->second.version + 1;
  }
  subscriptions_[subscription.topic] = std::move(subscription);
  if (state_ == State::kStarted) client_->heartbeat_soon();
  return {};
}

// What no broker answers to in time is refused, if at all, by the one that is received from.
Status SimpleConsumer::Impl::check_filter(const std::shared_ptr<ClientInstance>& client, const Subscription& filter,
                                          TimePoint deadline) const {
  return check_filter_and_wait(client, options_.group, filter, deadline).status;
}

Status SimpleConsumer::Impl::unsubscribe(std::string_view topic) {
  if (auto valid = validate_topic(topic); !valid) return valid;
  if (in_child_process()) return check_usable();
  std::lock_guard lock(mutex_);
  if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
  subscriptions_.erase(std::string(topic));
  if (state_ == State::kStarted) client_->heartbeat_soon();
  return {};
}

std::vector<Subscription> SimpleConsumer::Impl::subscriptions() const {
  std::vector<Subscription> all;
  std::lock_guard lock(mutex_);
  all.reserve(subscriptions_.size());
  for (const auto& [topic, subscription] : subscriptions_) all.push_back(subscription);
  return all;
}

bool SimpleConsumer::Impl::find_subscription(const std::string& topic, Subscription* out) const {
  std::lock_guard lock(mutex_);
  const auto found = subscriptions_.find(topic);
  if (found == subscriptions_.end()) return false;
  *out = found->second;
  return true;
}

ConsumerHeartbeat SimpleConsumer::Impl::heartbeat() const {
  ConsumerHeartbeat heartbeat;
  heartbeat.group = options_.group;
  heartbeat.consume_type = "CONSUME_POP";
  heartbeat.consume_from_where = options_.from_first_offset ? "CONSUME_FROM_FIRST_OFFSET" : "CONSUME_FROM_LAST_OFFSET";
  heartbeat.subscriptions = subscriptions();
  return heartbeat;
}

// Brokers keep the offsets of what is popped: an operator asks them.
bool SimpleConsumer::Impl::handle_request(const RemotingCommand& request, std::function<void(RemotingCommand)> reply) {
  if (request.code != request_code::kGetConsumerRunningInfo) return false;
  ConsumerRunningInfo info;
  info.subscriptions = subscriptions();
  info.properties = {{"PROP_CONSUME_TYPE", "CONSUME_POP"},
                     {"PROP_CONSUMEORDERLY", "false"},
                     {"PROP_CLIENT_VERSION", "V5_3_3"},
                     {"PROP_CONSUMER_START_TIMESTAMP", std::to_string(started_ms_.load())}};
  RemotingCommand response = RemotingCommand::response_to(request, response_code::kSuccess);
  response.body = SharedBytes::copy_of(running_info_to_json(info));
  reply(std::move(response));
  return true;
}

Result<std::string> SimpleConsumer::Impl::client_id() const {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  const auto client = running_client();
  if (!client) return fail(check_usable().error());
  return client->client_id();
}

SimpleConsumerStatistics SimpleConsumer::Impl::statistics() const {
  SimpleConsumerStatistics statistics;
  statistics.receives = receives_;
  statistics.pops = pops_;
  statistics.messages_received = received_;
  statistics.messages_filtered = filtered_;
  statistics.messages_left_out = left_out_;
  statistics.messages_acknowledged = acknowledged_;
  statistics.invisible_changes = changed_;
  statistics.calls_in_flight = operations_->count();
  return statistics;
}

Status SimpleConsumer::Impl::close(Millis timeout) {
  if (in_child_process()) return check_usable();
  const bool may_wait = !on_client_thread();
  State before;
  {
    std::unique_lock lock(mutex_);
    if (may_wait) closed_.wait(lock, [&] { return state_ != State::kClosing; });
    if (state_ == State::kClosing || state_ == State::kClosed) return {};
    before = state_;
    state_ = State::kClosing;
  }
  const bool was_started = before == State::kStarted;
  operations_->refuse();
  if (may_wait) {
    finish_close(was_started, timeout);
    return {};
  }
  try {
    // The rest cannot happen on a thread that it waits for.
    start_thread("rmq-close", [self = shared_from_this(), was_started, timeout] {
      self->finish_close(was_started, timeout);
    }).detach();
  } catch (const std::exception& e) {
    // What is under way ends at least; another close may do the rest.
    operations_->end_all(closed_error(), false);
    std::lock_guard lock(mutex_);
    state_ = before;
    closed_.notify_all();
    return fail(ErrorKind::kInternalError, std::string("no thread to close on could be started: ") + e.what());
  }
  return {};
}

void SimpleConsumer::Impl::finish_close(bool was_started, Millis timeout) {
  if (was_started) {
    const TimePoint deadline = now() + timeout;
    const auto step = [this](const char* what, const auto& action) {
      attempt("consumer", what, options_.group, action);
    };
    // What it would take more of goes to others.
    step("the end of the receives", [&] { operations_->end_all(closed_error(), true); });
    step("the end of the calls", [&] {
      if (!operations_->wait_empty(deadline)) operations_->end_all(closed_error(), false);
    });
    step("the end of the callbacks", [&] {
      if (!operations_->finish(std::max(deadline, now()) + kGrace)) {
        log(LogLevel::kWarn, "consumer",
            "a callback of the consumer of group {} has not returned: what waits behind it is told when it does",
            options_.group);
      }
    });
    try {
      client().leave_consumer_group(options_.group, kMostToLeave);
    } catch (const std::exception& e) {
      // The brokers find out by themselves; here, everything must end.
      log(LogLevel::kError, "consumer", "group {} could not be left as it should: {}", options_.group, e.what());
    }
    client().loop().run_and_wait([&] {
      // What cannot fail comes first: the pauses must go before the loop.
      ended_ = true;
      waiting_.clear();
      for (const auto& pause : pauses_) pause->interrupt();
      pauses_.clear();
      for (const Late& late : std::exchange(late_, {})) give_back(late.message);
    });
    step("the end of the client", [&] { lease_->release(); });
  }
  std::shared_ptr<ClientInstance> unused;
  std::lock_guard lock(mutex_);
  unused.swap(client_);
  state_ = State::kClosed;
  closed_.notify_all();
}

Result<std::unique_ptr<SimpleConsumer>> SimpleConsumer::create(ClientOptions client_options,
                                                               SimpleConsumerOptions options) {
  if (auto valid = validate_group(options.group, "consumer group"); !valid) return fail(valid.error());
  return std::unique_ptr<SimpleConsumer>(
      new SimpleConsumer(std::make_shared<Impl>(std::move(client_options), std::move(options))));
}

SimpleConsumer::SimpleConsumer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

SimpleConsumer::~SimpleConsumer() {
  if (impl_->in_child_process()) {
    // Its threads do not exist here and its locks may be held for ever: left as it is.
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the child ends.
    new std::shared_ptr<Impl>(std::move(impl_));
    return;
  }
  (void)impl_->close(Millis(0));
}

Status SimpleConsumer::subscribe(Subscription subscription) { return impl_->subscribe(std::move(subscription)); }
Status SimpleConsumer::unsubscribe(std::string_view topic) { return impl_->unsubscribe(topic); }
Status SimpleConsumer::start() { return impl_->start(); }

Result<SimpleResult> SimpleConsumer::receive(const ReceiveOptions& options) {
  return impl_->wait(impl_->receive(options, false, 0));
}

Status SimpleConsumer::acknowledge(std::string_view receipt_handle) {
  auto result = impl_->wait(impl_->acknowledge(receipt_handle, false, 0));
  if (!result) return fail(result.error());
  return {};
}

Result<SimpleResult> SimpleConsumer::change_invisible_duration(std::string_view receipt_handle, Millis invisible) {
  return impl_->wait(impl_->change_invisible(receipt_handle, invisible, false, 0));
}

namespace {

template <typename Accepted>
Status status_of(const Result<Accepted>& accepted) {
  if (!accepted) return fail(accepted.error());
  return {};
}

}  // namespace

Status SimpleConsumer::receive_async(const ReceiveOptions& options, uint64_t context) {
  return status_of(impl_->receive(options, true, context));
}

Status SimpleConsumer::acknowledge_async(std::string_view receipt_handle, uint64_t context) {
  return status_of(impl_->acknowledge(receipt_handle, true, context));
}

Status SimpleConsumer::change_invisible_duration_async(std::string_view receipt_handle, Millis invisible,
                                                       uint64_t context) {
  return status_of(impl_->change_invisible(receipt_handle, invisible, true, context));
}

Result<std::string> SimpleConsumer::client_id() const { return impl_->client_id(); }
SimpleConsumerStatistics SimpleConsumer::statistics() const { return impl_->statistics(); }
Status SimpleConsumer::close(Millis timeout) { return impl_->close(timeout); }

}  // namespace rocketmq
