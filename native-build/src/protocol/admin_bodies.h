#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "protocol/route.h"
#include "protocol/subscription.h"

namespace rocketmq {

// Bodies of the requests that operators' tools send to a consumer by way of the broker.

// The body of RESET_CONSUMER_CLIENT_OFFSET: both forms, fastjson's map with object keys
// ({"offsetTable":{{"brokerName":"b","queueId":3,"topic":"T"}:5}}) and the list form for C clients.
Result<std::map<MessageQueue, int64_t>> parse_reset_offset_body(std::string_view json);

// A file of offsets, in the form in which Apache's client keeps those of broadcasting consumers
// ({"offsetTable":{{"brokerName":"b","queueId":3,"topic":"T"}:5}}).
std::string offset_table_to_json(const std::map<MessageQueue, int64_t>& offsets);
// Reads that, and the list form; `what` names it in errors.
Result<std::map<MessageQueue, int64_t>> parse_offset_table(std::string_view json, std::string_view what);

// The body that answers GET_CONSUMER_STATUS_FROM_CLIENT ({"messageQueueTable":{…},"consumerTable":{}}), in
// the map form with object keys, as the admin tool's fastjson reads it.
std::string consumer_status_to_json(const std::map<MessageQueue, int64_t>& offsets);

struct ProcessQueueInfo {
  int64_t commit_offset = 0;
  int64_t cached_min_offset = 0;
  int64_t cached_max_offset = 0;
  int64_t cached_count = 0;
  int64_t cached_size_mib = 0;
  bool dropped = false;
  // Of an orderly consumer: the broker's lock.
  bool locked = false;
  int64_t last_lock_ms = 0;
  int64_t last_pull_ms = 0;
  int64_t last_consume_ms = 0;
};
struct ConsumerRunningInfo {
  std::map<std::string, std::string> properties;
  std::vector<Subscription> subscriptions;
  std::map<MessageQueue, ProcessQueueInfo> queues;
};
// The body that answers GET_CONSUMER_RUNNING_INFO, as mqadmin consumerStatus reads it.
std::string running_info_to_json(const ConsumerRunningInfo& info);

// The body that answers CONSUME_MESSAGE_DIRECTLY.
struct DirectConsumption {
  bool orderly = false;
  // "CR_SUCCESS", "CR_LATER" or "CR_THROW_EXCEPTION".
  std::string result;
  std::string remark;
  int64_t spent_ms = 0;
};
std::string direct_consumption_to_json(const DirectConsumption& consumption);

}  // namespace rocketmq
