#pragma once

#include <chrono>
#include <cstdint>

namespace rocketmq {

// Time as the library knows it: deadlines by a clock that nobody sets, and the wall clock for what goes on the wire.
// Any thread.
using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
using Millis = std::chrono::milliseconds;

inline TimePoint now() { return SteadyClock::now(); }

// Milliseconds since 1970-01-01T00:00:00Z.
inline int64_t wall_clock_ms() {
  return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

inline int64_t millis_between(TimePoint from, TimePoint to) {
  return std::chrono::duration_cast<Millis>(to - from).count();
}

}  // namespace rocketmq
