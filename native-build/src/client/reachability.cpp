#include "client/reachability.h"

#include <algorithm>

namespace rocketmq {

namespace {

// Longer than a broker keeps a connection on which nothing comes, with the rounds of its own look for them.
constexpr Millis kLongestHalfOpen{150000};

}  // namespace

void Reachability::connected(const std::string& address, TimePoint at) {
  std::lock_guard lock(mutex_);
  const auto found = brokers_.find(address);
  if (found == brokers_.end()) return;
  found->second.doubtful_until = at + kLongestHalfOpen;
  found->second.next_turn = at + kRegisterAgain;
}

void Reachability::registered(const std::string& address, uint64_t connection) {
  std::lock_guard lock(mutex_);
  brokers_[address].connection = connection;
}

bool Reachability::is_registered(const std::string& address, uint64_t connection) const {
  std::lock_guard lock(mutex_);
  const auto found = brokers_.find(address);
  return connection != 0 && found != brokers_.end() && found->second.connection == connection;
}

bool Reachability::was_registered(const std::string& address) const {
  std::lock_guard lock(mutex_);
  return brokers_.find(address) != brokers_.end();
}

bool Reachability::any_doubtful(TimePoint at) const {
  if (!kept_) return false;
  std::lock_guard lock(mutex_);
  return std::any_of(brokers_.begin(), brokers_.end(),
                     [at](const auto& broker) { return at < broker.second.doubtful_until; });
}

bool Reachability::take_turn(const std::string& address, TimePoint at) {
  if (!kept_) return false;
  std::lock_guard lock(mutex_);
  const auto found = brokers_.find(address);
  if (found == brokers_.end()) return false;
  Broker& broker = found->second;
  const bool due = at < broker.doubtful_until && at >= broker.next_turn;
  if (due) broker.next_turn = at + kRegisterAgain;
  return due;
}

}  // namespace rocketmq
