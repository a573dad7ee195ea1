#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "protocol/route.h"

namespace rocketmq {

// How the members of a group share out a topic's queues: each computes it for itself, so that all of them, in whatever
// language, must have the same way. The numbers are those of the C API (ROCKETMQ_ALLOCATE_*).
enum class AllocationKind : int32_t {
  kAveragely = 0,
  kAveragelyByCircle = 1,
  kByConfiguration = 2,
  kConsistentHash = 3,
  kByMachineRoom = 4,
};

struct Allocation {
  AllocationKind kind = AllocationKind::kAveragely;
  // Of kByConfiguration: this member's queues, of any topics.
  std::vector<MessageQueue> queues;
  // Of kConsistentHash: points on the ring for each member.
  int32_t virtual_nodes = 10;
  // Of kByMachineRoom: the rooms whose brokers ("room@name") are consumed from.
  std::set<std::string> machine_rooms;
};

// The queues of `self`, from the sorted queues and the sorted client ids; none when it is no member. A group's retry
// topic is shared out averagely where the others are by configuration, as nobody would have it otherwise.
std::vector<MessageQueue> allocate_queues(const Allocation& allocation, const std::vector<MessageQueue>& queues,
                                          const std::vector<std::string>& client_ids, const std::string& self);

}  // namespace rocketmq
