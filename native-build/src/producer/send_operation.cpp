#include "producer/send_operation.h"

#include <algorithm>

#include "base/log.h"
#include "base/memory.h"
#include "net/sync_channel.h"
#include "producer/send_policy.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

constexpr Millis kCallerPause{1};
}  // namespace

class SendOperation::LaterAttempt : public ResponseHandler {
 public:
  LaterAttempt(std::shared_ptr<SendOperation> operation, int32_t number)
      : operation_(std::move(operation)), number_(number) {}
  void on_response(RemotingCommand response, const std::string& address) override {
    operation_->on_answer(number_, std::move(response), address);
  }
  void on_failure(Error error) override { operation_->on_attempt_failed(number_, std::move(error)); }

 private:
  const std::shared_ptr<SendOperation> operation_;
  const int32_t number_;
};

SendOperation::SendOperation(std::shared_ptr<SendOwner> owner, EncodedMessage message, QueueWish wish, Mode mode,
                             uint64_t context, TimePoint begin, TimePoint deadline, bool limited)
    : owner_(std::move(owner)),
      message_(std::move(message)),
      limited_(limited),
      wish_(std::move(wish)),
      mode_(mode),
      context_(context),
      begin_(begin),
      deadline_(deadline),
      born_ms_(wall_clock_ms()) {
  gauged_bytes = static_cast<int64_t>(message_.frame.body_size());
}

void BatchWaiter::end(std::shared_ptr<const SendOperation> batch, size_t place) {
  batch_ = std::move(batch);
  place_ = place;
  ended_.set();
}

Result<SendReceipt> BatchWaiter::wait() {
  ended_.wait();
  // The batch keeps this object, so that it must be let go of.
  const auto batch = std::move(batch_);
  return batch->result_of_member(place_);
}

void SendOperation::set_message(EncodedMessage message) {
  // The topic may be read meanwhile, by abort().
  message_.message_id = message.message_id;
  message_.properties = std::move(message.properties);
  message_.frame = std::move(message.frame);
  message_.request_code = message.request_code;
  message_.batch_ids = std::move(message.batch_ids);
}

void SendOperation::start() {
  on_caller_ = mode_ == Mode::kSync;
  attempt();
}

void SendOperation::attempt() {
  or_fail([&] {
    // The caller may still be inside the connection with the attempt before, whose frame must stay as it is.
    if (caller_.load(std::memory_order_acquire) == Caller::kHandingOver && attempts_ > 0)
      return retry_after(kCallerPause);
    try_to_send();
  });
}

template <typename Action>
void SendOperation::or_fail(const Action& action) {
  try {
    action();
  } catch (const std::exception& e) {
    fail_inside(e);
  }
}

// It is accepted, so that it must end as every other.
void SendOperation::fail_inside(const std::exception& cause) {
  if (unanswered_) may_be_stored_ = true;
  const bool no_memory = dynamic_cast<const std::bad_alloc*>(&cause) != nullptr;
  fail_send(as_far_as_memory_goes(no_memory ? ErrorKind::kOutOfMemory : ErrorKind::kInternalError, may_be_stored_, [&] {
    Error error;
    if (no_memory) error.kind = ErrorKind::kOutOfMemory;
    error.message = std::string("it failed inside the library: ") + cause.what();
    return error;
  }));
}

void SendOperation::try_to_send() {
  if (finished_.load(std::memory_order_acquire)) return;
  const TimePoint at = now();
  if (at >= deadline_) return fail_send(timeout_error());
  attempt_ = {};
  attempt_.route = client().routes().find(message_.topic);
  if (!attempt_.route) return look_up_route();
  const RouteSnapshot& route = *attempt_.route;
  auto queue = owner_->selector().select(message_.topic, route, wish_, at);
  if (!queue) {
    const bool unknown = queue.error().kind == ErrorKind::kTopicNotFound && client().routes().may_miss_topics();
    if (queue.error().kind != ErrorKind::kUnreachable && !unknown) return fail_send(queue.error());
    client().routes().invalidate(message_.topic);
    return retry_or_fail(queue.error(), false);
  }
  attempt_.queue = *queue;
  attempt_.broker = &route.broker_of(**queue);
  if (!attempt_.broker->state) {
    client().routes().invalidate(message_.topic);
    Error error;
    error.kind = ErrorKind::kUnreachable;
    error.message = "the broker \"" + attempt_.queue->broker_name + "\" has no master now";
    return retry_or_fail(std::move(error), false);
  }
  send_now(at);
}

