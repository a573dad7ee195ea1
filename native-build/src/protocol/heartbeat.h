#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "protocol/subscription.h"

namespace rocketmq {

// One consumer group of a heartbeat: by it brokers know the group, its settings and its subscriptions.
struct ConsumerHeartbeat {
  std::string group;
  bool orderly = false;
  bool broadcasting = false;
  // "CONSUME_FROM_LAST_OFFSET", …
  std::string consume_from_where;
  std::vector<Subscription> subscriptions;
  // "CONSUME_PASSIVELY", "CONSUME_POP", …
  std::string consume_type = "CONSUME_PASSIVELY";
};

// The body of HEART_BEAT: one for all groups of a client. Made and read on the event loop.
struct Heartbeat {
  std::string client_id;
  std::vector<std::string> producer_groups;
  std::vector<ConsumerHeartbeat> consumers;
};

std::string heartbeat_to_json(const Heartbeat& heartbeat);
// For the mock broker.
Result<Heartbeat> parse_heartbeat(std::string_view json);

// The body of CHECK_CLIENT_CONFIG.
std::string filter_check_to_json(std::string_view client_id, std::string_view group, const Subscription& subscription);

// {"consumerIdList":[…]} of GET_CONSUMER_LIST_BY_GROUP.
Result<std::vector<std::string>> parse_consumer_list(std::string_view json);
std::string consumer_list_to_json(const std::vector<std::string>& client_ids);

}  // namespace rocketmq
