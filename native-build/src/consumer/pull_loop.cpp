#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "consumer/push_consumer_impl.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

constexpr int32_t kCommitFlag = 1;
constexpr int32_t kSuspendFlag = 2;
constexpr int32_t kSubscriptionFlag = 4;

constexpr Millis kNow{0};
constexpr Millis kFlowControl{20};
constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause{1000};
// While the limits forbid a pull; an acknowledgement ends it sooner.
constexpr Millis kThrottled{1000};
// What a broker may take beyond the time that it holds a pull.
constexpr Millis kPullMargin{10000};

// Where the broker says that the next pull begins; -1 for nothing that can be.
int64_t next_offset_of(const RemotingCommand& response) {
  const int64_t next = response.ext_fields.number("nextBeginOffset", -1);
  return next > kMostOffset ? -1 : next;
}

// Whether an offset is one, and remains one when it is moved by `delta`.
bool may_shift(int64_t offset, int64_t delta) {
  return offset >= 0 && offset <= kMostOffset && delta >= -offset && delta <= kMostOffset - offset;
}

Millis jittered(Millis pause) {
  return pause * 3 / 4 + Millis(random_below(static_cast<uint32_t>(pause.count() / 2 + 1)));
}

}  // namespace

asio::awaitable<void> PushConsumer::Impl::pull_loop(Queue queue) {
  const auto pause = queue->pause;
  Millis back_off = kFirstPause;
  int32_t most = options_.pull_batch_size;
  while (!ended_ && !queue->dropped()) {
    if (queue->next_offset() < 0) {
      const bool found = co_await find_start(queue);
      if (ended_ || queue->dropped()) break;
      if (found) continue;
      co_await pause->wait(jittered(back_off));
      back_off = std::min(back_off * 2, kLongestPause);
      continue;
    }
    if (options_.needs_locks() && !queue->locked(now())) {
      queue->note_pull();
      // The lock's return ends it sooner.
      co_await pause->wait(kThrottled);
      continue;
    }
    if (!queue->may_pull(options_.max_cached_messages_per_queue, options_.max_cached_bytes_per_queue,
                         options_.max_offset_span_per_queue)) {
      queue->throttled = true;
      // Looked at again: room may have come between the look and the mark.
      if (!queue->may_pull(options_.max_cached_messages_per_queue, options_.max_cached_bytes_per_queue,
                           options_.max_offset_span_per_queue)) {
        co_await pause->wait(kThrottled);
        if (ended_) break;
        queue->note_pull();
      }
      queue->throttled = false;
      continue;
    }
    const int64_t before = undecodable_;
    const Millis wait = co_await pull_once(queue, most);
    if (ended_ || queue->dropped()) break;
    // A body that cannot be read is asked for one message at a time, to step over the one that is broken.
    most = undecodable_ != before ? 1 : options_.pull_batch_size;
    if (wait < kNow) {
      co_await pause->wait(jittered(back_off));
      back_off = std::min(back_off * 2, kLongestPause);
    } else {
      back_off = kFirstPause;
      const Millis rest = std::max(wait, options_.pull_interval);
      if (rest > kNow) co_await pause->wait(rest);
    }
  }
}

asio::awaitable<bool> PushConsumer::Impl::find_start(Queue queue) {
  queue->note_pull();
  auto offset = co_await start_offset(queue->queue());
  if (ended_ || queue->dropped()) co_return false;
  if (!offset) {
    log(LogLevel::kWarn, "consumer", "no offset to start queue {} of topic {} from: {}", queue->queue().queue_id,
        queue->queue().topic, offset.error().message);
    client().routes().invalidate(queue->queue().topic);
    co_return false;
  }
  queue->add({}, *offset);
  co_return true;
}

RemotingCommand PushConsumer::Impl::pull_request(const ProcessQueue& queue, const Subscription& subscription,
                                                 int32_t most, bool to_master) const {
  const int64_t commit = queue.commit_offset();
  int32_t flags = kSuspendFlag | kSubscriptionFlag;
  // A slave does not keep offsets.
  if (to_master && commit > 0 && !options_.broadcasting) flags |= kCommitFlag;
  RemotingCommand request = RemotingCommand::request(request_code::kPullMessage);
  auto& fields = request.ext_fields;
  fields.reserve(13);
  fields.add("consumerGroup", options_.group);
  fields.add("topic", queue.queue().topic);
  fields.add("queueId", queue.queue().queue_id);
  fields.add("queueOffset", queue.next_offset());
  fields.add("maxMsgNums", most);
  fields.add("sysFlag", flags);
  fields.add("commitOffset", std::max<int64_t>(commit, 0));
  fields.add("suspendTimeoutMillis", int64_t{options_.pull_suspend_timeout.count()});
  fields.add("subscription", subscription.expression);
  fields.add("subVersion", subscription.version);
  fields.add("expressionType", subscription.expression_type);
  fields.add("bname", queue.queue().broker_name);
  return request;
}

