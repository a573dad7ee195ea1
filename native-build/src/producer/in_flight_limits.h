#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "base/clock.h"
#include "base/error.h"

namespace rocketmq {

// The limits of the asynchronous sends of one producer that are in flight. Any thread.
class InFlightLimits {
 public:
  InFlightLimits(int64_t max_count, int64_t max_bytes)
      : max_count_(max_count), wake_count_(max_count - (max_count + 3) / 4), max_bytes_(max_bytes) {}

  // A place for an asynchronous send; with `wait_until`, waits for one. kTooManyRequests, kClosed.
  Status reserve(int64_t bytes, const TimePoint* wait_until);
  void give_back(int64_t count, int64_t bytes);
  // From now on there are no places.
  void refuse();

 private:
  const int64_t max_count_;
  // Who waits for a place is woken when a quarter of them is free: a thread is not switched for each send.
  const int64_t wake_count_;
  const int64_t max_bytes_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool refusing_ = false;
  int64_t reserved_ = 0;
  int64_t reserved_bytes_ = 0;
  int waiting_ = 0;
};

}  // namespace rocketmq
