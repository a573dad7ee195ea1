#include "net/sync_pool.h"

#include <algorithm>

#include "base/log.h"

namespace rocketmq {

namespace {

// As many synchronous callers as this read their answers themselves, the others share the main connection.
constexpr int kMostChannels = 4;
// What opening one may take of a request's time at most, and how long none is opened after a failure.
constexpr Millis kOpenLimit{100};
constexpr Millis kOpenPause{1000};
// Brokers close a connection that is idle for two minutes.
constexpr Millis kLongestIdle{60000};

}  // namespace

SyncPool::SyncPool() { idle_.reserve(kMostChannels); }

std::shared_ptr<SyncChannel> SyncPool::borrow(const asio::ip::tcp::endpoint& endpoint, const std::string& address,
                                              int32_t max_frame_bytes, TimePoint deadline) {
  const TimePoint at = now();
  {
    std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      // The one used last.
      auto channel = std::move(idle_.back().channel);
      idle_.pop_back();
      if (channel->is_quiet()) return channel;
      --open_;
    }
    if (ended_ || open_ >= kMostChannels || at < not_before_) return nullptr;
    ++open_;
  }
  // The request must have its time on the main connection still.
  const TimePoint limit = std::min(at + kOpenLimit, at + (deadline - at) / 4);
  std::string reason;
  try {
    auto opened = SyncChannel::open(endpoint, address, max_frame_bytes, limit);
    if (opened) return *opened;
    reason = opened.error().message;
  } catch (const std::exception& e) {
    reason = e.what();
  }
  log(LogLevel::kDebug, "net", "no connection of its own for a request: {}", reason);
  std::lock_guard lock(mutex_);
  --open_;
  not_before_ = now() + kOpenPause;
  return nullptr;
}

void SyncPool::give_back(std::shared_ptr<SyncChannel> lent, bool usable) {
  std::lock_guard lock(mutex_);
  if (usable && !ended_) {
    idle_.push_back({std::move(lent), now()});
  } else {
    --open_;
  }
}

void SyncPool::drop_idle() {
  std::lock_guard lock(mutex_);
  const auto gone =
      std::remove_if(idle_.begin(), idle_.end(), [](const Idle& each) { return now() - each.since > kLongestIdle; });
  open_ -= static_cast<int>(idle_.end() - gone);
  idle_.erase(gone, idle_.end());
}

void SyncPool::end() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  open_ -= static_cast<int>(idle_.size());
  idle_.clear();
}

}  // namespace rocketmq
