#include "consumer/push/queue_actor.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "consumer/offset_requests.h"
#include "consumer/push/lock_keeper.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

using Kind = QueueAction::Kind;

// What a broker may take beyond the time that it holds a pull.
constexpr Millis kPullMargin{10000};
// A broker that finds nothing and answers sooner did not hold the pull.
constexpr Millis kHeldAtLeast{100};
// Before a message that comes damaged each time is stepped over.
constexpr int kDamagedTimes = 3;
constexpr Millis kSubscriptionGoesAlong{30000};
// The remark of a queue that an operator has reset (the broker's useServerSideResetOffset).
constexpr std::string_view kOffsetReset = "OFFSET_RESET";

QueueSettings settings_of(const PushConsumerOptions& options, std::shared_ptr<const TopicShare> share) {
  QueueSettings settings;
  settings.orderly = options.orderly;
  settings.needs_lock = options.needs_locks();
  settings.most_messages = options.max_cached_messages_per_queue;
  settings.most_bytes = options.max_cached_bytes_per_queue;
  settings.widest_span = options.max_offset_span_per_queue;
  settings.most_messages_of_topic = options.max_cached_messages_per_topic;
  settings.most_bytes_of_topic = options.max_cached_bytes_per_topic;
  settings.share = std::move(share);
  settings.pull_interval = options.pull_interval;
  settings.consume_timeout = options.consume_timeout;
  settings.silent_pull_timeout = options.silent_pull_timeout;
  return settings;
}

}  // namespace

QueueActor::QueueActor(std::shared_ptr<PushContext> context, const Owner& owner, MessageQueue queue)
    : context_(std::move(context)),
      owner_(owner),
      queue_(queue),
      share_(context_->share_of(queue_.topic)),
      machine_(std::move(queue), settings_of(context_->options, share_), context_->totals),
      timer_(context_->client->loop().context()),
      most_(context_->options.pull_batch_size) {}

ProcessQueueInfo QueueActor::info() const {
  ProcessQueueInfo info;
  if (machine_.cache()) info = machine_.cache()->info();
  info.locked = machine_.locked(now());
  info.last_lock_ms = machine_.last_lock_ms();
  info.last_pull_ms = machine_.last_pull_ms();
  return info;
}

template <typename Event>
void QueueActor::handle(Event&& event) {
  if (shut_ || context_->ended) return;
  const TimePoint at = now();
  try {
    event(machine_, at);
  } catch (const std::exception& e) {
    context_->look_again = true;
    log(LogLevel::kError, "consumer", "queue {} of topic {} is looked at again: {}", queue_.queue_id, queue_.topic,
        e.what());
  }
  carry_out(at);
}

// Changes nothing where the request had another end before: its number is not waited for any more.
void QueueActor::failed(const QueueAction& request) {
  const uint64_t id = request.id;
  handle([&](QueueStateMachine& machine, TimePoint at) {
    switch (request.kind) {
      case Kind::kFindStart:
        return machine.start_found(id, std::nullopt, at);
      case Kind::kReadCommitted:
        return machine.committed_read(id, std::nullopt, at);
      case Kind::kPull:
        return machine.pull_ended(id, PullEnd::kFailed, -1, at);
      case Kind::kCommit:
        return machine.committed(id, false, at);
      default:
        return;
    }
  });
}

void QueueActor::carry_out(TimePoint at) {
  if (carrying_out_) return;
  // The owner may let go of it meanwhile.
  const auto self = shared_from_this();
  const struct CarryingOut {
    explicit CarryingOut(bool& mark) : marked(mark) { marked = true; }
    ~CarryingOut() { marked = false; }
    CarryingOut(const CarryingOut&) = delete;
    CarryingOut& operator=(const CarryingOut&) = delete;
    bool& marked;
  } carrying_out(carrying_out_);
  std::array<QueueAction, 16> actions;
  for (size_t count = machine_.take_actions(actions); count > 0; count = machine_.take_actions(actions)) {
    for (size_t i = 0; i < count; ++i) {
      try {
        carry_out(actions[i]);
      } catch (const std::exception& e) {
        log(LogLevel::kError, "consumer", "queue {} of topic {} is looked at again: {}", queue_.queue_id, queue_.topic,
            e.what());
        context_->look_again = true;
      }
      if (shut_) return;
    }
  }
  arm_timer(at);
}

