#include <algorithm>

#include "base/log.h"
#include "consumer/simple/simple_consumer_impl.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

constexpr Millis kRetryPause{100};
// Who acknowledges message after message must not wait long for each one of a broker that is away.
constexpr Millis kMostForLost{500};

template <typename Number>
bool read_field(const ExtFields& fields, std::string_view name, Number* out) {
  constexpr int64_t kNone = INT64_MIN;
  const int64_t number = fields.number(name, kNone);
  *out = static_cast<Number>(number);
  return number != kNone && static_cast<int64_t>(*out) == number;
}

}  // namespace

Result<SimpleConsumer::Impl::Operation> SimpleConsumer::Impl::acknowledge(std::string_view text, bool asynchronous,
                                                                          uint64_t context) {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  const auto running = running_client();
  if (!running) return fail(ErrorKind::kClosed, "the consumer is closed: create another one");
  auto handle = ReceiptHandle::parse(text);
  if (!handle) return fail(handle.error());
  auto operation = std::make_shared<SimpleOperation>();
  operation->kind = SimpleOperation::Kind::kAcknowledge;
  operation->asynchronous = asynchronous;
  operation->context = context;
  operation->deadline = operation->begin + client_options_.request_timeout;
  if (auto added = operations_->add(operation); !added) return fail(added.error());
  try {
    start(run_acknowledge(operation, std::move(*handle)), "acknowledge");
  } catch (const std::bad_alloc&) {
    operations_->end(operation, fail(ErrorKind::kOutOfMemory, "there was no memory for the request"));
  }
  return operation;
}

Result<SimpleConsumer::Impl::Operation> SimpleConsumer::Impl::change_invisible(std::string_view text, Millis invisible,
                                                                               bool asynchronous, uint64_t context) {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  const auto running = running_client();
  if (!running) return fail(ErrorKind::kClosed, "the consumer is closed: create another one");
  auto handle = ReceiptHandle::parse(text);
  if (!handle) return fail(handle.error());
  auto operation = std::make_shared<SimpleOperation>();
  operation->kind = SimpleOperation::Kind::kChangeInvisible;
  operation->asynchronous = asynchronous;
  operation->context = context;
  operation->deadline = operation->begin + client_options_.request_timeout;
  if (auto added = operations_->add(operation); !added) return fail(added.error());
  try {
    start(run_change_invisible(operation, std::move(*handle), invisible), "change of the invisible time");
  } catch (const std::bad_alloc&) {
    operations_->end(operation, fail(ErrorKind::kOutOfMemory, "there was no memory for the request"));
  }
  return operation;
}

RemotingCommand SimpleConsumer::Impl::request_about(int32_t code, const ReceiptHandle& handle) const {
  RemotingCommand request = RemotingCommand::request(code, SerializeType::kJson);
  auto& fields = request.ext_fields;
  fields.reserve(7);
  fields.add("consumerGroup", options_.group);
  fields.add("topic", handle.real_topic(options_.group));
  fields.add("queueId", handle.queue_id);
  fields.add("extraInfo", handle.checkpoint());
  fields.add("offset", handle.offset);
  fields.add("bname", handle.broker_name);
  return request;
}

// Its answer comes too late for whoever acknowledges; but it may still carry it out.
asio::awaitable<void> SimpleConsumer::Impl::send_to_silent(std::string address, RemotingCommand request) {
  if (ended_) co_return;
  const auto response = co_await client().remoting().call(address, std::move(request), client_options_.request_timeout);
  if (!response) {
    log(LogLevel::kDebug, "consumer", "a request to {}, which was silent, failed: {}", address,
        response.error().message);
  }
}

