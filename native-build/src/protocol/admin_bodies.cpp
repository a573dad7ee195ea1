#include "protocol/admin_bodies.h"

#include "protocol/json.h"

namespace rocketmq {

namespace {

MessageQueue queue_from_json(const Json& json) {
  return {json_text(json, "topic"), json_text(json, "brokerName"),
          static_cast<int32_t>(json_number(json, "queueId", -1))};
}

Json queue_to_json(const MessageQueue& queue) {
  return {{"brokerName", queue.broker_name}, {"queueId", queue.queue_id}, {"topic", queue.topic}};
}

// fastjson's map with objects as keys, which no JSON library writes.
template <typename Map, typename Write>
std::string map_with_queue_keys(const Map& map, Write write) {
  std::string text = "{";
  for (const auto& [queue, value] : map) {
    if (text.size() > 1) text += ',';
    text += dump_json(queue_to_json(queue)) + ":" + write(value);
  }
  return text + "}";
}

std::string offsets_to_json(const std::map<MessageQueue, int64_t>& offsets) {
  return map_with_queue_keys(offsets, [](int64_t offset) { return std::to_string(offset); });
}

}  // namespace

Result<std::map<MessageQueue, int64_t>> parse_offset_table(std::string_view json, std::string_view what) {
  const auto malformed = [what](const char* reason) {
    return fail(ErrorKind::kProtocolError, std::string(what) + " " + reason);
  };
  auto parsed = parse_json(json);
  if (!parsed || !parsed->is_object()) return malformed("is no JSON object");
  auto table = parsed->find("offsetTable");
  if (table == parsed->end()) return malformed("has no offsetTable");
  std::map<MessageQueue, int64_t> offsets;
  if (table->is_array()) {
    for (const Json& entry : *table) {
      if (!entry.is_object()) return malformed("has an entry that is no object");
      offsets[queue_from_json(entry)] = json_number(entry, "offset", -1);
    }
  } else if (table->is_object()) {
    for (const auto& [key, offset] : table->items()) {
      auto queue = parse_json(key);
      if (!queue || !queue->is_object() || !offset.is_number_integer())
        return malformed("has an entry of no known form");
      offsets[queue_from_json(*queue)] = offset.get<int64_t>();
    }
  } else {
    return malformed("has an offsetTable of no known form");
  }
  for (const auto& [queue, offset] : offsets) {
    if (queue.topic.empty() || queue.broker_name.empty() || queue.queue_id < 0 || offset < 0) {
      return malformed("names no queue, or no offset from 0 up");
    }
  }
  return offsets;
}

std::string offset_table_to_json(const std::map<MessageQueue, int64_t>& offsets) {
  return "{\"offsetTable\":" + offsets_to_json(offsets) + "}";
}

Result<std::map<MessageQueue, int64_t>> parse_reset_offset_body(std::string_view json) {
  return parse_offset_table(json, "the body of the offset reset");
}

std::string consumer_status_to_json(const std::map<MessageQueue, int64_t>& offsets) {
  return "{\"consumerTable\":{},\"messageQueueTable\":" + offsets_to_json(offsets) + "}";
}

std::string running_info_to_json(const ConsumerRunningInfo& info) {
  Json subscriptions = Json::array();
  for (const Subscription& each : info.subscriptions) {
    subscriptions.push_back({{"topic", each.topic},
                             {"subString", each.expression},
                             {"tagsSet", each.tags},
                             {"codeSet", each.codes},
                             {"subVersion", each.version},
                             {"expressionType", each.expression_type},
                             {"classFilterMode", false}});
  }
  const auto queue_info = [](const ProcessQueueInfo& queue) {
    return dump_json({{"commitOffset", queue.commit_offset},
                      {"cachedMsgMinOffset", queue.cached_min_offset},
                      {"cachedMsgMaxOffset", queue.cached_max_offset},
                      {"cachedMsgCount", queue.cached_count},
                      {"cachedMsgSizeInMiB", queue.cached_size_mib},
                      {"transactionMsgMinOffset", 0},
                      {"transactionMsgMaxOffset", 0},
                      {"transactionMsgCount", 0},
                      {"locked", queue.locked},
                      {"tryUnlockTimes", 0},
                      {"lastLockTimestamp", queue.last_lock_ms},
                      {"droped", queue.dropped},
                      {"lastPullTimestamp", queue.last_pull_ms},
                      {"lastConsumeTimestamp", queue.last_consume_ms}});
  };
  return "{\"mqTable\":" + map_with_queue_keys(info.queues, queue_info) +
         ",\"mqPopTable\":{},\"properties\":" + dump_json(info.properties) + ",\"statusTable\":{}" +
         ",\"subscriptionSet\":" + dump_json(subscriptions) + ",\"userConsumerInfo\":{}}";
}

std::string direct_consumption_to_json(const DirectConsumption& consumption) {
  return dump_json({{"order", consumption.orderly},
                    {"autoCommit", true},
                    {"consumeResult", consumption.result},
                    {"remark", consumption.remark},
                    {"spentTimeMills", consumption.spent_ms}});
}

}  // namespace rocketmq
