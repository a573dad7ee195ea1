#include <optional>

#include "client/client_lease.h"
#include "client/client_thread.h"
#include "producer/batch_encoder.h"
#include "producer/producer_impl.h"

namespace rocketmq {

namespace {

Result<EncodedMessage> encode_batch(const std::vector<OutgoingMessage>& messages, const ProducerOptions& options) {
  if (messages.empty()) return fail(ErrorKind::kInvalidArgument, "the batch has no message: give at least one");
  BatchEncoder encoder(options);
  for (const OutgoingMessage& message : messages) {
    if (auto added = encoder.add(message); !added) return fail(added.error());
  }
  return encoder.finish();
}

int64_t body_bytes(const std::vector<OutgoingMessage>& messages) {
  int64_t bytes = 0;
  for (const OutgoingMessage& message : messages) bytes += static_cast<int64_t>(message.body.size());
  return bytes;
}

}  // namespace

Result<SendReceipt> Producer::Impl::send_batch(const std::vector<OutgoingMessage>& messages, Millis timeout) {
  const TimePoint begin = now();
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  auto encoded = encode_batch(messages, options_);
  if (!encoded) return fail(encoded.error());
  return send_encoded_and_wait(std::move(*encoded), messages.front(), begin, timeout, SendOperation::Mode::kSync);
}

Status Producer::Impl::send_batch_async(const std::vector<OutgoingMessage>& messages, Millis timeout, uint64_t context,
                                        bool limited) {
  if (auto usable = check_async(); !usable) return usable;
  const TimePoint begin = now();
  Place place(*this, body_bytes(messages), limited);
  if (auto reserved = place.reserve(begin + timeout_or_default(timeout)); !reserved) return reserved;
  auto encoded = encode_batch(messages, options_);
  if (!encoded) return fail(encoded.error());
  return start_async(std::move(*encoded), messages.front(), begin, timeout, context, place);
}

// The linger timer's own time is the client's loop.
void Producer::Impl::wake_batcher(TimePoint at) {
  try {
    client_->loop().post([self = shared_from_this(), at] { self->arm_linger_timer(at); });
  } catch (const std::exception&) {
    // Without memory for it the batches that wait go now, as what is in them is accepted.
    (void)batcher_.start_due(TimePoint::max());
  }
}

void Producer::Impl::arm_linger_timer(TimePoint at) {
  // One that was asked for meanwhile may be sooner.
  if (background_ended_ || at >= linger_at_) return;
  try {
    if (!linger_timer_) linger_timer_ = std::make_unique<asio::steady_timer>(client_->loop().context());
    linger_at_ = at;
    linger_timer_->expires_at(at);
    linger_timer_->async_wait([self = shared_from_this()](asio::error_code error) {
      if (error) return;
      self->linger_at_ = TimePoint::max();
      if (const auto next = self->batcher_.start_due(now())) self->arm_linger_timer(*next);
    });
  } catch (const std::exception&) {
    linger_at_ = TimePoint::max();
    (void)batcher_.start_due(TimePoint::max());
  }
}

bool Producer::Impl::goes_with_others(const OutgoingMessage& message, Millis timeout) {
  if (options_.auto_batch_linger.count() == 0) return false;
  if (batcher_.may_add(message)) return true;
  std::vector<AutoBatcher::Batch> complete;
  batcher_.flush_before(message, timeout_or_default(timeout), complete);
  for (auto& batch : complete) batch.start();
  return false;
}

Status Producer::Impl::join_batch(const OutgoingMessage& message, Millis timeout, BatchMember member) {
  std::vector<AutoBatcher::Batch> complete;
  std::optional<TimePoint> wake_at;
  Status added;
  try {
    added = batcher_.add(message, timeout_or_default(timeout), std::move(member), complete, wake_at);
  } catch (...) {
    // A batch that was full is out of the batcher's hands already.
    for (auto& batch : complete) batch.start();
    throw;
  }
  if (added) accepted_.fetch_add(1, std::memory_order_relaxed);
  for (auto& batch : complete) batch.start();
  if (wake_at) wake_batcher(*wake_at);
  return added;
}

Result<SendReceipt> Producer::Impl::send_with_others(const OutgoingMessage& message, Millis timeout) {
  auto waiter = std::make_shared<BatchWaiter>();
  if (auto joined = join_batch(message, timeout, {0, false, 0, waiter}); !joined) return fail(joined.error());
  return waiter->wait();
}

Result<std::shared_ptr<SendOperation>> Producer::Impl::open_batch(const OutgoingMessage& first, Millis timeout) {
  EncodedMessage message;
  message.topic = first.topic;
  const TimePoint begin = now();
  auto operation =
      make_operation(std::move(message), first, SendOperation::Mode::kBatch, 0, begin, begin + timeout, false);
  if (auto added = add(*operation); !added) return fail(added.error());
  return operation;
}

Status Producer::Impl::flush(Millis timeout) {
  if (auto usable = check_usable(); !usable) return usable;
  if (on_client_thread()) {
    return fail(ErrorKind::kInvalidState,
                "flush was called inside a callback, which it would wait for: call it on a thread of your own");
  }
  const TimePoint begin = now();
  batcher_.flush();
  if (operations_->wait_gauged(begin + timeout_or_default(timeout))) return {};
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.elapsed_ms = millis_between(begin, now());
  error.message = "sends that were accepted before had not ended after " + std::to_string(error.elapsed_ms) +
                  " ms: each still ends by its own timeout";
  return fail(std::move(error));
}

Result<size_t> Producer::fit_batch(const std::vector<OutgoingMessage>& messages) const {
  return impl_->fit_batch(messages);
}

Result<size_t> Producer::Impl::fit_batch(const std::vector<OutgoingMessage>& messages) const {
  if (messages.empty()) return fail(ErrorKind::kInvalidArgument, "the batch has no message: give at least one");
  size_t bytes = 0;
  size_t count = 0;
  for (const OutgoingMessage& message : messages) {
    bytes += BatchEncoder::size_of(message);
    if (bytes > static_cast<size_t>(options_.max_message_bytes) || count == BatchEncoder::kMostMessages) break;
    ++count;
  }
  return count;
}

Result<SendReceipt> Producer::send_batch(const std::vector<OutgoingMessage>& messages, Millis timeout) {
  return impl_->send_batch(messages, timeout);
}

Status Producer::send_batch_async(const std::vector<OutgoingMessage>& messages, Millis timeout, uint64_t context,
                                  bool limited) {
  return impl_->send_batch_async(messages, timeout, context, limited);
}

}  // namespace rocketmq
