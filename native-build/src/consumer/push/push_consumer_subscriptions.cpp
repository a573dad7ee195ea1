#include <optional>

#include "base/log.h"
#include "client/filter_check.h"
#include "consumer/push/push_consumer_life.h"
#include "protocol/names.h"

namespace rocketmq {

Status PushConsumerLife::subscribe(Subscription subscription) {
  if (auto valid = validate_topic(subscription.topic); !valid) return valid;
  if (in_child_process()) return check_usable();
  bool checked = false;
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
    checked = state_ == State::kStarted;
  }
  const Route route = checked ? client_->routes().find(subscription.topic) : nullptr;
  if (route && route->route.is_static()) {
    return fail(ErrorKind::kNotSupported, "the topic \"" + subscription.topic +
                                              "\" is static (its logical queues are mapped to those of brokers), "
                                              "which is not supported: subscribe to an ordinary topic");
  }
  std::vector<Subscription> unanswered;
  // Without the lock, which the loop takes too.
  if (checked) {
    if (auto accepted = check_filters({subscription}, &unanswered); !accepted) return accepted;
  }
  std::lock_guard lock(mutex_);
  if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
  const Subscription stored = context_->subscriptions.put(std::move(subscription));
  if (state_ != State::kStarted) return {};
  client_->heartbeat_soon();
  rebalance_soon();
  // Also where it was started meanwhile, which checked the earlier filter.
  if (!checked || !unanswered.empty()) check_later(stored);
  return {};
}

Status PushConsumerLife::check_filters(const std::vector<Subscription>& filters,
                                       std::vector<Subscription>* unanswered) const {
  const TimePoint deadline = now() + context_->client_options.request_timeout;
  for (const Subscription& filter : filters) {
    const FilterCheck check = check_filter_and_wait(client_, group(), filter, deadline);
    if (!check.status) return check.status;
    if (check.answered) continue;
    log(LogLevel::kWarn, "consumer",
        "no broker of topic {} answered whether it takes the filter of group {}: asked again", filter.topic, group());
    unanswered->push_back(filter);
  }
  return {};
}

// While it is started.
void PushConsumerLife::check_later(const Subscription& subscription) {
  if (!subscription.by_sql()) return;
  auto wanted = [context = context_, topic = subscription.topic,
                 version = subscription.version]() -> std::optional<Subscription> {
    auto current = context->ended ? std::nullopt : context->subscriptions.find(topic);
    if (current && current->version != version) current.reset();
    return current;
  };
  start_coroutine(client_->loop(), check_filter_later(*client_, group(), std::move(wanted)), "filter check");
}

Status PushConsumerLife::unsubscribe(std::string_view topic) {
  if (auto valid = validate_topic(topic); !valid) return valid;
  if (in_child_process()) return check_usable();
  std::lock_guard lock(mutex_);
  if (state_ == State::kClosing || state_ == State::kClosed) return check_usable();
  if (topic == context_->retry_topic) {
    return fail(ErrorKind::kInvalidArgument, "the topic \"" + context_->retry_topic +
                                                 "\" carries the group's own redeliveries and cannot be given up");
  }
  context_->subscriptions.erase(std::string(topic));
  if (state_ == State::kStarted) {
    client_->heartbeat_soon();
    rebalance_soon();
  }
  return {};
}

}  // namespace rocketmq
