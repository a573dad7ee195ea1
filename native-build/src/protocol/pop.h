#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "protocol/message.h"
#include "protocol/remoting_command.h"

namespace rocketmq {

// A broker gives no more at once.
inline constexpr int32_t kMostPopped = 32;

// What a broker must be told to acknowledge a popped message, or to hide it for another time: its checkpoint
// (POP_CK of the protocol), and the topic it was asked for.
struct ReceiptHandle {
  int64_t start_offset = 0;
  int64_t pop_time_ms = 0;
  int64_t invisible_ms = 0;
  int32_t revive_queue = 0;
  // '0': the topic itself; '1' and '2': the group's retry topic of it, named the older or the newer way.
  char retry = '0';
  std::string broker_name;
  int32_t queue_id = 0;
  int64_t offset = 0;
  std::string topic;

  // The topic where the message lies.
  std::string real_topic(std::string_view group) const;
  // POP_CK: eight fields separated by blanks.
  std::string checkpoint() const;
  // What applications hold: the checkpoint and the topic.
  std::string text() const;
  // kInvalidArgument for what text() never gives.
  static Result<ReceiptHandle> parse(std::string_view text);
};

struct PoppedMessage {
  // Its topic is the one that was asked for, also when it comes from a retry topic.
  StoredMessage message;
  ReceiptHandle handle;
  // What message.topic points at.
  std::shared_ptr<const std::string> topic;
};

struct PoppedMessages {
  std::vector<PoppedMessage> messages;
  // Why some were left out: what cannot be read or cannot be acknowledged comes again later.
  std::vector<std::string> left_out;
};

// The messages of a successful answer to POP_MESSAGE. kProtocolError for a header or a body that is none.
Result<PoppedMessages> parse_pop_response(const RemotingCommand& response, std::string_view topic,
                                          std::string_view broker_name, const DecodeLimits& limits = {});

// The retry topic in which a broker keeps what a group popped of a topic and did not acknowledge.
std::string pop_retry_topic(std::string_view group, std::string_view topic);

}  // namespace rocketmq
