#include "consumer/push_consumer.h"

#include <algorithm>

#include "base/log.h"
#include "base/thread.h"
#include "consumer/push_consumer_impl.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

// Brokers that do not answer find out by themselves that the consumer is gone.
constexpr Millis kLongestFarewell{1000};
constexpr Millis kLongestPersist{3000};
constexpr Millis kHousekeeping{1000};
// What destroying a consumer leaves to callbacks that run, as they may use the handle.
constexpr Millis kLastCallbacks{3000};

// Runs a coroutine on the loop and waits for it, at most `timeout`.
void run_coroutine(EventLoop& loop, asio::awaitable<void> coroutine, Millis timeout) {
  struct Done {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  auto done = std::make_shared<Done>();
  start_coroutine(
      loop,
      [](asio::awaitable<void> body, std::shared_ptr<Done> ended) -> asio::awaitable<void> {
        co_await std::move(body);
        std::lock_guard lock(ended->mutex);
        ended->done = true;
        ended->changed.notify_all();
      }(std::move(coroutine), done),
      "close");
  std::unique_lock lock(done->mutex);
  done->changed.wait_for(lock, timeout, [&] { return done->done; });
}

}  // namespace

PushConsumer::Impl::Impl(ClientOptions client_options, PushConsumerOptions options)
    : client_options_(std::move(client_options)),
      options_(std::move(options)),
      retry_topic_(retry_topic(options_.group)),
      dispatcher_(options_) {}

Status PushConsumer::Impl::check_usable() const {
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

Status PushConsumer::Impl::start() {
  if (in_child_process()) return check_usable();
  std::lock_guard lock(mutex_);
  if (state_ == State::kStarted) return fail(ErrorKind::kInvalidState, "the consumer was started before");
  if (state_ != State::kCreated) return check_usable();
  if (!options_.broadcasting) subscriptions_[retry_topic_] = *make_tag_subscription(retry_topic_, "*");
  // First what may fail and is known to nobody, so that no failure leaves a member behind.
  if (auto ready = start_threads(); !ready) return ready;
  std::vector<Subscription> filters;
  filters.reserve(subscriptions_.size());
  for (const auto& [topic, subscription] : subscriptions_) filters.push_back(subscription);
  std::vector<Subscription> unanswered;
  if (auto accepted = check_filters(lease_.instance(), filters, &unanswered); !accepted) {
    stop_threads();
    return accepted;
  }
  if (auto joined = lease_->join_consumer_group(shared_from_this()); !joined) {
    stop_threads();
    return joined;
  }
  started_ms_ = wall_clock_ms();
  lease_->loop().post([self = shared_from_this()] {
    EventLoop& loop = self->client().loop();
    self->rebalance_pause_ = std::make_shared<Pause>(loop);
    self->housekeeping_pause_ = std::make_shared<Pause>(loop);
    self->start(self->rebalance_loop(self->rebalance_pause_), "rebalance");
    self->start(self->housekeeping_loop(self->housekeeping_pause_), "consumer housekeeping");
    if (!self->options_.needs_locks()) return;
    self->lock_pause_ = std::make_shared<Pause>(loop);
    self->start(self->lock_loop(self->lock_pause_), "queue locks");
  });
  state_ = State::kStarted;
  for (const Subscription& each : unanswered) check_later(each);
  return {};
}

// All that start() needs beside the group; nothing of it is left after a failure.
Status PushConsumer::Impl::start_threads() {
  if (options_.broadcasting) {
    auto offsets = LocalOffsets::open(options_.offset_directory, client_options_.instance_name, options_.group);
    if (!offsets) return fail(offsets.error());
    local_offsets_ = std::move(*offsets);
  }
  try {
    dispatcher_.start([weak = weak_from_this()](const Dispatcher::Record& record, const std::string& reason) {
      if (auto self = weak.lock()) self->on_failed_delivery(record, reason);
    });
    if (options_.on_queues_changed) notifier_.start(options_.on_queues_changed);
    if (local_offsets_) offset_saver_ = std::make_unique<TaskThread>("rmq-offsets");
    new (&lease_) ClientLease(ClientLease::acquire(client_options_));
    lease_->start();
  } catch (const std::exception& e) {
    stop_threads();
    return fail(ErrorKind::kInternalError, std::string("the consumer's threads could not be started: ") + e.what());
  }
  return {};
}

void PushConsumer::Impl::stop_threads() {
  // They have been given nothing.
  dispatcher_.stop();
  dispatcher_.wait_ended(now());
  notifier_.stop(now());
  offset_saver_ = nullptr;
  local_offsets_ = nullptr;
  lease_.release();
}

void PushConsumer::Impl::start(asio::awaitable<void> coroutine, const char* name) {
  start_coroutine(
      client().loop(),
      // A parameter lives as long as the coroutine, from before it first runs.
      [](std::shared_ptr<Impl>, asio::awaitable<void> body) -> asio::awaitable<void> { co_await std::move(body); }(
                                                                shared_from_this(), std::move(coroutine)),
      name);
}

Status PushConsumer::Impl::suspend() {
  if (auto usable = check_usable(); !usable) return usable;
  dispatcher_.suspend();
  return {};
}

Status PushConsumer::Impl::resume() {
  if (auto usable = check_usable(); !usable) return usable;
  dispatcher_.resume();
  return {};
}

asio::awaitable<void> PushConsumer::Impl::housekeeping_loop(std::shared_ptr<Pause> pause) {
  TimePoint persisted = now();
  const Millis step = std::min({kHousekeeping, options_.persist_offset_interval, options_.consume_timeout / 4});
  while (!ended_) {
    co_await pause->wait(std::max(step, Millis(10)));
    if (ended_) break;
    try {
      co_await housekeeping(&persisted);
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "the housekeeping of group {} failed: {}", options_.group, e.what());
    }
  }
}

