#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace rocketmq::capi {

// The C views that were given to a callback and are not answered yet, by the id with which they are. Shared by the
// handle and its callbacks. Any thread.
template <typename Views>
class GivenOut {
 public:
  void keep(uint64_t id, std::shared_ptr<Views> views) {
    std::lock_guard lock(mutex_);
    views_.emplace(id, std::move(views));
  }
  void free(uint64_t id) {
    // Freed without the lock.
    std::shared_ptr<Views> freed;
    std::lock_guard lock(mutex_);
    const auto found = views_.find(id);
    if (found == views_.end()) return;
    freed = std::move(found->second);
    views_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<uint64_t, std::shared_ptr<Views>> views_;
};

}  // namespace rocketmq::capi
