#include "producer/producer.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/fork.h"
#include "base/log.h"
#include "base/thread.h"
#include "client/client_lease.h"
#include "producer/in_flight.h"
#include "producer/message_encoder.h"
#include "producer/queue_selector.h"
#include "producer/send_operation.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

constexpr size_t kLargestBatch = 1024;
// From here on the callback thread gathers completions, in place of waking for each piece that a broker answers.
constexpr int64_t kManyInFlight = 128;
// Brokers that do not answer find out by themselves that the producer is gone.
constexpr Millis kLongestFarewell{1000};
constexpr Millis kMemoryPause{10};

// Runs at the end of its scope.
template <typename Action>
class Finally {
 public:
  explicit Finally(Action action) : action_(std::move(action)) {}
  ~Finally() { action_(); }
  Finally(const Finally&) = delete;
  Finally& operator=(const Finally&) = delete;

 private:
  Action action_;
};

Error closed_error() {
  Error error;
  error.kind = ErrorKind::kClosed;
  error.message = "the producer was closed before the broker's acknowledgement came";
  return error;
}

}  // namespace

class Producer::Impl : public SendOwner, public std::enable_shared_from_this<Producer::Impl> {
 public:
  Impl(ClientOptions client_options, ProducerOptions options)
      : client_options_(std::move(client_options)),
        options_(std::move(options)),
        in_flight_(options_.max_in_flight_count, options_.max_in_flight_bytes) {}

  bool in_child_process() const { return generation_ != fork_generation(); }
  Status check_usable() const;
  Status start();
  Result<SendReceipt> send_and_wait(const OutgoingMessage& message, Millis timeout, SendOperation::Mode mode);
  Status send_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited);
  Status warm_up(std::string_view topic);
  Result<ProducerStatistics> statistics() const;
  Status close(Millis timeout);

  ClientInstance& client() override { return *client_; }
  const ProducerOptions& options() const override { return options_; }
  QueueSelector& selector() override { return selector_; }
  void on_retry() override { retried_.fetch_add(1, std::memory_order_relaxed); }
  void on_finished(std::shared_ptr<SendOperation> operation) override;

 private:
  enum class State { kCreated, kStarted, kClosing, kClosed };

  std::shared_ptr<SendOperation> make_operation(EncodedMessage encoded, const OutgoingMessage& message,
                                                SendOperation::Mode mode, uint64_t context, TimePoint begin,
                                                TimePoint deadline, bool limited);
  Millis timeout_or_default(Millis timeout) const { return timeout.count() > 0 ? timeout : options_.send_timeout; }
  void deliver_outcomes();
  void hand_over(std::vector<SendOutcome>& outcomes);
  void close_and_wait(Millis timeout);
  bool begin_close(bool* was_started);
  void end_close(Millis timeout, bool was_started);

  const ClientOptions client_options_;
  const ProducerOptions options_;
  const uint64_t generation_ = fork_generation();
  ClientLease lease_;
  // Outlives the lease: a late answer finds a client that is shut down, but not gone.
  std::shared_ptr<ClientInstance> client_;
  QueueSelector selector_;
  InFlight in_flight_;

  mutable std::mutex mutex_;
  std::condition_variable closed_;
  std::atomic<State> state_{State::kCreated};

  std::mutex finished_mutex_;
  std::vector<std::shared_ptr<SendOperation>> finished_;
  bool delivering_ = false;

  std::atomic<int64_t> accepted_{0};
  std::atomic<int64_t> succeeded_{0};
  std::atomic<int64_t> failed_{0};
  std::atomic<int64_t> retried_{0};
  std::atomic<int64_t> one_way_{0};
};

Status Producer::Impl::check_usable() const {
  if (in_child_process()) {
    return fail(ErrorKind::kInvalidState,
                "this producer belongs to the parent process: create one after fork, in the process that uses it");
  }
  switch (state_.load(std::memory_order_acquire)) {
    case State::kCreated:
      return fail(ErrorKind::kInvalidState, "the producer is not started: call start first");
    case State::kStarted:
      return {};
    default:
      return fail(ErrorKind::kClosed, "the producer is closed: create another one");
  }
}

