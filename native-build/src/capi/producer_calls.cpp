#include <string>
#include <string_view>

#include "capi/boundary.h"
#include "capi/client_options.h"
#include "capi/producer_access.h"
#include "capi/queue_views.h"

using rocketmq::fail;
using rocketmq::Millis;
using rocketmq::Result;
using rocketmq::Status;
namespace capi = rocketmq::capi;

namespace rocketmq::capi {

CallCallback call_writer(rocketmq_call_callback callback, uint64_t context) {
  return [callback, context](const CallOutcome& outcome) {
    rocketmq_call_completion completion{};
    completion.size = sizeof completion;
    completion.context = outcome.context;
    rocketmq_error error{};
    if (!outcome.end) {
      to_c(outcome.end.error(), error);
      completion.error = &error;
      return callback(context, &completion);
    }
    const QueueViews queues(outcome.end->queues);
    if (!outcome.end->message_id.empty()) completion.message_id = to_c(outcome.end->message_id);
    if (!outcome.end->queues.empty()) completion.queues = queues.pointers();
    completion.queue_count = static_cast<int32_t>(outcome.end->queues.size());
    callback(context, &completion);
  };
}

namespace {

constexpr int32_t kDoNotWait = -1;

// Checks the arguments that all calls about a topic share.
template <typename Body>
int32_t with_topic(rocketmq_producer* producer, const rocketmq_string* topic, rocketmq_error* error, Body&& body) {
  return guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(null_argument("producer"));
    auto name = text_of(topic, "topic");
    if (!name) return fail(name.error());
    return body(*producer->impl, *name);
  });
}

Result<Millis> read_timeout(std::string_view call, int32_t timeout_ms) {
  RangeCheck range(call);
  const Millis timeout(range.number("timeout_ms", timeout_ms, 0, 1, kMostTimeoutMs));
  if (!range.status()) return fail(range.status().error());
  return timeout;
}

// The same for a recall.
template <typename Body>
int32_t with_recall(rocketmq_producer* producer, const rocketmq_string* topic, const rocketmq_string* recall_handle,
                    int32_t timeout_ms, rocketmq_error* error, Body&& body) {
  return with_topic(producer, topic, error, [&](auto& impl, std::string_view name) -> Status {
    auto handle = text_of(recall_handle, "recall_handle");
    if (!handle) return fail(handle.error());
    auto timeout = read_timeout("recall", timeout_ms);
    if (!timeout) return fail(timeout.error());
    return body(impl, name, *handle, *timeout);
  });
}

}  // namespace

}  // namespace rocketmq::capi

extern "C" {

int32_t rocketmq_producer_get_queues(rocketmq_producer* producer, const rocketmq_string* topic, int32_t timeout_ms,
                                     const rocketmq_queue_list** list, rocketmq_error* error) {
  return capi::with_topic(producer, topic, error, [&](auto& impl, std::string_view name) -> Status {
    if (list == nullptr) return fail(capi::null_argument("list"));
    *list = nullptr;
    if (timeout_ms == capi::kDoNotWait) {
      auto known = impl.known_queues(name);
      if (!known) return fail(std::move(known.error()));
      if (*known) *list = capi::make_queue_list(std::move(**known));
      return {};
    }
    auto timeout = capi::read_timeout("get_queues", timeout_ms);
    if (!timeout) return fail(timeout.error());
    auto queues = impl.queues(name, *timeout);
    if (!queues) return fail(std::move(queues.error()));
    *list = capi::make_queue_list(std::move(*queues));
    return {};
  });
}

int32_t rocketmq_producer_get_queues_async(rocketmq_producer* producer, const rocketmq_string* topic,
                                           int32_t timeout_ms, uint64_t context, rocketmq_error* error) {
  return capi::with_topic(producer, topic, error, [&](auto& impl, std::string_view name) -> Status {
    auto timeout = capi::read_timeout("get_queues", timeout_ms);
    if (!timeout) return fail(timeout.error());
    return impl.queues_async(name, *timeout, context);
  });
}

int32_t rocketmq_producer_recall(rocketmq_producer* producer, const rocketmq_string* topic,
                                 const rocketmq_string* recall_handle, int32_t timeout_ms,
                                 rocketmq_recall_result* result, rocketmq_error* error) {
  return capi::with_recall(producer, topic, recall_handle, timeout_ms, error,
                           [&](auto& impl, std::string_view name, std::string_view handle, Millis timeout) -> Status {
                             if (auto valid = capi::check_out(result, "result"); !valid) return valid;
                             auto recalled = impl.recall(name, handle, timeout);
                             if (!recalled) return fail(std::move(recalled.error()));
                             if (result != nullptr) {
                               rocketmq_recall_result full{};
                               full.size = sizeof full;
                               capi::copy_text(*recalled, full.message_id, sizeof full.message_id);
                               capi::copy_out(full, result);
                             }
                             return {};
                           });
}

int32_t rocketmq_producer_recall_async(rocketmq_producer* producer, const rocketmq_string* topic,
                                       const rocketmq_string* recall_handle, int32_t timeout_ms, uint64_t context,
                                       rocketmq_error* error) {
  return capi::with_recall(producer, topic, recall_handle, timeout_ms, error,
                           [&](auto& impl, std::string_view name, std::string_view handle, Millis timeout) -> Status {
                             return impl.recall_async(name, handle, timeout, context);
                           });
}

int32_t rocketmq_producer_warm_up(rocketmq_producer* producer, const rocketmq_string* topic, rocketmq_error* error) {
  return capi::with_topic(producer, topic, error,
                          [&](auto& impl, std::string_view name) -> Status { return impl.warm_up(name); });
}

int32_t rocketmq_producer_warm_up_async(rocketmq_producer* producer, const rocketmq_string* topic, uint64_t context,
                                        rocketmq_error* error) {
  return capi::with_topic(producer, topic, error, [&](auto& impl, std::string_view name) -> Status {
    return impl.warm_up_async(name, context);
  });
}

int32_t rocketmq_producer_flush(rocketmq_producer* producer, int32_t timeout_ms, rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    auto timeout = capi::read_timeout("flush", timeout_ms);
    if (!timeout) return fail(timeout.error());
    return producer->impl->flush(*timeout);
  });
}

int32_t rocketmq_producer_get_client_id(rocketmq_producer* producer, rocketmq_client_id* client_id,
                                        rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    return capi::write_client_id(*producer->impl, client_id);
  });
}

}  // extern "C"
