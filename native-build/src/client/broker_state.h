#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.h"

namespace rocketmq {

// What is known of one broker's address. Shared by the routes that name it and by BrokerStates, which alone changes
// its troubles; whoever sends to it says so here. Any thread, without a lock.
class BrokerState {
 public:
  explicit BrokerState(std::string address) : address_(std::move(address)) {}
  BrokerState(const BrokerState&) = delete;
  BrokerState& operator=(const BrokerState&) = delete;

  const std::string& address() const { return address_; }

  // A request is waited for, from the one call to the other.
  void begin_request(TimePoint at) {
    if (waiting_.load(std::memory_order_relaxed) == 0) waiting_since_.store(ticks(at), std::memory_order_relaxed);
    waiting_.fetch_add(1);
  }
  void end_request() { waiting_.fetch_sub(1, std::memory_order_relaxed); }
  bool waited_for() const { return waiting_.load() > 0; }
  // An answer came, to a request that took so long.
  void answered(TimePoint at, Millis took);

  // How long nothing has come while something was waited for; zero while nothing is.
  Millis quiet(TimePoint at) const;
  // What its answers take, of late.
  Millis latency() const { return Millis(latency_ms_.load(std::memory_order_relaxed)); }
  // Others should be preferred to it now.
  bool avoided(TimePoint at) const { return ticks(at) < avoid_until_.load(std::memory_order_relaxed); }
  // The same for who minds that it answers slowly, too.
  bool avoided_or_slow(TimePoint at) const {
    return avoided(at) || ticks(at) < slow_until_.load(std::memory_order_relaxed);
  }
  // None of these, nor was lately.
  bool is_well() const { return !troubled_.load(std::memory_order_acquire); }
  bool suspected() const { return silence_.load(std::memory_order_relaxed) != Silence::kNone; }
  bool silent() const { return silence_.load(std::memory_order_relaxed) == Silence::kSilent; }

 private:
  friend class BrokerStates;
  enum class Silence : uint8_t { kNone, kSuspected, kSilent };
  // Of one kind of trouble: until when it is a reason to go elsewhere, which doubles with each failure.
  struct Trouble {
    Millis pause{0};
    TimePoint until = TimePoint::min();
    bool exists() const { return until != TimePoint::min(); }
  };
  static int64_t ticks(TimePoint at) { return at.time_since_epoch().count(); }

  const std::string address_;
  std::atomic<int32_t> waiting_{0};
  std::atomic<int64_t> waiting_since_{INT64_MIN};
  std::atomic<int64_t> heard_at_{INT64_MIN};
  std::atomic<int32_t> latency_ms_{0};
  std::atomic<int64_t> avoid_until_{INT64_MIN};
  std::atomic<int64_t> slow_until_{INT64_MIN};
  std::atomic<Silence> silence_{Silence::kNone};
  std::atomic<bool> troubled_{false};
  // The rest is guarded by the mutex of BrokerStates.
  // It cannot be reached, or is leaving: over once it answers anything.
  Trouble unreachable_;
  // It refuses what it is asked, or answers too late: over once it does what it is asked.
  Trouble failing_;
  TimePoint failed_at_ = TimePoint::min();
  TimePoint probed_at_ = TimePoint::min();
  bool forgotten_ = false;
};

}  // namespace rocketmq
