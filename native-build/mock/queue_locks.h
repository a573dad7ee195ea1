#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "protocol/lock_bodies.h"

namespace rocketmq::mock {

// A broker's locks on the queues of orderly consumers: each belongs to one client until it is unlocked, or was not
// renewed for a minute. Under the cluster's mutex.
class QueueLocks {
 public:
  std::set<MessageQueue> lock(const LockRequest& request);
  void unlock(const LockRequest& request);
  // To {}: takes it away.
  void give(const std::string& group, const MessageQueue& queue, const std::string& client_id);
  // {} for nobody's.
  std::string owner(const std::string& group, const MessageQueue& queue) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Lock {
    std::string client_id;
    Clock::time_point renewed;
  };
  bool live(const Lock& lock) const { return Clock::now() - lock.renewed <= kLifetime; }

  // As a broker does.
  static constexpr std::chrono::seconds kLifetime{60};
  std::map<std::pair<std::string, MessageQueue>, Lock> locks_;
};

}  // namespace rocketmq::mock
