#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "producer/producer.h"

namespace rocketmq {

// A message as it goes to the broker.
struct EncodedMessage {
  std::string topic;
  std::string message_id;
  std::string properties;
  std::vector<uint8_t> body;
  int32_t system_flag = 0;
  int32_t flag = 0;
};

// Checks a message against the limits, gives it a unique id, encodes its properties and compresses its body
// where that pays. kInvalidArgument naming the argument, its value, the limit and what to do.
Result<EncodedMessage> encode_message(const OutgoingMessage& message, const ProducerOptions& options);

}  // namespace rocketmq
