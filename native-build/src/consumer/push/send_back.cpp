#include "consumer/push/send_back.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "client/await_route.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

// RocketMQ's first delay level of a redelivery; a broker takes its highest one for any above.
constexpr int32_t kFirstRetryLevel = 3;

// A send is stored under each of these; the last three tell of a copy that is missing.
bool is_stored(int32_t send_code) {
  return send_code == response_code::kSuccess || send_code == response_code::kFlushDiskTimeout ||
         send_code == response_code::kSlaveNotAvailable || send_code == response_code::kFlushSlaveTimeout;
}

// A broker answers everything but PUT_OK with SYSTEM_ERROR and the name of its PutMessageStatus, that of a
// message which it has stored included.
bool is_taken(const RemotingCommand& response) {
  if (response.code == response_code::kSuccess) return true;
  return response.code == response_code::kSystemError &&
         (response.remark == "FLUSH_DISK_TIMEOUT" || response.remark == "FLUSH_SLAVE_TIMEOUT" ||
          response.remark == "SLAVE_NOT_AVAILABLE");
}

// Of what a broker stored, that which an ordinary send may carry: the hosts are the new broker's to tell, and the
// message is no part of a transaction any more.
constexpr int32_t kNotToSend = system_flag::kTransactionRollback | system_flag::kBornHostV6 | system_flag::kStoreHostV6;
constexpr int32_t kCompression = system_flag::kCompressed | system_flag::kCompressionMask;

// The body as it was stored, where that is known: unpacked it may be larger than a broker takes.
SharedBytes body_to_send(const StoredMessage& message, int32_t* flags) {
  *flags = message.system_flag & ~kNotToSend;
  if ((*flags & system_flag::kCompressed) != 0) {
    if (auto stored = decode_stored_message(message.bytes)) return stored->body;
  }
  *flags &= ~kCompression;
  return message.body;
}

