#include "producer/reply.h"

#include "protocol/message.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

constexpr std::string_view kReplyTopicSuffix = "_REPLY_TOPIC";
constexpr std::string_view kReplyMessage = "reply";

Status check(const OutgoingMessage& message) {
  if (!message.topic.empty()) {
    return invalid_argument("the topic of a reply is \"" + std::string(message.topic.substr(0, kMaxTopicLength)) +
                            "\": leave it out, as the request tells where its reply goes");
  }
  if (message.delay_level != 0 || message.deliver_at_ms != 0) {
    return invalid_argument("a reply cannot be delayed: leave delay_level and deliver_at_ms out");
  }
  if (message.priority) return invalid_argument("a reply has no priority: leave it out");
  return {};
}

}  // namespace

std::string reply_topic(std::string_view cluster) { return std::string(cluster).append(kReplyTopicSuffix); }

Result<EncodedMessage> encode_reply(const OutgoingMessage& message, const ProducerOptions& options) {
  if (auto valid = check(message); !valid) return fail(valid.error());
  std::string_view cluster;
  std::string_view correlation_id;
  std::string_view client_id;
  std::string_view time_to_live;
  for (const auto& [name, value] : parse_properties(message.reply_to)) {
    if (name == property::kCluster) cluster = value;
    if (name == property::kCorrelationId) correlation_id = value;
    if (name == property::kReplyToClient) client_id = value;
    if (name == property::kTimeToLive) time_to_live = value;
  }
  const std::pair<std::string_view, std::string_view> needed[] = {
      {property::kCluster, cluster}, {property::kCorrelationId, correlation_id}, {property::kReplyToClient, client_id}};
  for (const auto& [name, value] : needed) {
    if (value.empty()) {
      return fail(ErrorKind::kInvalidArgument, "the message to reply to is no request: it lacks the property " +
                                                   std::string(name) + ", which brokers and requesters set");
    }
  }
  std::string properties;
  append_property(properties, property::kMessageType, kReplyMessage);
  append_property(properties, property::kCorrelationId, correlation_id);
  append_property(properties, property::kReplyToClient, client_id);
  if (!time_to_live.empty()) append_property(properties, property::kTimeToLive, time_to_live);
  const std::string topic = reply_topic(cluster);
  OutgoingMessage reply = message;
  reply.reply_to = {};
  reply.topic = topic;
  reply.system_properties = properties;
  reply.request_code = request_code::kSendReplyMessageV2;
  return encode_message(reply, options);
}

}  // namespace rocketmq
