#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "consumer/allocation.h"
#include "protocol/route.h"

namespace rocketmq {

// A topic as a rebalance sees it: its queues that can be read, and the client ids of the group's members as the broker
// lists them, in any order and perhaps more than once (a broker lists an id for each of its connections).
struct TopicView {
  std::string topic;
  std::vector<MessageQueue> queues;
  std::vector<std::string> members;
};

struct RebalanceInput {
  // This member's client id.
  std::string self;
  // Each member has all queues, whoever else there is.
  bool broadcasting = false;
  // The subscribed topics whose route and members are known now. The queues of the others stay where they are: to give
  // all up for want of an answer would stop the consumer.
  std::vector<TopicView> known;
  std::set<std::string> subscribed;
  std::set<MessageQueue> current;
};

struct RebalancePlan {
  // Sorted, disjoint: what is ours and not yet current, and what is current and no longer ours.
  std::vector<MessageQueue> take;
  std::vector<MessageQueue> give;
  // By topic, sorted: all that is ours. Only of topics that could be told.
  std::map<std::string, std::vector<MessageQueue>> ours;
  // Known topics whose members do not include this one: its broker has not heard of it yet. Nothing changes.
  std::vector<std::string> not_listed;
};

// What a member of a group is to take and to give up. A pure function: the same whatever the order of topics, queues
// and members; its time is linear in the number of queues, but for sorting. Any thread.
RebalancePlan plan_rebalance(const RebalanceInput& input, const Allocation& allocation);

}  // namespace rocketmq
