#include <optional>

#include "base/log.h"
#include "client/filter_check.h"
#include "consumer/push_consumer_impl.h"
#include "protocol/names.h"

namespace rocketmq {

Status PushConsumer::Impl::subscribe(Subscription subscription) {
  if (auto valid = validate_topic(subscription.topic); !valid) return valid;
  if (in_child_process()) return check_usable();
  std::shared_ptr<ClientInstance> running;
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
    if (state_ == State::kStarted) running = lease_.instance();
  }
  std::vector<Subscription> unanswered;
  // Without the lock, which the loop takes too.
  if (running) {
    if (auto accepted = check_filters(running, {subscription}, &unanswered); !accepted) return accepted;
  }
  std::lock_guard lock(mutex_);
  if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
  // Brokers keep the newer version of two.
  const auto earlier = subscriptions_.find(subscription.topic);
  if (earlier != subscriptions_.end() && subscription.version <= earlier->second.version) {
    subscription.version = earlier->second.version + 1;
  }
  const Subscription& stored = subscriptions_[subscription.topic] = std::move(subscription);
  if (state_ != State::kStarted) return {};
  client().heartbeat_soon();
  rebalance_soon();
  // Also where it was started meanwhile, which checked the earlier filter.
  if (!running || !unanswered.empty()) check_later(stored);
  return {};
}

Status PushConsumer::Impl::check_filters(const std::shared_ptr<ClientInstance>& client,
                                         const std::vector<Subscription>& filters,
                                         std::vector<Subscription>* unanswered) const {
  const TimePoint deadline = now() + client_options_.request_timeout;
  for (const Subscription& filter : filters) {
    const FilterCheck check = check_filter_and_wait(client, options_.group, filter, deadline);
    if (!check.status) return check.status;
    if (check.answered) continue;
    log(LogLevel::kWarn, "consumer",
        "no broker of topic {} answered whether it takes the filter of group {}: asked again", filter.topic,
        options_.group);
    unanswered->push_back(filter);
  }
  return {};
}

// While it is started.
void PushConsumer::Impl::check_later(const Subscription& subscription) {
  if (!subscription.by_sql()) return;
  auto wanted = [self = shared_from_this(), topic = subscription.topic,
                 version = subscription.version]() -> std::optional<Subscription> {
    Subscription current;
    if (self->ended_ || !self->find_subscription(topic, &current) || current.version != version) return std::nullopt;
    return current;
  };
  start(check_filter_later(client(), options_.group, std::move(wanted)), "filter check");
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
