#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/error.h"

namespace rocketmq {

// What a caller's thread waits for, and the loop gives, once: a later value is dropped. Shared by both, as the caller
// may have stopped waiting.
template <typename Value>
class Waited {
 public:
  void give(Result<Value> value) {
    std::lock_guard lock(mutex_);
    if (!value_) value_ = std::move(value);
    changed_.notify_all();
  }
  // nullopt when nothing came in time.
  std::optional<Result<Value>> wait(TimePoint deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return value_.has_value(); });
    return value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Result<Value>> value_;
};

}  // namespace rocketmq