// A broker that is lost meanwhile is asked again for a while, one that was lost before only once, and one that is known
// to be silent is not waited for: what it does not acknowledge comes again, and the messages of others wait behind it.
asio::awaitable<Result<RemotingCommand>> SimpleConsumer::Impl::call_broker_of(ReceiptHandle handle,
                                                                              RemotingCommand request, bool repeatable,
                                                                              TimePoint deadline) {
  const TimePoint begin = now();
  for (bool first = true;; first = false) {
    std::string address = client().routes().find_master(handle.topic, handle.broker_name);
    const bool known = client().routes().find(handle.topic) != nullptr;
    if (!known) {
      co_await client().routes().refresh(handle.topic);
      if (ended_) co_return fail(ErrorKind::kClosed, "the consumer was closed");
      address = client().routes().find_master(handle.topic, handle.broker_name);
    }
    Error error;
    bool again = false;
    if (address.empty()) {
      error.kind = ErrorKind::kUnreachable;
      error.message =
          "no name server knows a master of the broker \"" + handle.broker_name + "\" of the receipt handle";
      error.topic = handle.topic;
      // A dead broker leaves the route at once: each acknowledgement would wait for it.
      client().routes().invalidate(handle.topic);
      again = !known;
    } else if (client().brokers().silent(address)) {
      start(send_to_silent(address, std::move(request)), "request to a silent broker");
      error.kind = ErrorKind::kTimeout;
      error.address = address;
      error.topic = handle.topic;
      error.message = "the broker " + address + " is silent: it was sent, and may not have arrived";
      co_return fail(std::move(error));
    } else {
      const bool was_lost = client().brokers().unreachable(address);
      if (was_lost) deadline = std::min(deadline, begin + kMostForLost);
      const Millis left(std::max<int64_t>(millis_between(now(), deadline), 1));
      auto response = co_await client().remoting().call(address, request, left);
      if (ended_) co_return fail(ErrorKind::kClosed, "the consumer was closed");
      if (response && response->code == response_code::kSuccess) co_return response;
      error = response ? refusal_of(*response, address, handle.topic) : response.error();
      error.topic = handle.topic;
      again = response
                  ? may_pass(response->code) && response->code != response_code::kTopicNotExist
                  : error.kind == ErrorKind::kUnreachable || (repeatable && error.kind == ErrorKind::kConnectionLost);
      if (!response) client().routes().invalidate(handle.topic);
      if (error.kind == ErrorKind::kUnreachable || error.kind == ErrorKind::kConnectionLost) {
        deadline = std::min(deadline, begin + kMostForLost);
        again = again && !(was_lost && first);
      }
    }
    if (!again || now() + kRetryPause >= deadline) co_return fail(std::move(error));
    co_await pause_for(kRetryPause);
    if (ended_) co_return fail(ErrorKind::kClosed, "the consumer was closed");
  }
}

asio::awaitable<void> SimpleConsumer::Impl::run_acknowledge(Operation operation, ReceiptHandle handle) {
  if (ended_ || operation->ended) co_return;
  Result<SimpleResult> result;
  try {
    auto response =
        co_await call_broker_of(handle, request_about(request_code::kAckMessage, handle), true, operation->deadline);
    if (response) {
      ++acknowledged_;
    } else {
      response.error().message = "the acknowledgement failed: " + response.error().message;
      result = fail(std::move(response.error()));
    }
  } catch (const std::exception& e) {
    result = fail(ErrorKind::kInternalError, std::string("the acknowledgement failed: ") + e.what());
  }
  operations_->end(operation, std::move(result));
}

asio::awaitable<void> SimpleConsumer::Impl::run_change_invisible(Operation operation, ReceiptHandle handle,
                                                                 Millis invisible) {
  if (ended_ || operation->ended) co_return;
  Result<SimpleResult> result;
  try {
    RemotingCommand request = request_about(request_code::kChangeInvisibleTime, handle);
    request.ext_fields.add("invisibleTime", int64_t{invisible.count()});
    // Carried out twice, the message would come twice.
    auto response = co_await call_broker_of(handle, std::move(request), false, operation->deadline);
    if (!response) {
      response.error().message = "the change of the invisible time failed: " + response.error().message;
      result = fail(std::move(response.error()));
    } else {
      const ExtFields& fields = response->ext_fields;
      ReceiptHandle changed = handle;
      // From now on the message is a checkpoint of its own.
      changed.start_offset = handle.offset;
      if (read_field(fields, "popTime", &changed.pop_time_ms) &&
          read_field(fields, "invisibleTime", &changed.invisible_ms) &&
          read_field(fields, "reviveQid", &changed.revive_queue)) {
        ++changed_;
        result->receipt_handle = changed.text();
      } else {
        result = fail(ErrorKind::kProtocolError,
                      "the change of the invisible time was answered without popTime, invisibleTime or reviveQid");
        result.error().topic = handle.topic;
      }
    }
  } catch (const std::exception& e) {
    result = fail(ErrorKind::kInternalError, std::string("the change of the invisible time failed: ") + e.what());
  }
  operations_->end(operation, std::move(result));
}

asio::awaitable<void> SimpleConsumer::Impl::acknowledge_filtered(ReceiptHandle handle) {
  if (ended_) co_return;
  auto response = co_await call_broker_of(handle, request_about(request_code::kAckMessage, handle), true,
                                          now() + client_options_.request_timeout);
  if (!response && !ended_) {
    log(LogLevel::kInfo, "consumer", "a message that the filter leaves out was not acknowledged, and comes again: {}",
        response.error().message);
  }
}

}  // namespace rocketmq
