#include "consumer/push/push_consumer_life.h"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/attempt.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "base/waited.h"
#include "client/client_thread.h"
#include "client/filter_check.h"
#include "consumer/broker_offset_store.h"
#include "consumer/file_offset_store.h"
#include "consumer/push/admin_requests.h"
#include "consumer/push/lock_keeper.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

// Brokers that do not answer find out by themselves that the consumer is gone.
constexpr Millis kLongestUnregister{1000};
// For the last offsets: at least, whatever the timeout, and at most.
constexpr Millis kLeastCommit{1000};
constexpr Millis kLongestCommit{3000};
// Messages of one queue whose offset only the next round would commit: one request more for so many costs nothing.
constexpr int64_t kMostUnsent = 1000;
constexpr Millis kHousekeeping{1000};
constexpr Millis kLeastHousekeeping{10};
// What destroying a consumer leaves to callbacks that run, as they may use the handle.
constexpr Millis kLastCallbacks{3000};

}  // namespace

PushConsumerLife::PushConsumerLife(ClientOptions client_options, PushConsumerOptions options)
    : context_(std::make_shared<PushContext>(std::move(client_options), std::move(options))) {}

void PushConsumerLife::init() {
  context_->dispatcher = std::make_unique<Dispatcher>(context_->options, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->settle_soon();
  });
}

