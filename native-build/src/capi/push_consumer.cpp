#include "consumer/push_consumer.h"

#include <cstring>
#include <memory>

#include "base/files.h"
#include "capi/allocation.h"
#include "capi/boundary.h"
#include "capi/client_options.h"
#include "capi/filter.h"
#include "capi/given_out.h"
#include "capi/message_views.h"
#include "capi/queue_views.h"
#include "protocol/names.h"

using rocketmq::ErrorKind;
using rocketmq::fail;
using rocketmq::Millis;
using rocketmq::Result;
using rocketmq::Status;
namespace capi = rocketmq::capi;

namespace {

constexpr int32_t kLongestIntervalMs = 3600000;
constexpr int32_t kLongestConsumeMs = 86400000;
// As in Apache's client.
constexpr int32_t kUsualReconsumeTimes = -1;
// As in Apache's client.
constexpr int32_t kLongestPullIntervalMs = 65535;
// As in Apache's client, which counts bytes in MiB.
constexpr int32_t kMostMessagesOfTopic = 6553500;
constexpr int64_t kMostBytesOfTopic = 102400LL * 1024 * 1024;

// A delivery with its C view, which lives until the batch is acknowledged.
struct DeliveryViews {
  std::shared_ptr<const rocketmq::Delivery> delivery;
  rocketmq_message_batch batch{};
  capi::MessageViews messages;
};

std::shared_ptr<DeliveryViews> make_views(std::shared_ptr<const rocketmq::Delivery> of) {
  auto views = std::make_shared<DeliveryViews>();
  views->delivery = std::move(of);
  const rocketmq::Delivery& delivery = *views->delivery;
  views->messages.fill(delivery.messages.data(), delivery.messages.size(), delivery.queue.broker_name,
                       delivery.began_at_ms);
  for (size_t i = 0; i < delivery.messages.size(); ++i) views->messages.at(i).queue_id = delivery.queue.queue_id;
  rocketmq_message_batch& batch = views->batch;
  batch.size = sizeof batch;
  batch.delivery_id = delivery.id;
  batch.messages = views->messages.pointers();
  batch.count = static_cast<int32_t>(delivery.messages.size());
  batch.queue_id = delivery.queue.queue_id;
  batch.topic = capi::to_c(delivery.queue.topic);
  batch.broker_name = capi::to_c(delivery.queue.broker_name);
  return views;
}

using GivenBatches = capi::GivenOut<DeliveryViews>;

// Gives the C callback a view of each batch.
rocketmq::DeliveryCallback delivery_callback(rocketmq_message_callback callback, uint64_t context,
                                             std::shared_ptr<GivenBatches> given) {
  return [callback, context, given = std::move(given)](rocketmq::Delivery& delivery) {
    const uint64_t id = delivery.id;
    // Held here too, as the callback may acknowledge.
    const auto views = make_views(delivery.shared_from_this());
    given->keep(id, views);
    try {
      callback(context, &views->batch);
    } catch (...) {
      given->free(id);
      throw;
    }
  };
}

// Gives the C callback views of what changed.
rocketmq::QueuesCallback queues_callback(rocketmq_queues_callback callback, uint64_t context) {
  if (callback == nullptr) return nullptr;
  return [callback, context](const std::string& topic, const std::set<rocketmq::MessageQueue>& queues) {
    const std::vector<rocketmq::MessageQueue> list(queues.begin(), queues.end());
    const capi::QueueViews views(list);
    const rocketmq_string name = capi::to_c(topic);
    callback(context, &name, views.pointers(), static_cast<int32_t>(list.size()));
  };
}

Result<rocketmq::PushConsumerOptions> read_options(const rocketmq_push_consumer_options* in,
                                                   const std::shared_ptr<GivenBatches>& given) {
  auto options = capi::copy_in(in, "push_consumer_options");
  if (!options) return fail(options.error());
  auto group = capi::text_of(options->group, "push_consumer_options.group");
  if (!group) return fail(group.error());
  if (options->on_messages == nullptr) return fail(capi::null_argument("push_consumer_options.on_messages"));
  auto directory = capi::text_of(options->offset_directory, "push_consumer_options.offset_directory");
  if (!directory) return fail(directory.error());
  if (!rocketmq::is_utf8(*directory) || directory->find('\0') != std::string_view::npos) {
    return fail(ErrorKind::kInvalidArgument,
                "push_consumer_options.offset_directory is no path in UTF-8: give one without NUL characters");
  }
  if (options->consume_timestamp_ms < 0) {
    return fail(ErrorKind::kInvalidArgument, "push_consumer_options.consume_timestamp_ms is " +
                                                 std::to_string(options->consume_timestamp_ms) +
                                                 ": give milliseconds since 1970");
  }
  capi::RangeCheck range("push_consumer_options");
  rocketmq::PushConsumerOptions out;
  out.group = *group;
  out.broadcasting = range.number("message_model", options->message_model, 0, 0, 1) == ROCKETMQ_BROADCASTING;
  out.orderly = range.number("consume_mode", options->consume_mode, 0, 0, 1) == ROCKETMQ_ORDERLY;
  out.consume_from = static_cast<rocketmq::ConsumeFrom>(
      range.number("consume_from", options->consume_from, 0, 0, ROCKETMQ_CONSUME_FROM_TIMESTAMP));
  out.consume_timestamp_ms = options->consume_timestamp_ms;
  out.consume_threads = range.number("consume_threads", options->consume_threads, 1, 1, 256);
  out.max_outstanding_batches =
      range.number("max_outstanding_batches", options->max_outstanding_batches, 20, 1, 100000);
  out.max_batch_size = range.number("max_batch_size", options->max_batch_size, 1, 1, 1024);
  out.max_reconsume_times = range.number("max_reconsume_times", options->max_reconsume_times, kUsualReconsumeTimes,
                                         ROCKETMQ_NO_REDELIVERY, 1000000);
  if (out.max_reconsume_times == kUsualReconsumeTimes) {
    out.max_reconsume_times = out.orderly ? INT32_MAX : 16;
  } else if (out.max_reconsume_times == ROCKETMQ_NO_REDELIVERY) {
    out.max_reconsume_times = 0;
  }
  out.pull_batch_size = range.number("pull_batch_size", options->pull_batch_size, 32, 1, 1024);
  out.max_cached_messages_per_queue =
      range.number("max_cached_messages_per_queue", options->max_cached_messages_per_queue, 1000, 1, 65535);
  out.max_offset_span_per_queue =
      range.number("max_offset_span_per_queue", options->max_offset_span_per_queue, 2000, 1, 65535);
  out.max_cached_bytes_per_queue =
      range.large_number("max_cached_bytes_per_queue", options->max_cached_bytes_per_queue, 104857600, 1, INT64_MAX);
  out.max_cached_messages_per_topic =
      range.number("max_cached_messages_per_topic", options->max_cached_messages_per_topic, 0, 1, kMostMessagesOfTopic);
  out.max_cached_bytes_per_topic =
      range.large_number("max_cached_bytes_per_topic", options->max_cached_bytes_per_topic, 0, 1, kMostBytesOfTopic);
  out.pull_suspend_timeout =
      Millis(range.number("pull_suspend_timeout_ms", options->pull_suspend_timeout_ms, 15000, 10, 60000));
  out.rebalance_interval =
      Millis(range.number("rebalance_interval_ms", options->rebalance_interval_ms, 20000, 10, kLongestIntervalMs));
  out.persist_offset_interval = Millis(
      range.number("persist_offset_interval_ms", options->persist_offset_interval_ms, 5000, 10, kLongestIntervalMs));
  out.consume_timeout =
      Millis(range.number("consume_timeout_ms", options->consume_timeout_ms, 900000, 1000, kLongestConsumeMs));
  out.suspend_queue_time = Millis(range.number("suspend_queue_ms", options->suspend_queue_ms, 1000,
                                               static_cast<int32_t>(rocketmq::kLeastSuspension.count()),
                                               static_cast<int32_t>(rocketmq::kLongestSuspension.count())));
  out.pull_interval = Millis(range.number("pull_interval_ms", options->pull_interval_ms, 0, 1, kLongestPullIntervalMs));
  if (!range.status()) return fail(range.status().error());
  out.offset_directory = rocketmq::path_of(*directory);
  out.on_queues_changed = queues_callback(options->on_queues_changed, options->context);
  auto allocation = capi::read_allocation(*options);
  if (!allocation) return fail(allocation.error());
  out.allocation = std::move(*allocation);
  out.on_delivery = delivery_callback(options->on_messages, options->context, given);
  return out;
}

}  // namespace