void QueueActor::carry_out(const QueueAction& action) {
  const auto self = shared_from_this();
  switch (action.kind) {
    case Kind::kWantLock:
      return context_->locks->want(self);
    case Kind::kUnlock:
      return context_->locks->unlock(queue_);
    case Kind::kStopRenewing:
      return context_->locks->forget(queue_);
    case Kind::kFindStart:
      return context_->start(find_start(self, action.id, OrFailed(Failure{self, action})), "find start");
    case Kind::kReadCommitted:
      return context_->start(read_committed(self, action.id, OrFailed(Failure{self, action})), "read offset");
    case Kind::kPull:
      return context_->start(pull(self, action.id, action.offset, OrFailed(Failure{self, action})), "pull");
    case Kind::kCommit:
      return context_->start(commit(self, action.id, action.offset, OrFailed(Failure{self, action})), "commit");
    case Kind::kNote:
      return context_->committer->note(queue_, action.offset);
    case Kind::kForget:
      return context_->committer->forget(queue_);
    case Kind::kOffer:
      if (machine_.cache()) context_->dispatcher->schedule(machine_.cache());
      return;
    case Kind::kAssigned:
      ++context_->counters.assigned_queues;
      ++share_->queues;
      log(LogLevel::kInfo, "consumer", "group {} takes queue {} of topic {} on {}", context_->options.group,
          queue_.queue_id, queue_.topic, queue_.broker_name);
      return owner_.on_assignment(*this);
    case Kind::kUnassigned:
      --context_->counters.assigned_queues;
      --share_->queues;
      log(LogLevel::kInfo, "consumer", "group {} gives up queue {} of topic {} on {}", context_->options.group,
          queue_.queue_id, queue_.topic, queue_.broker_name);
      return owner_.on_assignment(*this);
    case Kind::kEnded:
      shut();
      return owner_.on_ended(*this);
  }
}

void QueueActor::arm_timer(TimePoint at) {
  if (shut_) return;
  const TimePoint wake = machine_.wake_at(at);
  if (wake == armed_for_) return;
  armed_for_ = wake;
  if (wake == TimePoint::max()) {
    timer_->cancel();
    return;
  }
  try {
    timer_->expires_at(wake);
    timer_->async_wait([weak = weak_from_this()](const asio::error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->armed_for_ = TimePoint::max();
      self->handle([](QueueStateMachine& machine, TimePoint when) { machine.timer(when); });
    });
  } catch (const std::exception&) {
    armed_for_ = TimePoint::max();
    context_->look_again = true;
  }
}

void QueueActor::shut() {
  shut_ = true;
  timer_.reset();
}

void QueueActor::start() {
  handle([](QueueStateMachine& machine, TimePoint at) { machine.start(at); });
}
void QueueActor::take() {
  handle([](QueueStateMachine& machine, TimePoint at) { machine.take(at); });
}
void QueueActor::drop() {
  handle([](QueueStateMachine& machine, TimePoint at) { machine.drop(at); });
}
void QueueActor::reset(int64_t offset) {
  handle([offset](QueueStateMachine& machine, TimePoint at) { machine.reset(offset, at); });
}
void QueueActor::close() {
  handle([](QueueStateMachine& machine, TimePoint at) { machine.close(at); });
}
void QueueActor::share_grew() {
  handle([](QueueStateMachine& machine, TimePoint at) { machine.share_grew(at); });
}
void QueueActor::look_again() {
  handle([](QueueStateMachine& machine, TimePoint at) { machine.look_again(at); });
}
void QueueActor::lock_granted(TimePoint until) {
  handle([until](QueueStateMachine& machine, TimePoint at) { machine.lock_granted(until, at); });
}
void QueueActor::lock_refused() {
  if (machine_.is_assigned()) {
    log(LogLevel::kWarn, "consumer", "group {} lost the lock of queue {} of topic {} on {}: another member has it",
        context_->options.group, queue_.queue_id, queue_.topic, queue_.broker_name);
  }
  handle([](QueueStateMachine& machine, TimePoint at) { machine.lock_refused(at); });
}
void QueueActor::lock_doubted() {
  handle([](QueueStateMachine& machine, TimePoint at) { machine.lock_doubted(at); });
}
void QueueActor::finished(ProcessQueue& from, std::span<const int64_t> offsets) {
  handle([&](QueueStateMachine& machine, TimePoint at) { machine.finished(from, offsets, at); });
}
void QueueActor::put_back(ProcessQueue& from, std::span<StoredMessage> messages, Millis rest) {
  handle([&](QueueStateMachine& machine, TimePoint at) { machine.put_back(from, messages, rest, at); });
}

