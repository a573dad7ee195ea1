#include <algorithm>
#include <vector>

#include "mock/mock_broker.h"
#include "mock/mock_cluster.h"
#include "mock/properties.h"
#include "protocol/codes.h"
#include "protocol/names.h"

namespace rocketmq::mock {

// Messages that clients send, alone, in batches, and back after a failed consumption.

void MockBroker::add_send_handlers() {
  on(request_code::kSendMessageV2,
     [this](const auto&, const auto& request, const auto& reply) { send(request, reply); });
  on(request_code::kSendBatchMessage,
     [this](const auto&, const auto& request, const auto& reply) { send_batch(request, reply); });
  on(request_code::kRecallMessage, [](const auto&, const auto& request, const auto& reply) {
    auto response = RemotingCommand::response_to(request, response_code::kSuccess);
    response.ext_fields.add("msgId", kRecalledId);
    reply(std::move(response));
  });
  on(request_code::kConsumerSendMessageBack,
     [this](const auto&, const auto& request, const auto& reply) { send_back(request, reply); });
}

bool MockBroker::ensure_topic(const RemotingCommand& request, const Reply& reply) {
  const std::string topic(request.ext_fields.text("b"));
  if (cluster_.topics.count(topic) != 0) return true;
  if (!cluster_.options.auto_create_topics) {
    reply(RemotingCommand::response_to(request, response_code::kTopicNotExist, "no topic " + topic));
    return false;
  }
  const auto wanted = static_cast<int>(request.ext_fields.number("d", 4));
  cluster_.topics[topic] = {std::min(wanted, cluster_.options.queues), 6};
  return true;
}

RemotingCommand MockBroker::sent_response(const RemotingCommand& request, int64_t log_offset, int queue,
                                          int64_t offset) const {
  StoredMessage id;
  id.store_host = own_host();
  id.commit_log_offset = log_offset;
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  response.ext_fields.add("msgId", id.offset_message_id());
  response.ext_fields.add("queueId", queue);
  response.ext_fields.add("queueOffset", offset);
  return response;
}

// The messages of the body one by one, as a broker does.
void MockBroker::send_batch(const RemotingCommand& request, const Reply& reply) {
  if (!ensure_topic(request, reply)) return;
  const std::string topic(request.ext_fields.text("b"));
  const int queue = static_cast<int>(request.ext_fields.number("e", 0));
  std::string ids;
  int64_t first = -1;
  for (ByteReader reader(request.body.view()); reader.remaining() > 0;) {
    reader.i32();  // size
    reader.i32();  // magic
    reader.i32();  // checksum
    MessageToStore message;
    message.topic = topic;
    message.queue_id = queue;
    message.flag = reader.i32();
    message.body = reader.bytes(static_cast<size_t>(std::max(0, reader.i32())));
    const std::string properties(as_text(reader.bytes(static_cast<size_t>(std::max<int>(0, reader.i16())))));
    if (!reader.ok()) {
      return reply(RemotingCommand::response_to(request, response_code::kMessageIllegal, "the batch is broken"));
    }
    message.properties = properties;
    message.born_timestamp_ms = request.ext_fields.number("g", 0);
    message.born_host = own_host();
    StoredMessage id;
    id.store_host = own_host();
    id.commit_log_offset = store_.log_end();
    ids += (ids.empty() ? "" : ",") + id.offset_message_id();
    const int64_t offset = store(message, 0);
    if (first < 0) first = offset;
  }
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  response.ext_fields.add("msgId", ids);
  response.ext_fields.add("queueId", queue);
  response.ext_fields.add("queueOffset", first);
  reply(response);
}

void MockBroker::send(const RemotingCommand& request, const Reply& reply) {
  if (!ensure_topic(request, reply)) return;
  std::string topic(request.ext_fields.text("b"));
  if (topic.rfind(kRetryTopicPrefix, 0) == 0 &&
      request.ext_fields.number("j", 0) > request.ext_fields.number("l", 16)) {
    topic = dead_letter_topic(topic.substr(kRetryTopicPrefix.size()));
    cluster_.topics.emplace(topic, MockCluster::Topic{1, 6});
  }
  const int queue = static_cast<int>(request.ext_fields.number("e", 0));
  std::string properties(request.ext_fields.text("i"));
  // A broker marks every message so; requests need it for their replies.
  if (!property_of(properties, property::kCorrelationId).empty()) {
    append_property(properties, property::kCluster, "mock");
  }
  MessageToStore message;
  message.topic = topic;
  message.properties = properties;
  message.body = request.body.view();
  message.queue_id = queue;
  message.flag = static_cast<int32_t>(request.ext_fields.number("h", 0));
  message.system_flag = static_cast<int32_t>(request.ext_fields.number("f", 0));
  message.born_timestamp_ms = request.ext_fields.number("g", 0);
  message.born_host = own_host();
  message.reconsume_times = static_cast<int32_t>(request.ext_fields.number("j", 0));
  if (property_of(properties, property::kTransactionPrepared) == "true") return send_half(message, request, reply);
  const bool dead = topic.rfind(kDeadLetterTopicPrefix, 0) == 0;
  const std::string level = dead ? std::string() : property_of(properties, property::kDelay);
  const int64_t log_offset = store_.log_end();
  const int64_t offset = store(message, level.empty() ? 0 : std::stoi(level));
  reply(sent_response(request, log_offset, queue, offset));
}

void MockBroker::send_back(const RemotingCommand& request, const Reply& reply) {
  const auto& fields = request.ext_fields;
  const std::string group(fields.text("group"));
  const StoredBytes* stored = store_.at_log_offset(fields.number("offset", -1));
  if (stored == nullptr) {
    return reply(RemotingCommand::response_to(request, response_code::kSystemError, "no message at that offset"));
  }
  const auto found = decode_one(stored->bytes);
  if (found.empty()) {
    return reply(RemotingCommand::response_to(request, response_code::kSystemError, "the message cannot be read"));
  }
  const StoredMessage& message = found.front();
  const auto level = static_cast<int32_t>(fields.number("delayLevel", 0));
  const bool dead = level < 0 || message.reconsume_times >= fields.number("maxReconsumeTimes", 16);
  std::string properties;
  bool origin = false;
  for (const auto& [name, value] : message.properties) {
    if (name == property::kDelay) continue;
    origin = origin || name == property::kRetryTopic;
    append_property(properties, name, value);
  }
  if (!origin) append_property(properties, property::kRetryTopic, message.topic);
  if (message.property(property::kOriginMessageId).empty()) {
    append_property(properties, property::kOriginMessageId, fields.text("originMsgId"));
  }
  const std::string topic = dead ? dead_letter_topic(group) : retry_topic(group);
  cluster_.topics.emplace(topic, MockCluster::Topic{1, 6});
  MessageToStore again;
  again.topic = topic;
  again.properties = properties;
  again.body = message.body.view();
  again.flag = message.flag;
  again.born_timestamp_ms = message.born_timestamp_ms;
  again.born_host = message.born_host;
  again.reconsume_times = message.reconsume_times + 1;
  store(again, dead ? 0 : level == 0 ? 3 + message.reconsume_times : level);
  reply(RemotingCommand::response_to(request, response_code::kSuccess));
}

}  // namespace rocketmq::mock