// Something of the loop that goes on by itself, and may end after this send's deadline.
void SendOperation::await_on_loop(std::function<void()> begin) {
  client().loop().post([self = shared_from_this(), begin = std::move(begin)] {
    if (self->finished_) return;
    self->or_fail([&] {
      self->timer_ = std::make_unique<asio::steady_timer>(self->client().loop().context(), self->deadline_);
      self->timer_->async_wait([self](asio::error_code error) {
        if (!error) self->or_fail([&] { self->fail_send(self->timeout_error()); });
      });
      begin();
    });
  });
}

void SendOperation::look_up_route() {
  await_on_loop([self = shared_from_this()] {
    self->client().routes().get(
        self->message_.topic, true, self->owner_->options().default_topic_queues,
        [self](Result<Route> route) { self->or_fail([&] { self->on_route(std::move(route)); }); });
  });
}

void SendOperation::wait_for_new_route() {
  await_on_loop([self = shared_from_this()] {
    self->client().routes().refresh_soon(self->message_.topic, [self] {
      if (self->finished_) return;
      self->timer_->cancel();
      self->attempt();
    });
  });
}

void SendOperation::on_route(Result<Route> route) {
  if (finished_) return;
  if (timer_) timer_->cancel();
  if (route) return attempt();
  // A name server that restarts, or whose connection broke, may answer before the deadline; and one that just did
  // restart may not know the topic yet.
  const bool unknown = route.error().kind == ErrorKind::kTopicNotFound && client().routes().may_miss_topics();
  if (is_transient(route.error().kind) || unknown) return retry_or_fail(route.error(), false);
  fail_send(route.error());
}

TimePoint SendOperation::attempt_deadline(TimePoint at) const {
  const Millis timeout = owner_->options().attempt_timeout;
  return timeout.count() > 0 && timeout < deadline_ - at ? at + timeout : deadline_;
}

void SendOperation::send_now(TimePoint at) {
  const ProducerOptions& options = owner_->options();
  attempt_.sent_at = at;
  attempt_.number = attempts_.fetch_add(1, std::memory_order_relaxed) + 1;
  SendRequest request;
  request.code = message_.request_code;
  request.batch = !message_.batch_ids.empty();
  request.producer_group = options.group;
  request.topic = message_.topic;
  request.default_topic_queues = options.default_topic_queues;
  request.queue_id = attempt_.queue->queue_id;
  request.system_flag = message_.system_flag;
  request.born_timestamp_ms = born_ms_;
  request.flag = message_.flag;
  request.properties = message_.properties;
  request.broker_name = attempt_.queue->broker_name;
  request.one_way = mode_ == Mode::kOneWay;
  auto& remoting = client().remoting();
  const int32_t opaque = remoting.next_opaque();
  const ByteView frame = message_.frame.with_header(request, opaque);
  const TimePoint deadline = attempt_deadline(at);
  opaque_ = opaque;
  unanswered_ = true;
  if (aborted_) {
    unanswered_ = false;
    return;
  }
  if (mode_ == Mode::kOneWay) return send_one_way(opaque, frame, deadline);
  BrokerState& state = *attempt_.broker->state;
  state.begin_request(at);
  // After it, as a watch that falls asleep looks once more whether anything is waited for.
  client().watch().wake();
  const bool first = attempt_.number == 1;
  caller_.store(on_caller_ ? Caller::kExchanging
                : first    ? Caller::kHandingOver
                           : Caller::kNone,
                std::memory_order_relaxed);
  // After the rest of the attempt, which is read by whoever sees this.
  awaited_ = &state;
  if (finished_) {
    // An end that came before found nothing to end the wait for.
    (void)end_wait();
    return;
  }
  if (exchange(opaque, frame, deadline)) return;
  const auto write = mode_ == Mode::kSync ? RemotingClient::Write::kDirect : RemotingClient::Write::kBatched;
  // Copied, as the answer may be on another thread before the call returns.
  const auto self = shared_from_this();
  const std::string& address = state.address();
  if (!first) {
    auto handler = std::make_shared<LaterAttempt>(self, attempt_.number);
    return remoting.send_frame(address, opaque, frame, deadline, write, std::move(handler));
  }
  caller_.store(Caller::kHandingOver, std::memory_order_relaxed);
  remoting.send_frame(address, opaque, frame, deadline, write, self);
  caller_.store(Caller::kNone, std::memory_order_release);
}

void SendOperation::send_one_way(int32_t opaque, ByteView frame, TimePoint deadline) {
  client().remoting().send_one_way(attempt_.broker->address, opaque, frame, deadline,
                                   [self = shared_from_this()](Status handed_over) {
                                     const SendAttempt& attempt = self->attempt_;
                                     if (!handed_over) {
                                       return self->on_attempt_failed(attempt.number, handed_over.error());
                                     }
                                     SendReceipt receipt;
                                     receipt.message_id = self->message_.message_id;
                                     receipt.queue_id = attempt.queue->queue_id;
                                     receipt.broker_name = attempt.queue->broker_name;
                                     receipt.attempts = self->attempts_;
                                     self->finish(std::move(receipt));
                                   });
}

