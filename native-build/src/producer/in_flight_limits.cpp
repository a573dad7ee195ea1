#include "producer/in_flight_limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace rocketmq {

namespace {

constexpr Millis kLook{10};

tl::unexpected<Error> closed() { return fail(ErrorKind::kClosed, "the producer is closed: create another one"); }

}  // namespace

Status InFlightLimits::reserve(int64_t bytes, const TimePoint* wait_until) {
  std::unique_lock lock(mutex_);
  // One message larger than the limit would otherwise never be taken.
  const auto fits = [&] { return reserved_ < max_count_ && (reserved_ == 0 || reserved_bytes_ + bytes <= max_bytes_); };
  if (wait_until != nullptr) {
    ++waiting_;
    while (!refusing_ && !fits() && now() < *wait_until) {
      // Looked at by itself too, as it is not told of every place.
      changed_.wait_until(lock, std::min(*wait_until, now() + kLook));
    }
    --waiting_;
  }
  if (refusing_) return closed();
  if (!fits()) {
    return fail(ErrorKind::kTooManyRequests,
                fmt::format("{} asynchronous sends with {} bytes are in flight; the limits are {} "
                            "(max_in_flight_count) and {} (max_in_flight_bytes): wait for completions, or raise them",
                            reserved_, reserved_bytes_, max_count_, max_bytes_));
  }
  ++reserved_;
  reserved_bytes_ += bytes;
  return {};
}

void InFlightLimits::give_back(int64_t count, int64_t bytes) {
  std::lock_guard lock(mutex_);
  reserved_ -= count;
  reserved_bytes_ -= bytes;
  const bool bytes_are_short = reserved_bytes_ > max_bytes_ / 2;
  if (waiting_ > 0 && (reserved_ <= wake_count_ || bytes_are_short)) changed_.notify_all();
}

void InFlightLimits::refuse() {
  std::lock_guard lock(mutex_);
  refusing_ = true;
  changed_.notify_all();
}

}  // namespace rocketmq
