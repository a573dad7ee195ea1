#include "consumer/simple_operation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/memory.h"

namespace rocketmq {

namespace {

constexpr size_t kMostOperations = 65536;
constexpr size_t kLargestBatch = 1024;

}  // namespace

Status SimpleOperations::add(const Operation& operation, ClientInstance* client) {
  if (operation->asynchronous && !on_completed_) {
    return fail(
        ErrorKind::kInvalidArgument,
        "on_completed is not set, so that nobody would learn of the call's end: set it in the consumer's options");
  }
  std::lock_guard lock(mutex_);
  if (refusing_) return fail(ErrorKind::kClosed, "the consumer is closed: create another one");
  if (operations_.size() >= kMostOperations) {
    return fail(ErrorKind::kTooManyRequests, fmt::format("{} calls of this consumer are under way, which is the limit: "
                                                         "wait for some of them to end",
                                                         operations_.size()));
  }
  if (finished_.capacity() <= operations_.size()) finished_.reserve(2 * (operations_.size() + 1));
  operations_.insert(operation);
  client_ = client;
  return {};
}

void SimpleOperations::end(const Operation& operation, Result<SimpleResult> result) {
  (void)try_end(operation, result);
}

bool SimpleOperations::try_end(const Operation& operation, Result<SimpleResult>& result) {
  if (operation->ended.exchange(true)) return false;
  if (!result) result.error().elapsed_ms = millis_between(operation->begin, now());
  operation->result = std::move(result);
  if (!operation->asynchronous) {
    // First, so that who waited no longer finds it among those under way.
    remove(operation);
    std::lock_guard lock(operation->mutex);
    operation->has_result = true;
    operation->changed.notify_all();
    return true;
  }
  std::lock_guard lock(mutex_);
  finished_.push_back(operation);
  if (!delivering_) delivering_ = client_->callbacks().post([self = shared_from_this()] { self->deliver(); });
  return true;
}

Result<SimpleResult> SimpleOperations::wait(const Operation& operation) {
  std::unique_lock lock(operation->mutex);
  operation->changed.wait(lock, [&] { return operation->has_result; });
  return std::move(*operation->result);
}

void SimpleOperations::remove(const Operation& operation) {
  std::lock_guard lock(mutex_);
  operations_.erase(operation);
  if (operations_.empty()) emptied_.notify_all();
}

// On the callback thread.
void SimpleOperations::deliver() {
  for (;;) {
    std::vector<Operation> batch;
    std::vector<SimpleOutcome> outcomes;
    until_memory([&] {
      batch.reserve(kLargestBatch);
      outcomes.reserve(kLargestBatch);
    });
    {
      std::lock_guard lock(mutex_);
      if (finished_.empty()) {
        delivering_ = false;
        return;
      }
      const size_t count = std::min(finished_.size(), kLargestBatch);
      const auto end = finished_.begin() + static_cast<std::ptrdiff_t>(count);
      batch.assign(finished_.begin(), end);
      finished_.erase(finished_.begin(), end);
    }
    for (const Operation& each : batch) outcomes.push_back({each->context, *each->result});
    until_memory([&] { on_completed_(outcomes); });
    for (const Operation& each : batch) remove(each);
  }
}

void SimpleOperations::refuse() {
  std::lock_guard lock(mutex_);
  refusing_ = true;
}

void SimpleOperations::end_all(const Error& error, bool receives_only) {
  std::vector<Operation> all;
  {
    std::lock_guard lock(mutex_);
    all.assign(operations_.begin(), operations_.end());
  }
  for (const Operation& each : all) {
    if (!receives_only || each->kind == SimpleOperation::Kind::kReceive) end(each, fail(error));
  }
}

bool SimpleOperations::wait_empty(const TimePoint* deadline) {
  std::unique_lock lock(mutex_);
  const auto empty = [&] { return operations_.empty(); };
  if (deadline != nullptr) return emptied_.wait_until(lock, *deadline, empty);
  emptied_.wait(lock, empty);
  return true;
}

int64_t SimpleOperations::count() const {
  std::lock_guard lock(mutex_);
  return static_cast<int64_t>(operations_.size());
}

}  // namespace rocketmq
