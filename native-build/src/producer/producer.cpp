#include "producer/producer.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/attempt.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "client/client_thread.h"
#include "producer/message_encoder.h"
#include "producer/producer_impl.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

// Brokers that do not answer find out by themselves that the producer is gone.
constexpr Millis kLongestUnregister{1000};
// Past the timeout of a close, for callbacks that tell of what it ended.
constexpr Millis kCloseGrace{1000};
// For callbacks that use the producer while it is freed.
constexpr Millis kLastCallbacks{3000};

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

Error closed_before_acknowledgement() {
  Error error;
  error.kind = ErrorKind::kClosed;
  error.message = "the producer was closed before the broker's acknowledgement came";
  return error;
}

}  // namespace

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

Status Producer::Impl::check_not_started(std::string_view what) const {
  if (state_ == State::kCreated) return {};
  if (auto usable = check_usable(); !usable) return usable;
  return fail(ErrorKind::kInvalidState, "the producer is started: set the " + std::string(what) + " before");
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
  if (!lease_) lease_.emplace(ClientLease::acquire(client_options_));
  client_ = lease_->instance();
  selector_.emplace(client_->brokers(), options_.avoid_slow_brokers);
  outcomes_.reserve(1);
  operations_->start(client_->workers(), options_.taker);
  requests_->start(client_);
  calls_->start(client_);
  if (transactions_) transactions_->start(client_);
  client_->start();
  client_->join_producer_group(options_.group, shared_from_this());
  if (options_.detect_interval.count() > 0) start_detector();
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
  if (mode == SendOperation::Mode::kSync && goes_with_others(message, timeout))
    return send_with_others(message, timeout);
  auto encoded = encode_message(message, options_);
  if (!encoded) return fail(encoded.error());
  return send_encoded_and_wait(std::move(*encoded), message, begin, timeout, mode);
}

Result<SendReceipt> Producer::Impl::send_encoded_and_wait(EncodedMessage encoded, const OutgoingMessage& message,
                                                          TimePoint begin, Millis timeout, SendOperation::Mode mode,
                                                          SendOperation::OnEnd on_end) {
  const TimePoint deadline = begin + timeout_or_default(timeout);
  auto operation = make_operation(std::move(encoded), message, mode, 0, begin, deadline, false);
  operation->on_end = std::move(on_end);
  if (auto added = add(*operation); !added) return fail(added.error());
  const Finally remove([&] { operations_->remove(*operation); });
  (mode == SendOperation::Mode::kOneWay ? one_way_ : accepted_).fetch_add(1, std::memory_order_relaxed);
  operation->start();
  return operation->wait();
}

Status Producer::Impl::check_async() const {
  if (auto usable = check_usable(); !usable) return usable;
  if (!options_.on_sent) {
    return fail(ErrorKind::kInvalidArgument,
                "on_sent is not set, so that nobody would learn of the send's end: set it in the producer's options");
  }
  return {};
}

Status Producer::Impl::Place::reserve(TimePoint deadline) {
  if (!limited_) return {};
  // A callback that waited here would wait for completions which only it can deliver.
  const bool wait = producer_.options_.block_when_full && !on_client_thread();
  auto reserved = producer_.limits_.reserve(bytes_, wait ? &deadline : nullptr);
  reserved_ = reserved.has_value();
  return reserved;
}

Status Producer::Impl::send_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited) {
  if (auto usable = check_async(); !usable) return usable;
  const TimePoint begin = now();
  // Before the message is compressed for nothing.
  Place place(*this, static_cast<int64_t>(message.body.size()), limited);
  if (auto reserved = place.reserve(begin + timeout_or_default(timeout)); !reserved) return reserved;
  if (goes_with_others(message, timeout)) {
    auto joined = join_batch(message, timeout, {context, limited, place.bytes(), nullptr});
    if (joined) place.take();
    return joined;
  }
  auto encoded = encode_message(message, options_);
  if (!encoded) return fail(encoded.error());
  return start_async(std::move(*encoded), message, begin, timeout, context, place);
}

Status Producer::Impl::start_async(EncodedMessage encoded, const OutgoingMessage& message, TimePoint begin,
                                   Millis timeout, uint64_t context, Place& place, SendOperation::OnEnd on_end) {
  auto operation = make_operation(std::move(encoded), message, SendOperation::Mode::kAsync, context, begin,
                                  begin + timeout_or_default(timeout), place.is_limited());
  operation->reserved_bytes = place.bytes();
  operation->on_end = std::move(on_end);
  if (auto added = add(*operation); !added) return added;
  place.take();
  accepted_.fetch_add(1, std::memory_order_relaxed);
  operation->start();
  return {};
}

