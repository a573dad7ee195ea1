#include "producer/transaction_checks.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "client/client_lease.h"

namespace rocketmq {

namespace {

// One of the library, for C callbacks that wait for what they should not.
constexpr int kMostWrittenOffThreads = 256;

struct Pending {
  TransactionCheck check;
  TransactionEnd end;
  std::string address;
  // Of the message: one that was sent twice, as an attempt's answer was lost, has one id on two brokers.
  std::string key;
  // When its callback began.
  std::optional<TimePoint> given_out;
};
using Record = std::shared_ptr<Pending>;

}  // namespace

struct TransactionChecks::State {
  State(const TransactionOptions& transaction_options, Answer answer_sender)
      : options(transaction_options), send_answer(std::move(answer_sender)) {}

  void run();
  void give_out(const Record& record);
  void start_thread_if_needed(const std::shared_ptr<State>& self);
  Record take(uint64_t id);
  bool is_overdue(const Pending& record, TimePoint at) const {
    return record.given_out && at - *record.given_out > options.check_timeout;
  }
  int64_t count(TimePoint at) const;
  void forget(const Record& record);

  const TransactionOptions options;
  const Answer send_answer;
  mutable std::mutex mutex;
  std::condition_variable work;
  std::condition_variable changed;
  std::deque<Record> waiting;
  // Waiting and given out.
  std::unordered_map<uint64_t, Record> by_id;
  std::map<std::string, Record> by_message;
  // Whose callbacks run, answered or not.
  std::set<Record> in_callback;
  uint64_t last_id = 0;
  int next_thread = 0;
  int idle_threads = 0;
  int live_threads = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
};

// Under the lock.
int64_t TransactionChecks::State::count(TimePoint at) const {
  int64_t pending = 0;
  for (const auto& [id, record] : by_id) pending += is_overdue(*record, at) ? 0 : 1;
  return pending;
}

// Under the lock.
void TransactionChecks::State::forget(const Record& record) {
  by_id.erase(record->check.id);
  // A later check of the message may have taken the place of one that was overdue.
  auto found = by_message.find(record->key);
  if (found != by_message.end() && found->second == record) by_message.erase(found);
}

// Under the lock.
void TransactionChecks::State::start_thread_if_needed(const std::shared_ptr<State>& self) {
  if (waiting.size() <= static_cast<size_t>(idle_threads)) return;
  const TimePoint at = now();
  int written_off = 0;
  for (const Record& record : in_callback) written_off += is_overdue(*record, at) ? 1 : 0;
  if (live_threads - written_off >= options.check_threads || written_off > kMostWrittenOffThreads) return;
  ++live_threads;
  try {
    // A thread that runs must not be without a place.
    threads.reserve(threads.size() + 1);
    threads.push_back(options.thread_starter("rmq-check-" + std::to_string(++next_thread), [self] {
      mark_client_thread();
      self->run();
      std::lock_guard lock(self->mutex);
      --self->live_threads;
      self->changed.notify_all();
    }));
  } catch (const std::exception& e) {
    --live_threads;
    log(LogLevel::kError, "producer", "no thread for the checks of transactions could be started: {}", e.what());
  }
}

void TransactionChecks::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    ++idle_threads;
    work.wait(lock, [&] { return stopping || !waiting.empty(); });
    --idle_threads;
    if (stopping) return;
    // Held here, so that the check outlives the callback even when it is answered inside.
    Record record = std::move(waiting.front());
    waiting.pop_front();
    record->given_out = now();
    try {
      in_callback.insert(record);
    } catch (const std::bad_alloc&) {
      // The broker asks again.
      forget(record);
      continue;
    }
    lock.unlock();
    try {
      give_out(record);
    } catch (const std::exception&) {
      // Without memory, not even an answer can be sent. One that was answered before is not here any more.
      take(record->check.id);
    }
    lock.lock();
    in_callback.erase(record);
    record.reset();
    changed.notify_all();
  }
}

