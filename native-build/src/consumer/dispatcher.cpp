#include "consumer/dispatcher.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "client/client_lease.h"

namespace rocketmq {

struct Dispatcher::State {
  explicit State(const PushConsumerOptions& consumer_options) : options(consumer_options) {}

  void run();
  bool may_give_out(const ProcessQueue& queue) const;
  void schedule(const std::shared_ptr<ProcessQueue>& queue);
  Record next();
  void deliver(const Record& record);
  Record claim(uint64_t id);
  void release(const Record& record);

  const PushConsumerOptions options;
  OnFailure on_failure;
  mutable std::mutex mutex;
  std::condition_variable work;
  std::condition_variable idle;
  std::condition_variable ended;
  std::deque<std::shared_ptr<ProcessQueue>> ready;
  std::unordered_map<uint64_t, Record> given_out;
  std::unordered_map<uint64_t, Record> abandoned;
  uint64_t last_id = 0;
  bool suspended = false;
  bool stopping = false;
  size_t running_threads = 0;
  size_t running_callbacks = 0;
  std::atomic<int64_t> delivered{0};
  std::vector<std::thread> threads;
};

bool Dispatcher::State::may_give_out(const ProcessQueue& queue) const {
  if (queue.dropped()) return false;
  if (!options.orderly) return true;
  return !queue.busy && !queue.resting && (!options.needs_locks() || queue.locked(now()));
}

void Dispatcher::State::schedule(const std::shared_ptr<ProcessQueue>& queue) {
  if (queue->scheduled || !may_give_out(*queue) || !queue->has_waiting()) return;
  ready.push_back(queue);
  queue->scheduled = true;
  work.notify_one();
}

// The next batch, or nullptr when there is none now.
Dispatcher::Record Dispatcher::State::next() {
  while (!ready.empty()) {
    auto queue = std::move(ready.front());
    ready.pop_front();
    queue->scheduled = false;
    if (!may_give_out(*queue)) continue;
    auto record = std::make_shared<DeliveryRecord>();
    record->delivery.queue = queue->queue();
    record->delivery.messages = queue->take(static_cast<size_t>(options.max_batch_size));
    if (record->delivery.messages.empty()) continue;
    if (!options.orderly && queue->has_waiting()) {
      // Behind the other queues, so that a long one does not starve them.
      queue->scheduled = true;
      ready.push_back(queue);
      work.notify_one();
    }
    record->delivery.id = ++last_id;
    record->queue = std::move(queue);
    record->deadline = now() + options.consume_timeout;
    given_out.emplace(record->delivery.id, record);
    record->queue->busy = options.orderly;
    return record;
  }
  return nullptr;
}

void Dispatcher::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    work.wait(lock, [&] {
      const bool room = given_out.size() < static_cast<size_t>(options.max_outstanding_batches);
      return stopping || (!suspended && room && !ready.empty());
    });
    if (stopping) return;
    // Held here, so that the batch outlives the callback even when it is acknowledged inside.
    Record record;
    try {
      record = next();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "no batch could be made: {}", e.what());
    }
    if (!record) continue;
    ++running_callbacks;
    lock.unlock();
    deliver(record);
    record.reset();
    lock.lock();
    --running_callbacks;
    if (stopping) ended.notify_all();
  }
}

void Dispatcher::State::deliver(const Record& record) {
  delivered.fetch_add(static_cast<int64_t>(record->delivery.messages.size()), std::memory_order_relaxed);
  std::string reason;
  try {
    return options.on_delivery(record->delivery);
  } catch (const std::exception& e) {
    reason = e.what();
  } catch (...) {
    reason = "an exception of an unknown type";
  }
  // The thread serves further batches.
  log(LogLevel::kError, "consumer", "the callback for a batch of {} failed, which is given back: {}",
      record->delivery.queue.topic, reason);
  if (claim(record->delivery.id) == nullptr) return;
  try {
    on_failure(record, reason);
  } catch (const std::exception& e) {
    log(LogLevel::kError, "consumer", "it could not be given back: {}", e.what());
  }
  release(record);
}

Dispatcher::Record Dispatcher::State::claim(uint64_t id) {
  std::lock_guard lock(mutex);
  auto found = given_out.find(id);
  if (found == given_out.end()) {
    abandoned.erase(id);
    return nullptr;
  }
  if (std::exchange(found->second->claimed, true)) {
    found->second->done_with = true;
    return nullptr;
  }
  return found->second;
}

void Dispatcher::State::release(const Record& record) {
  std::lock_guard lock(mutex);
  given_out.erase(record->delivery.id);
  work.notify_one();
  if (given_out.empty()) idle.notify_all();
}