void Producer::Impl::on_finished(std::shared_ptr<SendOperation> operation) {
  const SendOperation::Mode mode = operation->mode();
  if (mode != SendOperation::Mode::kOneWay) {
    const size_t sends = mode == SendOperation::Mode::kBatch ? operation->members.size() : 1;
    (operation->result() ? succeeded_ : failed_).fetch_add(static_cast<int64_t>(sends), std::memory_order_relaxed);
  }
  if (mode == SendOperation::Mode::kDetached) return operations_->remove(*operation);
  if (mode == SendOperation::Mode::kSync || mode == SendOperation::Mode::kOneWay) {
    operation->wake();
    return;
  }
  // Not on the callback lane, which may itself be the one that waits.
  for (size_t i = 0; i < operation->members.size(); ++i) {
    const auto& waiter = operation->members[i].waiter;
    if (waiter) waiter->end(operation, i);
  }
  // As many outcomes as it has members.
  if (!operation->members.empty()) operation->told = Completion::Told::kAlone;
  operations_->end(std::move(operation));
}

void Producer::Impl::tell(const CompletionQueue::Batch& ended) {
  const auto have_room = [&] {
    if (outcomes_.size() < outcomes_.capacity()) return;
    if (options_.taker) return until_memory([&] { outcomes_.reserve(std::max<size_t>(64, 2 * outcomes_.size())); });
    if (make_room()) return;
    tell_sends();
    release_told();
  };
  const auto add_outcome = [&](uint64_t context, const Result<SendReceipt>& result, bool limited, int64_t bytes) {
    told_places_ += limited ? 1 : 0;
    told_bytes_ += bytes;
    outcomes_.push_back({context, result});
  };
  for (const auto& each : ended) {
    if (each->kind != SendOperation::kKind) {
      // In the order of the ends.
      tell_sends();
      release_told();
      if (each->kind == Request::kKind) {
        requests_->call_back(static_cast<const Request&>(*each));
      } else {
        calls_->call_back(static_cast<const Call&>(*each));
      }
      continue;
    }
    const auto& operation = static_cast<const SendOperation&>(*each);
    if (operation.mode() != SendOperation::Mode::kBatch) {
      have_room();
      add_outcome(operation.context(), operation.result(), operation.is_limited(), operation.reserved_bytes);
      continue;
    }
    for (size_t i = 0; i < operation.members.size(); ++i) {
      const BatchMember& member = operation.members[i];
      if (member.waiter) continue;
      // First, as telling ends the results that are kept here.
      have_room();
      until_memory([&] { of_members_.push_back(operation.result_of_member(i)); });
      add_outcome(member.context, of_members_.back(), member.limited, member.reserved_bytes);
    }
  }
  tell_sends();
}

// For further outcomes in one callback. For one there is room from the start; without memory for more, they are told
// in smaller pieces.
bool Producer::Impl::make_room() {
  const size_t before = outcomes_.capacity();
  try {
    if (before < CompletionQueue::kLargestBatch) {
      outcomes_.reserve(std::min(CompletionQueue::kLargestBatch, std::max<size_t>(64, 2 * before)));
    }
  } catch (const std::bad_alloc&) {
    return false;
  }
  return outcomes_.capacity() > before;
}

void Producer::Impl::tell_sends() {
  // Their places are free before the callback runs, which may send the next ones.
  if (told_places_ > 0) limits_.give_back(std::exchange(told_places_, 0), std::exchange(told_bytes_, 0));
  if (outcomes_.empty()) return;
  try {
    // What cannot be told for want of memory is told when there is some again; the thread waits.
    until_memory([&] { options_.on_sent(outcomes_); });
  } catch (const std::exception& e) {
    log(LogLevel::kError, "producer", "the callback for ended sends failed: {}", e.what());
  } catch (...) {
    log(LogLevel::kError, "producer", "the callback for ended sends failed with an exception of an unknown type");
  }
}

// What the callback was given is no longer needed.
void Producer::Impl::release_told() {
  if (outcomes_.empty()) return;
  outcomes_.clear();
  of_members_.clear();
  if (options_.on_told) options_.on_told();
}

Status Producer::Impl::add(SendOperation& operation) {
  if (operations_->add(operation)) return {};
  return fail(ErrorKind::kClosed, "the producer is closed: create another one");
}

