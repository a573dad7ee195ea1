#include "consumer/simple/simple_consumer.h"

#include <algorithm>

#include "capi/boundary.h"
#include "capi/client_options.h"
#include "capi/filter.h"
#include "capi/message_views.h"

using rocketmq::ErrorKind;
using rocketmq::fail;
using rocketmq::Millis;
using rocketmq::Result;
using rocketmq::Status;
namespace capi = rocketmq::capi;

struct rocketmq_simple_consumer {
  std::unique_ptr<rocketmq::SimpleConsumer> impl;
};

namespace {

constexpr int32_t kLeastInvisibleMs = 1000;
constexpr int32_t kLongestInvisibleMs = 43200000;
constexpr int32_t kMostMessages = 1024;

// A batch with what it points at.
struct OwnedBatch : rocketmq_received_batch {
  capi::MessageViews views;
  std::vector<rocketmq::PoppedMessage> owned;
};
using Batch = std::unique_ptr<OwnedBatch>;

// Of messages that are moved into it afterwards, which leaves them where they are; nullptr for none.
Batch make_batch(const std::vector<rocketmq::PoppedMessage>& messages) {
  if (messages.empty()) return nullptr;
  auto batch = std::make_unique<OwnedBatch>();
  std::vector<std::string> handles;
  handles.reserve(messages.size());
  size_t properties = 0;
  size_t text_bytes = 0;
  for (const auto& each : messages) {
    properties += each.message.properties.size();
    text_bytes += handles.emplace_back(each.handle.text()).size();
  }
  batch->views.reserve(messages.size(), properties, text_bytes);
  for (size_t i = 0; i < messages.size(); ++i) {
    const auto& each = messages[i];
    batch->views.add(each.message, each.handle.broker_name, handles[i]);
  }
  batch->size = sizeof(rocketmq_received_batch);
  batch->messages = batch->views.pointers();
  batch->count = static_cast<int32_t>(messages.size());
  return batch;
}

const rocketmq_received_batch* give_away(Batch batch, std::vector<rocketmq::PoppedMessage>& messages) {
  if (batch) batch->owned = std::move(messages);
  return batch.release();
}

// Hands outcomes to the C callback.
void tell(rocketmq_simple_callback callback, uint64_t context, std::vector<rocketmq::SimpleOutcome>& outcomes) {
  const size_t count = outcomes.size();
  std::vector<rocketmq_simple_completion> completions(count);
  std::vector<const rocketmq_simple_completion*> pointers(count);
  std::vector<rocketmq_error> errors(count);
  std::vector<Batch> batches(count);
  // Nothing is given away before all of it is made: what fails for want of memory is tried again.
  for (size_t i = 0; i < count; ++i) {
    pointers[i] = &completions[i];
    auto& result = outcomes[i].result;
    if (result) batches[i] = make_batch(result->messages);
  }
  for (size_t i = 0; i < count; ++i) {
    rocketmq_simple_completion& completion = completions[i];
    auto& result = outcomes[i].result;
    completion.size = sizeof completion;
    completion.context = outcomes[i].context;
    if (result) {
      completion.batch = give_away(std::move(batches[i]), result->messages);
      completion.receipt_handle = capi::to_c(result->receipt_handle);
    } else {
      capi::to_c(result.error(), errors[i]);
      completion.error = &errors[i];
    }
  }
  callback(context, pointers.data(), static_cast<int32_t>(count));
}

Result<rocketmq::SimpleConsumerOptions> read_options(const rocketmq_simple_consumer_options* in) {
  auto options = capi::copy_in(in, "simple_consumer_options");
  if (!options) return fail(options.error());
  auto group = capi::text_of(options->group, "simple_consumer_options.group");
  if (!group) return fail(group.error());
  capi::RangeCheck range("simple_consumer_options");
  rocketmq::SimpleConsumerOptions out;
  out.group = *group;
  out.from_first_offset = range.number("consume_from", options->consume_from, ROCKETMQ_CONSUME_FROM_LAST_OFFSET,
                                       ROCKETMQ_CONSUME_FROM_LAST_OFFSET,
                                       ROCKETMQ_CONSUME_FROM_FIRST_OFFSET) == ROCKETMQ_CONSUME_FROM_FIRST_OFFSET;
  if (!range.status()) return fail(range.status().error());
  if (options->on_completed != nullptr) {
    out.on_completed = [callback = options->on_completed, context = options->context](
                           std::vector<rocketmq::SimpleOutcome>& outcomes) { tell(callback, context, outcomes); };
  }
  return out;
}

Result<rocketmq::ReceiveOptions> read_options(const rocketmq_receive_options* in) {
  if (in == nullptr) return rocketmq::ReceiveOptions{};
  auto options = capi::copy_in(in, "receive_options");
  if (!options) return fail(options.error());
  capi::RangeCheck range("receive_options");
  rocketmq::ReceiveOptions out;
  out.max_messages = range.number("max_messages", options->max_messages, rocketmq::kMostPopped, 1, kMostMessages);
  out.invisible =
      Millis(range.number("invisible_ms", options->invisible_ms, 60000, kLeastInvisibleMs, kLongestInvisibleMs));
  out.await = Millis(std::max(range.number("await_ms", options->await_ms, 20000, -1, capi::kMostTimeoutMs), 0));
  if (!range.status()) return fail(range.status().error());
  return out;
}

Status check_invisible(int32_t invisible_ms) {
  if (invisible_ms >= kLeastInvisibleMs && invisible_ms <= kLongestInvisibleMs) return {};
  return fail(ErrorKind::kInvalidArgument, "invisible_ms is " + std::to_string(invisible_ms) + ", outside " +
                                               std::to_string(kLeastInvisibleMs) + " to " +
                                               std::to_string(kLongestInvisibleMs) + " (12 h)");
}

template <typename Call>
int32_t with_consumer(rocketmq_simple_consumer* consumer, rocketmq_error* error, Call&& call) {
  return capi::guarded(error, [&]() -> Status {
    if (consumer == nullptr) return fail(capi::null_argument("consumer"));
    return call(*consumer->impl);
  });
}

// The calls about one message.
template <typename Call>
int32_t with_handle(rocketmq_simple_consumer* consumer, const rocketmq_string* receipt_handle, rocketmq_error* error,
                    Call&& call) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    auto handle = capi::text_of(receipt_handle, "receipt_handle");
    if (!handle) return fail(handle.error());
    return call(impl, *handle);
  });
}

}  // namespace

