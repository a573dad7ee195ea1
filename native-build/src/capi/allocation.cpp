#include "capi/allocation.h"

#include "capi/boundary.h"
#include "protocol/names.h"

namespace rocketmq::capi {

namespace {

constexpr int32_t kMostVirtualNodes = 10000;

std::string field(std::string_view name) { return "push_consumer_options." + std::string(name); }

// Of an array that the caller passed in.
Status check_array(std::string_view name, bool is_set, int32_t count) {
  if (count >= 0 && (count == 0 || is_set)) return {};
  return fail(ErrorKind::kInvalidArgument, field(name) + "_count is " + std::to_string(count) + " with " +
                                               std::string(name) + "s " + (is_set ? "set" : "NULL") +
                                               ": give an array of that many, or 0");
}

Result<MessageQueue> read_queue(const rocketmq_queue* in, const std::string& name) {
  auto queue = copy_in(in, name);
  if (!queue) return fail(queue.error());
  auto topic = text_of(queue->topic, name + ".topic");
  if (!topic) return fail(topic.error());
  if (auto valid = validate_topic(*topic); !valid) {
    valid.error().message = name + ".topic: " + valid.error().message;
    return fail(valid.error());
  }
  auto broker = text_of(queue->broker_name, name + ".broker_name");
  if (!broker) return fail(broker.error());
  if (broker->empty()) return fail(ErrorKind::kInvalidArgument, name + ".broker_name is empty: name the broker");
  if (queue->queue_id < 0) {
    return fail(ErrorKind::kInvalidArgument,
                name + ".queue_id is " + std::to_string(queue->queue_id) + ": give 0 or more");
  }
  return MessageQueue{std::string(*topic), std::string(*broker), queue->queue_id};
}

}  // namespace

Result<Allocation> read_allocation(const rocketmq_push_consumer_options& options) {
  RangeCheck range("push_consumer_options");
  Allocation out;
  out.kind = static_cast<AllocationKind>(range.number("allocation", options.allocation, ROCKETMQ_ALLOCATE_AVERAGELY,
                                                      ROCKETMQ_ALLOCATE_AVERAGELY, ROCKETMQ_ALLOCATE_BY_MACHINE_ROOM));
  out.virtual_nodes =
      range.number("allocation_virtual_nodes", options.allocation_virtual_nodes, 10, 1, kMostVirtualNodes);
  if (!range.status()) return fail(range.status().error());
  const int32_t queues = options.allocation_queue_count;
  if (auto valid = check_array("allocation_queue", options.allocation_queues != nullptr, queues); !valid) {
    return fail(valid.error());
  }
  const int32_t rooms = options.allocation_machine_room_count;
  if (auto valid = check_array("allocation_machine_room", options.allocation_machine_rooms != nullptr, rooms); !valid) {
    return fail(valid.error());
  }
  for (int32_t i = 0; i < queues; ++i) {
    auto queue = read_queue(options.allocation_queues[i], field("allocation_queues[" + std::to_string(i) + "]"));
    if (!queue) return fail(queue.error());
    out.queues.push_back(std::move(*queue));
  }
  for (int32_t i = 0; i < rooms; ++i) {
    const std::string name = field("allocation_machine_rooms[" + std::to_string(i) + "]");
    auto room = text_of(options.allocation_machine_rooms[i], name);
    if (!room) return fail(room.error());
    if (room->empty() || room->find('@') != std::string_view::npos) {
      return fail(ErrorKind::kInvalidArgument,
                  name + " is \"" + std::string(*room) + "\": give what stands before the '@' of a broker's name");
    }
    out.machine_rooms.emplace(*room);
  }
  if (out.kind == AllocationKind::kByMachineRoom && out.machine_rooms.empty()) {
    return fail(ErrorKind::kInvalidArgument, field("allocation_machine_room_count") +
                                                 " is 0, so that nothing would be consumed: name at least one room");
  }
  return out;
}

}  // namespace rocketmq::capi
