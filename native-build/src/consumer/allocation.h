#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
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

// Shares out the queues of any number of topics for one member. What depends on the members alone (their order, the
// hash ring) is made once for topics that have the same members, so that each topic costs what its queues cost. Owned
// by who plans a rebalance; one thread at a time.
class Allocator {
 public:
  // `allocation` is used until the end.
  Allocator(const Allocation& allocation, std::string self);

  // The member's queues, from all of a topic's in their order. A client id counts once however often it is listed, in
  // whatever order. nullopt when this member is not listed. A group's retry topic is shared out averagely where the
  // others are by configuration, as nobody would have it otherwise.
  std::optional<std::vector<MessageQueue>> allocate(const std::vector<MessageQueue>& queues,
                                                    const std::vector<std::string>& client_ids);

 private:
  using Queues = std::vector<MessageQueue>;

  void learn_members(const std::vector<std::string>& client_ids);
  void build_ring();
  Queues by_configuration(const Queues& queues) const;
  Queues by_consistent_hash(const Queues& queues);

  const Allocation& allocation_;
  const std::string self_;
  // By topic, in the configured order.
  std::map<std::string, Queues> configured_;
  // As they were listed last, and what was made of it: sorted, each once.
  std::vector<std::string> listed_;
  std::vector<std::string> members_;
  std::optional<size_t> own_index_;
  // Places on the ring and the members at them, sorted; empty until it is needed.
  std::vector<std::pair<uint32_t, size_t>> ring_;
};

// The same for a single topic; none when `self` is no member.
std::vector<MessageQueue> allocate_queues(const Allocation& allocation, const std::vector<MessageQueue>& queues,
                                          const std::vector<std::string>& client_ids, const std::string& self);

}  // namespace rocketmq