void TransactionChecks::State::give_out(const Record& record) {
  if (auto unpacked = unpack_body(record->check.message); !unpacked) {
    log(LogLevel::kWarn, "producer", "the transaction {} cannot be checked, as its message cannot be read: {}",
        record->end.message_id, unpacked.error().message);
    take(record->check.id);
    return;
  }
  std::string reason;
  try {
    return options.on_check(record->check);
  } catch (const std::exception& e) {
    reason = e.what();
  } catch (...) {
    reason = "an exception of an unknown type";
  }
  log(LogLevel::kError, "producer", "the check of transaction {} failed, whose state stays unknown: {}",
      record->end.message_id, reason);
  if (take(record->check.id)) send_answer(record->address, record->end, TransactionState::kUnknown);
}

Record TransactionChecks::State::take(uint64_t id) {
  std::lock_guard lock(mutex);
  auto found = by_id.find(id);
  if (found == by_id.end()) return nullptr;
  Record record = found->second;
  forget(record);
  changed.notify_all();
  return record;
}

TransactionChecks::TransactionChecks(const TransactionOptions& options, Answer answer)
    : state_(std::make_shared<State>(options, std::move(answer))) {}

TransactionChecks::~TransactionChecks() {
  stop();
  std::lock_guard lock(state_->mutex);
  for (std::thread& thread : state_->threads) thread.detach();
}

void TransactionChecks::add(StoredMessage message, TransactionEnd end, const std::string& address) {
  auto record = std::make_shared<Pending>();
  record->check.broker_name = end.broker_name;
  record->check.transaction_id = end.transaction_id.empty() ? end.message_id : end.transaction_id;
  record->check.message = std::move(message);
  record->end = std::move(end);
  record->address = address;
  record->key = record->end.message_id + "@" + address;
  std::lock_guard lock(state_->mutex);
  if (state_->stopping) return;
  const TimePoint at = now();
  auto [known, is_new] = state_->by_message.try_emplace(record->key, record);
  if (!is_new && !state_->is_overdue(*known->second, at)) {
    // Read by nobody before it is answered, unlike the rest.
    known->second->end.queue_offset = record->end.queue_offset;
    known->second->end.commit_log_offset = record->end.commit_log_offset;
    // Callbacks that hang may have been written off since it began to wait.
    state_->start_thread_if_needed(state_);
    return;
  }
  if (state_->count(at) >= state_->options.max_pending_checks) {
    if (is_new) state_->by_message.erase(known);
    log(LogLevel::kWarn, "producer",
        "{} checks of transactions are pending (max_pending_checks): that of {} is dropped",
        state_->options.max_pending_checks, record->end.message_id);
    return;
  }
  known->second = record;
  record->check.id = ++state_->last_id;
  try {
    state_->by_id.emplace(record->check.id, record);
    state_->waiting.push_back(record);
  } catch (const std::bad_alloc&) {
    state_->forget(record);
    throw;
  }
  state_->start_thread_if_needed(state_);
  state_->work.notify_one();
}

Status TransactionChecks::answer(uint64_t id, TransactionState state) {
  const Record record = state_->take(id);
  if (!record) {
    return fail(ErrorKind::kInvalidState,
                "there is no check " + std::to_string(id) +
                    " to answer: it was answered before, or never given out by this producer");
  }
  state_->send_answer(record->address, record->end, state);
  return {};
}

int64_t TransactionChecks::pending() const {
  std::lock_guard lock(state_->mutex);
  return state_->count(now());
}

void TransactionChecks::stop() {
  std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  // Nobody was given these; the broker asks another client of the group.
  for (const Record& record : state_->waiting) state_->forget(record);
  state_->waiting.clear();
  state_->work.notify_all();
}

bool TransactionChecks::wait_ended(TimePoint deadline, bool answers) {
  std::vector<std::thread> over;
  {
    std::unique_lock lock(state_->mutex);
    const bool ended = state_->changed.wait_until(
        lock, deadline, [&] { return state_->in_callback.empty() && (!answers || state_->count(now()) == 0); });
    if (!ended) return false;
    // Nothing holds up the threads any more.
    state_->changed.wait(lock, [&] { return state_->live_threads == 0; });
    over.swap(state_->threads);
  }
  for (std::thread& thread : over) thread.join();
  return true;
}

}  // namespace rocketmq
