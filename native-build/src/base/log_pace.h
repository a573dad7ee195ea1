#pragma once

#include <fmt/format.h>

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

  // How many there were without a record since the last one. As the end of a record's text: nothing, when none.
  struct Untold {
    int64_t count = 0;
  };

  // nullopt: it is not told now either.
  std::optional<Untold> next(TimePoint at = now()) {
    if (told_at_ != TimePoint::min() && at - told_at_ < kInterval) {
      ++untold_;
      return std::nullopt;
    }
    told_at_ = at;
    return Untold{std::exchange(untold_, 0)};
  }

 private:
  TimePoint told_at_ = TimePoint::min();
  int64_t untold_ = 0;
};

}  // namespace rocketmq

template <>
struct fmt::formatter<rocketmq::LogPace::Untold> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <typename Context>
  auto format(const rocketmq::LogPace::Untold& untold, Context& context) const {
    if (untold.count == 0) return context.out();
    return fmt::format_to(context.out(), " ({} more since the last record)", untold.count);
  }
};
