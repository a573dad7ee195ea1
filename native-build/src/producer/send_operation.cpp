#include "producer/send_operation.h"

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "net/sync_channel.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

// A broker that answers at all answers within this, so that no attempt gets less.
constexpr Millis kLeastAttempt{500};
// Before the same broker is tried again.
constexpr Millis kFirstPause{20};
constexpr Millis kLongestPause{500};

// As the Java client's retryResponseCodes: the broker stored nothing, another one may.
bool may_retry(int32_t code) {
  switch (code) {
    case response_code::kTopicNotExist:
    case response_code::kServiceNotAvailable:
    case response_code::kSystemError:
    case response_code::kSystemBusy:
    case response_code::kNoPermission:
    case response_code::kNoBuyerId:
    case response_code::kNotInCurrentUnit:
    case response_code::kGoAway:
    case response_code::kFlowControl:
      return true;
    default:
      return false;
  }
}

std::optional<SendStatus> stored_status(int32_t code) {
  switch (code) {
    case response_code::kSuccess:
      return SendStatus::kOk;
    case response_code::kFlushDiskTimeout:
      return SendStatus::kFlushDiskTimeout;
    case response_code::kFlushSlaveTimeout:
      return SendStatus::kFlushSlaveTimeout;
    case response_code::kSlaveNotAvailable:
      return SendStatus::kSlaveNotAvailable;
    default:
      return std::nullopt;
  }
}

bool is_transient(ErrorKind kind) {
  return kind == ErrorKind::kUnreachable || kind == ErrorKind::kConnectionLost || kind == ErrorKind::kTimeout;
}

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

