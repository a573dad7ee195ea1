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
  subscriptions_[retry_topic_] = *make_tag_subscription(retry_topic_, "*");
  new (&lease_) ClientLease(ClientLease::acquire(client_options_));
  lease_->start();
  if (auto joined = lease_->join_consumer_group(shared_from_this()); !joined) {
    lease_.release();
    return joined;
  }
  dispatcher_.start();
  lease_->loop().post([self = shared_from_this()] {
    EventLoop& loop = self->client().loop();
    self->rebalance_pause_ = std::make_shared<Pause>(loop);
    self->housekeeping_pause_ = std::make_shared<Pause>(loop);
    start_coroutine(loop, self->rebalance_loop(self->rebalance_pause_), "rebalance");
    start_coroutine(loop, self->housekeeping_loop(self->housekeeping_pause_), "consumer housekeeping");
  });
  state_ = State::kStarted;
  return {};
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
  auto self = shared_from_this();
  TimePoint persisted = now();
  const Millis step = std::min({kHousekeeping, options_.persist_offset_interval, options_.consume_timeout / 4});
  while (!ended_) {
    co_await pause->wait(std::max(step, Millis(10)));
    if (ended_) break;
    for (const auto& record : dispatcher_.abandon_expired(now())) {
      log(LogLevel::kWarn, "consumer", "a batch of {} at offset {} was not acknowledged in {} ms: it is given back",
          record->delivery.queue.topic, record->delivery.messages.front().queue_offset,
          options_.consume_timeout.count());
      give_back(record, 0, 0);
    }
    watch_pulls();
    if (now() - persisted < options_.persist_offset_interval) continue;
    persisted = now();
    co_await persist_offsets();
  }
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

Status PushConsumer::Impl::close(Millis timeout) {
  if (in_child_process()) return check_usable();
  if (!on_client_thread()) {
    close_and_wait(timeout);
    return {};
  }
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kClosing || state_ == State::kClosed) return {};
  }
  // The rest cannot happen on a thread that it waits for.
  start_thread("rmq-close", [self = shared_from_this(), timeout] { self->close_and_wait(timeout); }).detach();
  return {};
}

void PushConsumer::Impl::close_and_wait(Millis timeout) {
  bool was_started = false;
  {
    std::unique_lock lock(mutex_);
    if (state_ == State::kClosing) closed_.wait(lock, [&] { return state_ == State::kClosed; });
    if (state_ == State::kClosed) return;
    was_started = state_ == State::kStarted;
    state_ = State::kClosing;
  }
  if (was_started) {
    const TimePoint deadline = now() + timeout;
    dispatcher_.stop();
    dispatcher_.wait_idle(deadline);
    {
      std::unique_lock lock(send_back_mutex_);
      send_backs_done_.wait_until(lock, deadline, [&] { return send_backs_ == 0; });
    }
    EventLoop& loop = client().loop();
    run_coroutine(loop, persist_offsets(), std::min(client_options_.request_timeout, kLongestPersist));
    client().leave_consumer_group(options_.group, kLongestFarewell);
    loop.run_and_wait([&] {
      ended_ = true;
      for (auto& [name, queue] : queues_) {
        queue->drop();
        // The loop's objects must go before the loop: whoever waits on one keeps it until it has woken.
        if (queue->pause) queue->pause->interrupt();
        queue->pause = nullptr;
      }
      queues_.clear();
      publish_assignment();
      if (rebalance_pause_) rebalance_pause_->interrupt();
      if (housekeeping_pause_) housekeeping_pause_->interrupt();
      rebalance_pause_ = nullptr;
      housekeeping_pause_ = nullptr;
    });
    {
      std::lock_guard lock(mutex_);
      detached_ = true;
    }
    lease_.release();
  }
  std::lock_guard lock(mutex_);
  detached_ = true;
  state_ = State::kClosed;
  closed_.notify_all();
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
  (void)impl_->close(Millis(0));
}

Status PushConsumer::subscribe(std::string_view topic, std::string_view expression) {
  return impl_->subscribe(topic, expression);
}
Status PushConsumer::unsubscribe(std::string_view topic) { return impl_->unsubscribe(topic); }
Status PushConsumer::start() { return impl_->start(); }
Status PushConsumer::suspend() { return impl_->suspend(); }
Status PushConsumer::resume() { return impl_->resume(); }
Status PushConsumer::acknowledge(uint64_t delivery_id, int32_t success_count, int32_t delay_level) {
  return impl_->acknowledge(delivery_id, success_count, delay_level);
}
PushConsumerStatistics PushConsumer::statistics() const { return impl_->statistics(); }
Status PushConsumer::close(Millis timeout) { return impl_->close(timeout); }

}  // namespace rocketmq
