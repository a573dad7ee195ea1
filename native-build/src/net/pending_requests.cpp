#include "net/pending_requests.h"

#include <algorithm>

namespace rocketmq {

PendingRequests::Request* PendingRequests::find(int32_t opaque) {
  Slot& slot = slots_[static_cast<uint32_t>(opaque) % slots_.size()];
  if (slot.opaque == opaque && slot.request.handler) return &slot.request;
  if (others_.empty()) return nullptr;
  auto found = others_.find(opaque);
  return found == others_.end() ? nullptr : &found->second;
}

// It must be there.
PendingRequests::Request PendingRequests::remove(int32_t opaque) {
  --count_;
  Slot& slot = slots_[static_cast<uint32_t>(opaque) % slots_.size()];
  Request request;
  if (slot.opaque == opaque && slot.request.handler) {
    request = std::exchange(slot.request, {});
  } else {
    auto found = others_.find(opaque);
    request = std::move(found->second);
    others_.erase(found);
  }
  if (request.connection != nullptr) --request.connection->pending_;
  return request;
}

bool PendingRequests::add(int32_t opaque, Request request) {
  std::lock_guard lock(mutex_);
  const TimePoint deadline = request.deadline;
  RequestTarget* const connection = request.connection;
  Slot& slot = slots_[static_cast<uint32_t>(opaque) % slots_.size()];
  if (!slot.request.handler) {
    slot.opaque = opaque;
    slot.request = std::move(request);
  } else {
    others_.insert_or_assign(opaque, std::move(request));
  }
  ++count_;
  if (connection != nullptr) ++connection->pending_;
  const bool failed = std::exchange(arming_failed_, false);
  if (armed_ && *armed_ <= deadline) return failed;
  armed_ = deadline;
  return true;
}

bool PendingRequests::set_connection(int32_t opaque, RequestTarget* connection) {
  std::lock_guard lock(mutex_);
  Request* request = find(opaque);
  if (request == nullptr) return false;
  request->connection = connection;
  ++connection->pending_;
  return true;
}

std::optional<PendingRequests::Request> PendingRequests::take(int32_t opaque) {
  std::lock_guard lock(mutex_);
  if (find(opaque) == nullptr) return std::nullopt;
  return remove(opaque);
}

std::optional<PendingRequests::Request> PendingRequests::take(int32_t opaque, const RequestTarget* connection) {
  std::lock_guard lock(mutex_);
  const Request* request = find(opaque);
  if (request == nullptr || request->connection != connection) return std::nullopt;
  return remove(opaque);
}

std::optional<TimePoint> PendingRequests::deadline_of(int32_t opaque, const RequestTarget* connection) {
  std::lock_guard lock(mutex_);
  const Request* request = find(opaque);
  if (request == nullptr || request->connection != connection) return std::nullopt;
  return request->deadline;
}

bool PendingRequests::withdraw(int32_t opaque) {
  // Its handler, which may be the last to keep anything, goes without the lock.
  return take(opaque, nullptr).has_value();
}

template <typename Action>
void PendingRequests::for_each(Action action) {
  for (Slot& slot : slots_) {
    if (slot.request.handler) action(slot.opaque, slot.request);
  }
  for (auto& [opaque, request] : others_) action(opaque, request);
}

template <typename Predicate>
std::vector<PendingRequests::Request> PendingRequests::take_if(Predicate predicate) {
  std::vector<int32_t> opaques;
  for_each([&](int32_t opaque, const Request& request) {
    if (predicate(request)) opaques.push_back(opaque);
  });
  // In the order in which they were made.
  std::sort(opaques.begin(), opaques.end());
  std::vector<Request> taken;
  taken.reserve(opaques.size());
  for (const int32_t opaque : opaques) taken.push_back(remove(opaque));
  return taken;
}

std::vector<PendingRequests::Request> PendingRequests::take_of(const RequestTarget* connection) {
  std::lock_guard lock(mutex_);
  return take_if([&](const Request& request) { return request.connection == connection; });
}

std::vector<PendingRequests::Request> PendingRequests::take_all() {
  std::lock_guard lock(mutex_);
  return take_if([](const Request&) { return true; });
}

std::optional<PendingRequests::Request> PendingRequests::take_one_of(const RequestTarget* connection) {
  std::lock_guard lock(mutex_);
  std::optional<int32_t> first;
  for_each([&](int32_t opaque, const Request& request) {
    const bool fits = connection == nullptr || request.connection == connection;
    if (fits && (!first || opaque < *first)) first = opaque;
  });
  if (!first) return std::nullopt;
  return remove(*first);
}

std::vector<PendingRequests::Request> PendingRequests::take_expired(TimePoint at) {
  std::lock_guard lock(mutex_);
  auto expired = take_if([&](const Request& request) { return request.deadline <= at; });
  armed_.reset();
  for_each([&](int32_t, const Request& request) {
    if (!armed_ || request.deadline < *armed_) armed_ = request.deadline;
  });
  return expired;
}

std::optional<TimePoint> PendingRequests::earliest() const {
  std::lock_guard lock(mutex_);
  return armed_;
}

void PendingRequests::arming_failed() {
  std::lock_guard lock(mutex_);
  arming_failed_ = true;
}

int64_t PendingRequests::count_of(const RequestTarget& connection) const {
  std::lock_guard lock(mutex_);
  return connection.pending_;
}

int64_t PendingRequests::count() const {
  std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace rocketmq
