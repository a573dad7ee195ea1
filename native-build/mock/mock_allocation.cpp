#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "consumer/allocation.h"
#include "mock/rocketmq_mock.h"

namespace {

std::vector<std::string> split(const char* text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<rocketmq::MessageQueue> queues_of(const char* text) {
  std::vector<rocketmq::MessageQueue> queues;
  for (const std::string& entry : split(text, ';')) {
    const auto fields = split(entry.c_str(), ' ');
    queues.push_back({fields.at(0), fields.at(1), std::stoi(fields.at(2))});
  }
  return queues;
}

}  // namespace

int32_t rocketmq_mock_allocate(int32_t kind, int32_t virtual_nodes, const char* machine_rooms,
                               const char* configured_queues, const char* queues, const char* client_ids,
                               const char* self, char* out, int32_t capacity) {
  rocketmq::Allocation allocation;
  allocation.kind = static_cast<rocketmq::AllocationKind>(kind);
  allocation.virtual_nodes = virtual_nodes;
  for (const std::string& room : split(machine_rooms, ',')) allocation.machine_rooms.insert(room);
  std::string text;
  try {
    allocation.queues = queues_of(configured_queues);
    for (const auto& queue : allocate_queues(allocation, queues_of(queues), split(client_ids, ','), self)) {
      text += (text.empty() ? "" : ";") + queue.topic + " " + queue.broker_name + " " + std::to_string(queue.queue_id);
    }
  } catch (const std::exception&) {
    return -1;
  }
  if (text.size() >= static_cast<size_t>(capacity)) return -1;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return 0;
}
