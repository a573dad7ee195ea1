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
  if (slot.opaque == opaque && slot.request.handler) return std::exchange(slot.request, {});
  auto found = others_.find(opaque);
  Request request = std::move(found->second);
  others_.erase(found);
  return request;
}

bool PendingRequests::add(int32_t opaque, Request request) {
  std::lock_guard lock(mutex_);
  const TimePoint deadline = request.deadline;
  Slot& slot = slots_[static_cast<uint32_t>(opaque) % slots_.size()];
  if (!slot.request.handler) {
    slot.opaque = opaque;
    slot.request = std::move(request);
  } else {
    others_.insert_or_assign(opaque, std::move(request));
  }
  ++count_;
  if (armed_ && *armed_ <= deadline) return false;
  armed_ = deadline;
  return true;
}

bool PendingRequests::set_connection(int32_t opaque, const void* connection) {
  std::lock_guard lock(mutex_);
  Request* request = find(opaque);
  if (request == nullptr) return false;
  request->connection = connection;
  return true;
}

std::optional<PendingRequests::Request> PendingRequests::take(int32_t opaque) {
  std::lock_guard lock(mutex_);
  if (find(opaque) == nullptr) return std::nullopt;
  return remove(opaque);
}

std::optional<PendingRequests::Request> PendingRequests::take(int32_t opaque, const void* connection) {
  std::lock_guard lock(mutex_);
  const Request* request = find(opaque);
  if (request == nullptr || request->connection != connection) return std::nullopt;
  return remove(opaque);
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

std::vector<PendingRequests::Request> PendingRequests::take_of(const void* connection) {
  std::lock_guard lock(mutex_);
  return take_if([&](const Request& request) { return request.connection == connection; });
}

std::vector<PendingRequests::Request> PendingRequests::take_all() {
  std::lock_guard lock(mutex_);
  return take_if([](const Request&) { return true; });
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

int64_t PendingRequests::count() const {
  std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace rocketmq