asio::awaitable<void> QueueActor::find_start(std::shared_ptr<QueueActor> self, uint64_t id, OrFailed) {
  PushContext& context = *self->context_;
  if (context.ended) co_return;
  const auto& options = context.options;
  const StartPolicy policy{options.consume_from, options.consume_timestamp_ms};
  const bool appeared_later = options.broadcasting && context.arrivals.appeared_later(queue_);
  const std::function<bool()> ended = [kept = self->context_] { return kept->ended; };
  auto offset = co_await find_start_offset(*context.client, *context.offsets, policy, queue_, appeared_later, ended);
  if (context.ended) co_return;
  std::optional<int64_t> found;
  if (offset) {
    found = *offset;
  } else {
    log(LogLevel::kWarn, "consumer", "no offset to start queue {} of topic {} from: {}", queue_.queue_id, queue_.topic,
        offset.error().message);
    context.client->routes().invalidate(queue_.topic);
  }
  handle([&](QueueStateMachine& machine, TimePoint at) { machine.start_found(id, found, at); });
}

asio::awaitable<void> QueueActor::read_committed(std::shared_ptr<QueueActor> self, uint64_t id, OrFailed) {
  PushContext& context = *self->context_;
  if (context.ended) co_return;
  auto read = co_await context.offsets->read(queue_);
  if (context.ended) co_return;
  std::optional<int64_t> offset;
  if (read) {
    offset = read->value_or(-1);
  } else {
    log(LogLevel::kWarn, "consumer", "queue {} of topic {} on {} is locked again, but rests: {}", queue_.queue_id,
        queue_.topic, queue_.broker_name, read.error().message);
  }
  handle([&](QueueStateMachine& machine, TimePoint at) { machine.committed_read(id, offset, at); });
}

asio::awaitable<void> QueueActor::commit(std::shared_ptr<QueueActor> self, uint64_t id, int64_t offset, OrFailed) {
  PushContext& context = *self->context_;
  if (context.ended) co_return;
  const auto stored =
      co_await context.committer->commit(queue_, offset, now() + context.client_options.request_timeout);
  if (context.ended) co_return;
  if (!stored && stored.error().kind != ErrorKind::kClosed) {
    log(LogLevel::kWarn, "consumer", "offset {} of queue {} of topic {} was not persisted: {}", offset, queue_.queue_id,
        queue_.topic, stored.error().message);
  }
  handle([&](QueueStateMachine& machine, TimePoint at) { machine.committed(id, stored.has_value(), at); });
}