Millis pause_before(int32_t pauses) {
  const Millis pause = std::min(kLongestPause, kFirstPause * (1 << std::min(pauses, 5)));
  return pause / 2 + Millis(random_below(static_cast<uint32_t>(pause.count())));
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

SendOperation::SendOperation(std::shared_ptr<SendOwner> owner, EncodedMessage message, QueueWish wish, Mode mode,
                             uint64_t context, TimePoint begin, TimePoint deadline, bool limited)
    : owner_(std::move(owner)),
      message_(std::move(message)),
      limited_(limited),
      wish_(std::move(wish)),
      mode_(mode),
      context_(context),
      begin_(begin),
      deadline_(deadline),
      born_ms_(wall_clock_ms()) {
  gauged_bytes = static_cast<int64_t>(message_.frame.body_size());
}

void BatchWaiter::end(std::shared_ptr<const SendOperation> batch, size_t place) {
  batch_ = std::move(batch);
  place_ = place;
  ended_.set();
}

Result<SendReceipt> BatchWaiter::wait() {
  ended_.wait();
  // The batch keeps this object, so that it must be let go of.
  const auto batch = std::move(batch_);
  return batch->result_of_member(place_);
}

void SendOperation::set_message(EncodedMessage message) {
  // The topic may be read meanwhile, by abort().
  message_.message_id = message.message_id;
  message_.properties = std::move(message.properties);
  message_.frame = std::move(message.frame);
  message_.request_code = message.request_code;
  message_.batch_ids = std::move(message.batch_ids);
}

void SendOperation::start() {
  on_caller_ = mode_ == Mode::kSync;
  attempt();
}

void SendOperation::attempt() {
  try {
    try_to_send();
  } catch (const std::exception& e) {
    // It is accepted, so that it must end as every other.
    Error error;
    error.message = std::string("it failed inside the library: ") + e.what();
    fail_send(std::move(error));
  }
}

void SendOperation::try_to_send() {
  if (finished_.load(std::memory_order_acquire)) return;
  const TimePoint at = now();
  if (at >= deadline_) return fail_send(timeout_error());
  // It lives in the route.
  queue_ = nullptr;
  route_ = owner_->client().routes().find(message_.topic);
  if (!route_) return look_up_route();
  auto queue = owner_->selector().select(message_.topic, *route_, wish_);
  if (!queue) {
    if (queue.error().kind != ErrorKind::kUnreachable) return fail_send(queue.error());
    owner_->client().routes().invalidate(message_.topic);
    return retry_or_fail(queue.error(), false);
  }
  queue_ = *queue;
  const std::string address(route_->route.master_address(queue_->broker_name));
  if (address.empty()) {
    owner_->client().routes().invalidate(message_.topic);
    return retry_or_fail(Error{ErrorKind::kUnreachable,
                               "the broker \"" + queue_->broker_name + "\" has no master now",
                               -1,
                               {},
                               {},
                               {},
                               0,
                               0},
                         false);
  }
  send_to(address, at);
}

void SendOperation::look_up_route() {
  auto self = shared_from_this();
  // The look-up has a time of its own, which may end after this send's.
  owner_->client().loop().post([self] {
    if (self->finished_) return;
    self->timer_ = std::make_unique<asio::steady_timer>(self->owner_->client().loop().context(), self->deadline_);
    self->timer_->async_wait([self](asio::error_code error) {
      if (!error) self->fail_send(self->timeout_error());
    });
    self->owner_->client().routes().get(self->message_.topic, true, self->owner_->options().default_topic_queues,
                                        [self](Result<Route> route) { self->on_route(std::move(route)); });
  });
}

void SendOperation::on_route(Result<Route> route) {
  if (finished_) return;
  if (timer_) timer_->cancel();
  if (route) return attempt();
  // A name server that restarts, or whose connection broke, may answer before the deadline.
  if (is_transient(route.error().kind)) return retry_or_fail(route.error(), false);
  fail_send(route.error());
}

TimePoint SendOperation::attempt_deadline(TimePoint at) const {
  const ProducerOptions& options = owner_->options();
  const auto left = std::chrono::duration_cast<Millis>(deadline_ - at);
  const int32_t attempts_left = std::max(1, options.max_attempts - counted_attempts_);
  Millis share =
      options.attempt_timeout.count() > 0 ? options.attempt_timeout : std::max(kLeastAttempt, left / attempts_left);
  return share >= left ? deadline_ : at + share;
}

void SendOperation::send_to(const std::string& address, TimePoint at) {
  const ProducerOptions& options = owner_->options();
  sent_at_ = at;
  SendRequest request;
  request.code = message_.request_code;
  request.batch = !message_.batch_ids.empty();
  request.producer_group = options.group;
  request.topic = message_.topic;
  request.default_topic_queues = options.default_topic_queues;
  request.queue_id = queue_->queue_id;
  request.system_flag = message_.system_flag;
  request.born_timestamp_ms = born_ms_;
  request.flag = message_.flag;
  request.properties = message_.properties;
  request.broker_name = queue_->broker_name;
  request.one_way = mode_ == Mode::kOneWay;
  auto& remoting = owner_->client().remoting();
  const int32_t opaque = remoting.next_opaque();
  const ByteView frame = message_.frame.with_header(request, opaque);
  const TimePoint deadline = attempt_deadline(at);
  attempts_.fetch_add(1, std::memory_order_relaxed);
  auto self = shared_from_this();
  // Nothing of this object is touched after these calls: the answer may be on another thread already.
  if (mode_ != Mode::kOneWay) {
    if (exchange(address, opaque, frame, deadline)) return;
    const auto write = mode_ == Mode::kSync ? RemotingClient::Write::kDirect : RemotingClient::Write::kBatched;
    remoting.send_frame(address, opaque, frame, deadline, write, std::move(self));
    return;
  }
  remoting.send_one_way(address, opaque, frame, deadline, [self](Status handed_over) {
    if (!handed_over) return self->on_failure(handed_over.error());
    SendReceipt receipt;
    receipt.message_id = self->message_.message_id;
    receipt.queue_id = self->queue_->queue_id;
    receipt.broker_name = self->queue_->broker_name;
    receipt.attempts = self->attempts_;
    self->finish(std::move(receipt));
  });
}

// False where the answer must come by way of the loop.
bool SendOperation::exchange(const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline) {
  // What follows it, such as another attempt, runs on the loop.
  if (!std::exchange(on_caller_, false)) return false;
  auto response = owner_->client().remoting().exchange(address, opaque, frame, deadline,
                                                       [this](std::shared_ptr<SyncChannel> channel) {
                                                         std::lock_guard lock(exchange_mutex_);
                                                         exchange_ = std::move(channel);
                                                         // An abort that came before had nothing to interrupt.
                                                         if (exchange_ && finished_) exchange_->interrupt();
                                                       });
  if (!response) return false;
  if (*response) {
    on_response(std::move(**response), address);
  } else {
    on_failure(std::move(response->error()));
  }
  return true;
}

void SendOperation::on_response(RemotingCommand response, const std::string& address) {
  // Its producer may be closed, and the client it used released.
  if (finished_.load(std::memory_order_acquire)) return;
  ++counted_attempts_;
  if (owner_->options().avoid_slow_brokers) {
    owner_->selector().health().answered(queue_->broker_name, millis_between(sent_at_, now()));
  } else {
    owner_->selector().health().succeeded(queue_->broker_name);
  }
  const auto status = stored_status(response.code);
  const auto attempts_left = [&] { return counted_attempts_ < owner_->options().max_attempts && now() < deadline_; };
  if (status && (*status == SendStatus::kOk || !owner_->options().retry_not_store_ok || !attempts_left())) {
    return succeed(*status, response, address);
  }
  Error error;
  error.kind =
      response.code == response_code::kRequestCodeNotSupported ? ErrorKind::kNotSupported : ErrorKind::kRejected;
  error.message = "the broker " + address + " refused the message with code " + std::to_string(response.code) +
                  (response.remark.empty() ? "" : ": " + response.remark);
  error.response_code = response.code;
  error.remark = response.remark;
  error.address = address;
  --counted_attempts_;  // retry_or_fail counts
  if (status || may_retry(response.code)) return retry_or_fail(std::move(error), true);
  fail_send(std::move(error));
}

void SendOperation::succeed(SendStatus status, const RemotingCommand& response, const std::string& address) {
  constexpr int64_t kAbsent = -1;
  const int64_t queue_id = response.ext_fields.number("queueId", kAbsent);
  const int64_t offset = response.ext_fields.number("queueOffset", kAbsent);
  if (queue_id < 0 || queue_id > INT32_MAX || offset < 0) {
    Error error;
    error.kind = ErrorKind::kProtocolError;
    error.message = "the broker " + address + " acknowledged without a valid queueId and queueOffset";
    error.address = address;
    return fail_send(std::move(error));
  }
  SendReceipt receipt;
  receipt.status = status;
  receipt.queue_id = static_cast<int32_t>(queue_id);
  receipt.broker_name = queue_->broker_name;
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
  finish(std::move(receipt));
}

void SendOperation::on_failure(Error error) {
  if (finished_.load(std::memory_order_acquire)) return;
  if (error.kind == ErrorKind::kConnectionLost || error.kind == ErrorKind::kTimeout) uncertain_ = error;
  if (is_transient(error.kind)) {
    owner_->selector().health().failed(queue_->broker_name);
    owner_->client().routes().invalidate(message_.topic);
    // What never left this process may be tried until the deadline.
    const bool counts = error.kind != ErrorKind::kUnreachable;
    return retry_or_fail(std::move(error), counts);
  }
  fail_send(std::move(error));
}

void SendOperation::retry_or_fail(Error error, bool counts) {
  if (counts) ++counted_attempts_;
  const bool may = counted_attempts_ < owner_->options().max_attempts && now() < deadline_;
  if (!may) return fail_send(std::move(error));
  log(LogLevel::kDebug, "producer", "attempt {} for topic \"{}\" failed, trying again: {}", attempts_, message_.topic,
      error.message);
  if (queue_ != nullptr) wish_.last_broker = queue_->broker_name;
  last_error_ = std::move(error);
  if (attempts_ > 0) owner_->on_retry();
  const bool other_broker_left = route_ && wish_.broker_name.empty() && wish_.sharding_key.empty() && attempts_ > 0 &&
                                 static_cast<size_t>(attempts_) < route_->route.brokers.size();
  retry_after(other_broker_left ? Millis(0) : pause_before(pauses_++));
}

void SendOperation::retry_after(Millis pause) {
  auto self = shared_from_this();
  owner_->client().loop().post([self, pause] {
    if (self->finished_) return;
    if (pause.count() == 0) return self->attempt();
    const TimePoint until = std::min(now() + pause, self->deadline_);
    self->timer_ = std::make_unique<asio::steady_timer>(self->owner_->client().loop().context(), until);
    self->timer_->async_wait([self](asio::error_code error) {
      if (!error) self->attempt();
    });
  });
}

Error SendOperation::timeout_error() const {
  if (last_error_) return *last_error_;
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.message = "the deadline passed before the route of the topic was known";
  return error;
}

void SendOperation::fail_send(Error error) {
  // "Nothing was sent" and "refused" hold for the last attempt; they must not hide that an earlier one may be stored.
  const bool certain =
      error.kind != ErrorKind::kConnectionLost && error.kind != ErrorKind::kTimeout && error.kind != ErrorKind::kClosed;
  // In this order: uncertain_ is not abort's to read, whose error is kClosed.
  if (certain && uncertain_) {
    error.kind = uncertain_->kind;
    error.message += "; an earlier attempt may have stored the message: " + uncertain_->message;
  }
  error.topic = message_.topic;
  error.attempts = attempts_;
  error.elapsed_ms = millis_between(begin_, now());
  error.message = "the send to topic \"" + message_.topic + "\" failed after " + std::to_string(attempts_) +
                  " attempt(s) and " + std::to_string(error.elapsed_ms) + " ms: " + error.message;
  finish(fail(std::move(error)));
}

void SendOperation::abort(Error error) {
  if (timer_) timer_->cancel();
  if (!finished_) fail_send(std::move(error));
  std::lock_guard lock(exchange_mutex_);
  if (exchange_) exchange_->interrupt();
}

void SendOperation::finish(Result<SendReceipt> result) {
  if (finished_.exchange(true, std::memory_order_acq_rel)) return;
  if (const OnEnd tell = std::exchange(on_end, nullptr)) {
    try {
      tell(result);
    } catch (const std::exception& e) {
      result = fail(ErrorKind::kInternalError, std::string("its end could not be handled: ") + e.what());
    }
  }
  result_ = std::move(result);
  owner_->on_finished(shared_from_this());
}

Result<SendReceipt> SendOperation::result_of_member(size_t place) const {
  if (!*result_) return fail(result_->error());
  return receipt_of(**result_, place);
}

void SendOperation::wake() { ended_.set(); }

Result<SendReceipt> SendOperation::wait() {
  ended_.wait();
  return std::move(*result_);
}

}  // namespace rocketmq
