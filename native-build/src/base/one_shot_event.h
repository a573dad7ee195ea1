#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/clock.h"

namespace rocketmq {

// Something that happens once, and that a thread waits for. A mutex and a condition variable, as std::atomic's wait may
// lose the wake-up where the system has no futex (GCC's library on Windows). Where it has happened already, which is
// usual for a caller that read its answer itself, wait() takes no lock: so whoever calls set() must keep the event
// alive until that returns. Any thread.
class OneShotEvent {
 public:
  void set() {
    std::lock_guard lock(mutex_);
    happened_.store(true, std::memory_order_release);
    changed_.notify_all();
  }
  void wait() {
    if (happened_.load(std::memory_order_acquire)) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return happened_.load(std::memory_order_relaxed); });
  }
  // False when it has not happened by then.
  bool wait_until(TimePoint deadline) {
    if (happened_.load(std::memory_order_acquire)) return true;
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] { return happened_.load(std::memory_order_relaxed); });
  }

 private:
  std::atomic<bool> happened_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace rocketmq