// How long to wait before the next pull; less than nothing after a failure.
asio::awaitable<Millis> PushConsumer::Impl::pull_once(Queue queue, int32_t most) {
  constexpr Millis kFailed{-1};
  const MessageQueue& name = queue->queue();
  queue->note_pull();
  Subscription subscription;
  if (!find_subscription(name.topic, &subscription)) co_return kFailed;
  // Without its master, a broker's slave still has messages to read.
  const auto [id, broker] = client().routes().find_to_read(name.topic, name.broker_name, queue->suggested_broker);
  if (broker.empty()) {
    client().routes().invalidate(name.topic);
    co_return kFailed;
  }
  RemotingCommand request = pull_request(*queue, subscription, most, id == kMasterId);
  auto response =
      co_await client().remoting().call(broker, std::move(request), options_.pull_suspend_timeout + kPullMargin);
  if (ended_ || queue->dropped()) co_return kNow;
  if (!response) {
    log(LogLevel::kWarn, "consumer", "the pull of queue {} of topic {} failed: {}", name.queue_id, name.topic,
        response.error().message);
    queue->suggested_broker = kMasterId;
    if (options_.needs_locks() && id == kMasterId && !client().remoting().connected(broker)) {
      distrust_locks(name.broker_name);
      if (lock_pause_) lock_pause_->interrupt();
    }
    // A broker that comes back knows this group by its heartbeat only.
    client().heartbeat_soon();
    client().routes().invalidate(name.topic);
    co_return kFailed;
  }
  ++pulls_;
  last_pull_ms_ = wall_clock_ms();
  queue->suggested_broker = response->ext_fields.number("suggestWhichBrokerId", kMasterId);
  const int64_t next = next_offset_of(*response);
  switch (response->code) {
    case response_code::kSuccess:
      co_return take_messages(queue, *response, subscription, most);
    case response_code::kPullNotFound:
    case response_code::kPullRetryImmediately:
      if (next >= 0) queue->add({}, next);
      co_return kNow;
    case response_code::kPullOffsetMoved: {
      if (next < 0) co_return kFailed;
      log(LogLevel::kWarn, "consumer", "the broker moves queue {} of topic {} from offset {} to {}", name.queue_id,
          name.topic, queue->next_offset(), next);
      // At the right offset: what is cached lies outside of what the broker has.
      co_await take_anew(queue, next);
      co_return kNow;
    }
    case response_code::kFlowControl:
      co_return kFlowControl;
    default:
      log(LogLevel::kWarn, "consumer", "{} refused the pull of queue {} of topic {} with code {}: {}", broker,
          name.queue_id, name.topic, response->code, response->remark);
      client().heartbeat_soon();
      if (response->code == response_code::kTopicNotExist) client().routes().invalidate(name.topic);
      co_return kFailed;
  }
}

void PushConsumer::Impl::note_undecodable(const MessageQueue& queue, int64_t offset, const std::string& reason) {
  ++undecodable_;
  log(LogLevel::kError, "consumer", "a message at offset {} of queue {} of topic {} cannot be read: {}", offset,
      queue.queue_id, queue.topic, reason);
}

Millis PushConsumer::Impl::take_messages(const Queue& queue, const RemotingCommand& response,
                                         const Subscription& subscription, int32_t most) {
  const MessageQueue& name = queue->queue();
  const int64_t asked = queue->next_offset();
  int64_t next = next_offset_of(response);
  auto decoded = decode_messages(response.body);
  if (!decoded) {
    note_undecodable(name, asked, decoded.error().message);
    // Of a single message the broker says where the next one begins.
    if (most == 1) queue->add({}, std::max(next, asked + 1));
    return kNow;
  }
  for (const auto& each : decoded->undecodable) note_undecodable(name, each.queue_offset, each.reason);
  const int64_t delta = response.ext_fields.number("offsetDelta", 0);
  // What was left undecoded for its size is asked for again.
  if (decoded->rest_at && may_shift(*decoded->rest_at, delta)) next = std::min(next, *decoded->rest_at + delta);
  std::vector<StoredMessage> wanted;
  wanted.reserve(decoded->messages.size());
  received_ += static_cast<int64_t>(decoded->messages.size());
  for (StoredMessage& message : decoded->messages) {
    if (!may_shift(message.queue_offset, delta)) {
      note_undecodable(name, message.queue_offset, "its offset is out of range");
      continue;
    }
    message.queue_offset += delta;
    next = std::max(next, message.queue_offset + 1);
    if (!subscription.matches(message.property(property::kTags))) {
      ++filtered_;
      continue;
    }
    // A redelivery shows the topic to which it was sent.
    const std::string_view origin = message.property(property::kRetryTopic);
    if (name.topic == retry_topic_ && !origin.empty()) message.topic = origin;
    wanted.push_back(std::move(message));
  }
  queue->add(std::move(wanted), std::max(next, asked));
  dispatcher_.schedule(queue);
  // An answer that moves nothing must not become a busy loop.
  return next > asked ? kNow : Millis(-1);
}

}  // namespace rocketmq
