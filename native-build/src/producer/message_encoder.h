#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "producer/producer.h"
#include "protocol/send_frame.h"
#include "protocol/unique_id.h"

namespace rocketmq {

// A message, or a batch of them, as it goes to the broker.
struct EncodedMessage {
  std::string topic;
  UniqueId message_id{};
  std::string properties;
  SendFrame frame;
  int32_t request_code = request_code::kSendMessageV2;
  int32_t system_flag = 0;
  int32_t flag = 0;
  // Of the messages of a batch.
  std::vector<UniqueId> batch_ids;
};

// Against the limits. kInvalidArgument naming the argument, its value, the limit and what to do.
Status check_message(const OutgoingMessage& message, const ProducerOptions& options);
// Appends the properties with the message's unique id. kInvalidArgument where they are too long.
Status encode_properties(const OutgoingMessage& message, std::string_view message_id, std::string& out);
// What the header of a request for these takes at most.
size_t header_room(std::string_view topic, std::string_view properties, const ProducerOptions& options);

// Checks a message, gives it a unique id, encodes its properties and compresses its body where that pays.
Result<EncodedMessage> encode_message(const OutgoingMessage& message, const ProducerOptions& options);

}  // namespace rocketmq
