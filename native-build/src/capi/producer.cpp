#include "producer/producer.h"

#include <algorithm>
#include <deque>

#include "capi/boundary.h"
#include "capi/client_options.h"
#include "capi/producer_access.h"
#include "capi/sent_events.h"

using rocketmq::fail;
using rocketmq::Millis;
using rocketmq::Result;
using rocketmq::Status;
namespace capi = rocketmq::capi;

namespace {

constexpr int32_t kLargestBody = rocketmq::kMaxFrameBytes - 65536;

// Hands outcomes to the C callback; its buffers are reused from batch to batch, which follow each other.
class CompletionWriter {
 public:
  CompletionWriter(rocketmq_send_callback callback, uint64_t context) : callback_(callback), context_(context) {}

  void operator()(std::vector<rocketmq::SendOutcome>& outcomes) {
    const size_t count = outcomes.size();
    grow(completions_, count);
    grow(pointers_, count);
    grow(results_, count);
    release();
    // Never moved while the views point into it.
    errors_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      rocketmq_send_completion& completion = completions_[i];
      completion.size = sizeof completion;
      completion.context = outcomes[i].context;
      completion.result = nullptr;
      completion.error = nullptr;
      completion.batch_results = nullptr;
      completion.batch_count = 0;
      completion.reserved = 0;
      if (outcomes[i].result) {
        capi::to_c(*outcomes[i].result, results_[i]);
        completion.result = &results_[i];
        if (!outcomes[i].result->batch.empty()) write_batch(*outcomes[i].result, completion);
      } else {
        capi::to_c(outcomes[i].result.error(), errors_.emplace_back());
        completion.error = &errors_.back();
      }
      pointers_[i] = &completion;
    }
    callback_(context_, pointers_.data(), static_cast<int32_t>(count));
  }

  // What grows with a batch goes at once.
  void release() {
    errors_.clear();
    batches_.clear();
  }

 private:
  // Each by itself, as memory may run out between them.
  template <typename Vector>
  static void grow(Vector& vector, size_t count) {
    if (vector.size() < count) vector.resize(count);
  }

  struct BatchResults {
    std::vector<rocketmq_send_result> results;
    std::vector<const rocketmq_send_result*> pointers;
  };

  void write_batch(const rocketmq::SendReceipt& receipt, rocketmq_send_completion& completion) {
    BatchResults& batch = batches_.emplace_back();
    const size_t count = receipt.batch.size();
    batch.results.resize(count);
    batch.pointers.resize(count);
    for (size_t i = 0; i < count; ++i) {
      capi::to_c(rocketmq::receipt_of(receipt, i), batch.results[i]);
      batch.pointers[i] = &batch.results[i];
    }
    completion.result = batch.pointers.front();
    completion.batch_results = batch.pointers.data();
    completion.batch_count = static_cast<int32_t>(count);
  }

  const rocketmq_send_callback callback_;
  const uint64_t context_;
  std::vector<rocketmq_send_completion> completions_;
  std::vector<const rocketmq_send_completion*> pointers_;
  std::vector<rocketmq_send_result> results_;
  std::vector<rocketmq_error> errors_;
  std::deque<BatchResults> batches_;
};

// The highest level of the formats, by ROCKETMQ_COMPRESS_*.
constexpr int32_t kMostLevels[] = {9, 12, 22};

constexpr int32_t kMostRetryCodes = 64;

