#include "consumer/push/process_queue.h"

#include <algorithm>
#include <utility>

namespace rocketmq {

ProcessQueue::ProcessQueue(MessageQueue queue, bool one_batch_at_a_time, std::shared_ptr<CacheTotals> totals)
    : queue_(std::move(queue)), one_batch_at_a_time_(one_batch_at_a_time), totals_(std::move(totals)) {}

ProcessQueue::~ProcessQueue() { discard(); }

void ProcessQueue::count(int64_t messages, int64_t bytes) {
  bytes_ += bytes;
  if (discarded_ || !totals_) return;
  totals_->messages.fetch_add(messages, std::memory_order_relaxed);
  totals_->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

void ProcessQueue::open(TimePoint until) {
  std::lock_guard lock(mutex_);
  if (!discarded_) open_until_ = until;
}

void ProcessQueue::close() {
  std::lock_guard lock(mutex_);
  open_until_ = TimePoint::min();
}

void ProcessQueue::discard() {
  std::lock_guard lock(mutex_);
  if (discarded_) return;
  open_until_ = TimePoint::min();
  count(-static_cast<int64_t>(entries_.size()), -bytes_);
  discarded_ = true;
  // The offset does not pass what waits.
  const auto waiting =
      std::find_if(entries_.begin(), entries_.end(), [](const auto& each) { return !each.second.out; });
  if (waiting != entries_.end()) next_offset_ = std::min(next_offset_, waiting->first);
  std::erase_if(entries_, [](const auto& each) { return !each.second.out; });
}

bool ProcessQueue::discarded() const {
  std::lock_guard lock(mutex_);
  return discarded_;
}

bool ProcessQueue::may_take(TimePoint at) const {
  std::lock_guard lock(mutex_);
  return is_open(at) && entries_.size() > out_;
}

bool ProcessQueue::is_open(TimePoint at) const { return at < open_until_ && !(one_batch_at_a_time_ && out_ > 0); }

int64_t ProcessQueue::next_offset() const {
  std::lock_guard lock(mutex_);
  return next_offset_;
}

void ProcessQueue::add(std::vector<StoredMessage> messages, int64_t next_offset) {
  std::lock_guard lock(mutex_);
  for (StoredMessage& message : messages) {
    const int64_t offset = message.queue_offset;
    const auto [place, fresh] = entries_.try_emplace(offset);
    if (!fresh) continue;
    place->second.bytes = static_cast<int64_t>(message.body.size());
    place->second.message = std::move(message);
    first_waiting_ = std::min(first_waiting_, offset);
    count(1, place->second.bytes);
  }
  next_offset_ = next_offset;
}

std::vector<StoredMessage> ProcessQueue::take(size_t most, TimePoint at) {
  std::vector<StoredMessage> taken;
  std::lock_guard lock(mutex_);
  if (!is_open(at)) return taken;
  // Beforehand, so that nothing is lost on the way when memory is short.
  taken.reserve(std::min(most, entries_.size() - out_));
  auto each = entries_.lower_bound(first_waiting_);
  for (; each != entries_.end() && taken.size() < taken.capacity() && taken.size() < most; ++each) {
    if (each->second.out) continue;
    taken.push_back(std::move(each->second.message));
    each->second.out = true;
    ++out_;
  }
  first_waiting_ = each == entries_.end() ? INT64_MAX : each->first;
  return taken;
}

void ProcessQueue::finish(int64_t offset) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(offset);
  if (found == entries_.end() || !found->second.out) return;
  count(-1, -found->second.bytes);
  entries_.erase(found);
  --out_;
}

void ProcessQueue::put_back(StoredMessage message) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(message.queue_offset);
  if (found == entries_.end() || !found->second.out) return;
  --out_;
  if (discarded_) {
    next_offset_ = std::min(next_offset_, found->first);
    entries_.erase(found);
    return;
  }
  found->second.out = false;
  found->second.message = std::move(message);
  first_waiting_ = std::min(first_waiting_, found->first);
}

int64_t ProcessQueue::commit_offset() const {
  std::lock_guard lock(mutex_);
  return lowest();
}

size_t ProcessQueue::out_count() const {
  std::lock_guard lock(mutex_);
  return out_;
}

bool ProcessQueue::has_room(int64_t most_messages, int64_t most_bytes, int64_t widest_span) const {
  std::lock_guard lock(mutex_);
  if (entries_.empty()) return true;
  return static_cast<int64_t>(entries_.size()) < most_messages && bytes_ < most_bytes &&
         entries_.rbegin()->first - lowest() < widest_span;
}

ProcessQueueInfo ProcessQueue::info() const {
  ProcessQueueInfo info;
  std::lock_guard lock(mutex_);
  info.commit_offset = std::max<int64_t>(lowest(), 0);
  info.cached_count = static_cast<int64_t>(entries_.size());
  info.cached_min_offset = entries_.empty() ? 0 : entries_.begin()->first;
  info.cached_max_offset = entries_.empty() ? 0 : entries_.rbegin()->first;
  info.cached_size_mib = bytes_ / (int64_t{1024} * 1024);
  info.dropped = discarded_;
  info.last_consume_ms = last_consume_ms_.load(std::memory_order_relaxed);
  return info;
}

}  // namespace rocketmq
