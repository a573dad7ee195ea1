#include "protocol/lock_bodies.h"

#include "protocol/json.h"

namespace rocketmq {

namespace {

Json queues_to_json(const std::set<MessageQueue>& queues) {
  Json list = Json::array();
  for (const MessageQueue& queue : queues) {
    list.push_back({{"topic", queue.topic}, {"brokerName", queue.broker_name}, {"queueId", queue.queue_id}});
  }
  return list;
}

Result<std::set<MessageQueue>> queues_from_json(std::string_view json, const char* member) {
  auto parsed = parse_json(json);
  const bool whole = parsed && parsed->is_object() && parsed->contains(member) && (*parsed)[member].is_array();
  if (!whole) {
    return fail(ErrorKind::kProtocolError, std::string("the body about locked queues has no list ") + member);
  }
  std::set<MessageQueue> queues;
  for (const Json& each : (*parsed)[member]) {
    if (!each.is_object()) return fail(ErrorKind::kProtocolError, "a locked queue is no JSON object");
    queues.insert({json_text(each, "topic"), json_text(each, "brokerName"),
                   static_cast<int32_t>(json_number(each, "queueId", -1))});
  }
  return queues;
}

}  // namespace

std::string lock_request_to_json(const LockRequest& request) {
  return dump_json({{"consumerGroup", request.group},
                    {"clientId", request.client_id},
                    {"onlyThisBroker", false},
                    {"mqSet", queues_to_json(request.queues)}});
}

Result<LockRequest> parse_lock_request(std::string_view json) {
  auto queues = queues_from_json(json, "mqSet");
  if (!queues) return fail(queues.error());
  const auto parsed = parse_json(json);
  return LockRequest{json_text(*parsed, "consumerGroup"), json_text(*parsed, "clientId"), std::move(*queues)};
}

Result<std::set<MessageQueue>> parse_locked_queues(std::string_view json) {
  return queues_from_json(json, "lockOKMQSet");
}

std::string locked_queues_to_json(const std::set<MessageQueue>& queues) {
  return dump_json({{"lockOKMQSet", queues_to_json(queues)}});
}

}  // namespace rocketmq
