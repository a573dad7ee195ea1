#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/subscription.h"

namespace rocketmq {

// What a consumer subscribes to, by topic. Owned by the consumer. Any thread.
class SubscriptionTable {
 public:
  // In place of the topic's earlier one, with a newer version than that, as brokers keep the newer of two.
  Subscription put(Subscription subscription);
  void erase(const std::string& topic);
  std::optional<Subscription> find(const std::string& topic) const;
  std::vector<Subscription> all() const;
  std::set<std::string> topics() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Subscription> subscriptions_;
};

}  // namespace rocketmq
