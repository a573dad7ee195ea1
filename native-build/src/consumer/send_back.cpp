#include <algorithm>

#include "base/log.h"
#include "consumer/push_consumer_impl.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

constexpr int32_t kMostDelayLevels = 18;
// RocketMQ's first delay level of a redelivery.
constexpr int32_t kFirstRetryLevel = 3;
// Before this consumer itself delivers again what no broker takes back.
constexpr Millis kLocalRedelivery{5000};

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

// Of what a broker stored, that which an ordinary send may carry: the body goes unpacked, the hosts are the
// new broker's to tell, and the message is no part of a transaction any more.
int32_t flags_to_send(int32_t stored) {
  return stored & ~(system_flag::kCompressed | system_flag::kCompressionMask | system_flag::kTransactionRollback |
                    system_flag::kBornHostV6 | system_flag::kStoreHostV6);
}

}  // namespace

void PushConsumer::Impl::begin_send_backs(size_t count) {
  std::lock_guard lock(send_back_mutex_);
  send_backs_ += static_cast<int64_t>(count);
}

void PushConsumer::Impl::end_send_back() {
  std::lock_guard lock(send_back_mutex_);
  if (--send_backs_ == 0) send_backs_done_.notify_all();
}

asio::awaitable<void> PushConsumer::Impl::send_back(Queue queue, StoredMessage message, int32_t delay_level) {
  bool taken = false;
  {
    // Also when an exception ends it: close waits for this.
    struct End {
      Impl& impl;
      ~End() { impl.end_send_back(); }
    };
    const End end{*this};
    // -1 as the limit asks for no redelivery at all.
    if (options_.max_reconsume_times < 0) delay_level = kToDeadLetters;
    taken = !ended_ && co_await send_back_to_broker(*queue, message, delay_level);
    if (!taken && !ended_ && delay_level != kToDeadLetters) {
      taken = co_await send_to_retry_topic(message, options_.max_reconsume_times);
    }
    if (taken) {
      ++sent_back_;
      queue->finish(message.queue_offset);
    }
  }
  if (taken) {
    if (!ended_) after_progress(queue);
    co_return;
  }
  if (ended_ || queue->dropped()) co_return;
  // The offset must not pass a message that nobody else has.
  log(LogLevel::kWarn, "consumer", "the message {} could not be given back: it is delivered again here",
      message.message_id());
  Pause pause(client().loop());
  co_await pause.wait(kLocalRedelivery);
  if (ended_ || queue->dropped()) co_return;
  ++message.reconsume_times;
  queue->put_back(std::move(message));
  dispatcher_.schedule(queue);
}

asio::awaitable<bool> PushConsumer::Impl::send_back_to_broker(const ProcessQueue& queue, const StoredMessage& message,
                                                              int32_t delay_level) {
  const std::string broker = client().routes().find_master(queue.queue().topic, queue.queue().broker_name);
  if (broker.empty()) co_return false;
  RemotingCommand request = RemotingCommand::request(request_code::kConsumerSendMessageBack);
  request.ext_fields.add("offset", message.commit_log_offset);
  request.ext_fields.add("group", options_.group);
  request.ext_fields.add("delayLevel", delay_level);
  request.ext_fields.add("originMsgId", message.message_id());
  request.ext_fields.add("originTopic", message.topic);
  request.ext_fields.add("unitMode", false);
  request.ext_fields.add("maxReconsumeTimes", std::max(options_.max_reconsume_times, 0));
  request.ext_fields.add("bname", queue.queue().broker_name);
  auto response = co_await client().remoting().call(broker, std::move(request), client_options_.request_timeout);
  if (response && is_taken(*response)) co_return true;
  log(LogLevel::kInfo, "consumer", "{} did not take the message {} back: {}", broker, message.message_id(),
      response ? "code " + std::to_string(response->code) + ": " + response->remark : response.error().message);
  co_return false;
}

// An orderly consumer's message that is given up: to the dead letters, with the times that it was delivered here, which
// its own broker does not know.
asio::awaitable<bool> PushConsumer::Impl::bury(const ProcessQueue& queue, const StoredMessage& message) {
  const bool sent = co_await send_to_retry_topic(message, message.reconsume_times);
  if (sent || ended_) co_return sent;
  co_return co_await send_back_to_broker(queue, message, kToDeadLetters);
}

// An ordinary send to the group's retry topic, on any broker: for when the message's own one is down.
asio::awaitable<bool> PushConsumer::Impl::send_to_retry_topic(const StoredMessage& message, int32_t most_times) {
  const Route route = client().routes().find(retry_topic_);
  if (!route) co_return false;
  std::string properties;
  for (const auto& [name, value] : message.properties) {
    const bool replaced = name == property::kDelay || name == property::kRetryTopic ||
                          name == property::kReconsumeTime || name == property::kMaxReconsumeTimes ||
                          name == property::kOriginMessageId;
    if (!replaced && !value.empty()) append_property(properties, name, value);
  }
  const std::string_view origin = message.property(property::kOriginMessageId);
  const int32_t times = message.reconsume_times;
  append_property(properties, property::kRetryTopic, message.topic);
  append_property(properties, property::kReconsumeTime, std::to_string(times + 1));
  append_property(properties, property::kMaxReconsumeTimes, std::to_string(most_times));
  append_property(properties, property::kDelay, std::to_string(std::min(kFirstRetryLevel + times, kMostDelayLevels)));
  append_property(properties, property::kOriginMessageId, origin.empty() ? message.message_id() : std::string(origin));
  if (properties.size() > kMaxPropertiesBytes) co_return false;
  for (const auto& broker : route->route.brokers) {
    const std::string address(route->route.master_address(broker.name));
    if (address.empty()) continue;
    RemotingCommand request = RemotingCommand::request(request_code::kSendMessageV2);
    auto& fields = request.ext_fields;
    fields.add("a", options_.group);
    fields.add("b", retry_topic_);
    fields.add("c", "TBW102");
    fields.add("d", 1);
    fields.add("e", 0);
    fields.add("f", flags_to_send(message.system_flag));
    fields.add("g", message.born_timestamp_ms);
    fields.add("h", message.flag);
    fields.add("i", properties);
    fields.add("j", times + 1);
    fields.add("k", false);
    fields.add("l", most_times);
    fields.add("m", false);
    fields.add("n", broker.name);
    request.body = message.body;
    auto response = co_await client().remoting().call(address, std::move(request), client_options_.request_timeout);
    if (ended_) co_return false;
    if (response && is_stored(response->code)) co_return true;
  }
  co_return false;
}

}  // namespace rocketmq
