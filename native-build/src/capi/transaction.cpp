#include "rocketmq/transaction.h"

#include <cstddef>
#include <memory>
#include <utility>

#include "capi/producer_access.h"

using rocketmq::ErrorKind;
using rocketmq::fail;
using rocketmq::Millis;
using rocketmq::Result;
using rocketmq::Status;
using rocketmq::TransactionState;
namespace capi = rocketmq::capi;

namespace {

constexpr int32_t kMostCheckThreads = 64;
constexpr int32_t kMostPendingChecks = 100000;
constexpr int32_t kLongestCheckMs = 3600000;

using GivenChecks = capi::GivenOut<capi::CheckViews>;

// Gives the C callback a view of each check.
rocketmq::CheckCallback check_callback(rocketmq_transaction_check_callback callback, uint64_t context,
                                       std::shared_ptr<GivenChecks> given) {
  return [callback, context, given = std::move(given)](rocketmq::TransactionCheck& check) {
    const uint64_t id = check.id;
    // Held here too, as the callback may answer.
    const auto views = std::make_shared<capi::CheckViews>();
    views->message.fill(&check.message, 1, check.broker_name);
    views->check.size = sizeof views->check;
    views->check.check_id = id;
    views->check.message = &views->message.at(0);
    views->check.transaction_id = capi::to_c(check.transaction_id);
    given->keep(id, views);
    try {
      callback(context, &views->check);
    } catch (...) {
      given->free(id);
      throw;
    }
  };
}

Result<TransactionState> read_state(int32_t state) {
  if (state < ROCKETMQ_TRANSACTION_UNKNOWN || state > ROCKETMQ_TRANSACTION_ROLLBACK) {
    return fail(
        ErrorKind::kInvalidArgument,
        "state is " + std::to_string(state) + ": give ROCKETMQ_TRANSACTION_UNKNOWN (0), _COMMIT (1) or _ROLLBACK (2)");
  }
  return static_cast<TransactionState>(state);
}

Result<rocketmq::TransactionOptions> read_options(const rocketmq_transaction_options* in,
                                                  std::shared_ptr<GivenChecks> given) {
  auto options = capi::copy_in(in, "transaction_options");
  if (!options) return fail(options.error());
  if (options->on_check == nullptr) return fail(capi::null_argument("transaction_options.on_check"));
  capi::RangeCheck range("transaction_options");
  rocketmq::TransactionOptions out;
  out.check_threads = range.number("check_threads", options->check_threads, 4, 1, kMostCheckThreads);
  out.max_pending_checks = range.number("max_pending_checks", options->max_pending_checks, 2000, 1, kMostPendingChecks);
  out.check_timeout = Millis(range.number("check_timeout_ms", options->check_timeout_ms, 60000, 10, kLongestCheckMs));
  if (!range.status()) return fail(range.status().error());
  out.on_check = check_callback(options->on_check, options->context, std::move(given));
  return out;
}

}  // namespace

extern "C" {

int32_t rocketmq_producer_set_transaction_options(rocketmq_producer* producer,
                                                  const rocketmq_transaction_options* options, rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    auto own = read_options(options, producer->checks);
    if (!own) return fail(own.error());
    return producer->impl->set_transaction_options(std::move(*own));
  });
}

int32_t rocketmq_producer_send_half(rocketmq_producer* producer, const rocketmq_message* message,
                                    const rocketmq_send_options* options, rocketmq_send_result* result,
                                    rocketmq_error* error) {
  using capi::SendOptions;
  return capi::guarded(error, [&]() -> Status {
    if (result == nullptr) return fail(capi::null_argument("result"));
    constexpr size_t kNeeded = offsetof(rocketmq_send_result, transaction) + sizeof result->transaction;
    if (result->size < kNeeded) {
      return fail(ErrorKind::kInvalidArgument, "result.size is " + std::to_string(result->size) +
                                                   ", without room for the transaction: set it to sizeof(the struct)");
    }
    return capi::with_message(producer, message, options,
                              [&](auto& impl, auto& outgoing, const SendOptions& how) -> Status {
                                auto receipt = impl.send_half(outgoing, how.timeout);
                                if (!receipt) return fail(std::move(receipt.error()));
                                rocketmq_send_result full;
                                capi::to_c(*receipt, full);
                                capi::copy_out(full, result);
                                return {};
                              });
  });
}

int32_t rocketmq_producer_send_half_async(rocketmq_producer* producer, const rocketmq_message* message,
                                          const rocketmq_send_options* options, uint64_t context,
                                          rocketmq_error* error) {
  using capi::SendOptions;
  return capi::guarded(error, [&] {
    return capi::with_message(producer, message, options,
                              [&](auto& impl, auto& outgoing, const SendOptions& how) -> Status {
                                return impl.send_half_async(outgoing, how.timeout, context, how.limited);
                              });
  });
}

int32_t rocketmq_producer_end_transaction(rocketmq_producer* producer, uint64_t transaction, int32_t state,
                                          rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    auto end = read_state(state);
    if (!end) return fail(end.error());
    return producer->impl->end_transaction(transaction, *end);
  });
}

int32_t rocketmq_producer_end_transaction_async(rocketmq_producer* producer, uint64_t transaction, int32_t state,
                                                uint64_t context, rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    auto end = read_state(state);
    if (!end) return fail(end.error());
    return producer->impl->end_transaction_async(transaction, *end, context);
  });
}

int32_t rocketmq_producer_answer_check(rocketmq_producer* producer, uint64_t check_id, int32_t state,
                                       rocketmq_error* error) {
  return capi::guarded(error, [&]() -> Status {
    if (producer == nullptr) return fail(capi::null_argument("producer"));
    auto end = read_state(state);
    if (!end) return fail(end.error());
    try {
      auto answered = producer->impl->answer_check(check_id, *end);
      if (answered) producer->checks->free(check_id);
      return answered;
    } catch (const std::bad_alloc&) {
      // The check is answered for all that follows, as a second answer is refused.
      producer->checks->free(check_id);
      throw;
    }
  });
}

}  // extern "C"