asio::awaitable<void> PushConsumer::Impl::housekeeping(TimePoint* persisted) {
  // An orderly batch is waited for, as its messages must not be with the application twice at a time.
  const auto expired = options_.orderly ? dispatcher_.note_expired(now()) : dispatcher_.claim_expired(now());
  for (const auto& record : expired) {
    log(LogLevel::kWarn, "consumer", "a batch of {} at offset {} was not acknowledged in {} ms: it is {}",
        record->delivery.queue.topic, record->delivery.messages.front().queue_offset, options_.consume_timeout.count(),
        options_.orderly ? "waited for" : "given back");
    if (options_.orderly) continue;
    if (record->queue->on_direct_end) {
      record->queue->on_direct_end(false, "it was not acknowledged in time");
    } else {
      give_back(record, 0, 0);
    }
    dispatcher_.abandon(record);
  }
  watch_pulls();
  if (now() - *persisted < options_.persist_offset_interval) co_return;
  *persisted = now();
  co_await persist_offsets();
}

PushConsumerStatistics PushConsumer::Impl::statistics() const {
  PushConsumerStatistics statistics;
  statistics.pulls = pulls_;
  statistics.messages_received = received_;
  statistics.messages_filtered = filtered_;
  statistics.messages_delivered = dispatcher_.delivered();
  statistics.messages_consumed = consumed_;
  statistics.messages_sent_back = sent_back_;
  statistics.messages_undecodable = undecodable_;
  statistics.rebalances = rebalances_;
  statistics.outstanding_batches = static_cast<int64_t>(dispatcher_.outstanding());
  statistics.last_pull_ms = last_pull_ms_;
  statistics.last_consume_ms = last_consume_ms_;
  std::lock_guard lock(assigned_mutex_);
  statistics.assigned_queues = static_cast<int64_t>(assigned_.size());
  for (const Queue& queue : assigned_) {
    statistics.cached_messages += static_cast<int64_t>(queue->count());
    statistics.cached_bytes += queue->bytes();
  }
  return statistics;
}

void PushConsumer::Impl::publish_assignment() {
  std::lock_guard lock(assigned_mutex_);
  assigned_.clear();
  for (const auto& [name, queue] : queues_) assigned_.push_back(queue);
}

Status PushConsumer::Impl::close(Millis timeout) { return close(timeout, timeout); }

void PushConsumer::Impl::close_for_good() {
  (void)close(Millis(0), kLastCallbacks);
  // An earlier close may have left some running.
  if (on_client_thread()) return;
  const TimePoint deadline = now() + kLastCallbacks;
  dispatcher_.wait_ended(deadline);
  notifier_.stop(deadline);
}

