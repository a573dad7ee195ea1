#include "consumer/allocation.h"

#include <algorithm>
#include <iterator>
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

// The part before the '@' of a name with two parts; Java's split passes over empty parts at the end.
bool has_room(std::string_view broker_name, const std::set<std::string>& rooms) {
  while (!broker_name.empty() && broker_name.back() == '@') broker_name.remove_suffix(1);
  if (std::count(broker_name.begin(), broker_name.end(), '@') != 1) return false;
  return rooms.count(std::string(broker_name.substr(0, broker_name.find('@')))) != 0;
}

// Evenly, the rest one by one, of the brokers in those rooms.
Queues by_machine_room(const Queues& queues, const std::set<std::string>& rooms, size_t members, size_t index) {
  Queues in_rooms;
  std::copy_if(queues.begin(), queues.end(), std::back_inserter(in_rooms),
               [&](const MessageQueue& queue) { return has_room(queue.broker_name, rooms); });
  const size_t each = in_rooms.size() / members;
  const size_t rest = in_rooms.size() % members;
  const auto begin = in_rooms.begin() + static_cast<std::ptrdiff_t>(index * each);
  Queues ours(begin, begin + static_cast<std::ptrdiff_t>(each));
  if (index < rest) ours.push_back(in_rooms[each * members + index]);
  return ours;
}

}  // namespace

Allocator::Allocator(const Allocation& allocation, std::string self) : allocation_(allocation), self_(std::move(self)) {
  if (allocation.kind != AllocationKind::kByConfiguration) return;
  for (const MessageQueue& queue : allocation.queues) configured_[queue.topic].push_back(queue);
}

void Allocator::learn_members(const std::vector<std::string>& client_ids) {
  if (client_ids == listed_) return;
  listed_ = client_ids;
  members_ = client_ids;
  std::sort(members_.begin(), members_.end());
  members_.erase(std::unique(members_.begin(), members_.end()), members_.end());
  ring_.clear();
  own_index_.reset();
  const auto found = std::lower_bound(members_.begin(), members_.end(), self_);
  if (found != members_.end() && *found == self_) own_index_ = static_cast<size_t>(found - members_.begin());
}

void Allocator::build_ring() {
  for (size_t member = 0; member < members_.size(); ++member) {
    for (int32_t i = 0; i < allocation_.virtual_nodes; ++i) {
      ring_.emplace_back(place_of(members_[member] + "-" + std::to_string(i)), member);
    }
  }
  // Of two at one place, the later member has it.
  std::sort(ring_.begin(), ring_.end(), [](const auto& left, const auto& right) {
    return left.first != right.first ? left.first < right.first : left.second > right.second;
  });
  const auto same_place = [](const auto& left, const auto& right) { return left.first == right.first; };
  ring_.erase(std::unique(ring_.begin(), ring_.end(), same_place), ring_.end());
}

Queues Allocator::by_configuration(const Queues& queues) const {
  const auto configured = configured_.find(queues.front().topic);
  if (configured == configured_.end()) return {};
  const std::set<MessageQueue> existing(queues.begin(), queues.end());
  Queues ours;
  std::copy_if(configured->second.begin(), configured->second.end(), std::back_inserter(ours),
               [&](const MessageQueue& queue) { return existing.count(queue) != 0; });
  return ours;
}

Queues Allocator::by_consistent_hash(const Queues& queues) {
  if (ring_.empty()) build_ring();
  Queues ours;
  if (ring_.empty()) return ours;
  for (const MessageQueue& queue : queues) {
    auto owner = std::lower_bound(ring_.begin(), ring_.end(), place_of(text_of(queue)),
                                  [](const auto& point, uint32_t place) { return point.first < place; });
    if (owner == ring_.end()) owner = ring_.begin();
    if (owner->second == *own_index_) ours.push_back(queue);
  }
  return ours;
}

std::optional<std::vector<MessageQueue>> Allocator::allocate(const std::vector<MessageQueue>& queues,
                                                             const std::vector<std::string>& client_ids) {
  learn_members(client_ids);
  if (!own_index_) return std::nullopt;
  if (queues.empty()) return Queues();
  const size_t members = members_.size();
  const bool is_retry = queues.front().topic.rfind(kRetryTopicPrefix, 0) == 0;
  switch (allocation_.kind) {
    case AllocationKind::kAveragelyByCircle:
      return by_circle(queues, members, *own_index_);
    case AllocationKind::kByConfiguration:
      return is_retry ? averagely(queues, members, *own_index_) : by_configuration(queues);
    case AllocationKind::kConsistentHash:
      return by_consistent_hash(queues);
    case AllocationKind::kByMachineRoom:
      return by_machine_room(queues, allocation_.machine_rooms, members, *own_index_);
    default:
      return averagely(queues, members, *own_index_);
  }
}

std::vector<MessageQueue> allocate_queues(const Allocation& allocation, const std::vector<MessageQueue>& queues,
                                          const std::vector<std::string>& client_ids, const std::string& self) {
  return Allocator(allocation, self).allocate(queues, client_ids).value_or(Queues());
}

}  // namespace rocketmq
