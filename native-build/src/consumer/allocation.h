#pragma once

#include <string>
#include <vector>

#include "protocol/route.h"

namespace rocketmq {

// RocketMQ's strategy AVG: consecutive queues, as evenly as their number allows. Every member computes it
// alike from the sorted queues and the sorted client ids. Empty when `self` is no member.
std::vector<MessageQueue> allocate_averagely(const std::vector<MessageQueue>& queues,
                                             const std::vector<std::string>& client_ids, const std::string& self);

}  // namespace rocketmq