Dispatcher::Dispatcher(const PushConsumerOptions& options) : state_(std::make_shared<State>(options)) {}

Dispatcher::~Dispatcher() {
  stop();
  for (std::thread& thread : state_->threads) thread.detach();
}

void Dispatcher::start(OnFailure on_failure) {
  state_->on_failure = std::move(on_failure);
  state_->stopping = false;
  const auto body = [state = state_] {
    mark_client_thread();
    state->run();
    std::lock_guard lock(state->mutex);
    --state->running_threads;
    state->ended.notify_all();
  };
  try {
    state_->threads.reserve(static_cast<size_t>(state_->options.consume_threads));
    for (int32_t i = 0; i < state_->options.consume_threads; ++i) {
      {
        std::lock_guard lock(state_->mutex);
        ++state_->running_threads;
      }
      try {
        state_->threads.push_back(state_->options.thread_starter("rmq-consume-" + std::to_string(i + 1), body));
      } catch (...) {
        std::lock_guard lock(state_->mutex);
        --state_->running_threads;
        throw;
      }
    }
  } catch (...) {
    // Those that run have been given nothing.
    stop();
    wait_ended(now());
    throw;
  }
}

void Dispatcher::schedule(const std::shared_ptr<ProcessQueue>& queue) {
  std::lock_guard lock(state_->mutex);
  state_->schedule(queue);
}

bool Dispatcher::schedule_first(const std::shared_ptr<ProcessQueue>& queue) {
  std::lock_guard lock(state_->mutex);
  if (state_->stopping || state_->suspended) return false;
  state_->ready.push_front(queue);
  queue->scheduled = true;
  state_->work.notify_one();
  return true;
}

void Dispatcher::end_batch(const std::shared_ptr<ProcessQueue>& queue, bool then_rest) {
  std::lock_guard lock(state_->mutex);
  queue->busy = false;
  queue->resting = then_rest;
  state_->schedule(queue);
}

void Dispatcher::end_rest(const std::shared_ptr<ProcessQueue>& queue) {
  std::lock_guard lock(state_->mutex);
  queue->resting = false;
  state_->schedule(queue);
}

bool Dispatcher::busy(const ProcessQueue& queue) const {
  std::lock_guard lock(state_->mutex);
  return queue.busy;
}

void Dispatcher::suspend() {
  std::lock_guard lock(state_->mutex);
  state_->suspended = true;
}

void Dispatcher::resume() {
  std::lock_guard lock(state_->mutex);
  state_->suspended = false;
  state_->work.notify_all();
}

void Dispatcher::stop() {
  std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  state_->work.notify_all();
}

bool Dispatcher::wait_ended(TimePoint deadline) {
  std::vector<std::thread> over;
  {
    std::unique_lock lock(state_->mutex);
    const auto no_callback = [&] { return state_->running_callbacks == 0; };
    if (!state_->ended.wait_until(lock, deadline, no_callback)) return false;
    // Nothing holds up the threads any more.
    state_->ended.wait(lock, [&] { return state_->running_threads == 0; });
    over.swap(state_->threads);
  }
  for (std::thread& thread : over) thread.join();
  return true;
}

Dispatcher::Record Dispatcher::claim(uint64_t id) { return state_->claim(id); }

Dispatcher::Record Dispatcher::find(uint64_t id) const {
  std::lock_guard lock(state_->mutex);
  auto found = state_->given_out.find(id);
  return found == state_->given_out.end() ? nullptr : found->second;
}

void Dispatcher::release(const Record& record) { state_->release(record); }

std::vector<Dispatcher::Record> Dispatcher::note_expired(TimePoint at) {
  std::vector<Record> expired;
  std::lock_guard lock(state_->mutex);
  for (const auto& [id, record] : state_->given_out) {
    if (record->deadline > at || record->claimed) continue;
    expired.push_back(record);
    record->deadline = at + state_->options.consume_timeout;
  }
  return expired;
}

std::vector<Dispatcher::Record> Dispatcher::claim_expired(TimePoint at) {
  std::vector<Record> expired;
  std::lock_guard lock(state_->mutex);
  for (const auto& [id, record] : state_->given_out) {
    if (record->deadline > at || record->claimed) continue;
    expired.push_back(record);
    record->claimed = true;
  }
  return expired;
}

void Dispatcher::abandon(const Record& record) {
  std::lock_guard lock(state_->mutex);
  if (!record->done_with) state_->abandoned.emplace(record->delivery.id, record);
  state_->given_out.erase(record->delivery.id);
  state_->work.notify_one();
  if (state_->given_out.empty()) state_->idle.notify_all();
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