Result<ProducerStatistics> Producer::Impl::statistics() const {
  if (in_child_process()) return fail(check_usable().error());
  ProducerStatistics statistics;
  statistics.sends_accepted = accepted_;
  statistics.sends_succeeded = succeeded_;
  statistics.sends_failed = failed_;
  statistics.sends_retried = retried_;
  statistics.one_way_sends = one_way_;
  statistics.in_flight_count = operations_->count();
  statistics.in_flight_bytes = operations_->bytes();
  statistics.waiting_requests = requests_->waiting();
  if (state_.load(std::memory_order_acquire) == State::kCreated) return statistics;
  if (transactions_) statistics.open_transactions = transactions_->open();
  if (transactions_) statistics.pending_checks = transactions_->pending_checks();
  return statistics;
}

Result<std::string> Producer::Impl::client_id() const {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  return client_->client_id();
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
    closed_.notify_all();
    return fail(ErrorKind::kInternalError,
                std::string("no thread could be started to close the producer: ") + e.what() + ": close it later");
  }
  return {};
}

void Producer::Impl::close_and_wait(Millis timeout) {
  for (;;) {
    bool was_started = false;
    if (begin_close(&was_started)) return end_close(timeout, was_started);
    std::unique_lock lock(mutex_);
    closed_.wait(lock, [&] { return state_ != State::kClosing; });
    // Else the other one could not close it.
    if (state_ == State::kClosed) return;
  }
}

// True for the one call whose timeout counts.
bool Producer::Impl::begin_close(bool* was_started) {
  std::lock_guard lock(mutex_);
  if (state_ == State::kClosing || state_ == State::kClosed) return false;
  *was_started = state_ == State::kStarted;
  state_ = State::kClosing;
  limits_.refuse();
  operations_->refuse();
  return true;
}

void Producer::Impl::end_close(Millis timeout, bool was_started) {
  const TimePoint deadline = now() + timeout;
  if (was_started) {
    const auto step = [this](const char* what, const auto& action) {
      attempt("producer", what, options_.group, action);
    };
    step("the start of the batches", [&] {
      for (auto& batch : batcher_.close()) batch.start();
    });
    step("the end of the timers", [&] { end_background(); });
    step("the end of what is in flight", [&] { end_operations(deadline); });
    if (transactions_) {
      step("the end of the checks", [&] {
        transactions_->stop();
        if (!transactions_->wait_ended(deadline, true)) {
          log(LogLevel::kWarn, "producer",
              "a check of a transaction of group {} is not answered at the end of the close", options_.group);
        }
      });
    }
    step("the end of the callbacks", [&] {
      if (!operations_->finish(std::max(deadline, now()) + kCloseGrace)) {
        log(LogLevel::kWarn, "producer",
            "a callback of the producer of group {} has not returned: what waits behind it is told when it does",
            options_.group);
      }
    });
    step("the end of the requests", [&] { requests_->close(); });
    step("the departure", [&] { client_->leave_producer_group(options_.group, kLongestUnregister, this); });
    step("the end of the client", [&] { lease_->release(); });
  }
  std::lock_guard lock(mutex_);
  state_ = State::kClosed;
  closed_.notify_all();
}

// Waits until the deadline; then what is left ends with kClosed.
void Producer::Impl::end_operations(TimePoint deadline) {
  if (operations_->wait_empty(deadline)) return;
  const TimePoint latest = now() + kCloseGrace;
  bool again = true;
  while (again && now() < latest) {
    again = false;
    try {
      client_->loop().run_and_wait(
          [&] { operations_->for_each([&](Completion& each) { again = !abort(each) || again; }); });
    } catch (const std::bad_alloc&) {
      again = true;
    }
    if (again && operations_->wait_empty(now() + Millis(10))) break;
  }
}

// On the loop. False when there was no memory for it.
bool Producer::Impl::abort(Completion& operation) {
  try {
    if (operation.kind == Request::kKind) {
      requests_->abort(static_cast<Request&>(operation));
    } else if (operation.kind == Call::kKind) {
      calls_->abort(static_cast<Call&>(operation));
    } else {
      static_cast<SendOperation&>(operation).abort(closed_before_acknowledgement());
    }
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void Producer::Impl::close_for_good() {
  (void)close(Millis(0));
  if (on_client_thread() || state_ == State::kCreated) return;
  // An earlier close may have left some running.
  const TimePoint deadline = now() + kLastCallbacks;
  (void)operations_->wait_empty(deadline);
  if (transactions_) (void)transactions_->wait_ended(deadline, false);
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
    impl_->close_for_good();
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

Status Producer::flush(Millis timeout) { return impl_->flush(timeout); }

Result<std::string> Producer::client_id() const { return impl_->client_id(); }

Result<ProducerStatistics> Producer::statistics() const { return impl_->statistics(); }
Status Producer::close(Millis timeout) { return impl_->close(timeout); }

}  // namespace rocketmq
