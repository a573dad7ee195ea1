#include "base/log.h"
#include "consumer/push_consumer_impl.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

RemotingCommand answer(const RemotingCommand& request, std::string body) {
  RemotingCommand response = RemotingCommand::response_to(request, response_code::kSuccess);
  const ByteView bytes = as_bytes(body);
  response.body = SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  return response;
}

}  // namespace

bool PushConsumer::Impl::handle_request(const RemotingCommand& request, std::function<void(RemotingCommand)> reply) {
  if (ended_) return false;
  switch (request.code) {
    case request_code::kResetConsumerOffset: {
      auto offsets = parse_reset_offset_body(as_text(request.body.view()));
      if (!offsets) {
        log(LogLevel::kWarn, "consumer", "refused an offset reset: {}", offsets.error().message);
        reply(RemotingCommand::response_to(request, response_code::kSystemError, offsets.error().message));
        return true;
      }
      reset_offsets(*offsets);
      reply(RemotingCommand::response_to(request, response_code::kSuccess));
      return true;
    }
    case request_code::kGetConsumerStatus: {
      const std::string topic(request.ext_fields.text("topic"));
      std::map<MessageQueue, int64_t> offsets;
      for (const auto& [name, queue] : queues_) {
        const int64_t offset = queue->commit_offset();
        if (offset >= 0 && (topic.empty() || name.topic == topic)) offsets[name] = offset;
      }
      reply(answer(request, consumer_status_to_json(offsets)));
      return true;
    }
    case request_code::kGetConsumerRunningInfo: {
      ConsumerRunningInfo info;
      info.subscriptions = subscriptions();
      for (const auto& [name, queue] : queues_) info.queues[name] = queue->info();
      info.properties = {{"PROP_CONSUME_TYPE", "CONSUME_PASSIVELY"},
                         {"PROP_CONSUMEORDERLY", options_.orderly ? "true" : "false"},
                         {"PROP_CLIENT_VERSION", "V5_3_3"},
                         {"PROP_THREADPOOL_CORE_SIZE", std::to_string(options_.consume_threads)},
                         {"PROP_CONSUMER_START_TIMESTAMP", std::to_string(started_ms_.load())}};
      reply(answer(request, running_info_to_json(info)));
      return true;
    }
    case request_code::kConsumeMessageDirectly:
      consume_directly(request, std::move(reply));
      return true;
    default:
      return false;
  }
}

void PushConsumer::Impl::reset_offsets(const std::map<MessageQueue, int64_t>& offsets) {
  for (const auto& [name, offset] : offsets) {
    auto found = queues_.find(name);
    if (found == queues_.end()) continue;
    log(LogLevel::kInfo, "consumer", "an operator sets queue {} of topic {} to offset {}", name.queue_id, name.topic,
        offset);
    start(take_anew(found->second, offset), "offset reset");
  }
}

// An operator wants to see what the application makes of a message: it is given out at once, whichever member has its
// queue, and whatever comes of it changes no offset.
void PushConsumer::Impl::consume_directly(const RemotingCommand& request, std::function<void(RemotingCommand)> reply) {
  const auto refuse = [&](std::string reason) {
    log(LogLevel::kWarn, "consumer", "refused to consume a message directly: {}", reason);
    reply(RemotingCommand::response_to(request, response_code::kSystemError, std::move(reason)));
  };
  auto decoded = decode_messages(request.body);
  if (!decoded) return refuse(decoded.error().message);
  if (!decoded->undecodable.empty()) return refuse(decoded->undecodable.front().reason);
  if (decoded->messages.size() != 1) {
    return refuse("the body has " + std::to_string(decoded->messages.size()) + " messages: send one");
  }
  StoredMessage& message = decoded->messages.front();
  const std::string_view origin = message.property(property::kRetryTopic);
  if (message.topic == retry_topic_ && !origin.empty()) message.topic = origin;
  auto queue = std::make_shared<ProcessQueue>(
      MessageQueue{std::string(message.topic), std::string(request.ext_fields.text("brokerName")), message.queue_id});
  log(LogLevel::kInfo, "consumer", "an operator has the message {} of topic {} consumed here", message.message_id(),
      message.topic);
  // No other member has a claim to this one.
  queue->lock_until(TimePoint::max());
  std::vector<StoredMessage> messages;
  messages.push_back(std::move(message));
  queue->add(std::move(messages), kMostOffset);
  RemotingCommand asked;
  asked.code = request.code;
  asked.opaque = request.opaque;
  asked.serialize_type = request.serialize_type;
  queue->on_direct_end = [reply, asked, orderly = options_.orderly, begin = now()](bool consumed,
                                                                                   const std::string& failure) {
    DirectConsumption consumption;
    consumption.orderly = orderly;
    consumption.result = consumed ? "CR_SUCCESS" : failure.empty() ? "CR_LATER" : "CR_THROW_EXCEPTION";
    consumption.remark = failure;
    consumption.spent_ms = millis_between(begin, now());
    reply(answer(asked, direct_consumption_to_json(consumption)));
  };
  if (!dispatcher_.schedule_first(queue)) refuse("the consumer is suspended: resume it, and try again");
}

}  // namespace rocketmq