Status read_retry_codes(const rocketmq_producer_options& in, rocketmq::ProducerOptions& out) {
  const int32_t count = in.retry_response_code_count;
  if (in.retry_response_codes == nullptr && count == 0) return {};
  if (in.retry_response_codes == nullptr || count < 0 || count > kMostRetryCodes) {
    return fail(rocketmq::ErrorKind::kInvalidArgument,
                "producer_options.retry_response_code_count is " + std::to_string(count) +
                    " with retry_response_codes " + (in.retry_response_codes ? "set" : "NULL") +
                    ": give an array of 0 to " + std::to_string(kMostRetryCodes) + " codes, or NULL and 0");
  }
  out.retry_response_codes.emplace(in.retry_response_codes, in.retry_response_codes + count);
  return {};
}

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
  const int32_t compression = range.number("compression", options->compression, ROCKETMQ_COMPRESS_ZLIB, 1, 2);
  out.compression = static_cast<rocketmq::CompressionType>(compression);
  out.compress_level = range.number("compress_level", options->compress_level, 5, 1, kMostLevels[compression]);
  out.max_message_bytes =
      range.number("max_message_bytes", options->max_message_bytes, 4 * 1024 * 1024, 1, kLargestBody);
  out.max_in_flight_count = range.number("max_in_flight_count", options->max_in_flight_count, 1024, 1, 1000000);
  out.max_in_flight_bytes =
      range.large_number("max_in_flight_bytes", options->max_in_flight_bytes, 104857600, 1, INT64_MAX);
  out.default_topic_queues = range.number("default_topic_queues", options->default_topic_queues, 4, 1, 1024);
  out.retry_not_store_ok = range.number("retry_not_store_ok", options->retry_not_store_ok, 0, 1, 1) == 1;
  out.auto_batch_linger = Millis(range.number("auto_batch_linger_ms", options->auto_batch_linger_ms, 0, 1, 60000));
  out.auto_batch_max_bytes = range.number("auto_batch_max_bytes", options->auto_batch_max_bytes,
                                          std::min(32768, out.max_message_bytes), 1, out.max_message_bytes);
  out.auto_batch_max_count = range.number("auto_batch_max_count", options->auto_batch_max_count, 1000, 1, 32767);
  out.avoid_slow_brokers = range.number("avoid_slow_brokers", options->avoid_slow_brokers, 0, 1, 1) == 1;
  out.detect_interval = Millis(range.number("detect_interval_ms", options->detect_interval_ms, 0, 1, 3600000));
  out.detect_timeout =
      Millis(range.number("detect_timeout_ms", options->detect_timeout_ms, 200, 1, capi::kMostTimeoutMs));
  out.block_when_full = range.number("block_when_full", options->block_when_full, 0, 1, 1) == 1;
  out.retry_same_queue = range.number("retry_same_queue", options->retry_same_queue, 0, 1, 1) == 1;
  if (!range.status()) return fail(range.status().error());
  if (auto codes = read_retry_codes(*options, out); !codes) return fail(codes.error());
  if (options->on_sent != nullptr) {
    const auto writer = std::make_shared<CompletionWriter>(options->on_sent, options->context);
    out.on_sent = [writer](std::vector<rocketmq::SendOutcome>& outcomes) { (*writer)(outcomes); };
    out.on_told = [writer] { writer->release(); };
    if (options->on_sent == rocketmq_event_on_sent) out.taker = std::make_shared<capi::SentEvents>(options->context);
  }
  if (options->on_call_ended != nullptr)
    out.on_call_ended = capi::call_writer(options->on_call_ended, options->context);
  return out;
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
    *producer = new rocketmq_producer{.impl = std::move(*created)};
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
  return capi::guarded(error, [&]() -> Status {
    if (auto valid = capi::check_out(result, "result"); !valid) return valid;
    return capi::with_message(producer, message, options,
                              [&](auto& impl, auto& outgoing, const capi::SendOptions& how) -> Status {
                                auto receipt = impl.send(outgoing, how.timeout);
                                if (!receipt) return fail(std::move(receipt.error()));
                                if (result != nullptr) {
                                  rocketmq_send_result full;
                                  capi::to_c(*receipt, full);
                                  capi::copy_out(full, result);
                                }
                                return {};
                              });
  });
}

int32_t rocketmq_producer_send_async(rocketmq_producer* producer, const rocketmq_message* message,
                                     const rocketmq_send_options* options, uint64_t context, rocketmq_error* error) {
  return capi::guarded(error, [&] {
    return capi::with_message(producer, message, options,
                              [&](auto& impl, auto& outgoing, const capi::SendOptions& how) -> Status {
                                return impl.send_async(outgoing, how.timeout, context, how.limited);
                              });
  });
}

int32_t rocketmq_producer_send_one_way(rocketmq_producer* producer, const rocketmq_message* message,
                                       const rocketmq_send_options* options, rocketmq_error* error) {
  return capi::guarded(error, [&] {
    return capi::with_message(producer, message, options,
                              [&](auto& impl, auto& outgoing, const capi::SendOptions& how) -> Status {
                                return impl.send_one_way(outgoing, how.timeout);
                              });
  });
}

int32_t rocketmq_producer_get_statistics(rocketmq_producer* producer, rocketmq_producer_statistics* statistics,
                                         rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    if (auto valid = capi::check_given(statistics, "statistics"); !valid) return valid;
    const auto now = producer->impl->statistics();
    if (!now) return fail(now.error());
    const rocketmq_producer_statistics full{sizeof full,          now->sends_accepted,  now->sends_succeeded,
                                            now->sends_failed,    now->sends_retried,   now->one_way_sends,
                                            now->in_flight_count, now->in_flight_bytes, now->open_transactions,
                                            now->pending_checks,  now->waiting_requests};
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
