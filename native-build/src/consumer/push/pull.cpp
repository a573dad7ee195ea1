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

// How many of the messages, from the first on, have offsets that can be: they rise from the one that was asked for to
// where the next pull begins.
struct Sequence {
  size_t certain;
  // Behind the last one of them.
  int64_t end;
};

Sequence certain_sequence(const std::vector<StoredMessage>& messages, int64_t delta, int64_t asked, int64_t next) {
  // Behind the one before the last, as that one may be what does not fit.
  Sequence before{0, asked};
  Sequence all = before;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!may_shift(messages[i].queue_offset, delta)) return all;
    const int64_t offset = messages[i].queue_offset + delta;
    // A broker gives a batch as a whole, those of its messages included that were consumed before.
    if (offset < asked && messages[i].of_inner_batch) continue;
    if (offset < all.end) return before;
    if (next >= 0 && offset >= next) return all;
    before = std::exchange(all, {i + 1, offset + 1});
  }
  return {messages.size(), all.end};
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
  const int64_t claimed = next_offset_of(response);
  pulled.claimed_next_offset = claimed;
  pulled.next_offset = asked;
  auto decoded = decode_messages(response.body);
  if (!decoded) {
    PulledMessages::Unreadable unreadable{asked, std::move(decoded.error().message)};
    // Of a single message the broker says where the next one begins, or ought to.
    if (most == 1 && claimed <= asked && asked == step_over) {
      pulled.unreadable.push_back(std::move(unreadable));
      pulled.next_offset = asked + 1;
    } else {
      pulled.damaged = std::move(unreadable);
      pulled.broken = true;
    }
    return pulled;
  }
  const int64_t delta = response.ext_fields.number("offsetDelta", 0);
  const int64_t queue_min_offset = response.ext_fields.number("minOffset", -1);
  const int64_t queue_max_offset = response.ext_fields.number("maxOffset", -1);
  const auto damaged_at = [&](int64_t place, std::string reason) {
    if (place == step_over) return false;
    if (!pulled.damaged || place < pulled.damaged->offset) pulled.damaged = {place, std::move(reason)};
    return true;
  };
  for (auto& each : decoded->undecodable) {
    const int64_t offset = may_shift(each.queue_offset, delta) ? each.queue_offset + delta : each.queue_offset;
    // Its offset may be what is damaged.
    const bool is_placed = offset >= asked && offset < claimed;
    const int64_t place = is_placed ? offset : asked;
    const bool older = each.crc_mismatch && offset < asked;
    if (!older && damaged_at(place, each.reason)) continue;
    // By itself it may be a batch, of which the broker says where it ends.
    const bool alone = decoded->messages.empty() && decoded->undecodable.size() == 1;
    if (!older && !(alone && claimed > asked)) pulled.next_offset = std::max(pulled.next_offset, place + 1);
    pulled.unreadable.push_back({offset, std::move(each.reason)});
  }
  // What was left undecoded for its size is asked for again.
  if (decoded->rest_at && may_shift(*decoded->rest_at, delta)) {
    pulled.claimed_next_offset = std::min(claimed, *decoded->rest_at + delta);
  }
  auto& messages = decoded->messages;
  const Sequence sequence = certain_sequence(messages, delta, asked, claimed);
  if (sequence.certain < messages.size()) {
    std::string reason = "its offset does not fit between its neighbours'";
    const bool again = damaged_at(sequence.end, reason);
    if (!again && messages.size() == 1) {
      // Its body is as it was stored, and its place is known.
      messages.front().queue_offset = sequence.end - delta;
    } else {
      messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(sequence.certain), messages.end());
      if (!again) {
        pulled.unreadable.push_back({sequence.end, std::move(reason)});
        pulled.next_offset = std::max(pulled.next_offset, sequence.end + 1);
      }
    }
  }
  pulled.wanted.reserve(messages.size());
  pulled.received = static_cast<int64_t>(messages.size());
  for (StoredMessage& message : messages) {
    message.queue_offset += delta;
    message.queue_min_offset = queue_min_offset;
    message.queue_max_offset = queue_max_offset;
    pulled.next_offset = std::max(pulled.next_offset, message.queue_offset + 1);
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
  if (pulled.damaged) {
    pulled.next_offset = pulled.damaged->offset;
    pulled.claimed_next_offset = -1;
    std::erase_if(pulled.wanted, [&](const auto& message) { return message.queue_offset >= pulled.next_offset; });
    std::erase_if(pulled.unreadable, [&](const auto& each) { return each.offset >= pulled.next_offset; });
  }
  return pulled;
}

std::optional<int64_t> SkipConfirmation::confirm(int64_t from, int64_t to) {
  const bool agrees = from == from_ && (to > from) == (to_ > from);
  if (agrees) {
    from_ = -1;
    return std::min(to, to_);
  }
  from_ = from;
  to_ = to;
  return std::nullopt;
}

}  // namespace rocketmq
