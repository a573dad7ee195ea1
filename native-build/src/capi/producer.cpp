#include "producer/producer.h"

#include "capi/boundary.h"
#include "capi/client_options.h"

using rocketmq::ErrorKind;
using rocketmq::fail;
using rocketmq::Millis;
using rocketmq::Result;
using rocketmq::Status;
namespace capi = rocketmq::capi;

struct rocketmq_producer {
  std::unique_ptr<rocketmq::Producer> impl;
};

namespace {

constexpr int32_t kLargestBody = rocketmq::kMaxFrameBytes - 65536;

void to_c(const rocketmq::SendReceipt& receipt, rocketmq_send_result& out) {
  out.size = sizeof out;
  out.send_status = static_cast<int32_t>(receipt.status);
  out.queue_id = receipt.queue_id;
  out.queue_offset = receipt.queue_offset;
  out.attempts = receipt.attempts;
  out.reserved = 0;
  capi::copy_text(rocketmq::as_text(receipt.message_id), out.message_id, sizeof out.message_id);
  capi::copy_text(receipt.offset_message_id.view(), out.offset_message_id, sizeof out.offset_message_id);
  capi::copy_text(receipt.transaction_id.view(), out.transaction_id, sizeof out.transaction_id);
  capi::copy_text(receipt.region_id.view(), out.region_id, sizeof out.region_id);
  capi::copy_text(receipt.broker_name, out.broker_name, sizeof out.broker_name);
  capi::copy_text(receipt.recall_handle, out.recall_handle, sizeof out.recall_handle);
}

// Hands outcomes to the C callback; its buffers are reused from batch to batch, on the one callback thread.
class CompletionWriter {
 public:
  CompletionWriter(rocketmq_send_callback callback, uint64_t context) : callback_(callback), context_(context) {}

  void operator()(std::vector<rocketmq::SendOutcome>& outcomes) {
    const size_t count = outcomes.size();
    if (completions_.size() < count) {
      completions_.resize(count);
      pointers_.resize(count);
      results_.resize(count);
    }
    errors_.clear();
    // Never moved while the views point into it.
    errors_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      rocketmq_send_completion& completion = completions_[i];
      completion.size = sizeof completion;
      completion.context = outcomes[i].context;
      completion.result = nullptr;
      completion.error = nullptr;
      if (outcomes[i].result) {
        to_c(*outcomes[i].result, results_[i]);
        completion.result = &results_[i];
      } else {
        capi::to_c(outcomes[i].result.error(), errors_.emplace_back());
        completion.error = &errors_.back();
      }
      pointers_[i] = &completion;
    }
    callback_(context_, pointers_.data(), static_cast<int32_t>(count));
  }

 private:
  const rocketmq_send_callback callback_;
  const uint64_t context_;
  std::vector<rocketmq_send_completion> completions_;
  std::vector<const rocketmq_send_completion*> pointers_;
  std::vector<rocketmq_send_result> results_;
  std::vector<rocketmq_error> errors_;
};

