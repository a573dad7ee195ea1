#include "consumer/push/admin_requests.h"

#include <map>
#include <string>
#include <utility>

#include "base/log.h"
#include "protocol/admin_bodies.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

using Reply = std::function<void(RemotingCommand)>;

RemotingCommand answer(const RemotingCommand& request, const std::string& body) {
  RemotingCommand response = RemotingCommand::response_to(request, response_code::kSuccess);
  response.body = SharedBytes::copy_of(body);
  return response;
}

void reset_offsets(QueueTable& queues, const RemotingCommand& request, const Reply& reply) {
  const auto offsets = parse_reset_offset_body(as_text(request.body.view()));
  if (!offsets) {
    log(LogLevel::kWarn, "consumer", "refused an offset reset: {}", offsets.error().message);
    return reply(RemotingCommand::response_to(request, response_code::kSystemError, offsets.error().message));
  }
  for (const auto& [queue, offset] : *offsets) {
    const auto actor = queues.find(queue);
    if (!actor) continue;
    log(LogLevel::kInfo, "consumer", "an operator sets queue {} of topic {} to offset {}", queue.queue_id, queue.topic,
        offset);
    actor->reset(offset);
  }
  reply(RemotingCommand::response_to(request, response_code::kSuccess));
}

std::string consumer_status(const QueueTable& queues, std::string_view topic) {
  std::map<MessageQueue, int64_t> offsets;
  queues.for_each([&](QueueActor& actor) {
    const int64_t offset = actor.machine().commit_offset();
    if (actor.machine().is_assigned() && offset >= 0 && (topic.empty() || actor.queue().topic == topic)) {
      offsets[actor.queue()] = offset;
    }
  });
  return consumer_status_to_json(offsets);
}

std::string running_info(const PushContext& context, const QueueTable& queues) {
  ConsumerRunningInfo info;
  info.subscriptions = context.subscriptions.all();
  queues.for_each([&](QueueActor& actor) {
    if (actor.machine().is_assigned()) info.queues[actor.queue()] = actor.info();
  });
  info.properties = {{"PROP_CONSUME_TYPE", "CONSUME_PASSIVELY"},
                     {"PROP_CONSUMEORDERLY", context.options.orderly ? "true" : "false"},
                     {"PROP_CLIENT_VERSION", "V5_3_3"},
                     {"PROP_THREADPOOL_CORE_SIZE", std::to_string(context.options.consume_threads)},
                     {"PROP_CONSUMER_START_TIMESTAMP", std::to_string(context.counters.started_ms.load())}};
  return running_info_to_json(info);
}

// An operator wants to see what the application makes of a message: it is given out at once, whichever member has its
// queue, and whatever comes of it changes no offset.
void consume_directly(PushContext& context, const RemotingCommand& request, const Reply& reply) {
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
  if (message.topic == context.retry_topic && !origin.empty()) message.topic = origin;
  const MessageQueue name{std::string(message.topic), std::string(request.ext_fields.text("brokerName")),
                          message.queue_id};
  log(LogLevel::kInfo, "consumer", "an operator has the message {} of topic {} consumed here", message.message_id(),
      message.topic);
  const auto queue = std::make_shared<ProcessQueue>(name, false, nullptr);
  std::vector<StoredMessage> messages;
  messages.push_back(std::move(message));
  queue->add(std::move(messages), kMostOffset);
  // No other member has a claim to this one.
  queue->open(TimePoint::max());
  RemotingCommand asked;
  asked.code = request.code;
  asked.opaque = request.opaque;
  asked.serialize_type = request.serialize_type;
  queue->on_direct_end = [reply, asked, orderly = context.options.orderly, begin = now()](bool consumed,
                                                                                          const std::string& failure) {
    DirectConsumption consumption;
    consumption.orderly = orderly;
    consumption.result = consumed ? "CR_SUCCESS" : failure.empty() ? "CR_LATER" : "CR_THROW_EXCEPTION";
    consumption.remark = failure;
    consumption.spent_ms = millis_between(begin, now());
    reply(answer(asked, direct_consumption_to_json(consumption)));
  };
  if (!context.dispatcher->schedule_first(queue)) refuse("the consumer is suspended: resume it, and try again");
}

}  // namespace

bool answer_admin_request(PushContext& context, QueueTable& queues, const RemotingCommand& request,
                          const std::function<void(RemotingCommand)>& reply) {
  switch (request.code) {
    case request_code::kResetConsumerOffset:
      reset_offsets(queues, request, reply);
      return true;
    case request_code::kGetConsumerStatus:
      reply(answer(request, consumer_status(queues, request.ext_fields.text("topic"))));
      return true;
    case request_code::kGetConsumerRunningInfo:
      reply(answer(request, running_info(context, queues)));
      return true;
    case request_code::kConsumeMessageDirectly:
      consume_directly(context, request, reply);
      return true;
    default:
      return false;
  }
}

}  // namespace rocketmq