asio::awaitable<void> QueueActor::pull(std::shared_ptr<QueueActor> self, uint64_t id, int64_t offset, OrFailed) {
  PushContext& context = *self->context_;
  if (context.ended || !machine_.is_current_pull(id)) co_return;
  const auto subscription = context.subscriptions.find(queue_.topic);
  // Without its master, a broker's slave still has messages to read.
  const auto [broker_id, address] =
      context.client->routes().find_to_read(queue_.topic, queue_.broker_name, suggested_broker_);
  if (!subscription || address.empty()) {
    context.client->routes().invalidate(queue_.topic);
    handle([&](QueueStateMachine& machine, TimePoint at) { machine.pull_ended(id, PullEnd::kFailed, -1, at); });
    co_return;
  }
  PullRequest request;
  request.group = context.options.group;
  request.queue = queue_;
  request.offset = offset;
  request.most = most_;
  request.most_bytes = context.client_options.max_frame_bytes - kMostBesideBody;
  request.suspend_ms = context.options.pull_suspend_timeout.count();
  // A broker knows it by our heartbeats, but for a new one.
  const bool is_new = pulled_version_ != 0 && pulled_version_ != subscription->version;
  request.with_subscription = is_new || now() < with_subscription_until_;
  const TimePoint sent = now();
  const std::string to = address;
  const int64_t to_id = broker_id;
  RemotingCommand command = pull_command(request, *subscription);
  const Millis patience = context.options.pull_suspend_timeout + kPullMargin;
  auto response = co_await context.client->remoting().call(to, std::move(command), patience);
  if (context.ended) co_return;
  if (!response) {
    on_pull_failed(id, to_id, to, response.error());
    co_return;
  }
  pulled_version_ = subscription->version;
  ++context.counters.pulls;
  context.counters.last_pull_ms = wall_clock_ms();
  if (machine_.is_current_pull(id)) {
    suggested_broker_ = response->ext_fields.number("suggestWhichBrokerId", kMasterId);
  }
  switch (response->code) {
    case response_code::kSuccess:
    case response_code::kPullNotFound:
    case response_code::kPullRetryImmediately:
    case response_code::kPullOffsetMoved:
    case response_code::kFlowControl:
      on_pulled(id, *response, *subscription, offset, std::chrono::duration_cast<Millis>(now() - sent));
      break;
    default:
      on_pull_refused(id, *response, to);
  }
}

// Of the many queues and pulls that fail alike while a broker is away.
template <typename Text>
void QueueActor::warn_of_pull(const Text& text) {
  const auto more = context_->failed_pulls[queue_.broker_name].next();
  if (!more) return;
  log(LogLevel::kWarn, "consumer", "{}{}", text(), *more);
}

void QueueActor::on_pull_failed(uint64_t id, int64_t broker_id, const std::string& address, const Error& error) {
  if (machine_.is_current_pull(id)) {
    warn_of_pull([&] {
      return "the pull of queue " + std::to_string(queue_.queue_id) + " of topic " + queue_.topic +
             " failed: " + error.message;
    });
    suggested_broker_ = kMasterId;
    ClientInstance& client = *context_->client;
    if (context_->locks && broker_id == kMasterId && !client.remoting().connected(address)) {
      context_->locks->doubt(queue_.broker_name);
    }
    // A broker that comes back knows this group by its heartbeat only.
    client.heartbeat_soon();
    client.routes().invalidate(queue_.topic);
  }
  handle([&](QueueStateMachine& machine, TimePoint at) { machine.pull_ended(id, PullEnd::kFailed, -1, at); });
}

