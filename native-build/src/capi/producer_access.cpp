#include "capi/producer_access.h"

#include "capi/queue_views.h"

namespace rocketmq::capi {

namespace {

Status read_properties(const rocketmq_message& in, MessageArgument& out) {
  if (in.property_count < 0 || (in.property_count > 0 && in.properties == nullptr)) {
    return fail(ErrorKind::kInvalidArgument, "message.property_count is " + std::to_string(in.property_count) +
                                                 " with properties " + (in.properties ? "set" : "NULL") +
                                                 ": give an array of that many, or 0");
  }
  out.properties.reserve(static_cast<size_t>(in.property_count));
  for (int32_t i = 0; i < in.property_count; ++i) {
    auto name = text_of(in.properties[i].name, "the name of property " + std::to_string(i));
    if (!name) return fail(name.error());
    auto value = text_of(in.properties[i].value, "the value of property " + std::to_string(i));
    if (!value) return fail(value.error());
    out.properties.emplace_back(*name, *value);
  }
  out.message.properties = out.properties.data();
  out.message.property_count = out.properties.size();
  return {};
}

}  // namespace

Status read_message(const rocketmq_message* in, MessageArgument& out) {
  auto copy = copy_in(in, "message");
  if (!copy) return fail(copy.error());
  const std::pair<const rocketmq_string*, std::string_view*> texts[] = {
      {&copy->topic, &out.message.topic},
      {&copy->tag, &out.message.tag},
      {&copy->keys, &out.message.keys},
      {&copy->sharding_key, &out.message.sharding_key},
      {&copy->broker_name, &out.message.broker_name},
      {&copy->reply_to, &out.message.reply_to}};
  static constexpr const char* kNames[] = {"message.topic",        "message.tag",         "message.keys",
                                           "message.sharding_key", "message.broker_name", "message.reply_to"};
  for (size_t i = 0; i < std::size(texts); ++i) {
    auto text = text_of(*texts[i].first, kNames[i]);
    if (!text) return fail(text.error());
    *texts[i].second = *text;
  }
  if (copy->body_length < 0 || (copy->body == nullptr && copy->body_length > 0)) {
    return fail(ErrorKind::kInvalidArgument, "message.body_length is " + std::to_string(copy->body_length) +
                                                 " with body " + (copy->body ? "set" : "NULL") +
                                                 ": give the body and its number of bytes");
  }
  out.message.body = {copy->body, static_cast<size_t>(copy->body_length)};
  out.message.flag = copy->flag;
  out.message.delay_level = copy->delay_level;
  out.message.deliver_at_ms = copy->deliver_at_ms;
  if (copy->has_priority != 0 && copy->has_priority != 1) {
    return fail(ErrorKind::kInvalidArgument,
                "message.has_priority is " + std::to_string(copy->has_priority) + ": give 1, or 0 for no priority");
  }
  if (copy->has_priority == 1) out.message.priority = copy->priority;
  out.message.queue_id = copy->queue_id;
  return read_properties(*copy, out);
}

Result<SendOptions> read_options(const rocketmq_send_options* in) {
  if (in == nullptr) return SendOptions{};
  auto options = copy_in(in, "send_options");
  if (!options) return fail(options.error());
  RangeCheck range("send_options");
  const int32_t timeout = range.number("timeout_ms", options->timeout_ms, 0, 1, kMostTimeoutMs);
  const int32_t unlimited = range.number("unlimited", options->unlimited, 0, 1, 1);
  if (!range.status()) return fail(range.status().error());
  return SendOptions{Millis(timeout), unlimited == 0, options->select, options->select_context};
}

Status select_queue(Producer& producer, SendOptions& options, const rocketmq_message* in, OutgoingMessage& message,
                    std::string& broker_name) {
  if (options.select == nullptr) return {};
  auto chosen = producer.choose_queue(message.topic, options.timeout, [&](const std::vector<MessageQueue>& queues) {
    const QueueViews views(queues);
    return options.select(options.select_context, in, views.pointers(), static_cast<int32_t>(queues.size()));
  });
  if (!chosen) return fail(std::move(chosen.error()));
  options.timeout = chosen->left;
  broker_name = std::move(chosen->queue.broker_name);
  message.broker_name = broker_name;
  message.queue_id = chosen->queue.queue_id;
  message.sharding_key = {};
  return {};
}

void to_c(const SendReceipt& receipt, rocketmq_send_result& out) {
  out.size = sizeof out;
  out.send_status = static_cast<int32_t>(receipt.status);
  out.queue_id = receipt.queue_id;
  out.queue_offset = receipt.queue_offset;
  out.attempts = receipt.attempts;
  out.reserved = 0;
  copy_text(as_text(receipt.message_id), out.message_id, sizeof out.message_id);
  static_assert(SendReceipt::Text::kCapacity < sizeof out.offset_message_id);
  static_assert(SendReceipt::Text::kCapacity < sizeof out.transaction_id);
  static_assert(SendReceipt::Text::kCapacity < sizeof out.region_id);
  copy_text(receipt.offset_message_id.view(), out.offset_message_id, sizeof out.offset_message_id);
  copy_text(receipt.transaction_id.view(), out.transaction_id, sizeof out.transaction_id);
  copy_text(receipt.region_id.view(), out.region_id, sizeof out.region_id);
  copy_text(receipt.broker_name, out.broker_name, sizeof out.broker_name);
  copy_text(receipt.recall_handle, out.recall_handle, sizeof out.recall_handle);
  out.transaction = receipt.transaction;
}

}  // namespace rocketmq::capi
