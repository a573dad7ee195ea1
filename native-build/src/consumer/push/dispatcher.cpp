#include "consumer/push/dispatcher.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace rocketmq {

namespace {

// Batches that one thread delivers one after another.
constexpr int kMostInARow = 16;

}  // namespace

struct Dispatcher::State : std::enable_shared_from_this<Dispatcher::State> {
  State(const PushConsumerOptions& consumer_options, std::function<void()> ended)
      : options(consumer_options), on_ended(std::move(ended)) {}

  void schedule(const std::shared_ptr<ProcessQueue>& queue);
  std::shared_ptr<ProcessQueue> pop_ready();
  bool may_begin() const;
  bool has_work() const { return first_ready && may_begin(); }
  Record next();
  bool run_one();
  void run();
  void deliver(const Record& record);
  Record claim(uint64_t id);
  void end(const Record& record);

  const PushConsumerOptions options;
  const std::function<void()> on_ended;
  mutable std::mutex mutex;
  std::condition_variable idle;
  std::shared_ptr<Lane> lane;
  // Lists through the queues and records themselves, so that adding needs no memory.
  std::shared_ptr<ProcessQueue> first_ready;
  ProcessQueue* last_ready = nullptr;
  Record first_ended;
  DeliveryRecord* last_ended = nullptr;
  std::unordered_map<uint64_t, Record> given_out;
  uint64_t last_id = 0;
  bool suspended = false;
  bool stopped = false;
  std::atomic<int64_t> delivered{0};
};

void Dispatcher::State::schedule(const std::shared_ptr<ProcessQueue>& queue) {
  if (queue->ready || !queue->may_take(now())) return;
  queue->ready = true;
  if (last_ready != nullptr) {
    last_ready->next_ready = queue;
  } else {
    first_ready = queue;
  }
  last_ready = queue.get();
}

std::shared_ptr<ProcessQueue> Dispatcher::State::pop_ready() {
  auto queue = std::move(first_ready);
  if (!queue) return queue;
  first_ready = std::move(queue->next_ready);
  if (!first_ready) last_ready = nullptr;
  queue->ready = false;
  return queue;
}

bool Dispatcher::State::may_begin() const {
  return !stopped && !suspended && given_out.size() < static_cast<size_t>(options.max_outstanding_batches);
}

// The next batch, or nullptr when there is none now.
Dispatcher::Record Dispatcher::State::next() {
  while (may_begin()) {
    const auto queue = pop_ready();
    if (!queue) return nullptr;
    const uint64_t id = ++last_id;
    Record record;
    try {
      record = std::make_shared<DeliveryRecord>();
      record->queue = queue;
      record->delivery->queue = queue->queue();
      record->delivery->id = id;
      record->deadline = now() + options.consume_timeout;
      // Room for it first: what is taken out of the queue must not be lost.
      given_out.emplace(id, record);
      record->delivery->began_at_ms = wall_clock_ms();
      record->delivery->messages = queue->take(static_cast<size_t>(options.max_batch_size), now());
    } catch (...) {
      given_out.erase(id);
      schedule(queue);
      throw;
    }
    if (record->delivery->messages.empty()) {
      given_out.erase(id);
      continue;
    }
    // Behind the other queues, so that a long one does not starve them.
    schedule(queue);
    return record;
  }
  return nullptr;
}

// A task of the lane. Others run beside it as long as there are more batches.
void Dispatcher::State::run() {
  // Each in a task of its own would cost a thread's wake-up. Others shall have their turn, too.
  for (int i = 0; i < kMostInARow && run_one(); ++i) {
  }
  std::lock_guard lock(mutex);
  if (has_work()) lane->signal();
}

// One batch; false when there was none.
bool Dispatcher::State::run_one() {
  // Held here, so that the batch outlives the callback even when it is acknowledged inside.
  Record record;
  {
    std::lock_guard lock(mutex);
    try {
      record = next();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "no batch could be made: {}", e.what());
      return false;
    }
    if (record && has_work()) lane->signal();
  }
  if (!record) return false;
  deliver(record);
  return true;
}

void Dispatcher::State::deliver(const Record& record) {
  delivered.fetch_add(static_cast<int64_t>(record->delivery->messages.size()), std::memory_order_relaxed);
  const uint64_t id = record->delivery->id;
  std::string reason;
  try {
    return options.on_delivery(*record->delivery);
  } catch (const std::exception& e) {
    reason = e.what();
  } catch (...) {
    reason = "an exception of an unknown type";
  }
  log(LogLevel::kError, "consumer", "the callback for a batch of {} failed, which is given back: {}",
      record->queue->queue().topic, reason);
  const Record claimed = claim(id);
  if (!claimed) return;
  claimed->failure = std::move(reason);
  end(claimed);
}

