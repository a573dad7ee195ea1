#include "fuzz_target.h"
#include "protocol/admin_bodies.h"
#include "protocol/heartbeat.h"
#include "protocol/lock_bodies.h"

// The smaller bodies: an operator's offsets, a group's members, locked queues, a heartbeat and a request for locks
// (read by the mock broker).
FUZZ_TARGET(bodies)(const uint8_t* data, size_t size) {
  using namespace rocketmq;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto offsets = parse_reset_offset_body(text)) {
    for (const auto& [queue, offset] : *offsets) FUZZ_CHECK(queue.topic.size() <= size && offset == offset);
  }
  if (const auto members = parse_consumer_list(text)) FUZZ_CHECK(members->size() <= size);
  if (const auto locked = parse_locked_queues(text)) FUZZ_CHECK(locked->size() <= size);
  (void)parse_heartbeat(text);
  (void)parse_lock_request(text);
}
