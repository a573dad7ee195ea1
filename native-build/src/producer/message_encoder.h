#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "producer/producer.h"
#include "protocol/send_frame.h"
#include "protocol/unique_id.h"

namespace rocketmq {

// A message as it goes to the broker.
struct EncodedMessage {
  std::string topic;
  UniqueId message_id{};
  std::string properties;
  SendFrame frame;
  int32_t system_flag = 0;
  int32_t flag = 0;
};

// Checks a message against the limits, gives it a unique id, encodes its properties and compresses its body
// where that pays. kInvalidArgument naming the argument, its value, the limit and what to do.
Result<EncodedMessage> encode_message(const OutgoingMessage& message, const ProducerOptions& options);

}  // namespace rocketmq