struct rocketmq_push_consumer {
  // What callbacks use outlives the consumer, whose end waits for them.
  std::shared_ptr<GivenBatches> given;
  std::unique_ptr<rocketmq::PushConsumer> impl;
};

namespace {

// The calls that take nothing but the consumer.
template <typename Call>
int32_t with_consumer(rocketmq_push_consumer* consumer, rocketmq_error* error, Call&& call) {
  return capi::guarded(error, [&]() -> Status {
    if (consumer == nullptr) return fail(capi::null_argument("consumer"));
    return call(*consumer->impl);
  });
}

}  // namespace

extern "C" {

int32_t rocketmq_push_consumer_create(const rocketmq_client_options* client_options,
                                      const rocketmq_push_consumer_options* options, rocketmq_push_consumer** consumer,
                                      rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (consumer == nullptr) return fail(capi::null_argument("consumer"));
    auto client = capi::read_client_options(client_options);
    if (!client) return fail(client.error());
    auto given = std::make_shared<GivenBatches>();
    auto own = read_options(options, given);
    if (!own) return fail(own.error());
    auto created = rocketmq::PushConsumer::create(std::move(*client), std::move(*own));
    if (!created) return fail(created.error());
    *consumer = new rocketmq_push_consumer{std::move(given), std::move(*created)};
    return {};
  });
}