bool is_any_of(std::string_view name, const auto& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The properties of a redelivery; what the broker adds to every message makes room where `short_of_room`.
std::string properties_to_send(const StoredMessage& message, int32_t most_times, bool short_of_room) {
  static constexpr std::array kReplaced{property::kDelay, property::kRetryTopic, property::kReconsumeTime,
                                        property::kMaxReconsumeTimes, property::kOriginMessageId};
  static constexpr std::array<std::string_view, 4> kAddedByBrokers{property::kCluster, property::kWait, "MSG_REGION",
                                                                   "TRACE_ON"};
  std::string properties;
  for (const auto& [name, value] : message.properties) {
    if (value.empty() || is_any_of(name, kReplaced)) continue;
    if (!short_of_room || !is_any_of(name, kAddedByBrokers)) append_property(properties, name, value);
  }
  if (short_of_room) return properties;
  const std::string_view origin = message.property(property::kOriginMessageId);
  const int32_t times = message.reconsume_times;
  append_property(properties, property::kRetryTopic, message.topic);
  append_property(properties, property::kReconsumeTime, std::to_string(times + 1));
  append_property(properties, property::kMaxReconsumeTimes, std::to_string(most_times));
  append_property(properties, property::kDelay, std::to_string(kFirstRetryLevel + times));
  append_property(properties, property::kOriginMessageId, origin.empty() ? message.message_id() : std::string(origin));
  return properties;
}

asio::awaitable<bool> send_back_to_broker(std::shared_ptr<PushContext> context, MessageQueue queue,
                                          const StoredMessage& message, int32_t delay_level) {
  const std::string broker = context->client->routes().find_master(queue.topic, queue.broker_name);
  if (broker.empty()) co_return false;
  RemotingCommand request = RemotingCommand::request(request_code::kConsumerSendMessageBack);
  request.ext_fields.add("offset", message.commit_log_offset);
  request.ext_fields.add("group", context->options.group);
  request.ext_fields.add("delayLevel", delay_level);
  request.ext_fields.add("originMsgId", message.message_id());
  request.ext_fields.add("originTopic", message.topic);
  request.ext_fields.add("unitMode", false);
  request.ext_fields.add("maxReconsumeTimes", std::max(context->options.max_reconsume_times, 0));
  request.ext_fields.add("bname", queue.broker_name);
  auto response =
      co_await context->client->remoting().call(broker, std::move(request), context->client_options.request_timeout);
  if (response && is_taken(*response)) co_return true;
  log(LogLevel::kInfo, "consumer", "{} did not take the message {} back: {}", broker, message.message_id(),
      response ? "code " + std::to_string(response->code) + ": " + response->remark : response.error().message);
  co_return false;
}

struct Target {
  std::string broker_name;
  std::string address;
  int rank = 0;
};

// Where to send to, in this order: the message's own broker, unless it has just failed to take it; the others; those
// that are gone or silent, which may store yet another copy when they are back.
std::vector<Target> targets_of(const PushContext& context, const TopicRoute& route, const std::string& own_broker,
                               bool own_failed) {
  enum { kOwn, kOther, kTroubled, kFailed };
  const BrokerStates& states = context.client->brokers();
  std::vector<Target> targets;
  for (const auto& broker : route.brokers) {
    std::string address(route.master_address(broker.name));
    if (address.empty()) continue;
    const bool own = broker.name == own_broker;
    int rank = own ? kOwn : kOther;
    if (own && own_failed) {
      rank = kFailed;
    } else if (states.silent(address) || states.avoided(address)) {
      rank = kTroubled;
    }
    const auto place = std::find_if(targets.begin(), targets.end(), [&](const auto& each) { return each.rank > rank; });
    targets.insert(place, {broker.name, std::move(address), rank});
  }
  return targets;
}

// An ordinary send to the group's retry topic, on any broker. The broker makes it a dead letter when it was delivered
// more than `most_times` times.
asio::awaitable<bool> send_to_retry_topic(std::shared_ptr<PushContext> context, std::string own_broker, bool own_failed,
                                          const StoredMessage& message, int32_t most_times) {
  Route route = context->client->routes().find(context->retry_topic);
  if (!route) {
    // A message that failed before the group's retry topic was looked up, which brokers create for its first member.
    auto found = co_await await_route(context->client->loop(), context->client->routes(), context->retry_topic, false,
                                      0, now() + context->client_options.request_timeout);
    if (context->ended) co_return false;
    if (found) route = *found;
  }
  if (!route) co_return false;
  std::string properties = properties_to_send(message, most_times, false);
  if (properties.size() > kMaxPropertiesBytes) {
    // With what a redelivery needs it cannot be stored: so it is one no more.
    log(LogLevel::kWarn, "consumer",
        "the message {} has no room for the properties of a redelivery: it goes to the dead-letter queue",
        message.message_id());
    most_times = message.reconsume_times;
    properties = properties_to_send(message, most_times, true);
  }
  int32_t flags = 0;
  const SharedBytes body = body_to_send(message, &flags);
  for (const Target& target : targets_of(*context, route->route, own_broker, own_failed)) {
    RemotingCommand request = RemotingCommand::request(request_code::kSendMessageV2);
    auto& fields = request.ext_fields;
    fields.add("a", context->options.group);
    fields.add("b", context->retry_topic);
    fields.add("c", "TBW102");
    fields.add("d", 1);
    fields.add("e", 0);
    fields.add("f", flags);
    fields.add("g", message.born_timestamp_ms);
    fields.add("h", message.flag);
    fields.add("i", properties);
    fields.add("j", message.reconsume_times + 1);
    fields.add("k", false);
    fields.add("l", most_times);
    fields.add("m", false);
    fields.add("n", target.broker_name);
    request.body = body;
    auto response = co_await context->client->remoting().call(target.address, std::move(request),
                                                              context->client_options.request_timeout);
    if (context->ended) co_return false;
    if (response && is_stored(response->code)) co_return true;
  }
  co_return false;
}

}  // namespace

asio::awaitable<bool> send_back(std::shared_ptr<PushContext> context, MessageQueue queue, const StoredMessage& message,
                                int32_t delay_level) {
  if (context->ended) co_return false;
  // No redelivery at all is asked for.
  const bool no_redelivery = context->options.max_reconsume_times <= 0;
  if (no_redelivery) delay_level = kToDeadLetters;
  const bool taken = co_await send_back_to_broker(context, queue, message, delay_level);
  if (taken || context->ended) co_return taken;
  const int32_t most_times =
      delay_level == kToDeadLetters ? message.reconsume_times : context->options.max_reconsume_times;
  co_return co_await send_to_retry_topic(context, queue.broker_name, true, message, most_times);
}

asio::awaitable<bool> send_to_dead_letters(std::shared_ptr<PushContext> context, MessageQueue queue,
                                           const StoredMessage& message) {
  if (context->ended) co_return false;
  const bool sent = co_await send_to_retry_topic(context, queue.broker_name, false, message, message.reconsume_times);
  if (sent || context->ended) co_return sent;
  co_return co_await send_back_to_broker(context, queue, message, kToDeadLetters);
}

}  // namespace rocketmq
