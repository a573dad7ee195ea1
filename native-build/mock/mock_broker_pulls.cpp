#include <cstdint>

#include "mock/mock_broker.h"
#include "protocol/codes.h"
#include "protocol/subscription.h"

namespace rocketmq::mock {

namespace {

// The one condition that the mock knows: "name = 'value'".
bool fulfils(const std::vector<uint8_t>& stored, std::string_view condition) {
  const size_t sign = condition.find(" = '");
  if (sign == std::string_view::npos || condition.back() != '\'') return false;
  const std::string_view name = condition.substr(0, sign);
  const std::string_view value = condition.substr(sign + 4, condition.size() - sign - 5);
  const auto messages = decode_one(stored);
  return !messages.empty() && messages.front().property(name) == value;
}

}  // namespace

void MockBroker::add_pull_handlers() {
  on(request_code::kPullMessage,
     [this](const auto&, const auto& request, const auto& reply) { pull(request, reply, true, true); });
}

void MockBroker::release_pulls(const QueueKey& key) {
  std::vector<HeldPull> released;
  for (auto [each, end] = held_.equal_range(key); each != end; each = held_.erase(each)) {
    released.push_back(std::move(each->second));
  }
  for (HeldPull& held : released) {
    held.timer->cancel();
    // The offset that came with the request was taken when it came, and may be old by now.
    pull(held.request, held.reply, true, false);
  }
}

void MockBroker::pull(const RemotingCommand& request, const Reply& reply, bool may_hold, bool may_commit) {
  const auto& fields = request.ext_fields;
  const QueueKey key{std::string(fields.text("topic")), static_cast<int>(fields.number("queueId", 0))};
  const int64_t offset = fields.number("queueOffset", 0);
  const int64_t flags = fields.number("sysFlag", 0);
  if (may_commit && (flags & 1) != 0) {
    set_committed_offset(std::string(fields.text("consumerGroup")), key.first, key.second,
                         fields.number("commitOffset", 0));
  }
  // Of who asks, or where that does not go along, of the group's heartbeats.
  std::string expression(fields.text("subscription"));
  std::string expression_type(fields.text("expressionType"));
  if ((flags & 4) == 0) {
    const auto known = subscriptions_.find({std::string(fields.text("consumerGroup")), key.first});
    const auto refuse = [&](int32_t code, const char* remark) {
      reply(RemotingCommand::response_to(request, code, remark));
    };
    if (known == subscriptions_.end()) {
      return refuse(response_code::kSubscriptionNotExist, "the consumer's subscription not exist");
    }
    if (known->second.version < fields.number("subVersion", 0)) {
      return refuse(response_code::kSubscriptionNotLatest, "the consumer's subscription not latest");
    }
    expression = known->second.expression;
    expression_type = known->second.expression_type;
  }
  const StoredQueue& queue = store_.queue(key);
  auto response = RemotingCommand::response_to(request, response_code::kPullNotFound);
  response.ext_fields.add("suggestWhichBrokerId", 0);
  response.ext_fields.add("minOffset", queue.first_offset);
  response.ext_fields.add("maxOffset", queue.end());
  if (const auto reset = take_reset_offset(fields.text("consumerGroup"), key.first, key.second)) {
    response.code = response_code::kPullOffsetMoved;
    response.remark = "OFFSET_RESET";
    response.ext_fields.add("nextBeginOffset", *reset);
    return reply(response);
  }
  if (offset < queue.first_offset || offset > queue.end()) {
    response.code = response_code::kPullOffsetMoved;
    response.ext_fields.add("nextBeginOffset", offset < queue.first_offset ? queue.first_offset : queue.end());
    return reply(response);
  }
  auto subscription = make_tag_subscription(key.first, expression);
  std::vector<uint8_t> body;
  int64_t next = offset;
  const int64_t most_bytes = fields.number("maxMsgBytes", INT64_MAX);
  for (int64_t found = 0; next < queue.end() && found < fields.number("maxMsgNums", 32); ++next) {
    const StoredBytes& stored = *queue.at(next);
    // By hash, as a broker does.
    if (expression_type == kSql92) {
      if (!fulfils(stored.bytes, expression)) continue;
    } else if (subscription && !subscription->codes.empty() && subscription->codes.count(stored.tag_hash) == 0) {
      continue;
    }
    if (!body.empty() && static_cast<int64_t>(body.size() + stored.bytes.size()) > most_bytes) break;
    body.insert(body.end(), stored.bytes.begin(), stored.bytes.end());
    ++found;
  }
  const bool nothing = next == offset;
  if (nothing && may_hold && (flags & 2) != 0) return hold(key, request, reply);
  response.ext_fields.add("nextBeginOffset", next);
  if (!nothing) response.code = body.empty() ? response_code::kPullRetryImmediately : response_code::kSuccess;
  response.body = SharedBytes(std::move(body));
  reply(response);
}

void MockBroker::hold(const QueueKey& key, const RemotingCommand& request, const Reply& reply) {
  const std::chrono::milliseconds asked(request.ext_fields.number("suspendTimeoutMillis", 0));
  auto timer = std::make_shared<asio::steady_timer>(loop_, hold_.value_or(asked));
  timer->async_wait([this, key, timer](asio::error_code error) {
    if (error) return;
    std::lock_guard lock(mutex_);
    for (auto [each, end] = held_.equal_range(key); each != end; ++each) {
      if (each->second.timer != timer) continue;
      const HeldPull held = each->second;
      held_.erase(each);
      return pull(held.request, held.reply, false, false);
    }
  });
  held_.emplace(key, HeldPull{request, reply, timer});
}

void MockBroker::set_hold(std::chrono::milliseconds duration) {
  std::lock_guard lock(mutex_);
  hold_ = duration;
}

int MockBroker::held_pulls() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(held_.size());
}

}  // namespace rocketmq::mock
