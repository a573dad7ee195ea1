#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "producer/send_operation.h"

namespace rocketmq {

// The sends of one producer that have not ended, and the limits of the asynchronous ones. Any thread.
class InFlight {
 public:
  InFlight(int64_t max_count, int64_t max_bytes)
      : max_count_(max_count), wake_count_(max_count - (max_count + 3) / 4), max_bytes_(max_bytes) {}

  // A place for an asynchronous send; with `wait_until`, waits for one. kTooManyRequests, kClosed.
  Status reserve(int64_t bytes, const TimePoint* wait_until);
  void give_back(int64_t count, int64_t bytes);

  // From add to remove the producer's close waits for it. kClosed after refuse().
  Status add(SendOperation& operation);
  void remove(SendOperation& operation);
  void remove(const std::vector<std::shared_ptr<SendOperation>>& operations);

  // From now on nothing is added.
  void refuse();
  // False when operations are left at the deadline; without one, waits for the last.
  bool wait_empty(const TimePoint* deadline);
  std::vector<std::shared_ptr<SendOperation>> operations() const;
  int64_t count() const;
  int64_t bytes() const;

 private:
  void unlink(SendOperation& operation);

  const int64_t max_count_;
  // Who waits for a place is woken when a quarter of them is free: a thread is not switched for each send.
  const int64_t wake_count_;
  const int64_t max_bytes_;
  std::atomic<bool> refusing_{false};

  std::mutex places_mutex_;
  std::condition_variable places_changed_;
  int64_t reserved_ = 0;
  int64_t reserved_bytes_ = 0;
  int waiting_ = 0;

  // Another lock, so that a callback that removes a thousand does not hold up who reserves a place.
  mutable std::mutex list_mutex_;
  std::condition_variable emptied_;
  SendOperation* first_ = nullptr;
  int64_t linked_ = 0;
  int64_t linked_bytes_ = 0;
  int closing_ = 0;
};

}  // namespace rocketmq
