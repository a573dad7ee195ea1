#include "producer/transaction_checks.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "client/client_lease.h"
#include "client/client_thread.h"

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
  // When its callback began, and its place among those that were given out.
  std::optional<TimePoint> given_out;
  uint64_t turn = 0;
  bool in_callback = false;
  bool answered = false;
  // It took longer than a check may, and counts no more.
  bool overdue = false;
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
  int64_t count(TimePoint at);
  void note_overdue(TimePoint at);
  void begin_callback(const Record& record);
  void end_callback(const Record& record);
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
  // By turn: given out and not overdue, as long as the callback runs or the answer is due.
  std::map<uint64_t, Record> on_time;
  // Of the overdue ones: not answered; with a callback that runs.
  int64_t overdue_unanswered = 0;
  int written_off = 0;
  int callbacks_running = 0;
  uint64_t last_turn = 0;
  uint64_t last_id = 0;
  int next_thread = 0;
  int idle_threads = 0;
  int live_threads = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
};

// All of these under the lock.
void TransactionChecks::State::note_overdue(TimePoint at) {
  while (!on_time.empty()) {
    Pending& oldest = *on_time.begin()->second;
    if (at - *oldest.given_out <= options.check_timeout) return;
    oldest.overdue = true;
    overdue_unanswered += oldest.answered ? 0 : 1;
    written_off += oldest.in_callback ? 1 : 0;
    on_time.erase(on_time.begin());
  }
}

int64_t TransactionChecks::State::count(TimePoint at) {
  note_overdue(at);
  return static_cast<int64_t>(by_id.size()) - overdue_unanswered;
}

void TransactionChecks::State::begin_callback(const Record& record) {
  on_time.emplace(last_turn + 1, record);
  record->turn = ++last_turn;
  record->given_out = now();
  record->in_callback = true;
  ++callbacks_running;
}

void TransactionChecks::State::end_callback(const Record& record) {
  record->in_callback = false;
  --callbacks_running;
  if (record->overdue) {
    --written_off;
  } else if (record->answered) {
    on_time.erase(record->turn);
  }
}

void TransactionChecks::State::forget(const Record& record) {
  if (by_id.erase(record->check.id) > 0) {
    record->answered = true;
    if (record->overdue) {
      --overdue_unanswered;
    } else if (record->given_out && !record->in_callback) {
      on_time.erase(record->turn);
    }
  }
  // A later check of the message may have taken the place of one that was overdue.
  auto found = by_message.find(record->key);
  if (found != by_message.end() && found->second == record) by_message.erase(found);
}

void TransactionChecks::State::start_thread_if_needed(const std::shared_ptr<State>& self) {
  if (waiting.size() <= static_cast<size_t>(idle_threads)) return;
  note_overdue(now());
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
    try {
      begin_callback(record);
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
    end_callback(record);
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
  const int64_t pending = state_->count(now());
  auto [known, is_new] = state_->by_message.try_emplace(record->key, record);
  if (!is_new && !known->second->overdue) {
    // Read by nobody before it is answered, unlike the rest.
    known->second->end.queue_offset = record->end.queue_offset;
    known->second->end.commit_log_offset = record->end.commit_log_offset;
    // Callbacks that hang may have been written off since it began to wait.
    state_->start_thread_if_needed(state_);
    return;
  }
  if (pending >= state_->options.max_pending_checks) {
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
        lock, deadline, [&] { return state_->callbacks_running == 0 && (!answers || state_->count(now()) == 0); });
    if (!ended) return false;
    // Nothing holds up the threads any more.
    state_->changed.wait(lock, [&] { return state_->live_threads == 0; });
    over.swap(state_->threads);
  }
  for (std::thread& thread : over) thread.join();
  return true;
}

}  // namespace rocketmq
