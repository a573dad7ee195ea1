#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "producer/message_encoder.h"

namespace rocketmq {

// The topic to which the replies to a cluster's requests are sent; every broker of the cluster has it.
std::string reply_topic(std::string_view cluster);

// Encodes a message with `reply_to` set as the reply to that request. kInvalidArgument naming the property that a
// message lacks which is no request.
Result<EncodedMessage> encode_reply(const OutgoingMessage& message, const ProducerOptions& options);

}  // namespace rocketmq
