// What brokers answer to a send, and what that makes of it.
#include <algorithm>

#include "producer/send_operation.h"
#include "producer/send_policy.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

// A broker that goes away is not asked again before.
constexpr Millis kGoneFor{3000};

// Brokers join the ids of a batch by commas; a queue of type BatchCQ has one for the whole batch.
std::vector<BatchedMessage> batched(const std::vector<UniqueId>& ids, std::string_view offset_ids) {
  std::vector<BatchedMessage> messages(ids.size());
  const bool of_each = static_cast<size_t>(std::count(offset_ids.begin(), offset_ids.end(), ',')) + 1 == ids.size();
  for (size_t i = 0; i < ids.size(); ++i) {
    messages[i].message_id = ids[i];
    const size_t comma = of_each ? offset_ids.find(',') : std::string_view::npos;
    messages[i].offset_message_id = offset_ids.substr(0, comma);
    if (comma != std::string_view::npos) offset_ids.remove_prefix(comma + 1);
  }
  return messages;
}

}  // namespace

SendReceipt receipt_of(const SendReceipt& batch, size_t place) {
  SendReceipt receipt;
  receipt.status = batch.status;
  receipt.queue_id = batch.queue_id;
  receipt.attempts = batch.attempts;
  receipt.region_id = batch.region_id;
  receipt.broker_name = batch.broker_name;
  receipt.message_id = batch.batch[place].message_id;
  receipt.offset_message_id = batch.batch[place].offset_message_id;
  receipt.queue_offset = batch.queue_offset + static_cast<int64_t>(place);
  return receipt;
}

void SendOperation::on_answer(int32_t number, RemotingCommand response, const std::string& address) {
  // Its producer may be closed, and the client it used released.
  if (finished_.load(std::memory_order_acquire)) return;
  if (number != attempt_.number) return on_late_answer(number, response, address);
  BrokerState* state = end_wait();
  if (state == nullptr) return;
  const TimePoint at = now();
  const Millis took(millis_between(attempt_.sent_at, at));
  state->answered(at, took);
  if (owner_->options().avoid_slow_brokers) client().brokers().note_latency(*state, took, at);
  const auto status = stored_status(response.code);
  if (!status) return on_refusal(response, address, *state);
  // First of all: what follows may fail, or come after a close.
  may_be_stored_ = true;
  client().brokers().succeeded(*state);
  attempt_.route->note_success(*attempt_.broker);
  ++counted_attempts_;
  auto stored = receipt(attempt_, *status, response, address);
  if (!stored) return fail_send(std::move(stored.error()));
  if (*status == SendStatus::kOk || !owner_->options().retry_not_store_ok || !attempts_left()) {
    return finish(std::move(stored));
  }
  {
    std::lock_guard lock(mutex_);
    if (!stored_) stored_ = std::move(*stored);
  }
  Error error;
  error.kind = ErrorKind::kRejected;
  error.message = "the broker " + address + " stored the message with code " + std::to_string(response.code);
  error.response_code = response.code;
  error.address = address;
  retry_or_fail(std::move(error), false);
}

void SendOperation::on_refusal(const RemotingCommand& response, const std::string& address, BrokerState& state) {
  unanswered_ = false;
  const Refusal refusal =
      judge_refusal(response.code, response.remark, mode_ != Mode::kSync, owner_->options().retry_response_codes);
  BrokerStates& brokers = client().brokers();
  const TimePoint at = now();
  if (refusal.leaving) {
    brokers.leaving(state, at + kGoneFor);
  } else {
    brokers.heard(state, at);
  }
  if (refusal.broker_fails) brokers.failed(state, at);
  if (refusal.topic_fails) attempt_.route->note_refusal(*attempt_.broker, at);
  if (refusal.stale_route || refusal.leaving) client().routes().invalidate(message_.topic);
  Error error;
  error.kind =
      response.code == response_code::kRequestCodeNotSupported ? ErrorKind::kNotSupported : ErrorKind::kRejected;
  error.message = "the broker " + address + " refused the message with code " + std::to_string(response.code) +
                  (response.remark.empty() ? "" : ": " + response.remark);
  error.response_code = response.code;
  error.remark = response.remark;
  error.address = address;
  if (!refusal.again) return fail_send(std::move(error));
  // One that goes away has not looked at the message.
  if (!refusal.leaving) ++counted_attempts_;
  const bool other = owner_->selector().has_other(*attempt_.route, *attempt_.broker, at);
  const bool needs_route = refusal.wrong_queue || (response.code == response_code::kTopicNotExist && !other);
  if (!needs_route || !attempts_left()) return retry_or_fail(std::move(error), false);
  last_error_ = std::move(error);
  owner_->on_retry();
  wait_for_new_route();
}

// It ends the send, too, however many attempts came after.
void SendOperation::on_late_answer(int32_t number, const RemotingCommand& response, const std::string& address) {
  auto found =
      std::find_if(given_up_.begin(), given_up_.end(), [&](const auto& each) { return each.number == number; });
  if (found == given_up_.end()) return;
  const SendAttempt attempt = std::move(*found);
  given_up_.erase(found);
  client().brokers().heard(*attempt.broker->state);
  const auto status = stored_status(response.code);
  if (!status) {
    may_be_stored_ = uncertain_.has_value() || stored_.has_value() || !given_up_.empty();
    return;
  }
  if (auto stored = receipt(attempt, *status, response, address)) {
    if (timer_) timer_->cancel();
    finish(std::move(stored));
  }
}

Result<SendReceipt> SendOperation::receipt(const SendAttempt& attempt, SendStatus status,
                                           const RemotingCommand& response, const std::string& address) {
  constexpr int64_t kAbsent = -1;
  const int64_t queue_id = response.ext_fields.number("queueId", kAbsent);
  const int64_t offset = response.ext_fields.number("queueOffset", kAbsent);
  if (queue_id < 0 || queue_id > INT32_MAX || offset < 0) {
    Error error;
    error.kind = ErrorKind::kProtocolError;
    error.message = "the broker " + address + " acknowledged without a valid queueId and queueOffset";
    error.address = address;
    return fail(std::move(error));
  }
  SendReceipt receipt;
  receipt.status = status;
  receipt.queue_id = static_cast<int32_t>(queue_id);
  receipt.broker_name = attempt.queue->broker_name;
  receipt.queue_offset = offset;
  receipt.attempts = attempts_;
  receipt.message_id = message_.message_id;
  const std::string_view offset_ids = response.ext_fields.text("msgId");
  if (message_.batch_ids.empty()) {
    receipt.offset_message_id = offset_ids;
  } else {
    receipt.batch = batched(message_.batch_ids, offset_ids);
    receipt.offset_message_id = receipt.batch.front().offset_message_id.view();
  }
  receipt.transaction_id = response.ext_fields.text("transactionId");
  receipt.region_id = response.ext_fields.text("MSG_REGION");
  receipt.recall_handle = response.ext_fields.text("recallHandle");
  return receipt;
}

}  // namespace rocketmq
