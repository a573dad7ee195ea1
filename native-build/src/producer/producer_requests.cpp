#include <new>

#include "net/request_failure.h"
#include "producer/message_encoder.h"
#include "producer/producer_impl.h"

namespace rocketmq {

Status Producer::Impl::set_reply_callback(ReplyCallback on_reply) {
  const State state = state_;
  if (in_child_process() || state == State::kClosing || state == State::kClosed) return check_usable();
  return requests_->set_callback(std::move(on_reply));
}

Result<std::shared_ptr<Request>> Producer::Impl::begin_request(const OutgoingMessage& message, Millis timeout,
                                                               bool asynchronous, uint64_t context, bool limited) {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  if (asynchronous && !requests_->has_callback()) {
    return fail(ErrorKind::kInvalidArgument,
                "no reply callback is set, so that nobody would learn of the reply: set it first");
  }
  std::string properties;
  auto request = requests_->prepare(message, timeout_or_default(timeout), &properties);
  if (!request) return fail(request.error());
  (*request)->owner = shared_from_this();
  (*request)->asynchronous = asynchronous;
  (*request)->context = context;
  (*request)->limited = limited;
  OutgoingMessage outgoing = message;
  outgoing.system_properties = properties;
  auto encoded = encode_message(outgoing, options_);
  if (!encoded) return fail(encoded.error());
  auto operation = make_operation(std::move(*encoded), outgoing, SendOperation::Mode::kDetached, 0, (*request)->begin,
                                  (*request)->deadline, false);
  operation->on_end = requests_->when_sent(*request);
  if (auto added = add(*operation); !added) return fail(added.error());
  Status added;
  try {
    added = requests_->add(*request);
  } catch (const std::bad_alloc&) {
    // Its end takes it out of the operations, where it must not stay.
    operation->abort(net::no_memory());
    throw;
  }
  if (!added) {
    // Not removed: a close that came between has ended it already, which happens once.
    operation->abort(added.error());
    return fail(added.error());
  }
  accepted_.fetch_add(1, std::memory_order_relaxed);
  requests_->send(*request, std::move(operation));
  return request;
}

Status Producer::set_reply_callback(ReplyCallback on_reply) { return impl_->set_reply_callback(std::move(on_reply)); }

Result<StoredMessage> Producer::request(const OutgoingMessage& message, Millis timeout) {
  auto request = impl_->begin_request(message, timeout, false, 0, false);
  if (!request) return fail(request.error());
  return Requests::wait(**request);
}

Status Producer::request_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited) {
  auto request = impl_->begin_request(message, timeout, true, context, limited);
  if (!request) return fail(request.error());
  return {};
}

}  // namespace rocketmq