int32_t rocketmq_push_consumer_subscribe(rocketmq_push_consumer* consumer, const rocketmq_string* topic,
                                         int32_t filter_type, const rocketmq_string* expression,
                                         rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    auto subscription = capi::read_subscription(topic, filter_type, expression);
    if (!subscription) return fail(subscription.error());
    return impl.subscribe(std::move(*subscription));
  });
}

int32_t rocketmq_push_consumer_unsubscribe(rocketmq_push_consumer* consumer, const rocketmq_string* topic,
                                           rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    auto name = capi::text_of(topic, "topic");
    if (!name) return fail(name.error());
    return impl.unsubscribe(*name);
  });
}

int32_t rocketmq_push_consumer_start(rocketmq_push_consumer* consumer, rocketmq_error* error) {
  return with_consumer(consumer, error, [](auto& impl) { return impl.start(); });
}

int32_t rocketmq_push_consumer_suspend(rocketmq_push_consumer* consumer, rocketmq_error* error) {
  return with_consumer(consumer, error, [](auto& impl) { return impl.suspend(); });
}

int32_t rocketmq_push_consumer_resume(rocketmq_push_consumer* consumer, rocketmq_error* error) {
  return with_consumer(consumer, error, [](auto& impl) { return impl.resume(); });
}

int32_t rocketmq_push_consumer_acknowledge(rocketmq_push_consumer* consumer, uint64_t delivery_id,
                                           const rocketmq_acknowledgement* acknowledgement, rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    Status status;
    if (acknowledgement == nullptr) {
      status = impl.acknowledge(delivery_id, -1, 0);
    } else {
      auto copy = capi::copy_in(acknowledgement, "acknowledgement");
      if (!copy) return fail(copy.error());
      status = impl.acknowledge(delivery_id, copy->success_count, copy->delay_level, Millis(copy->suspend_ms));
    }
    if (status || status.error().kind != ErrorKind::kInvalidArgument) consumer->given->free(delivery_id);
    return status;
  });
}

int32_t rocketmq_push_consumer_get_client_id(rocketmq_push_consumer* consumer, rocketmq_client_id* client_id,
                                             rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status { return capi::write_client_id(impl, client_id); });
}

int32_t rocketmq_push_consumer_get_statistics(rocketmq_push_consumer* consumer,
                                              rocketmq_push_consumer_statistics* statistics, rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    if (auto valid = capi::check_given(statistics, "statistics"); !valid) return valid;
    const auto now = impl.statistics();
    rocketmq_push_consumer_statistics full{};
    full.size = sizeof full;
    full.pulls = now.pulls;
    full.messages_received = now.messages_received;
    full.messages_filtered = now.messages_filtered;
    full.messages_delivered = now.messages_delivered;
    full.messages_consumed = now.messages_consumed;
    full.messages_sent_back = now.messages_sent_back;
    full.messages_undecodable = now.messages_undecodable;
    full.rebalances = now.rebalances;
    full.assigned_queues = now.assigned_queues;
    full.cached_messages = now.cached_messages;
    full.cached_bytes = now.cached_bytes;
    full.outstanding_batches = now.outstanding_batches;
    full.last_pull_ms = now.last_pull_ms;
    full.last_consume_ms = now.last_consume_ms;
    capi::copy_out(full, statistics);
    return {};
  });
}

int32_t rocketmq_push_consumer_close(rocketmq_push_consumer* consumer, int32_t timeout_ms, rocketmq_error* error) {
  return with_consumer(consumer, error, [&](auto& impl) -> Status {
    if (auto valid = capi::check_close_timeout(timeout_ms); !valid) return valid;
    return impl.close(Millis(timeout_ms));
  });
}

void rocketmq_push_consumer_destroy(rocketmq_push_consumer* consumer) { delete consumer; }

}  // extern "C"
