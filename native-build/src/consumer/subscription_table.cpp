#include "consumer/subscription_table.h"

#include <utility>

namespace rocketmq {

Subscription SubscriptionTable::put(Subscription subscription) {
  std::lock_guard lock(mutex_);
  const auto earlier = subscriptions_.find(subscription.topic);
  if (earlier != subscriptions_.end() && subscription.version <= earlier->second.version) {
    subscription.version = earlier->second.version + 1;
  }
  return subscriptions_[subscription.topic] = std::move(subscription);
}

void SubscriptionTable::erase(const std::string& topic) {
  std::lock_guard lock(mutex_);
  subscriptions_.erase(topic);
}

std::optional<Subscription> SubscriptionTable::find(const std::string& topic) const {
  std::lock_guard lock(mutex_);
  const auto found = subscriptions_.find(topic);
  if (found == subscriptions_.end()) return std::nullopt;
  return found->second;
}

std::vector<Subscription> SubscriptionTable::all() const {
  std::vector<Subscription> all;
  std::lock_guard lock(mutex_);
  all.reserve(subscriptions_.size());
  for (const auto& [topic, subscription] : subscriptions_) all.push_back(subscription);
  return all;
}

std::set<std::string> SubscriptionTable::topics() const {
  std::set<std::string> topics;
  std::lock_guard lock(mutex_);
  for (const auto& [topic, subscription] : subscriptions_) topics.insert(topic);
  return topics;
}

}  // namespace rocketmq