Status PushConsumer::Impl::close(Millis timeout, Millis callback_timeout) {
  if (in_child_process()) return check_usable();
  const bool may_wait = !on_client_thread();
  State before;
  {
    std::unique_lock lock(mutex_);
    if (may_wait) {
      const TimePoint deadline = now() + timeout + kLongestPersist + kLongestFarewell;
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
  dispatcher_.stop();
  return {};
}

void PushConsumer::Impl::finish_close(bool was_started, Millis timeout, Millis callback_timeout) {
  if (was_started) {
    const TimePoint begin = now();
    dispatcher_.stop();
    const bool callbacks_ended = dispatcher_.wait_ended(begin + callback_timeout);
    if (!notifier_.stop(begin + callback_timeout) || !callbacks_ended) {
      log(LogLevel::kWarn, "consumer", "a callback of group {} still runs at the end of the close", options_.group);
    }
    dispatcher_.wait_idle(begin + timeout);
    {
      std::unique_lock lock(send_back_mutex_);
      send_backs_done_.wait_until(lock, begin + timeout, [&] { return send_backs_ == 0; });
    }
    leave();
    {
      std::lock_guard lock(mutex_);
      detached_ = true;
    }
    lease_.release();
    if (local_offsets_) close_local_offsets();
  }
  std::lock_guard lock(mutex_);
  detached_ = true;
  state_ = State::kClosed;
  closed_.notify_all();
}

// Everything that needs the client for the last time.
void PushConsumer::Impl::leave() {
  EventLoop& loop = client().loop();
  try {
    // The coroutine may begin after this object has waited long enough for it.
    run_coroutine(
        loop,
        [](std::shared_ptr<Impl> self) -> asio::awaitable<void> { co_await self->say_farewell(); }(shared_from_this()),
        std::min(client_options_.request_timeout, kLongestPersist));
    client().leave_consumer_group(options_.group, kLongestFarewell);
  } catch (const std::exception& e) {
    // The brokers find out by themselves; here, everything must end.
    log(LogLevel::kError, "consumer", "group {} could not be left as it should: {}", options_.group, e.what());
  }
  loop.run_and_wait([&] {
    ended_ = true;
    for (auto* queues : {&queues_, &leaving_}) {
      for (auto& [name, queue] : *queues) {
        queue->drop();
        // The loop's objects must go before the loop: whoever waits on one keeps it until it has woken.
        if (queue->pause) queue->pause->interrupt();
        queue->pause = nullptr;
      }
      queues->clear();
    }
    publish_assignment();
    for (auto* pause : {&rebalance_pause_, &housekeeping_pause_, &lock_pause_}) {
      if (*pause) (*pause)->interrupt();
      *pause = nullptr;
    }
  });
}

// On the loop: what the group's other members begin with.
asio::awaitable<void> PushConsumer::Impl::say_farewell() {
  unlocked_for_good_ = true;
  co_await persist_offsets();
  if (ended_ || !options_.needs_locks()) co_return;
  std::vector<Queue> leaving;
  for (const auto& [name, queue] : leaving_) {
    if (taken_anew_.count(name) == 0) leaving.push_back(queue);
  }
  for (const Queue& queue : leaving) {
    co_await persist_offset(queue);
    if (ended_) co_return;
  }
  // Also those whose lock was granted but a moment ago. A batch that is out still keeps its queue from others, until
  // the broker takes the lock back.
  std::set<MessageQueue> unlocked;
  for (const auto& [topic, queues] : allocation_) unlocked.insert(queues.begin(), queues.end());
  for (const auto* queues : {&queues_, &leaving_}) {
    for (const auto& [name, queue] : *queues) {
      if (dispatcher_.busy(*queue)) {
        unlocked.erase(name);
      } else {
        unlocked.insert(name);
      }
      queue->unlock();
    }
  }
  unlock_queues(unlocked);
}

// The last thing: another consumer may use the file from now on.
void PushConsumer::Impl::close_local_offsets() {
  offset_saver_->stop();
  if (auto saved = local_offsets_->save(); !saved) {
    log(LogLevel::kError, "consumer", "the offsets of group {} were not saved: {}", options_.group,
        saved.error().message);
  }
  local_offsets_->close();
}

Result<std::unique_ptr<PushConsumer>> PushConsumer::create(ClientOptions client_options, PushConsumerOptions options) {
  if (auto valid = validate_group(options.group, "consumer group"); !valid) return fail(valid.error());
  return std::unique_ptr<PushConsumer>(
      new PushConsumer(std::make_shared<Impl>(std::move(client_options), std::move(options))));
}

PushConsumer::PushConsumer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

PushConsumer::~PushConsumer() {
  if (impl_->in_child_process()) {
    // Its threads do not exist here and its locks may be held for ever: left as it is.
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the child ends.
    new std::shared_ptr<Impl>(std::move(impl_));
    return;
  }
  impl_->close_for_good();
}

Status PushConsumer::subscribe(std::string_view topic, std::string_view expression) {
  auto subscription = make_tag_subscription(topic, expression);
  if (!subscription) return fail(subscription.error());
  return impl_->subscribe(std::move(*subscription));
}
Status PushConsumer::subscribe(Subscription subscription) { return impl_->subscribe(std::move(subscription)); }
Status PushConsumer::unsubscribe(std::string_view topic) { return impl_->unsubscribe(topic); }
Status PushConsumer::start() { return impl_->start(); }
Status PushConsumer::suspend() { return impl_->suspend(); }
Status PushConsumer::resume() { return impl_->resume(); }
Status PushConsumer::acknowledge(uint64_t delivery_id, int32_t success_count, int32_t delay_level, Millis suspension) {
  return impl_->acknowledge(delivery_id, success_count, delay_level, suspension);
}
PushConsumerStatistics PushConsumer::statistics() const { return impl_->statistics(); }
Status PushConsumer::close(Millis timeout) { return impl_->close(timeout); }

}  // namespace rocketmq