void QueueActor::on_pulled(uint64_t id, const RemotingCommand& response, const Subscription& subscription,
                           int64_t offset, Millis took) {
  const int64_t next = next_offset_of(response);
  const auto ended = [&](PullEnd end, int64_t moved_to = -1) {
    handle([&](QueueStateMachine& machine, TimePoint at) { machine.pull_ended(id, end, moved_to, at); });
  };
  // Without a pause, the first time.
  const auto asked_again = [&] { return skip_.is_about(offset) ? PullEnd::kNothing : PullEnd::kHeld; };
  const auto skip = [&](int64_t to) {
    const PullEnd otherwise = asked_again();
    const auto confirmed = skip_.confirm(offset, to);
    ended(confirmed ? PullEnd::kMoved : otherwise, confirmed.value_or(-1));
    return confirmed.has_value();
  };
  if (!machine_.is_current_pull(id)) return ended(PullEnd::kFailed);
  switch (response.code) {
    case response_code::kPullOffsetMoved:
      if (next < 0) return ended(PullEnd::kFailed);
      // Told once, and then forgotten by the broker.
      if (response.remark == kOffsetReset) return move_to(id, offset, next);
      if (next == offset) return ended(PullEnd::kFailed);
      if (const PullEnd otherwise = asked_again(); const auto confirmed = skip_.confirm(offset, next)) {
        return move_to(id, offset, *confirmed);
      } else {
        return ended(otherwise);
      }
    case response_code::kFlowControl:
      return ended(PullEnd::kFlowControl);
    case response_code::kSuccess:
      break;
    default:
      if (next > offset) {
        skip(next);
        return;
      }
      skip_.forget();
      // A broker that neither holds the pull nor moves on must not be asked without a pause.
      return ended(took >= std::min(kHeldAtLeast, context_->options.pull_suspend_timeout / 2) ? PullEnd::kHeld
                                                                                              : PullEnd::kNothing);
  }
  PulledMessages pulled;
  try {
    const int64_t step_over = damaged_times_ >= kDamagedTimes ? damaged_at_ : -1;
    pulled = read_pulled(response, offset, most_, subscription, context_->retry_topic, step_over);
  } catch (const std::bad_alloc&) {
    return ended(PullEnd::kFailed);
  }
  const bool again_one_by_one = pulled.broken && most_ > 1;
  if (pulled.damaged && !again_one_by_one) {
    damaged_times_ = pulled.damaged->offset == damaged_at_ ? damaged_times_ + 1 : 1;
    damaged_at_ = pulled.damaged->offset;
  }
  context_->counters.received += pulled.received;
  context_->counters.filtered += pulled.filtered;
  if (pulled.damaged) {
    log(LogLevel::kWarn, "consumer", "the message at offset {} of queue {} of topic {} is asked for again: {}",
        pulled.damaged->offset, queue_.queue_id, queue_.topic, pulled.damaged->reason);
  }
  const bool one_by_one = pulled.damaged || !pulled.unreadable.empty();
  most_ = one_by_one ? 1 : context_->options.pull_batch_size;
  if (!again_one_by_one && pulled.next_offset <= offset) {
    if (pulled.claimed_next_offset <= offset) return ended(PullEnd::kNothing);
    if (!skip(pulled.claimed_next_offset)) return;
    if (pulled.damaged) note_unreadable(*pulled.damaged);
    for (const auto& each : pulled.unreadable) note_unreadable(each);
    return;
  }
  for (const auto& each : pulled.unreadable) note_unreadable(each);
  if (!pulled.damaged) damaged_times_ = 0;
  skip_.forget();
  if (!again_one_by_one && pulled.claimed_next_offset > pulled.next_offset) {
    skip_.confirm(pulled.next_offset, pulled.claimed_next_offset);
  }
  handle([&](QueueStateMachine& machine, TimePoint at) {
    machine.pulled(id, std::move(pulled.wanted), pulled.next_offset, at);
  });
}

void QueueActor::note_unreadable(const PulledMessages::Unreadable& message) {
  ++context_->counters.undecodable;
  log(LogLevel::kError, "consumer", "the message at offset {} of queue {} of topic {} cannot be read: {}",
      message.offset, queue_.queue_id, queue_.topic, message.reason);
}

void QueueActor::move_to(uint64_t id, int64_t offset, int64_t next) {
  log(LogLevel::kWarn, "consumer", "the broker moves queue {} of topic {} from offset {} to {}", queue_.queue_id,
      queue_.topic, offset, next);
  skip_.forget();
  handle([&](QueueStateMachine& machine, TimePoint at) { machine.offset_moved(id, next, at); });
}

void QueueActor::on_pull_refused(uint64_t id, const RemotingCommand& response, const std::string& address) {
  ClientInstance& client = *context_->client;
  client.heartbeat_soon();
  const bool unknown_subscription =
      response.code == response_code::kSubscriptionNotExist || response.code == response_code::kSubscriptionNotLatest;
  if (unknown_subscription && now() >= with_subscription_until_) {
    // Our heartbeat has not come there yet: meanwhile the subscription goes along.
    with_subscription_until_ = now() + kSubscriptionGoesAlong;
    handle([&](QueueStateMachine& machine, TimePoint at) { machine.pull_ended(id, PullEnd::kHeld, -1, at); });
    return;
  }
  warn_of_pull([&] {
    return address + " refused the pull of queue " + std::to_string(queue_.queue_id) + " of topic " + queue_.topic +
           " with code " + std::to_string(response.code) + ": " + response.remark;
  });
  if (response.code == response_code::kTopicNotExist) client.routes().invalidate(queue_.topic);
  handle([&](QueueStateMachine& machine, TimePoint at) { machine.pull_ended(id, PullEnd::kFailed, -1, at); });
}

}  // namespace rocketmq