Result<rocketmq::ProducerOptions> read_options(const rocketmq_producer_options* in) {
  auto options = capi::copy_in(in, "producer_options");
  if (!options) return fail(options.error());
  auto group = capi::text_of(options->group, "producer_options.group");
  if (!group) return fail(group.error());
  capi::RangeCheck range("producer_options");
  rocketmq::ProducerOptions out;
  out.group = *group;
  out.send_timeout = Millis(range.number("send_timeout_ms", options->send_timeout_ms, 3000, 1, capi::kMostTimeoutMs));
  out.attempt_timeout =
      Millis(range.number("attempt_timeout_ms", options->attempt_timeout_ms, 0, 1, capi::kMostTimeoutMs));
  out.max_attempts = range.number("max_attempts", options->max_attempts, 3, 1, 16);
  out.compress_threshold_bytes =
      range.number("compress_threshold_bytes", options->compress_threshold_bytes, 4096, -1, INT32_MAX);
  out.compress_level = range.number("compress_level", options->compress_level, 5, 1, 9);
  out.max_message_bytes =
      range.number("max_message_bytes", options->max_message_bytes, 4 * 1024 * 1024, 1, kLargestBody);
  out.max_in_flight_count = range.number("max_in_flight_count", options->max_in_flight_count, 1024, 1, 1000000);
  out.max_in_flight_bytes =
      range.large_number("max_in_flight_bytes", options->max_in_flight_bytes, 104857600, 1, INT64_MAX);
  out.default_topic_queues = range.number("default_topic_queues", options->default_topic_queues, 4, 1, 1024);
  out.retry_not_store_ok = range.number("retry_not_store_ok", options->retry_not_store_ok, 0, 1, 1) == 1;
  out.block_when_full = range.number("block_when_full", options->block_when_full, 0, 1, 1) == 1;
  if (!range.status()) return fail(range.status().error());
  if (options->on_sent != nullptr) {
    out.on_sent = [writer = std::make_shared<CompletionWriter>(options->on_sent, options->context)](
                      std::vector<rocketmq::SendOutcome>& outcomes) { (*writer)(outcomes); };
  }
  return out;
}

// A message as the core takes it; the properties' views live here.
struct MessageArgument {
  rocketmq::OutgoingMessage message;
  std::vector<std::pair<std::string_view, std::string_view>> properties;
};

Status read_properties(const rocketmq_message& in, MessageArgument& out) {
  if (in.property_count < 0 || (in.property_count > 0 && in.properties == nullptr)) {
    return fail(ErrorKind::kInvalidArgument, "message.property_count is " + std::to_string(in.property_count) +
                                                 " with properties " + (in.properties ? "set" : "NULL") +
                                                 ": give an array of that many, or 0");
  }
  out.properties.reserve(static_cast<size_t>(in.property_count));
  for (int32_t i = 0; i < in.property_count; ++i) {
    auto name = capi::text_of(in.properties[i].name, "the name of property " + std::to_string(i));
    if (!name) return fail(name.error());
    auto value = capi::text_of(in.properties[i].value, "the value of property " + std::to_string(i));
    if (!value) return fail(value.error());
    out.properties.emplace_back(*name, *value);
  }
  out.message.properties = out.properties.data();
  out.message.property_count = out.properties.size();
  return {};
}

Status read_message(const rocketmq_message* in, MessageArgument& out) {
  auto copy = capi::copy_in(in, "message");
  if (!copy) return fail(copy.error());
  const std::pair<const rocketmq_string*, std::string_view*> texts[] = {
      {&copy->topic, &out.message.topic},
      {&copy->tag, &out.message.tag},
      {&copy->keys, &out.message.keys},
      {&copy->sharding_key, &out.message.sharding_key},
      {&copy->broker_name, &out.message.broker_name}};
  static constexpr const char* kNames[] = {"message.topic", "message.tag", "message.keys", "message.sharding_key",
                                           "message.broker_name"};
  for (size_t i = 0; i < std::size(texts); ++i) {
    auto text = capi::text_of(*texts[i].first, kNames[i]);
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
  out.message.queue_id = copy->queue_id;
  return read_properties(*copy, out);
}

struct SendOptions {
  Millis timeout{0};
  bool limited = true;
};

Result<SendOptions> read_options(const rocketmq_send_options* in) {
  if (in == nullptr) return SendOptions{};
  auto options = capi::copy_in(in, "send_options");
  if (!options) return fail(options.error());
  capi::RangeCheck range("send_options");
  const int32_t timeout = range.number("timeout_ms", options->timeout_ms, 0, 1, capi::kMostTimeoutMs);
  const int32_t unlimited = range.number("unlimited", options->unlimited, 0, 1, 1);
  if (!range.status()) return fail(range.status().error());
  return SendOptions{Millis(timeout), unlimited == 0};
}

// Checks the arguments that all ways to send share, and sends.
template <typename Send>
Status with_message(rocketmq_producer* producer, const rocketmq_message* message, const rocketmq_send_options* options,
                    Send&& send) {
  if (producer == nullptr) return fail(capi::null_argument("producer"));
  auto send_options = read_options(options);
  if (!send_options) return fail(send_options.error());
  MessageArgument argument;
  if (auto valid = read_message(message, argument); !valid) return valid;
  return send(*producer->impl, argument.message, *send_options);
}

}  // namespace

