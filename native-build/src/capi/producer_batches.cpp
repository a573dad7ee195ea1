#include <vector>

#include "capi/boundary.h"
#include "capi/producer_access.h"
#include "capi/queue_views.h"

using rocketmq::ErrorKind;
using rocketmq::fail;
using rocketmq::Millis;
using rocketmq::Status;
namespace capi = rocketmq::capi;

namespace {

// The messages of a batch as the core takes them, with what they point at.
struct BatchArgument {
  std::vector<capi::MessageArgument> arguments;
  std::vector<rocketmq::OutgoingMessage> messages;
  std::string broker_name;
};

Status read_batch(const rocketmq_message* const* in, int32_t count, BatchArgument& out) {
  if (count < 1 || in == nullptr) {
    return fail(ErrorKind::kInvalidArgument, "the batch has a count of " + std::to_string(count) + " with messages " +
                                                 (in != nullptr ? "set" : "NULL") + ": give at least one message");
  }
  out.arguments.resize(static_cast<size_t>(count));
  out.messages.reserve(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) {
    capi::MessageArgument& argument = out.arguments[static_cast<size_t>(i)];
    if (auto valid = capi::read_message(in[i], argument); !valid) {
      valid.error().message = "message " + std::to_string(i) + " of the batch: " + valid.error().message;
      return valid;
    }
    out.messages.push_back(argument.message);
  }
  return {};
}

template <typename Send>
Status with_batch(rocketmq_producer* producer, const rocketmq_message* const* messages, int32_t count,
                  const rocketmq_send_options* options, Send&& send) {
  if (producer == nullptr) return fail(capi::null_argument("producer"));
  auto send_options = capi::read_options(options);
  if (!send_options) return fail(send_options.error());
  BatchArgument batch;
  if (auto valid = read_batch(messages, count, batch); !valid) return valid;
  rocketmq::OutgoingMessage& first = batch.messages.front();
  auto selected = capi::select_queue(*producer->impl, *send_options, messages[0], first, batch.broker_name);
  if (!selected) return selected;
  if (send_options->select != nullptr) {
    for (rocketmq::OutgoingMessage& message : batch.messages) {
      message.broker_name = first.broker_name;
      message.queue_id = first.queue_id;
      message.sharding_key = {};
    }
  }
  return send(*producer->impl, batch.messages, *send_options);
}

}  // namespace

extern "C" {

int32_t rocketmq_producer_send_batch(rocketmq_producer* producer, const rocketmq_message* const* messages,
                                     int32_t count, const rocketmq_send_options* options,
                                     rocketmq_send_result* const* results, rocketmq_error* error) {
  return capi::guarded(error, [&] {
    return with_batch(producer, messages, count, options,
                      [&](auto& impl, auto& batch, const capi::SendOptions& how) -> Status {
                        for (int32_t i = 0; results != nullptr && i < count; ++i) {
                          auto valid = capi::check_out(results[i], "results[" + std::to_string(i) + "]");
                          if (!valid) return valid;
                        }
                        auto receipt = impl.send_batch(batch, how.timeout);
                        if (!receipt) return fail(std::move(receipt.error()));
                        for (int32_t i = 0; results != nullptr && i < count; ++i) {
                          if (results[i] == nullptr) continue;
                          rocketmq_send_result full;
                          capi::to_c(rocketmq::receipt_of(*receipt, static_cast<size_t>(i)), full);
                          capi::copy_out(full, results[i]);
                        }
                        return {};
                      });
  });
}

int32_t rocketmq_producer_send_batch_async(rocketmq_producer* producer, const rocketmq_message* const* messages,
                                           int32_t count, const rocketmq_send_options* options, uint64_t context,
                                           rocketmq_error* error) {
  return capi::guarded(error, [&] {
    return with_batch(producer, messages, count, options,
                      [&](auto& impl, auto& batch, const capi::SendOptions& how) -> Status {
                        return impl.send_batch_async(batch, how.timeout, context, how.limited);
                      });
  });
}

int32_t rocketmq_producer_fit_batch(rocketmq_producer* producer, const rocketmq_message* const* messages, int32_t count,
                                    int32_t* fit, rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    if (fit == nullptr) return fail(capi::null_argument("fit"));
    BatchArgument batch;
    if (auto valid = read_batch(messages, count, batch); !valid) return valid;
    auto fitting = producer->impl->fit_batch(batch.messages);
    if (!fitting) return fail(std::move(fitting.error()));
    *fit = static_cast<int32_t>(*fitting);
    return {};
  });
}

}  // extern "C"
