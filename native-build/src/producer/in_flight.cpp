#include "producer/in_flight.h"

#include <fmt/format.h>

#include <algorithm>

namespace rocketmq {

namespace {

constexpr Millis kLook{10};

tl::unexpected<Error> closed() { return fail(ErrorKind::kClosed, "the producer is closed: create another one"); }

}  // namespace

Status InFlight::reserve(int64_t bytes, const TimePoint* wait_until) {
  std::unique_lock lock(places_mutex_);
  // One message larger than the limit would otherwise never be taken.
  const auto fits = [&] { return reserved_ < max_count_ && (reserved_ == 0 || reserved_bytes_ + bytes <= max_bytes_); };
  if (wait_until != nullptr) {
    ++waiting_;
    while (!refusing_ && !fits() && now() < *wait_until) {
      // Looked at by itself too, as it is not told of every place.
      places_changed_.wait_until(lock, std::min(*wait_until, now() + kLook));
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

void InFlight::give_back(int64_t count, int64_t bytes) {
  std::lock_guard lock(places_mutex_);
  reserved_ -= count;
  reserved_bytes_ -= bytes;
  const bool bytes_are_short = reserved_bytes_ > max_bytes_ / 2;
  if (waiting_ > 0 && (reserved_ <= wake_count_ || bytes_are_short)) places_changed_.notify_all();
}

Status InFlight::add(SendOperation& operation) {
  std::lock_guard lock(list_mutex_);
  if (refusing_) return closed();
  operation.next = first_;
  if (first_ != nullptr) first_->previous = &operation;
  first_ = &operation;
  ++linked_;
  linked_bytes_ += operation.body_bytes();
  return {};
}

void InFlight::unlink(SendOperation& operation) {
  (operation.previous != nullptr ? operation.previous->next : first_) = operation.next;
  if (operation.next != nullptr) operation.next->previous = operation.previous;
  operation.previous = operation.next = nullptr;
  --linked_;
  linked_bytes_ -= operation.body_bytes();
}

void InFlight::remove(SendOperation& operation) {
  std::lock_guard lock(list_mutex_);
  unlink(operation);
  if (closing_ > 0) emptied_.notify_all();
}

void InFlight::remove(const std::vector<std::shared_ptr<SendOperation>>& operations) {
  constexpr size_t kAtOnce = 32;
  for (size_t i = 0; i < operations.size();) {
    const std::lock_guard lock(list_mutex_);
    for (const size_t end = std::min(operations.size(), i + kAtOnce); i < end; ++i) unlink(*operations[i]);
    if (closing_ > 0) emptied_.notify_all();
  }
}

void InFlight::refuse() {
  {
    // Who is inside add() has added, or will see it.
    std::lock_guard lock(list_mutex_);
    refusing_ = true;
  }
  std::lock_guard lock(places_mutex_);
  places_changed_.notify_all();
}

bool InFlight::wait_empty(const TimePoint* deadline) {
  std::unique_lock lock(list_mutex_);
  const auto empty = [&] { return linked_ == 0; };
  ++closing_;
  bool is_empty = true;
  if (deadline != nullptr) {
    is_empty = emptied_.wait_until(lock, *deadline, empty);
  } else {
    emptied_.wait(lock, empty);
  }
  --closing_;
  return is_empty;
}

std::vector<std::shared_ptr<SendOperation>> InFlight::operations() const {
  std::vector<std::shared_ptr<SendOperation>> all;
  std::lock_guard lock(list_mutex_);
  for (SendOperation* each = first_; each != nullptr; each = each->next) all.push_back(each->shared_from_this());
  return all;
}

int64_t InFlight::count() const {
  std::lock_guard lock(list_mutex_);
  return linked_;
}

int64_t InFlight::bytes() const {
  std::lock_guard lock(list_mutex_);
  return linked_bytes_;
}

}  // namespace rocketmq