Status Producer::Impl::start() {
  if (in_child_process()) return check_usable();
  std::lock_guard lock(mutex_);
  switch (state_) {
    case State::kCreated:
      break;
    case State::kStarted:
      return fail(ErrorKind::kInvalidState, "the producer was started before");
    default:
      return check_usable();
  }
  new (&lease_) ClientLease(ClientLease::acquire(client_options_));
  client_ = lease_.instance();
  lease_->start();
  lease_->join_producer_group(options_.group);
  state_ = State::kStarted;
  return {};
}

std::shared_ptr<SendOperation> Producer::Impl::make_operation(EncodedMessage encoded, const OutgoingMessage& message,
                                                              SendOperation::Mode mode, uint64_t context,
                                                              TimePoint begin, TimePoint deadline, bool limited) {
  QueueWish wish;
  wish.broker_name = message.broker_name;
  wish.queue_id = message.queue_id;
  wish.sharding_key = message.sharding_key;
  return std::make_shared<SendOperation>(shared_from_this(), std::move(encoded), std::move(wish), mode, context, begin,
                                         deadline, limited);
}

Result<SendReceipt> Producer::Impl::send_and_wait(const OutgoingMessage& message, Millis timeout,
                                                  SendOperation::Mode mode) {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  const TimePoint begin = now();
  const TimePoint deadline = begin + timeout_or_default(timeout);
  auto encoded = encode_message(message, options_);
  if (!encoded) return fail(encoded.error());
  auto operation = make_operation(std::move(*encoded), message, mode, 0, begin, deadline, false);
  if (auto added = in_flight_.add(*operation); !added) return fail(added.error());
  const Finally remove([&] { in_flight_.remove(*operation); });
  (mode == SendOperation::Mode::kOneWay ? one_way_ : accepted_).fetch_add(1, std::memory_order_relaxed);
  operation->start();
  return operation->wait();
}

Status Producer::Impl::send_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited) {
  if (auto usable = check_usable(); !usable) return usable;
  if (!options_.on_sent) {
    return fail(ErrorKind::kInvalidArgument,
                "on_sent is not set, so that nobody would learn of the send's end: set it in the producer's options");
  }
  const TimePoint begin = now();
  const TimePoint deadline = begin + timeout_or_default(timeout);
  // Before the message is compressed for nothing.
  const auto bytes = static_cast<int64_t>(message.body.size());
  if (limited) {
    // A callback that waited here would wait for completions which only it can deliver.
    const bool wait = options_.block_when_full && !on_client_thread();
    if (auto reserved = in_flight_.reserve(bytes, wait ? &deadline : nullptr); !reserved) return reserved;
  }
  bool accepted = false;
  const Finally undo([&] {
    if (limited && !accepted) in_flight_.give_back(1, bytes);
  });
  auto encoded = encode_message(message, options_);
  if (!encoded) return fail(encoded.error());
  auto operation =
      make_operation(std::move(*encoded), message, SendOperation::Mode::kAsync, context, begin, deadline, limited);
  operation->reserved_bytes = limited ? bytes : 0;
  if (auto added = in_flight_.add(*operation); !added) return added;
  accepted = true;
  accepted_.fetch_add(1, std::memory_order_relaxed);
  operation->start();
  return {};
}

void Producer::Impl::on_finished(std::shared_ptr<SendOperation> operation) {
  if (operation->mode() != SendOperation::Mode::kOneWay) {
    (operation->result() ? succeeded_ : failed_).fetch_add(1, std::memory_order_relaxed);
  }
  if (operation->mode() != SendOperation::Mode::kAsync) {
    operation->wake();
    return;
  }
  std::lock_guard lock(finished_mutex_);
  finished_.push_back(std::move(operation));
  if (delivering_) return;
  delivering_ = true;
  client_->callbacks().post([self = shared_from_this()] { self->deliver_outcomes(); });
}

