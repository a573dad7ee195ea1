#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace rocketmq {

// Says of something that goes wrong again and again when it is worth a record: the first time, and then once in a
// while. One thread.
class LogPace {
 public:
  static constexpr Millis kInterval{10000};

  // How many times it was not told since the record before; nullopt: not now either.
  std::optional<int64_t> next(TimePoint at = now()) {
    if (told_at_ != TimePoint::min() && at - told_at_ < kInterval) {
      ++untold_;
      return std::nullopt;
    }
    told_at_ = at;
    return std::exchange(untold_, 0);
  }

 private:
  TimePoint told_at_ = TimePoint::min();
  int64_t untold_ = 0;
};

}  // namespace rocketmq
