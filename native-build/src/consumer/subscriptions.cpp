#include "consumer/push_consumer_impl.h"
#include "protocol/names.h"

namespace rocketmq {

Status PushConsumer::Impl::subscribe(std::string_view topic, std::string_view expression) {
  if (auto valid = validate_topic(topic); !valid) return valid;
  if (in_child_process()) return check_usable();
  auto subscription = make_tag_subscription(topic, expression);
  if (!subscription) return fail(subscription.error());
  bool started = false;
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
    started = state_ == State::kStarted;
    // Brokers keep the newer version of two.
    auto earlier = subscriptions_.find(subscription->topic);
    if (earlier != subscriptions_.end() && subscription->version <= earlier->second.version) {
      subscription->version = earlier->second.version + 1;
    }
    subscriptions_[subscription->topic] = std::move(*subscription);
    if (started) {
      client().heartbeat_soon();
      rebalance_soon();
    }
  }
  return {};
}

Status PushConsumer::Impl::unsubscribe(std::string_view topic) {
  if (auto valid = validate_topic(topic); !valid) return valid;
  if (in_child_process()) return check_usable();
  std::lock_guard lock(mutex_);
  if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
  if (topic == retry_topic_) {
    return fail(ErrorKind::kInvalidArgument,
                "the topic \"" + retry_topic_ + "\" carries the group's own redeliveries and cannot be given up");
  }
  subscriptions_.erase(std::string(topic));
  if (state_ == State::kStarted) {
    client().heartbeat_soon();
    rebalance_soon();
  }
  return {};
}

std::vector<Subscription> PushConsumer::Impl::subscriptions() const {
  std::vector<Subscription> all;
  std::lock_guard lock(mutex_);
  all.reserve(subscriptions_.size());
  for (const auto& [topic, subscription] : subscriptions_) all.push_back(subscription);
  return all;
}

bool PushConsumer::Impl::find_subscription(const std::string& topic, Subscription* out) const {
  std::lock_guard lock(mutex_);
  auto found = subscriptions_.find(topic);
  if (found == subscriptions_.end()) return false;
  *out = found->second;
  return true;
}

ConsumerHeartbeat PushConsumer::Impl::heartbeat() const {
  ConsumerHeartbeat heartbeat;
  heartbeat.group = options_.group;
  heartbeat.broadcasting = options_.broadcasting;
  heartbeat.subscriptions = subscriptions();
  switch (options_.consume_from) {
    case ConsumeFrom::kLastOffset:
      heartbeat.consume_from_where = "CONSUME_FROM_LAST_OFFSET";
      break;
    case ConsumeFrom::kFirstOffset:
      heartbeat.consume_from_where = "CONSUME_FROM_FIRST_OFFSET";
      break;
    case ConsumeFrom::kTimestamp:
      heartbeat.consume_from_where = "CONSUME_FROM_TIMESTAMP";
      break;
  }
  return heartbeat;
}

}  // namespace rocketmq