void Producer::Impl::deliver_outcomes() {
  std::vector<SendOutcome> outcomes;
  std::vector<std::shared_ptr<SendOperation>> operations;
  // All the memory that it takes.
  while (outcomes.capacity() < kLargestBatch || operations.capacity() < kLargestBatch) {
    try {
      outcomes.reserve(kLargestBatch);
      operations.reserve(kLargestBatch);
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(kMemoryPause);
    }
  }
  bool gathered = false;
  for (;;) {
    outcomes.clear();
    operations.clear();
    {
      std::unique_lock lock(finished_mutex_);
      if (finished_.empty() && !gathered && in_flight_.count() > kManyInFlight) {
        lock.unlock();
        pause_briefly();
        gathered = true;
        lock.lock();
      }
      if (finished_.empty()) {
        delivering_ = false;
        return;
      }
      if (finished_.size() <= kLargestBatch) {
        operations.swap(finished_);
      } else {
        const auto end = finished_.begin() + static_cast<std::ptrdiff_t>(kLargestBatch);
        std::move(finished_.begin(), end, std::back_inserter(operations));
        finished_.erase(finished_.begin(), end);
      }
    }
    // Their places are free before the callback runs, which may send the next ones.
    int64_t places = 0;
    int64_t bytes = 0;
    for (const auto& operation : operations) {
      places += operation->is_limited() ? 1 : 0;
      bytes += operation->reserved_bytes;
      outcomes.push_back({operation->context(), operation->result()});
    }
    in_flight_.give_back(places, bytes);
    hand_over(outcomes);
    in_flight_.remove(operations);
  }
}

// An outcome that cannot be told for want of memory is told when there is some again.
void Producer::Impl::hand_over(std::vector<SendOutcome>& outcomes) {
  for (;;) {
    try {
      options_.on_sent(outcomes);
      return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(kMemoryPause);
    }
  }
}

Status Producer::Impl::warm_up(std::string_view topic) {
  if (auto usable = check_usable(); !usable) return usable;
  if (auto valid = validate_topic(topic); !valid) return valid;
  struct Waiter {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Status> status;
    void end(Status outcome) {
      std::lock_guard lock(mutex);
      if (!status) status = std::move(outcome);
      changed.notify_all();
    }
  };
  auto waiter = std::make_shared<Waiter>();
  const TimePoint begin = now();
  client_->routes().get(
      std::string(topic), true, options_.default_topic_queues,
      // What comes after the end of the wait finds the client, even when that is shut down.
      [self = shared_from_this(), waiter](Result<Route> route) {
        if (!route) return waiter->end(fail(route.error()));
        ClientInstance& client = *self->client_;
        // A heartbeat reaches every master, and so opens the connections.
        start_coroutine(
            client.loop(),
            [](ClientInstance* to, Route found, std::shared_ptr<Waiter> done) -> asio::awaitable<void> {
              co_await to->send_heartbeats();
              for (const auto& broker : found->route.brokers) {
                const std::string master(found->route.master_address(broker.name));
                if (!master.empty() && to->remoting().connected(master)) co_return done->end({});
              }
              done->end(fail(ErrorKind::kUnreachable, "no broker of the topic can be reached"));
            }(&client, *route, waiter),
            "warm-up");
      });
  std::unique_lock lock(waiter->mutex);
  waiter->changed.wait_for(lock, options_.send_timeout, [&] { return waiter->status.has_value(); });
  Status status = waiter->status ? *waiter->status : fail(ErrorKind::kTimeout, "the brokers did not answer in time");
  if (!status) {
    status.error().topic = topic;
    status.error().elapsed_ms = millis_between(begin, now());
    status.error().message = "the warm-up of topic \"" + std::string(topic) + "\" failed: " + status.error().message;
  }
  return status;
}

