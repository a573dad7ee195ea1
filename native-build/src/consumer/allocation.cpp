#include "consumer/allocation.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

#include "base/bytes.h"
#include "base/md5.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

using Queues = std::vector<MessageQueue>;

// Consecutive queues, as evenly as their number allows.
Queues averagely(const Queues& queues, size_t members, size_t index) {
  const size_t rest = queues.size() % members;
  const size_t each = queues.size() / members;
  // The first `rest` members take one more.
  const size_t begin = index * each + std::min(index, rest);
  const size_t count = each + (index < rest ? 1 : 0);
  return {queues.begin() + static_cast<std::ptrdiff_t>(begin),
          queues.begin() + static_cast<std::ptrdiff_t>(begin + count)};
}

// One by one, as cards are dealt.
Queues by_circle(const Queues& queues, size_t members, size_t index) {
  Queues dealt;
  for (size_t i = index; i < queues.size(); i += members) dealt.push_back(queues[i]);
  return dealt;
}

Queues by_configuration(const Queues& queues, const Queues& configured) {
  Queues ours;
  for (const MessageQueue& each : configured) {
    if (std::find(queues.begin(), queues.end(), each) != queues.end()) ours.push_back(each);
  }
  return ours;
}

// The place on the ring: the digest's first four bytes.
uint32_t place_of(std::string_view key) {
  const auto digest = md5(as_bytes(key));
  return static_cast<uint32_t>(ByteReader({digest.data(), digest.size()}).i32());
}

// As Java's MessageQueue.toString, which every member hashes.
std::string text_of(const MessageQueue& queue) {
  return "MessageQueue [topic=" + queue.topic + ", brokerName=" + queue.broker_name +
         ", queueId=" + std::to_string(queue.queue_id) + "]";
}

Queues by_consistent_hash(const Queues& queues, const std::vector<std::string>& client_ids, const std::string& self,
                          int32_t virtual_nodes) {
  // Of two at one place, the later one has it.
  std::map<uint32_t, const std::string*> ring;
  for (const std::string& id : client_ids) {
    for (int32_t i = 0; i < virtual_nodes; ++i) ring[place_of(id + "-" + std::to_string(i))] = &id;
  }
  Queues ours;
  if (ring.empty()) return ours;
  for (const MessageQueue& queue : queues) {
    auto owner = ring.lower_bound(place_of(text_of(queue)));
    if (owner == ring.end()) owner = ring.begin();
    if (*owner->second == self) ours.push_back(queue);
  }
  return ours;
}

// The part before the '@' of a name with two parts; Java's split passes over empty parts at the end.
bool has_room(std::string_view broker_name, const std::set<std::string>& rooms) {
  while (!broker_name.empty() && broker_name.back() == '@') broker_name.remove_suffix(1);
  if (std::count(broker_name.begin(), broker_name.end(), '@') != 1) return false;
  return rooms.count(std::string(broker_name.substr(0, broker_name.find('@')))) != 0;
}

// Evenly, the rest one by one, of the brokers in those rooms.
Queues by_machine_room(const Queues& queues, const std::set<std::string>& rooms, size_t members, size_t index) {
  Queues near;
  std::copy_if(queues.begin(), queues.end(), std::back_inserter(near),
               [&](const MessageQueue& queue) { return has_room(queue.broker_name, rooms); });
  const size_t each = near.size() / members;
  const size_t rest = near.size() % members;
  const auto begin = near.begin() + static_cast<std::ptrdiff_t>(index * each);
  Queues ours(begin, begin + static_cast<std::ptrdiff_t>(each));
  if (index < rest) ours.push_back(near[each * members + index]);
  return ours;
}

}  // namespace

std::vector<MessageQueue> allocate_queues(const Allocation& allocation, const std::vector<MessageQueue>& queues,
                                          const std::vector<std::string>& client_ids, const std::string& self) {
  const auto found = std::find(client_ids.begin(), client_ids.end(), self);
  if (found == client_ids.end() || queues.empty()) return {};
  const size_t members = client_ids.size();
  const auto index = static_cast<size_t>(found - client_ids.begin());
  const bool is_retry = queues.front().topic.rfind(kRetryTopicPrefix, 0) == 0;
  switch (allocation.kind) {
    case AllocationKind::kAveragelyByCircle:
      return by_circle(queues, members, index);
    case AllocationKind::kByConfiguration:
      return is_retry ? averagely(queues, members, index) : by_configuration(queues, allocation.queues);
    case AllocationKind::kConsistentHash:
      return by_consistent_hash(queues, client_ids, self, allocation.virtual_nodes);
    case AllocationKind::kByMachineRoom:
      return by_machine_room(queues, allocation.machine_rooms, members, index);
    default:
      return averagely(queues, members, index);
  }
}

}  // namespace rocketmq