extern "C" {

int32_t rocketmq_simple_consumer_create(const rocketmq_client_options* client_options,
                                        const rocketmq_simple_consumer_options* options,
                                        rocketmq_simple_consumer** consumer, rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (consumer == nullptr) return fail(capi::null_argument("consumer"));
    auto client = capi::read_client_options(client_options);
    if (!client) return fail(client.error());
    auto own = read_options(options);
    if (!own) return fail(own.error());
    auto created = rocketmq::SimpleConsumer::create(std::move(*client), std::move(*own));
    if (!created) return fail(created.error());
    *consumer = new rocketmq_simple_consumer{std::move(*created)};
    return {};
  });
}

int32_t rocketmq_simple_consumer_subscribe(rocketmq_simple_consumer* consumer, const rocketmq_string* topic,
                                           int32_t filter_type, const rocketmq_string* expression,
                                           rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    auto subscription = capi::read_subscription(topic, filter_type, expression);
    if (!subscription) return fail(subscription.error());
    return impl.subscribe(std::move(*subscription));
  });
}

int32_t rocketmq_simple_consumer_unsubscribe(rocketmq_simple_consumer* consumer, const rocketmq_string* topic,
                                             rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    auto name = capi::text_of(topic, "topic");
    if (!name) return fail(name.error());
    return impl.unsubscribe(*name);
  });
}

int32_t rocketmq_simple_consumer_start(rocketmq_simple_consumer* consumer, rocketmq_error* error) {
  return with_consumer(consumer, error, [](auto& impl) { return impl.start(); });
}