Status PushConsumerLife::check_usable() const {
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

Status PushConsumerLife::start() {
  if (in_child_process()) return check_usable();
  std::lock_guard lock(mutex_);
  if (state_ == State::kStarted) return fail(ErrorKind::kInvalidState, "the consumer was started before");
  if (state_ != State::kCreated) return check_usable();
  if (!context_->is_broadcasting()) context_->subscriptions.put(*make_tag_subscription(context_->retry_topic, "*"));
  // First what may fail and is known to nobody, so that no failure leaves a member behind.
  if (auto ready = prepare(); !ready) return ready;
  std::vector<Subscription> unanswered;
  Status joined = check_filters(context_->subscriptions.all(), &unanswered);
  if (joined) joined = client_->join_consumer_group(shared_from_this());
  if (!joined) {
    undo_prepare();
    return joined;
  }
  context_->counters.started_ms = wall_clock_ms();
  // It has joined: no failure may keep it from consuming.
  until_memory([&] { client_->loop().post([self = shared_from_this()] { self->begin_on_loop(); }); });
  state_ = State::kStarted;
  for (const Subscription& each : unanswered) check_later(each);
  return {};
}

// All that start() needs beside the group; nothing of it is left after a failure.
Status PushConsumerLife::prepare() {
  const auto& options = context_->options;
  if (options.broadcasting) {
    auto offsets = LocalOffsets::open(options.offset_directory, context_->client_options.instance_name, options.group);
    if (!offsets) return fail(offsets.error());
    local_offsets_ = std::move(*offsets);
  }
  try {
    lease_.emplace(ClientLease::acquire(context_->client_options));
    client_ = lease_->instance();
    client_->start();
    save_lane_ = client_->workers().make_lane();
    context_->dispatcher->start(client_->workers());
    notifier_.start(client_->workers(), options.on_queues_changed);
  } catch (const std::exception& e) {
    undo_prepare();
    return fail(ErrorKind::kInternalError, std::string("the consumer could not be started: ") + e.what());
  }
  return {};
}

void PushConsumerLife::undo_prepare() {
  // They have been given nothing.
  context_->dispatcher->stop();
  notifier_.stop();
  save_lane_ = nullptr;
  local_offsets_ = nullptr;
  if (lease_) lease_->release();
  lease_.reset();
  client_ = nullptr;
}

// A member that consumes nothing must not be left behind: where memory is short, it is waited for.
void PushConsumerLife::begin_on_loop() {
  until_memory([&] { make_parts(); });
  PushContext& context = *context_;
  context.ended = false;
  until_memory([&] { context.committer->start(); });
  const auto keep_running = [&](const char* name, const auto& begin) {
    until_memory(
        [&] { start_periodic(context.client->loop(), begin, [kept = context_] { return kept->ended; }, name); });
  };
  keep_running("rebalance", [this] { return rebalancer_->run(context_); });
  if (context.locks) keep_running("queue locks", [kept = context_] { return LockKeeper::run(kept); });
}

// Begins nothing yet, so that it can be done again.
void PushConsumerLife::make_parts() {
  PushContext& context = *context_;
  context.client = client_.get();
  if (local_offsets_) {
    context.offsets = std::make_shared<FileOffsetStore>(
        local_offsets_, context.options.group,
        [lane = save_lane_](std::function<void()> task) { lane->post(std::move(task)); });
  } else {
    context.offsets = std::make_shared<BrokerOffsetStore>(*client_, context.options.group,
                                                          context.options.consume_from == ConsumeFrom::kLastOffset);
  }
  OffsetCommitterOptions committing;
  committing.interval = context.options.persist_offset_interval;
  // A file is written as a whole.
  committing.most_unsent = local_offsets_ ? 0 : kMostUnsent;
  context.committer = std::make_unique<OffsetCommitter>(client_->loop(), context.offsets, committing);
  queues_ = std::make_unique<QueueTable>(context_, notifier_);
  settler_ = std::make_unique<BatchSettler>(context_, *queues_);
  rebalancer_ = std::make_unique<Rebalancer>(context_, *queues_);
  if (local_offsets_) rebalancer_->set_stored_queues(local_offsets_->queues());
  if (context.options.needs_locks()) context.locks = std::make_unique<LockKeeper>(context);
}

// Before the start, too: then nothing is given out until resume().
Status PushConsumerLife::suspend() {
  const bool created = state_.load(std::memory_order_acquire) == State::kCreated && !in_child_process();
  if (auto usable = check_usable(); !created && !usable) return usable;
  context_->dispatcher->suspend();
  return {};
}

Status PushConsumerLife::resume() {
  if (auto usable = check_usable(); !usable) return usable;
  context_->dispatcher->resume();
  return {};
}

Status PushConsumerLife::acknowledge(uint64_t delivery_id, int32_t success_count, int32_t delay_level,
                                     Millis suspension) {
  if (in_child_process()) return check_usable();
  Dispatcher& dispatcher = *context_->dispatcher;
  if (const auto record = dispatcher.find(delivery_id)) {
    auto valid = check_acknowledgement(context_->options, record->delivery->messages.size(), success_count, delay_level,
                                       suspension);
    if (!valid) return valid;
  }
  const auto record = dispatcher.claim(delivery_id);
  if (!record) {
    return fail(ErrorKind::kInvalidState,
                "the delivery " + std::to_string(delivery_id) + " is unknown, was acknowledged before, or timed out");
  }
  const size_t count = record->delivery->messages.size();
  record->consumed = success_count < 0 ? count : static_cast<size_t>(success_count);
  record->delay_level = delay_level;
  record->suspension = suspension;
  std::lock_guard lock(mutex_);
  if (detached_) {
    dispatcher.release(record);
    return fail(ErrorKind::kInvalidState,
                "the consumer was closed before this acknowledgement: the batch goes to "
                "another member of the group");
  }
  if (!record->queue->on_direct_end) context_->counters.consumed += static_cast<int64_t>(record->consumed);
  dispatcher.end(record);
  return {};
}

// From any thread. Where it fails, the housekeeping does it.
void PushConsumerLife::settle_soon() {
  if (settle_posted_.exchange(true)) return;
  try {
    client_->loop().post([self = shared_from_this()] {
      self->settle_posted_ = false;
      if (!self->context_->ended && self->settler_->settle_ended()) self->settle_soon();
    });
  } catch (const std::exception&) {
    settle_posted_ = false;
  }
}

Millis PushConsumerLife::housekeeping_interval() const {
  return std::max(std::min(kHousekeeping, context_->options.consume_timeout / 4), kLeastHousekeeping);
}

void PushConsumerLife::housekeeping() {
  if (context_->ended) return;
  give_back_expired();
  if (settler_->settle_ended()) settle_soon();
  context_->dispatcher->nudge();
  if (!std::exchange(context_->look_again, false)) return;
  queues_->for_each([](QueueActor& actor) { actor.look_again(); });
  queues_->tell_changes();
}

// An orderly batch is waited for, as its messages must not be with the application twice at a time.
void PushConsumerLife::give_back_expired() {
  const auto& options = context_->options;
  for (const auto& record : context_->dispatcher->take_expired(now(), !options.orderly)) {
    log(LogLevel::kWarn, "consumer", "a batch of {} at offset {} was not acknowledged in {} ms: it is {}",
        record->queue->queue().topic, record->delivery->messages.front().queue_offset, options.consume_timeout.count(),
        options.orderly ? "waited for" : "given back");
    if (options.orderly) continue;
    try {
      record->failure = "it was not acknowledged in time";
    } catch (const std::bad_alloc&) {
      // So short that it needs no memory.
      record->failure = "no answer";
    }
    context_->dispatcher->end(record);
  }
}

Result<std::string> PushConsumerLife::client_id() const {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  std::lock_guard lock(mutex_);
  return client_->client_id();
}

PushConsumerStatistics PushConsumerLife::statistics() const {
  const PushCounters& counters = context_->counters;
  PushConsumerStatistics statistics;
  statistics.pulls = counters.pulls;
  statistics.messages_received = counters.received;
  statistics.messages_filtered = counters.filtered;
  statistics.messages_delivered = context_->dispatcher->delivered();
  statistics.messages_consumed = counters.consumed;
  statistics.messages_sent_back = counters.sent_back;
  statistics.messages_undecodable = counters.undecodable;
  statistics.rebalances = counters.rebalances;
  statistics.assigned_queues = counters.assigned_queues;
  statistics.cached_messages = context_->totals->messages;
  statistics.cached_bytes = context_->totals->bytes;
  statistics.outstanding_batches = static_cast<int64_t>(context_->dispatcher->outstanding());
  statistics.last_pull_ms = counters.last_pull_ms;
  statistics.last_consume_ms = counters.last_consume_ms;
  return statistics;
}

void PushConsumerLife::close_for_good() {
  (void)close(Millis(0), kLastCallbacks);
  // An earlier close may have left some running.
  if (on_client_thread()) return;
  const TimePoint deadline = now() + kLastCallbacks;
  context_->dispatcher->wait_callbacks(deadline);
  notifier_.wait_callback(deadline);
}

Status PushConsumerLife::close(Millis timeout, Millis callback_timeout) {
  if (in_child_process()) return check_usable();
  const bool may_wait = !on_client_thread();
  State before;
  {
    std::unique_lock lock(mutex_);
    if (may_wait) {
      const TimePoint deadline = now() + timeout + kLongestCommit + kLongestUnregister;
      closed_.wait_until(lock, deadline, [&] { return state_ != State::kClosing; });
    }
    if (state_ == State::kClosing || state_ == State::kClosed) return {};
    before = state_;
    // Here, so that of several closes the first one's timeout counts.
    state_ = State::kClosing;
  }
  const bool was_started = before == State::kStarted;
  if (may_wait) {
    finish_close(was_started, timeout, callback_timeout);
    return {};
  }
  try {
    // The rest cannot happen on a thread that it waits for.
    start_thread("rmq-close", [self = shared_from_this(), was_started, timeout, callback_timeout] {
      self->finish_close(was_started, timeout, callback_timeout);
    }).detach();
  } catch (const std::exception& e) {
    std::lock_guard lock(mutex_);
    state_ = before;
    closed_.notify_all();
    return fail(ErrorKind::kInternalError, std::string("no thread to close on could be started: ") + e.what());
  }
  context_->dispatcher->stop();
  return {};
}

void PushConsumerLife::finish_close(bool was_started, Millis timeout, Millis callback_timeout) {
  if (was_started) {
    const TimePoint begin = now();
    Dispatcher& dispatcher = *context_->dispatcher;
    const auto step = [this](const char* what, const auto& action) { attempt("consumer", what, group(), action); };
    step("the end of the callbacks", [&] {
      dispatcher.stop();
      notifier_.stop();
      const bool callbacks_ended = dispatcher.wait_callbacks(begin + callback_timeout);
      if (!notifier_.wait_callback(begin + callback_timeout) || !callbacks_ended) {
        log(LogLevel::kWarn, "consumer", "a callback of group {} still runs at the end of the close", group());
      }
      dispatcher.wait_idle(begin + timeout);
    });
    step("the departure", [&] { leave(begin + timeout); });
    {
      std::lock_guard lock(mutex_);
      detached_ = true;
    }
    step("the end of the client", [&] { lease_->release(); });
    if (local_offsets_) step("the end of the offset file", [&] { close_local_offsets(); });
  }
  std::lock_guard lock(mutex_);
  detached_ = true;
  state_ = State::kClosed;
  closed_.notify_all();
}

// Everything that needs the client for the last time: what the group's other members begin with.
void PushConsumerLife::leave(TimePoint deadline) {
  EventLoop& loop = client_->loop();
  try {
    // What was acknowledged may wait for the loop.
    bool begun = false;
    bool more = true;
    while (std::exchange(more, false)) {
      loop.run_and_wait([&] {
        begun = !context_->ended;
        more = begun && settler_->settle_ended();
      });
    }
    if (begun) end_queues(deadline);
    client_->leave_consumer_group(group(), kLongestUnregister);
  } catch (const std::exception& e) {
    // The brokers find out by themselves; here, everything must end.
    log(LogLevel::kError, "consumer", "group {} could not be left as it should: {}", group(), e.what());
  }
  loop.run_and_wait([&] { end_on_loop(); });
}

void PushConsumerLife::end_queues(TimePoint deadline) {
  settler_->wait_idle(deadline);
  const auto ended = std::make_shared<Waited<bool>>();
  client_->loop().run_and_wait([&] {
    rebalancer_->shut();
    if (context_->locks) context_->locks->close();
    queues_->close([ended] { ended->give(true); });
  });
  const TimePoint at = now();
  ended->wait(std::min(std::max(deadline, at + kLeastCommit), at + kLongestCommit));
}

void PushConsumerLife::end_on_loop() {
  if (context_->ended) return;
  // What cannot fail comes first.
  context_->ended = true;
  // The loop's objects must go before the loop: whoever waits on one keeps it until it has woken.
  context_->committer->close();
  queues_->shut();
  rebalancer_->shut();
  if (context_->locks) context_->locks->shut();
  if (context_->locks) context_->locks->send_unlocks();
}

// The last thing: another consumer may use the file from now on.
void PushConsumerLife::close_local_offsets() {
  save_lane_->close();
  if (auto saved = local_offsets_->save(); !saved) {
    log(LogLevel::kError, "consumer", "the offsets of group {} were not saved: {}", group(), saved.error().message);
  }
  local_offsets_->close();
}

void PushConsumerLife::rebalance_soon() {
  client_->loop().post([self = shared_from_this()] {
    if (self->rebalancer_ && !self->context_->ended) self->rebalancer_->soon();
  });
}

bool PushConsumerLife::handle_request(const RemotingCommand& request, std::function<void(RemotingCommand)> reply) {
  if (context_->ended) return false;
  return answer_admin_request(*context_, *queues_, request, reply);
}

ConsumerHeartbeat PushConsumerLife::heartbeat() const {
  ConsumerHeartbeat heartbeat;
  heartbeat.group = group();
  heartbeat.broadcasting = context_->is_broadcasting();
  heartbeat.subscriptions = context_->subscriptions.all();
  switch (context_->options.consume_from) {
    case ConsumeFrom::kLastOffset:
      heartbeat.consume_from_where = "CONSUME_FROM_LAST_OFFSET";
      break;
    case ConsumeFrom::kFirstOffset:
      heartbeat.consume_from_where = "CONSUME_FROM_FIRST_OFFSET";
      break;
    case ConsumeFrom::kTimestamp:
      heartbeat.consume_from_where = "CONSUME_FROM_TIMESTAMP";
      break;
  }
  return heartbeat;
}

}  // namespace rocketmq
