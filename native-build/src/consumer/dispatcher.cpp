#include "consumer/dispatcher.h"

#include "base/thread.h"
#include "client/client_lease.h"

namespace rocketmq {

void Dispatcher::start() {
  for (int32_t i = 0; i < options_.consume_threads; ++i) {
    threads_.push_back(start_thread("rmq-consume-" + std::to_string(i + 1), [this] {
      mark_client_thread();
      run();
    }));
  }
}

void Dispatcher::schedule(const std::shared_ptr<ProcessQueue>& queue) {
  std::lock_guard lock(mutex_);
  if (queue->scheduled || !queue->has_waiting()) return;
  queue->scheduled = true;
  ready_.push_back(queue);
  work_.notify_one();
}

void Dispatcher::suspend() {
  std::lock_guard lock(mutex_);
  suspended_ = true;
}

void Dispatcher::resume() {
  std::lock_guard lock(mutex_);
  suspended_ = false;
  work_.notify_all();
}

void Dispatcher::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

// The next batch, or nullptr when there is none now.
std::shared_ptr<DeliveryRecord> Dispatcher::next() {
  while (!ready_.empty()) {
    auto queue = std::move(ready_.front());
    ready_.pop_front();
    queue->scheduled = false;
    if (queue->dropped()) continue;
    auto messages = queue->take(static_cast<size_t>(options_.max_batch_size));
    if (messages.empty()) continue;
    if (queue->has_waiting()) {
      // Behind the other queues, so that a long one does not starve them.
      queue->scheduled = true;
      ready_.push_back(queue);
      work_.notify_one();
    }
    auto record = std::make_shared<DeliveryRecord>();
    record->delivery.id = ++last_id_;
    record->delivery.queue = queue->queue();
    record->delivery.messages = std::move(messages);
    record->queue = std::move(queue);
    record->deadline = now() + options_.consume_timeout;
    given_out_.emplace(record->delivery.id, record);
    return record;
  }
  return nullptr;
}

void Dispatcher::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [&] {
      const bool room = given_out_.size() < static_cast<size_t>(options_.max_outstanding_batches);
      return stopping_ || (!suspended_ && room && !ready_.empty());
    });
    if (stopping_) return;
    // Held here, so that the batch outlives the callback even when it is acknowledged inside.
    auto record = next();
    if (!record) continue;
    lock.unlock();
    delivered_.fetch_add(static_cast<int64_t>(record->delivery.messages.size()), std::memory_order_relaxed);
    options_.on_delivery(record->delivery);
    record.reset();
    lock.lock();
  }
}

std::shared_ptr<DeliveryRecord> Dispatcher::find(uint64_t id) const {
  std::lock_guard lock(mutex_);
  auto found = given_out_.find(id);
  return found == given_out_.end() ? nullptr : found->second;
}

std::shared_ptr<DeliveryRecord> Dispatcher::take(uint64_t id) {
  std::shared_ptr<DeliveryRecord> record;
  std::lock_guard lock(mutex_);
  auto found = given_out_.find(id);
  if (found == given_out_.end()) {
    abandoned_.erase(id);
    return nullptr;
  }
  record = std::move(found->second);
  given_out_.erase(found);
  work_.notify_one();
  if (given_out_.empty()) idle_.notify_all();
  return record;
}

std::vector<std::shared_ptr<DeliveryRecord>> Dispatcher::abandon_expired(TimePoint at) {
  std::vector<std::shared_ptr<DeliveryRecord>> expired;
  std::lock_guard lock(mutex_);
  for (auto each = given_out_.begin(); each != given_out_.end();) {
    if (each->second->deadline > at) {
      ++each;
      continue;
    }
    expired.push_back(each->second);
    abandoned_.emplace(each->first, std::move(each->second));
    each = given_out_.erase(each);
  }
  if (!expired.empty()) work_.notify_all();
  if (given_out_.empty()) idle_.notify_all();
  return expired;
}

bool Dispatcher::wait_idle(TimePoint deadline) {
  std::unique_lock lock(mutex_);
  return idle_.wait_until(lock, deadline, [&] { return given_out_.empty(); });
}

size_t Dispatcher::outstanding() const {
  std::lock_guard lock(mutex_);
  return given_out_.size();
}

}  // namespace rocketmq