int32_t rocketmq_simple_consumer_receive(rocketmq_simple_consumer* consumer, const rocketmq_receive_options* options,
                                         const rocketmq_received_batch** batch, rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    if (batch == nullptr) return fail(capi::null_argument("batch"));
    *batch = nullptr;
    auto how = read_options(options);
    if (!how) return fail(how.error());
    auto received = impl.receive(*how);
    if (!received) return fail(std::move(received.error()));
    *batch = give_away(make_batch(received->messages), received->messages);
    return {};
  });
}

int32_t rocketmq_simple_consumer_receive_async(rocketmq_simple_consumer* consumer,
                                               const rocketmq_receive_options* options, uint64_t context,
                                               rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    auto how = read_options(options);
    if (!how) return fail(how.error());
    return impl.receive_async(*how, context);
  });
}

void rocketmq_received_batch_release(const rocketmq_received_batch* batch) {
  delete static_cast<const OwnedBatch*>(batch);
}

int32_t rocketmq_simple_consumer_ack(rocketmq_simple_consumer* consumer, const rocketmq_string* receipt_handle,
                                     rocketmq_error* error) {
  return with_handle(consumer, receipt_handle, error,
                     [](auto& impl, std::string_view handle) { return impl.acknowledge(handle); });
}

int32_t rocketmq_simple_consumer_ack_async(rocketmq_simple_consumer* consumer, const rocketmq_string* receipt_handle,
                                           uint64_t context, rocketmq_error* error) {
  return with_handle(consumer, receipt_handle, error,
                     [&](auto& impl, std::string_view handle) { return impl.acknowledge_async(handle, context); });
}

int32_t rocketmq_simple_consumer_change_invisible_duration(rocketmq_simple_consumer* consumer,
                                                           const rocketmq_string* receipt_handle, int32_t invisible_ms,
                                                           rocketmq_receipt_handle* new_handle, rocketmq_error* error) {
  return with_handle(consumer, receipt_handle, error, [&](auto& impl, std::string_view handle) -> Status {
    if (auto valid = capi::check_given(new_handle, "new_handle"); !valid) return valid;
    if (auto valid = check_invisible(invisible_ms); !valid) return valid;
    auto changed = impl.change_invisible_duration(handle, Millis(invisible_ms));
    if (!changed) return fail(std::move(changed.error()));
    rocketmq_receipt_handle full{};
    full.size = sizeof full;
    capi::copy_text(changed->receipt_handle, full.text, sizeof full.text);
    capi::copy_out(full, new_handle);
    return {};
  });
}

int32_t rocketmq_simple_consumer_change_invisible_duration_async(rocketmq_simple_consumer* consumer,
                                                                 const rocketmq_string* receipt_handle,
                                                                 int32_t invisible_ms, uint64_t context,
                                                                 rocketmq_error* error) {
  return with_handle(consumer, receipt_handle, error, [&](auto& impl, std::string_view handle) -> Status {
    if (auto valid = check_invisible(invisible_ms); !valid) return valid;
    return impl.change_invisible_duration_async(handle, Millis(invisible_ms), context);
  });
}

int32_t rocketmq_simple_consumer_get_client_id(rocketmq_simple_consumer* consumer, rocketmq_client_id* client_id,
                                               rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status { return capi::write_client_id(impl, client_id); });
}

int32_t rocketmq_simple_consumer_get_statistics(rocketmq_simple_consumer* consumer,
                                                rocketmq_simple_consumer_statistics* statistics,
                                                rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    if (auto valid = capi::check_given(statistics, "statistics"); !valid) return valid;
    const auto now = impl.statistics();
    const rocketmq_simple_consumer_statistics full{sizeof full,
                                                   now.receives,
                                                   now.pops,
                                                   now.messages_received,
                                                   now.messages_filtered,
                                                   now.messages_left_out,
                                                   now.messages_acknowledged,
                                                   now.invisible_changes,
                                                   now.calls_in_flight};
    capi::copy_out(full, statistics);
    return {};
  });
}

int32_t rocketmq_simple_consumer_close(rocketmq_simple_consumer* consumer, int32_t timeout_ms, rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    if (auto valid = capi::check_close_timeout(timeout_ms); !valid) return valid;
    return impl.close(Millis(timeout_ms));
  });
}

void rocketmq_simple_consumer_destroy(rocketmq_simple_consumer* consumer) { delete consumer; }

}  // extern "C"
