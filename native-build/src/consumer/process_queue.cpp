#include "consumer/process_queue.h"

#include <algorithm>

namespace rocketmq {

namespace {
int64_t body_bytes(const StoredMessage& message) { return static_cast<int64_t>(message.body.size()); }
}  // namespace

int64_t ProcessQueue::next_offset() const {
  std::lock_guard lock(mutex_);
  return next_offset_;
}

void ProcessQueue::add(std::vector<StoredMessage> messages, int64_t next_offset) {
  std::lock_guard lock(mutex_);
  for (StoredMessage& message : messages) {
    const int64_t offset = message.queue_offset;
    const int64_t bytes = body_bytes(message);
    if (given_out_.count(offset) == 0 && waiting_.emplace(offset, std::move(message)).second) bytes_ += bytes;
  }
  next_offset_ = next_offset;
}

std::vector<StoredMessage> ProcessQueue::take(size_t most) {
  std::vector<StoredMessage> taken;
  std::lock_guard lock(mutex_);
  // At once, so that nothing is lost between the two lists when memory is short.
  taken.reserve(std::min(most, waiting_.size()));
  while (taken.size() < most && !waiting_.empty()) {
    auto first = waiting_.begin();
    given_out_[first->first] = body_bytes(first->second);
    taken.push_back(std::move(first->second));
    waiting_.erase(first);
  }
  return taken;
}

void ProcessQueue::finish(int64_t offset) {
  std::lock_guard lock(mutex_);
  auto found = given_out_.find(offset);
  if (found == given_out_.end()) return;
  bytes_ -= found->second;
  given_out_.erase(found);
}

void ProcessQueue::put_back(StoredMessage message) {
  std::lock_guard lock(mutex_);
  if (given_out_.erase(message.queue_offset) == 0) return;
  const int64_t offset = message.queue_offset;
  waiting_.emplace(offset, std::move(message));
}

int64_t ProcessQueue::lowest() const {
  int64_t offset = next_offset_;
  if (!waiting_.empty()) offset = std::min(offset, waiting_.begin()->first);
  if (!given_out_.empty()) offset = std::min(offset, given_out_.begin()->first);
  return offset;
}

int64_t ProcessQueue::highest() const {
  int64_t offset = -1;
  if (!waiting_.empty()) offset = std::max(offset, waiting_.rbegin()->first);
  if (!given_out_.empty()) offset = std::max(offset, given_out_.rbegin()->first);
  return offset;
}

int64_t ProcessQueue::commit_offset() const {
  std::lock_guard lock(mutex_);
  return lowest();
}

bool ProcessQueue::has_waiting() const {
  std::lock_guard lock(mutex_);
  return !waiting_.empty();
}

size_t ProcessQueue::count() const {
  std::lock_guard lock(mutex_);
  return waiting_.size() + given_out_.size();
}

int64_t ProcessQueue::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

bool ProcessQueue::may_pull(int64_t most_messages, int64_t most_bytes, int64_t widest_span) const {
  std::lock_guard lock(mutex_);
  const auto count = static_cast<int64_t>(waiting_.size() + given_out_.size());
  if (count == 0) return true;
  return count < most_messages && bytes_ < most_bytes && highest() - lowest() < widest_span;
}

ProcessQueueInfo ProcessQueue::info() const {
  ProcessQueueInfo info;
  std::lock_guard lock(mutex_);
  info.commit_offset = std::max<int64_t>(lowest(), 0);
  info.cached_count = static_cast<int64_t>(waiting_.size() + given_out_.size());
  info.cached_min_offset = info.cached_count > 0 ? lowest() : 0;
  info.cached_max_offset = info.cached_count > 0 ? highest() : 0;
  info.cached_size_mib = bytes_ / (int64_t{1024} * 1024);
  info.dropped = dropped();
  info.locked = locked(now());
  info.last_lock_ms = last_lock_ms_.load(std::memory_order_relaxed);
  info.last_pull_ms = last_pull_ms_.load(std::memory_order_relaxed);
  info.last_consume_ms = last_consume_ms_.load(std::memory_order_relaxed);
  return info;
}

}  // namespace rocketmq
