#include "producer/auto_batcher.h"

#include <algorithm>
#include <tuple>

#include "base/memory.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

Error no_memory_for_batch() {
  return as_far_as_memory_goes(ErrorKind::kOutOfMemory, false, [] {
    Error error;
    error.kind = ErrorKind::kOutOfMemory;
    error.message = "no memory for a batch";
    return error;
  });
}

}  // namespace

void AutoBatcher::Batch::start() {
  Error error;
  try {
    operation->set_message(encoder.finish());
    operation->start();
    return;
  } catch (const std::bad_alloc&) {
    error = no_memory_for_batch();
  } catch (const std::exception& e) {
    error = as_far_as_memory_goes(ErrorKind::kInternalError, false, [&] {
      Error internal;
      internal.message = e.what();
      return internal;
    });
  }
  // Its members are accepted, so that they must end.
  operation->abort(std::move(error));
}

AutoBatcher::KeyView AutoBatcher::key_of(const OutgoingMessage& message, Millis timeout) {
  return {message.topic, message.broker_name, message.sharding_key, message.broker_name.empty() ? 0 : message.queue_id,
          timeout};
}

bool AutoBatcher::may_add(const OutgoingMessage& message) const {
  return message.delay_level == 0 && message.deliver_at_ms == 0 && !message.priority && message.reply_to.empty() &&
         !message.topic.starts_with(kRetryTopicPrefix) &&
         BatchEncoder::size_of(message) <= static_cast<size_t>(options_.auto_batch_max_bytes);
}

bool AutoBatcher::is_full(const Batch& batch) const {
  return batch.encoder.count() >= static_cast<size_t>(options_.auto_batch_max_count) ||
         batch.encoder.bytes() >= static_cast<size_t>(options_.auto_batch_max_bytes);
}

Status AutoBatcher::add(const OutgoingMessage& message, Millis timeout, BatchMember member,
                        std::vector<Batch>& complete, std::optional<TimePoint>& wake_at) {
  const KeyView key = key_of(message, timeout);
  complete.reserve(2);
  std::lock_guard lock(mutex_);
  if (closed_) return fail(ErrorKind::kClosed, "the producer is closed: create another one");
  auto found = batches_.find(key);
  if (found != batches_.end() && found->second.encoder.bytes() + BatchEncoder::size_of(message) >
                                     static_cast<size_t>(options_.auto_batch_max_bytes)) {
    complete.push_back(std::move(found->second));
    batches_.erase(found);
    found = batches_.end();
  }
  if (found == batches_.end()) {
    // First what may fail, so that no empty batch stays.
    Batch batch(options_);
    if (auto added = batch.encoder.add(message); !added) return added;
    auto operation = open_(message, timeout);
    if (!operation) return fail(operation.error());
    batch.operation = std::move(*operation);
    // A linger as long as the timeout would leave none of it for the send.
    batch.due = now() + std::min(options_.auto_batch_linger, timeout / 2);
    try {
      batch.operation->members.push_back(member);
      found = batches_
                  .emplace(Key{std::string(key.topic), std::string(key.broker_name), std::string(key.sharding_key),
                               key.queue_id, key.timeout},
                           std::move(batch))
                  .first;
    } catch (const std::bad_alloc&) {
      // The operation is known to the producer already, which waits for its end; nobody else does.
      batch.operation->members.clear();
      batch.operation->abort(no_memory_for_batch());
      throw;
    }
  } else {
    auto& members = found->second.operation->members;
    members.push_back(std::move(member));
    Status added;
    try {
      added = found->second.encoder.add(message);
    } catch (...) {
      members.pop_back();
      throw;
    }
    if (!added) {
      members.pop_back();
      return added;
    }
  }
  if (is_full(found->second)) {
    complete.push_back(std::move(found->second));
    batches_.erase(found);
  } else if (!armed_ || found->second.due < *armed_) {
    armed_ = found->second.due;
    wake_at = armed_;
  }
  return {};
}

void AutoBatcher::flush_before(const OutgoingMessage& message, Millis timeout, std::vector<Batch>& complete) {
  std::lock_guard lock(mutex_);
  auto found = batches_.find(key_of(message, timeout));
  if (found == batches_.end()) return;
  complete.push_back(std::move(found->second));
  batches_.erase(found);
}

std::optional<TimePoint> AutoBatcher::start_due(TimePoint at) {
  std::map<Key, Batch, Less> due;
  std::optional<TimePoint> wake_at;
  {
    std::lock_guard lock(mutex_);
    for (auto next = batches_.begin(); next != batches_.end();) {
      const auto each = next++;
      if (each->second.due <= at) {
        due.insert(due.end(), batches_.extract(each));
      } else {
        wake_at = wake_at ? std::min(*wake_at, each->second.due) : each->second.due;
      }
    }
    armed_ = wake_at;
  }
  for (auto& [key, batch] : due) batch.start();
  return wake_at;
}

std::vector<AutoBatcher::Batch> AutoBatcher::close() {
  std::vector<Batch> all;
  std::lock_guard lock(mutex_);
  all.reserve(batches_.size());
  closed_ = true;
  for (auto& [key, batch] : batches_) all.push_back(std::move(batch));
  batches_.clear();
  return all;
}

}  // namespace rocketmq
