#pragma once

#include <functional>

#include "consumer/push/push_context.h"
#include "consumer/push/queue_table.h"
#include "protocol/remoting_command.h"

namespace rocketmq {

// Answers what operators' tools ask of a consumer by way of a broker: resets of offsets, how far it is, what it holds,
// and to consume a message at once. On the event loop. False for any other request.
bool answer_admin_request(PushContext& context, QueueTable& queues, const RemotingCommand& request,
                          const std::function<void(RemotingCommand)>& reply);

}  // namespace rocketmq
