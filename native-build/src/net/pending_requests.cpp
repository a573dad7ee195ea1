#include "net/pending_requests.h"

namespace rocketmq {

bool PendingRequests::add(int32_t opaque, Request request) {
  std::lock_guard lock(mutex_);
  const TimePoint deadline = request.deadline;
  requests_.insert_or_assign(opaque, std::move(request));
  if (armed_ && *armed_ <= deadline) return false;
  armed_ = deadline;
  return true;
}

bool PendingRequests::set_connection(int32_t opaque, const void* connection) {
  std::lock_guard lock(mutex_);
  auto found = requests_.find(opaque);
  if (found == requests_.end()) return false;
  found->second.connection = connection;
  return true;
}

std::optional<PendingRequests::Request> PendingRequests::take(int32_t opaque) {
  std::lock_guard lock(mutex_);
  auto found = requests_.find(opaque);
  if (found == requests_.end()) return std::nullopt;
  auto request = std::move(found->second);
  requests_.erase(found);
  return request;
}

template <typename Predicate>
std::vector<PendingRequests::Request> PendingRequests::take_if(Predicate predicate) {
  std::vector<Request> taken;
  for (auto each = requests_.begin(); each != requests_.end();) {
    if (predicate(each->second)) {
      taken.push_back(std::move(each->second));
      each = requests_.erase(each);
    } else {
      ++each;
    }
  }
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

std::vector<PendingRequests::Request> PendingRequests::take_expired(TimePoint at, std::optional<TimePoint>* next) {
  std::lock_guard lock(mutex_);
  auto expired = take_if([&](const Request& request) { return request.deadline <= at; });
  armed_.reset();
  for (const auto& [opaque, request] : requests_) {
    if (!armed_ || request.deadline < *armed_) armed_ = request.deadline;
  }
  *next = armed_;
  return expired;
}

int64_t PendingRequests::count() const {
  std::lock_guard lock(mutex_);
  return static_cast<int64_t>(requests_.size());
}

}  // namespace rocketmq