Dispatcher::Record Dispatcher::State::claim(uint64_t id) {
  std::lock_guard lock(mutex);
  const auto found = given_out.find(id);
  if (found == given_out.end() || std::exchange(found->second->claimed, true)) return nullptr;
  return found->second;
}

void Dispatcher::State::end(const Record& record) {
  {
    std::lock_guard lock(mutex);
    record->next_ended = nullptr;
    if (last_ended != nullptr) {
      last_ended->next_ended = record;
    } else {
      first_ended = record;
    }
    last_ended = record.get();
  }
  on_ended();
}

Dispatcher::Dispatcher(const PushConsumerOptions& options, std::function<void()> on_ended)
    : state_(std::make_shared<State>(options, std::move(on_ended))) {}

Dispatcher::~Dispatcher() {
  stop();
  // One by one, as a long list must not be taken down by recursion.
  while (take_ended()) {
  }
}

void Dispatcher::start(WorkerPool& workers) {
  auto lane = workers.make_lane(state_->options.consume_threads, [weak = std::weak_ptr<State>(state_)] {
    if (const auto self = weak.lock()) self->run();
  });
  std::lock_guard lock(state_->mutex);
  state_->lane = std::move(lane);
  state_->stopped = false;
}

void Dispatcher::schedule(const std::shared_ptr<ProcessQueue>& queue) {
  std::lock_guard lock(state_->mutex);
  state_->schedule(queue);
  if (state_->lane && state_->has_work()) state_->lane->signal();
}

bool Dispatcher::schedule_first(const std::shared_ptr<ProcessQueue>& queue) {
  std::lock_guard lock(state_->mutex);
  if (state_->stopped || state_->suspended || !state_->lane) return false;
  queue->ready = true;
  queue->next_ready = std::move(state_->first_ready);
  if (!queue->next_ready) state_->last_ready = queue.get();
  state_->first_ready = queue;
  state_->lane->signal();
  return true;
}

void Dispatcher::nudge() {
  std::lock_guard lock(state_->mutex);
  if (state_->lane && state_->has_work()) state_->lane->signal();
}

void Dispatcher::suspend() {
  std::lock_guard lock(state_->mutex);
  state_->suspended = true;
}

void Dispatcher::resume() {
  std::lock_guard lock(state_->mutex);
  state_->suspended = false;
  if (state_->lane && state_->has_work()) state_->lane->signal();
}

void Dispatcher::stop() {
  std::shared_ptr<Lane> lane;
  {
    std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    lane = state_->lane;
    while (state_->pop_ready()) {
    }
  }
  if (lane) lane->close();
}

bool Dispatcher::wait_callbacks(TimePoint deadline) {
  std::shared_ptr<Lane> lane;
  {
    std::lock_guard lock(state_->mutex);
    lane = state_->lane;
  }
  return !lane || lane->wait_idle(deadline);
}

Dispatcher::Record Dispatcher::claim(uint64_t id) { return state_->claim(id); }

Dispatcher::Record Dispatcher::find(uint64_t id) const {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->given_out.find(id);
  return found == state_->given_out.end() ? nullptr : found->second;
}

void Dispatcher::end(const Record& record) { state_->end(record); }

Dispatcher::Record Dispatcher::take_ended() {
  std::lock_guard lock(state_->mutex);
  Record record = std::move(state_->first_ended);
  if (!record) return record;
  state_->first_ended = std::move(record->next_ended);
  if (!state_->first_ended) state_->last_ended = nullptr;
  return record;
}

void Dispatcher::put_back_ended(const Record& record) {
  std::lock_guard lock(state_->mutex);
  record->next_ended = std::move(state_->first_ended);
  if (!record->next_ended) state_->last_ended = record.get();
  state_->first_ended = record;
}

void Dispatcher::release(const Record& record) {
  std::lock_guard lock(state_->mutex);
  state_->given_out.erase(record->delivery->id);
  if (state_->lane && state_->has_work()) state_->lane->signal();
  if (state_->given_out.empty()) state_->idle.notify_all();
}

std::vector<Dispatcher::Record> Dispatcher::take_expired(TimePoint at, bool claim) {
  std::vector<Record> expired;
  std::lock_guard lock(state_->mutex);
  // First, as what is claimed must get to the caller.
  expired.reserve(state_->given_out.size());
  for (const auto& [id, record] : state_->given_out) {
    if (record->deadline > at || record->claimed) continue;
    expired.push_back(record);
    record->claimed = claim;
    record->deadline = at + state_->options.consume_timeout;
  }
  return expired;
}

bool Dispatcher::wait_idle(TimePoint deadline) {
  std::unique_lock lock(state_->mutex);
  return state_->idle.wait_until(lock, deadline, [&] { return state_->given_out.empty(); });
}

size_t Dispatcher::outstanding() const {
  std::lock_guard lock(state_->mutex);
  return state_->given_out.size();
}

int64_t Dispatcher::delivered() const { return state_->delivered.load(std::memory_order_relaxed); }

}  // namespace rocketmq