extern "C" {

int32_t rocketmq_producer_create(const rocketmq_client_options* client_options,
                                 const rocketmq_producer_options* options, rocketmq_producer** producer,
                                 rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    auto client = capi::read_client_options(client_options);
    if (!client) return fail(client.error());
    auto own = read_options(options);
    if (!own) return fail(own.error());
    auto created = rocketmq::Producer::create(std::move(*client), std::move(*own));
    if (!created) return fail(created.error());
    *producer = new rocketmq_producer{std::move(*created)};
    return {};
  });
}

int32_t rocketmq_producer_start(rocketmq_producer* producer, rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    return producer->impl->start();
  });
}

int32_t rocketmq_producer_send(rocketmq_producer* producer, const rocketmq_message* message,
                               const rocketmq_send_options* options, rocketmq_send_result* result,
                               rocketmq_error* error) {
  return capi::guarded(error, [&] {
    return with_message(producer, message, options, [&](auto& impl, auto& outgoing, const SendOptions& how) -> Status {
      auto receipt = impl.send(outgoing, how.timeout);
      if (!receipt) return fail(std::move(receipt.error()));
      if (result != nullptr) {
        rocketmq_send_result full;
        to_c(*receipt, full);
        capi::copy_out(full, result);
      }
      return {};
    });
  });
}

int32_t rocketmq_producer_send_async(rocketmq_producer* producer, const rocketmq_message* message,
                                     const rocketmq_send_options* options, uint64_t context, rocketmq_error* error) {
  return capi::guarded(error, [&] {
    return with_message(producer, message, options, [&](auto& impl, auto& outgoing, const SendOptions& how) -> Status {
      return impl.send_async(outgoing, how.timeout, context, how.limited);
    });
  });
}

int32_t rocketmq_producer_send_one_way(rocketmq_producer* producer, const rocketmq_message* message,
                                       const rocketmq_send_options* options, rocketmq_error* error) {
  return capi::guarded(error, [&] {
    return with_message(producer, message, options, [&](auto& impl, auto& outgoing, const SendOptions& how) -> Status {
      return impl.send_one_way(outgoing, how.timeout);
    });
  });
}

int32_t rocketmq_producer_warm_up(rocketmq_producer* producer, const rocketmq_string* topic, rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    auto name = capi::text_of(topic, "topic");
    if (!name) return fail(name.error());
    return producer->impl->warm_up(*name);
  });
}

int32_t rocketmq_producer_get_statistics(rocketmq_producer* producer, rocketmq_producer_statistics* statistics,
                                         rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    if (statistics == nullptr) return fail(capi::null_argument("statistics"));
    const auto now = producer->impl->statistics();
    if (!now) return fail(now.error());
    const rocketmq_producer_statistics full{sizeof full,          now->sends_accepted, now->sends_succeeded,
                                            now->sends_failed,    now->sends_retried,  now->one_way_sends,
                                            now->in_flight_count, now->in_flight_bytes};
    capi::copy_out(full, statistics);
    return {};
  });
}

int32_t rocketmq_producer_close(rocketmq_producer* producer, int32_t timeout_ms, rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    if (auto valid = capi::check_close_timeout(timeout_ms); !valid) return valid;
    return producer->impl->close(Millis(timeout_ms));
  });
}

void rocketmq_producer_destroy(rocketmq_producer* producer) { delete producer; }

}  // extern "C"
