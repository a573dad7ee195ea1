#include "consumer/rebalance_plan.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace rocketmq {

namespace {

using Queues = std::vector<MessageQueue>;

template <typename Item>
void sort_unless_sorted(std::vector<Item>& items) {
  if (!std::is_sorted(items.begin(), items.end())) std::sort(items.begin(), items.end());
}

bool is_normal(const Queues& queues) {
  const auto not_before = [](const MessageQueue& left, const MessageQueue& right) { return !(left < right); };
  return std::adjacent_find(queues.begin(), queues.end(), not_before) == queues.end();
}

// Sorted, each once.
Queues normalized(Queues queues) {
  std::sort(queues.begin(), queues.end());
  queues.erase(std::unique(queues.begin(), queues.end()), queues.end());
  return queues;
}

// Compares a topic's current queues, which follow one another in the set, with those that are to be.
void compare(const std::set<MessageQueue>& current, const std::string& topic, const Queues& ours, RebalancePlan& plan) {
  auto has = current.lower_bound({topic, std::string(), INT32_MIN});
  auto wants = ours.begin();
  for (;;) {
    const bool more = has != current.end() && has->topic == topic;
    if (!more && wants == ours.end()) return;
    if (!more || (wants != ours.end() && *wants < *has)) {
      plan.take.push_back(*wants++);
    } else if (wants == ours.end() || *has < *wants) {
      plan.give.push_back(*has++);
    } else {
      ++has;
      ++wants;
    }
  }
}

}  // namespace

RebalancePlan plan_rebalance(const RebalanceInput& input, const Allocation& allocation) {
  RebalancePlan plan;
  Allocator allocator(allocation, input.self);
  std::set<std::string_view> planned;
  for (const TopicView& view : input.known) {
    if (input.subscribed.count(view.topic) == 0 || !planned.insert(view.topic).second) continue;
    // Routes come in this order.
    Queues sorted;
    const bool normal = is_normal(view.queues);
    if (!normal) sorted = normalized(view.queues);
    const Queues& all = normal ? view.queues : sorted;
    auto ours = input.broadcasting ? std::optional(all) : allocator.allocate(all, view.members);
    if (!ours) {
      plan.not_listed.push_back(view.topic);
      continue;
    }
    // A configured order is not that of the routes.
    if (!is_normal(*ours)) ours = normalized(std::move(*ours));
    compare(input.current, view.topic, *ours, plan);
    plan.ours.emplace(view.topic, std::move(*ours));
  }
  const std::string* topic = nullptr;
  bool subscribed = true;
  for (const MessageQueue& queue : input.current) {
    if (topic == nullptr || *topic != queue.topic) subscribed = input.subscribed.count(queue.topic) != 0;
    topic = &queue.topic;
    if (!subscribed) plan.give.push_back(queue);
  }
  sort_unless_sorted(plan.take);
  sort_unless_sorted(plan.give);
  sort_unless_sorted(plan.not_listed);
  return plan;
}

}  // namespace rocketmq
