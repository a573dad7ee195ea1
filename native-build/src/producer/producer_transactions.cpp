#include "producer/message_encoder.h"
#include "producer/producer_impl.h"

namespace rocketmq {

Status Producer::Impl::set_transaction_options(TransactionOptions options) {
  if (in_child_process()) return check_usable();
  std::lock_guard lock(mutex_);
  if (auto created = check_not_started("transaction options"); !created) return created;
  transactions_ = std::make_shared<Transactions>(options_.group, std::move(options));
  return {};
}

Status Producer::Impl::check_transactional(bool or_closing) const {
  const bool closing = or_closing && !in_child_process() && state_ == State::kClosing;
  auto usable = closing ? Status() : check_usable();
  if (!usable || transactions_) return usable;
  return fail(ErrorKind::kInvalidState,
              "the producer has no checker for transactions, whom brokers ask where an end was lost: set the "
              "transaction options before it is started");
}

Result<SendReceipt> Producer::Impl::send_half(const OutgoingMessage& message, Millis timeout) {
  if (auto usable = check_transactional(false); !usable) return fail(usable.error());
  const TimePoint begin = now();
  auto half = transactions_->prepare(message);
  if (!half) return fail(half.error());
  auto encoded = encode_message((*half)->message, options_);
  if (!encoded) return fail(encoded.error());
  return send_encoded_and_wait(std::move(*encoded), (*half)->message, begin, timeout, SendOperation::Mode::kSync,
                               transactions_->when_sent(**half));
}

Status Producer::Impl::send_half_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited) {
  if (auto usable = check_transactional(false); !usable) return usable;
  if (auto usable = check_async(); !usable) return usable;
  const TimePoint begin = now();
  auto half = transactions_->prepare(message);
  if (!half) return fail(half.error());
  Place place(*this, static_cast<int64_t>(message.body.size()), limited);
  if (auto reserved = place.reserve(begin + timeout_or_default(timeout)); !reserved) return reserved;
  auto encoded = encode_message((*half)->message, options_);
  if (!encoded) return fail(encoded.error());
  return start_async(std::move(*encoded), (*half)->message, begin, timeout, context, place,
                     transactions_->when_sent(**half));
}

// What was begun may be ended while the close waits for it.
Status Producer::Impl::end_transaction(uint64_t transaction, TransactionState state) {
  if (auto usable = check_transactional(true); !usable) return usable;
  return transactions_->end_and_wait(transaction, state, options_.send_timeout);
}

Status Producer::Impl::end_transaction_async(uint64_t transaction, TransactionState state, uint64_t context) {
  if (auto usable = check_transactional(false); !usable) return usable;
  if (auto told = calls_->check_callback(); !told) return told;
  const auto call = new_call(options_.send_timeout);
  call->asynchronous = true;
  call->context = context;
  if (auto added = calls_->add(call); !added) return added;
  try {
    auto begun =
        transactions_->end(transaction, state, options_.send_timeout, [end = calls_->ender_of(call)](Status sent) {
          end(sent ? Result<CallEnd>(CallEnd{}) : Result<CallEnd>(fail(std::move(sent.error()))));
        });
    // What a close has ended meanwhile is told as such.
    if (!begun && calls_->take_back(call)) return begun;
  } catch (...) {
    if (calls_->take_back(call)) throw;
  }
  return {};
}

Status Producer::Impl::answer_check(uint64_t check, TransactionState state) {
  if (auto usable = check_transactional(true); !usable) return usable;
  return transactions_->answer(check, state);
}

bool Producer::Impl::check_transaction(const RemotingCommand& request, StoredMessage& message,
                                       const std::string& address) {
  if (transactions_) transactions_->check(request, message, address);
  return transactions_ != nullptr;
}

Status Producer::set_transaction_options(TransactionOptions options) {
  return impl_->set_transaction_options(std::move(options));
}

Result<SendReceipt> Producer::send_half(const OutgoingMessage& message, Millis timeout) {
  return impl_->send_half(message, timeout);
}

Status Producer::send_half_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited) {
  return impl_->send_half_async(message, timeout, context, limited);
}

Status Producer::end_transaction(uint64_t transaction, TransactionState state) {
  return impl_->end_transaction(transaction, state);
}

Status Producer::end_transaction_async(uint64_t transaction, TransactionState state, uint64_t context) {
  return impl_->end_transaction_async(transaction, state, context);
}

Status Producer::answer_check(uint64_t check, TransactionState state) { return impl_->answer_check(check, state); }

}  // namespace rocketmq