// False where the answer must come by way of the loop.
bool SendOperation::exchange(int32_t opaque, ByteView frame, TimePoint deadline) {
  // What follows it, such as another attempt, runs on the loop.
  if (!std::exchange(on_caller_, false)) return false;
  const std::string address = attempt_.broker->address;
  auto response =
      client().remoting().exchange(address, opaque, frame, deadline, [this](std::shared_ptr<SyncChannel> channel) {
        std::lock_guard lock(mutex_);
        exchange_ = std::move(channel);
        // An abort that came before had nothing to interrupt.
        if (exchange_ && finished_) exchange_->interrupt();
      });
  if (!response) return false;
  if (*response) {
    on_answer(attempt_.number, std::move(**response), address);
  } else {
    on_attempt_failed(attempt_.number, std::move(response->error()));
  }
  return true;
}

// The broker whose answer was awaited; nullptr where somebody else ended the wait.
BrokerState* SendOperation::end_wait() {
  BrokerState* state = awaited_.exchange(nullptr);
  if (state != nullptr) state->end_request();
  if (caller_.load(std::memory_order_relaxed) == Caller::kExchanging) caller_ = Caller::kNone;
  return state;
}

// An attempt that waits for its connection never leaves.
bool SendOperation::withdraw() {
  if (!unanswered_ || !client().remoting().withdraw(opaque_)) return false;
  unanswered_ = false;
  return true;
}

bool SendOperation::attempts_left() const {
  const bool once = wish_.is_bound() && !owner_->options().retry_same_queue;
  return counted_attempts_ < (once ? 1 : owner_->options().max_attempts) && now() < deadline_;
}

void SendOperation::on_response(RemotingCommand response, const std::string& address) {
  on_answer(1, std::move(response), address);
}

void SendOperation::on_failure(Error error) { on_attempt_failed(1, std::move(error)); }

void SendOperation::on_attempt_failed(int32_t number, Error error) {
  if (finished_.load(std::memory_order_acquire)) return;
  if (number != attempt_.number) return;  // Given up before.
  if (error.may_be_stored) {
    may_be_stored_ = true;
  } else {
    unanswered_ = false;
  }
  BrokerState* state = end_wait();
  // Whoever ended the wait before failed at it: nobody else comes.
  if (state == nullptr && mode_ != Mode::kOneWay) return fail_send(std::move(error));
  if (error.may_be_stored) uncertain_ = error;
  if (!is_transient(error.kind)) return fail_send(std::move(error));
  if (state != nullptr && !state->suspected()) {
    if (error.kind == ErrorKind::kTimeout) {
      client().brokers().failed(*state);
    } else {
      client().brokers().lost(*state);
    }
  }
  client().routes().invalidate(message_.topic);
  // What never left this process may be tried until the deadline.
  const bool counts = error.kind != ErrorKind::kUnreachable;
  retry_or_fail(std::move(error), counts);
}

bool SendOperation::on_suspected(const std::vector<std::shared_ptr<BrokerState>>& brokers, TimePoint at) {
  // In this order, as an attempt says first whose it is.
  BrokerState* awaited = awaited_.load(std::memory_order_acquire);
  const Caller caller = caller_.load(std::memory_order_acquire);
  if (finished_ || awaited == nullptr || caller == Caller::kHandingOver || wish_.is_bound()) return false;
  const bool suspected =
      std::any_of(brokers.begin(), brokers.end(), [&](const auto& each) { return each.get() == awaited; });
  if (!suspected || !may_give_up(attempt_.sent_at, deadline_, at, awaited->silent())) return false;
  if (counted_attempts_ + 1 >= owner_->options().max_attempts) return false;
  if (!owner_->selector().has_other(*attempt_.route, *attempt_.broker, at)) return false;
  if (caller == Caller::kNone) {
    or_fail([&] { give_up(at); });
    return true;
  }
  // What the caller's own thread waits for ends as a connection that is lost, and is tried again as such.
  std::lock_guard lock(mutex_);
  if (exchange_) exchange_->interrupt();
  return exchange_ != nullptr;
}

// Its answer may still come, and is taken then.
void SendOperation::give_up(TimePoint at) {
  BrokerState* state = end_wait();
  if (state == nullptr) return;
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.address = state->address();
  error.message =
      state->address() + " is silent, after " + std::to_string(millis_between(attempt_.sent_at, at)) + " ms";
  wish_.last_broker = attempt_.queue->broker_name;
  if (!withdraw()) {
    may_be_stored_ = true;
    unanswered_ = false;
    given_up_.push_back(attempt_);
    ++counted_attempts_;
  }
  attempt_ = {};
  log(LogLevel::kDebug, "producer", "attempt {} for topic \"{}\" is given up: {}", attempts_, message_.topic,
      error.message);
  last_error_ = std::move(error);
  owner_->on_retry();
  attempt();
}

