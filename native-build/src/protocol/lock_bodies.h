#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "protocol/route.h"

namespace rocketmq {

// How an orderly consumer locks its queues at a broker. Without state.

// The body of LOCK_BATCH_MQ and UNLOCK_BATCH_MQ: who asks for which queues of one broker.
struct LockRequest {
  std::string group;
  std::string client_id;
  std::set<MessageQueue> queues;
};
std::string lock_request_to_json(const LockRequest& request);
// For the mock broker.
Result<LockRequest> parse_lock_request(std::string_view json);

// The answer to LOCK_BATCH_MQ ({"lockOKMQSet":[…]}): the queues that the asking client holds now.
Result<std::set<MessageQueue>> parse_locked_queues(std::string_view json);
std::string locked_queues_to_json(const std::set<MessageQueue>& queues);

}  // namespace rocketmq