Result<ProducerStatistics> Producer::Impl::statistics() const {
  if (in_child_process()) return fail(check_usable().error());
  ProducerStatistics statistics;
  statistics.sends_accepted = accepted_;
  statistics.sends_succeeded = succeeded_;
  statistics.sends_failed = failed_;
  statistics.sends_retried = retried_;
  statistics.one_way_sends = one_way_;
  statistics.in_flight_count = in_flight_.count();
  statistics.in_flight_bytes = in_flight_.bytes();
  return statistics;
}

Status Producer::Impl::close(Millis timeout) {
  if (in_child_process()) return check_usable();
  if (!on_client_thread()) {
    close_and_wait(timeout);
    return {};
  }
  // The rest cannot happen on a thread that it waits for.
  bool was_started = false;
  if (!begin_close(&was_started)) return {};
  try {
    start_thread("rmq-close", [self = shared_from_this(), timeout, was_started] {
      self->end_close(timeout, was_started);
    }).detach();
  } catch (const std::exception& e) {
    std::lock_guard lock(mutex_);
    state_ = was_started ? State::kStarted : State::kCreated;
    return fail(ErrorKind::kInternalError,
                std::string("no thread could be started to close the producer: ") + e.what() + ": close it later");
  }
  return {};
}

void Producer::Impl::close_and_wait(Millis timeout) {
  bool was_started = false;
  if (begin_close(&was_started)) return end_close(timeout, was_started);
  std::unique_lock lock(mutex_);
  closed_.wait(lock, [&] { return state_ == State::kClosed; });
}

// True for the one call whose timeout counts.
bool Producer::Impl::begin_close(bool* was_started) {
  std::lock_guard lock(mutex_);
  if (state_ == State::kClosing || state_ == State::kClosed) return false;
  *was_started = state_ == State::kStarted;
  state_ = State::kClosing;
  in_flight_.refuse();
  return true;
}

void Producer::Impl::end_close(Millis timeout, bool was_started) {
  const TimePoint deadline = now() + timeout;
  if (was_started) {
    if (!in_flight_.wait_empty(&deadline)) {
      lease_->loop().run_and_wait([&] {
        for (const auto& operation : in_flight_.operations()) operation->abort(closed_error());
      });
      in_flight_.wait_empty(nullptr);
    }
    lease_->leave_producer_group(options_.group, kLongestFarewell);
    lease_.release();
  }
  std::lock_guard lock(mutex_);
  state_ = State::kClosed;
  closed_.notify_all();
}

Result<std::unique_ptr<Producer>> Producer::create(ClientOptions client_options, ProducerOptions options) {
  if (auto valid = validate_group(options.group, "producer group"); !valid) return fail(valid.error());
  return std::unique_ptr<Producer>(new Producer(std::make_shared<Impl>(std::move(client_options), std::move(options))));
}

Producer::Producer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Producer::~Producer() {
  if (impl_->in_child_process()) {
    // Its threads do not exist here and its locks may be held for ever: left as it is.
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the child ends.
    new std::shared_ptr<Impl>(std::move(impl_));
    return;
  }
  try {
    (void)impl_->close(Millis(0));
  } catch (const std::exception& e) {
    log(LogLevel::kError, "producer", "a producer could not be closed as it was freed: {}", e.what());
  }
}

Status Producer::start() { return impl_->start(); }

Result<SendReceipt> Producer::send(const OutgoingMessage& message, Millis timeout) {
  return impl_->send_and_wait(message, timeout, SendOperation::Mode::kSync);
}

Status Producer::send_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited) {
  return impl_->send_async(message, timeout, context, limited);
}

Status Producer::send_one_way(const OutgoingMessage& message, Millis timeout) {
  auto result = impl_->send_and_wait(message, timeout, SendOperation::Mode::kOneWay);
  if (!result) return fail(result.error());
  return {};
}

Status Producer::warm_up(std::string_view topic) { return impl_->warm_up(topic); }
Result<ProducerStatistics> Producer::statistics() const { return impl_->statistics(); }
Status Producer::close(Millis timeout) { return impl_->close(timeout); }

}  // namespace rocketmq
