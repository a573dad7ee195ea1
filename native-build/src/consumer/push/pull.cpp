#include "consumer/push/pull.h"

#include <algorithm>
#include <utility>

#include "consumer/offset_store.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

constexpr int32_t kSuspendFlag = 2;
constexpr int32_t kSubscriptionFlag = 4;

// Whether an offset is one, and remains one when it is moved by `delta`.
bool may_shift(int64_t offset, int64_t delta) {
  return offset >= 0 && offset <= kMostOffset && delta >= -offset && delta <= kMostOffset - offset;
}

}  // namespace

RemotingCommand pull_command(const PullRequest& request, const Subscription& subscription) {
  int32_t flags = kSuspendFlag;
  if (request.with_subscription) flags |= kSubscriptionFlag;
  RemotingCommand command = RemotingCommand::request(request_code::kPullMessage);
  auto& fields = command.ext_fields;
  fields.reserve(14);
  fields.add("consumerGroup", request.group);
  fields.add("topic", request.queue.topic);
  fields.add("queueId", request.queue.queue_id);
  fields.add("queueOffset", request.offset);
  fields.add("maxMsgNums", request.most);
  fields.add("sysFlag", flags);
  // Required, but without its flag not looked at.
  fields.add("commitOffset", 0);
  fields.add("suspendTimeoutMillis", request.suspend_ms);
  if (request.with_subscription) fields.add("subscription", subscription.expression);
  fields.add("subVersion", subscription.version);
  fields.add("expressionType", subscription.expression_type);
  // Brokers that do not know it have a limit of their own, by default 256 KiB (maxTransferBytesOnMessageInMemory).
  fields.add("maxMsgBytes", request.most_bytes);
  fields.add("bname", request.queue.broker_name);
  return command;
}

int64_t next_offset_of(const RemotingCommand& response) {
  const int64_t next = response.ext_fields.number("nextBeginOffset", -1);
  return next > kMostOffset ? -1 : next;
}

PulledMessages read_pulled(const RemotingCommand& response, int64_t asked, int32_t most,
                           const Subscription& subscription, const std::string& retry_topic, int64_t step_over) {
  PulledMessages pulled;
  int64_t next = next_offset_of(response);
  auto decoded = decode_messages(response.body);
  if (!decoded) {
    pulled.broken = true;
    pulled.unreadable.push_back({asked, decoded.error().message});
    // Of a single message the broker says where the next one begins.
    pulled.next_offset = most == 1 ? std::max(next, asked + 1) : asked;
    return pulled;
  }
  const int64_t delta = response.ext_fields.number("offsetDelta", 0);
  const int64_t queue_min_offset = response.ext_fields.number("minOffset", -1);
  const int64_t queue_max_offset = response.ext_fields.number("maxOffset", -1);
  for (auto& each : decoded->undecodable) {
    const int64_t offset = may_shift(each.queue_offset, delta) ? each.queue_offset + delta : each.queue_offset;
    // Its offset may be what is damaged.
    const bool is_placed = offset >= asked && offset < next;
    const int64_t place = is_placed ? offset : asked;
    const bool older = each.crc_mismatch && offset < asked;
    if (!older && place != step_over && (pulled.damaged_at < 0 || place < pulled.damaged_at)) pulled.damaged_at = place;
    pulled.unreadable.push_back({offset, std::move(each.reason)});
  }
  // What was left undecoded for its size is asked for again.
  if (decoded->rest_at && may_shift(*decoded->rest_at, delta)) next = std::min(next, *decoded->rest_at + delta);
  pulled.wanted.reserve(decoded->messages.size());
  pulled.received = static_cast<int64_t>(decoded->messages.size());
  for (StoredMessage& message : decoded->messages) {
    if (!may_shift(message.queue_offset, delta)) {
      pulled.unreadable.push_back({message.queue_offset, "its offset is out of range"});
      continue;
    }
    message.queue_offset += delta;
    message.queue_min_offset = queue_min_offset;
    message.queue_max_offset = queue_max_offset;
    next = std::max(next, message.queue_offset + 1);
    // A broker gives a batch as a whole, those of its messages included that were consumed before.
    if (message.queue_offset < asked) continue;
    if (!subscription.matches(message.property(property::kTags))) {
      ++pulled.filtered;
      continue;
    }
    // A redelivery shows the topic to which it was sent.
    const std::string_view origin = message.property(property::kRetryTopic);
    if (subscription.topic == retry_topic && !origin.empty()) message.topic = origin;
    pulled.wanted.push_back(std::move(message));
  }
  pulled.next_offset = std::max(next, asked);
  if (pulled.damaged_at >= 0) {
    pulled.next_offset = pulled.damaged_at;
    std::erase_if(pulled.wanted, [&](const auto& message) { return message.queue_offset >= pulled.damaged_at; });
  }
  return pulled;
}

}  // namespace rocketmq