void SendOperation::retry_or_fail(Error error, bool counts) {
  if (counts) ++counted_attempts_;
  if (!attempts_left()) return fail_send(std::move(error));
  log(LogLevel::kDebug, "producer", "attempt {} for topic \"{}\" failed, trying again: {}", attempts_, message_.topic,
      error.message);
  if (attempt_.queue != nullptr) wish_.last_broker = attempt_.queue->broker_name;
  last_error_ = std::move(error);
  if (attempts_ > 0) owner_->on_retry();
  const bool other_broker_left = attempt_.route && !wish_.is_bound() && attempts_ > 0 &&
                                 static_cast<size_t>(attempts_) < attempt_.route->publish_brokers.size();
  retry_after(other_broker_left ? Millis(0) : pause_before(pauses_++));
}

void SendOperation::retry_after(Millis pause) {
  auto self = shared_from_this();
  client().loop().post([self, pause] {
    if (self->finished_) return;
    if (pause.count() == 0) return self->attempt();
    self->or_fail([&] {
      const TimePoint until = std::min(now() + pause, self->deadline_);
      self->timer_ = std::make_unique<asio::steady_timer>(self->client().loop().context(), until);
      self->timer_->async_wait([self](asio::error_code error) {
        if (!error) self->attempt();
      });
    });
  });
}

Error SendOperation::timeout_error() const {
  if (last_error_) return *last_error_;
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.message = attempts_ > 0 ? "the deadline passed" : "the deadline passed before anything was sent";
  return error;
}

void SendOperation::fail_send(Error error) {
  std::optional<SendReceipt> stored;
  {
    std::lock_guard lock(mutex_);
    stored.swap(stored_);
  }
  if (stored) {
    stored->attempts = attempts_;
    return finish(std::move(*stored));
  }
  // Of a close, what is under way may still arrive.
  const bool under_way = error.kind == ErrorKind::kClosed && unanswered_;
  error.may_be_stored = may_be_stored_ || under_way;
  error.attempts = attempts_;
  error.elapsed_ms = millis_between(begin_, now());
  try {
    describe(error);
  } catch (const std::bad_alloc&) {
    // Its kind tells the most: it must come all the same.
    error.message.clear();
  }
  finish(fail(std::move(error)));
}

void SendOperation::describe(Error& error) const {
  // In this order: uncertain_ is not abort's to read, whose error is kClosed.
  if (error.kind != ErrorKind::kClosed && error.kind != ErrorKind::kConnectionLost &&
      error.kind != ErrorKind::kTimeout && uncertain_) {
    error.message += "; an earlier attempt may have stored the message: " + uncertain_->message;
  }
  error.topic = message_.topic;
  const std::string tried = attempts_ == 0   ? "before it reached a broker, after "
                            : attempts_ == 1 ? "after 1 attempt and "
                                             : "after " + std::to_string(attempts_) + " attempts and ";
  error.message = "the send to topic \"" + message_.topic + "\" failed " + tried + std::to_string(error.elapsed_ms) +
                  " ms: " + error.message;
}

void SendOperation::abort(Error error) {
  aborted_ = true;
  if (timer_) timer_->cancel();
  if (!finished_) {
    (void)withdraw();
    fail_send(std::move(error));
  }
  std::lock_guard lock(mutex_);
  if (exchange_) exchange_->interrupt();
}

void SendOperation::finish(Result<SendReceipt> result) {
  if (finished_.exchange(true)) return;
  // A late answer ends it, too, whose copy then need not leave.
  if (end_wait() != nullptr) (void)withdraw();
  if (const OnEnd tell = std::exchange(on_end, nullptr)) {
    try {
      tell(result);
    } catch (const std::exception& e) {
      const bool may_be_stored = result.has_value() || result.error().may_be_stored;
      result = fail(as_far_as_memory_goes(ErrorKind::kInternalError, may_be_stored, [&] {
        Error error;
        error.may_be_stored = may_be_stored;
        error.message = std::string("its end could not be handled: ") + e.what();
        return error;
      }));
    }
  }
  result_ = std::move(result);
  owner_->on_finished(shared_from_this());
}

Result<SendReceipt> SendOperation::result_of_member(size_t place) const {
  if (!*result_) return fail(result_->error());
  return receipt_of(**result_, place);
}

void SendOperation::wake() { ended_.set(); }

Result<SendReceipt> SendOperation::wait() {
  ended_.wait();
  return std::move(*result_);
}

}  // namespace rocketmq
