#include <algorithm>

#include "mock/mock_broker.h"
#include "protocol/codes.h"

namespace rocketmq::mock {

// The offsets of groups, and those of queues.

namespace {

std::string offset_key(std::string_view group, std::string_view topic, int64_t queue) {
  return std::string(group) + "@" + std::string(topic) + "@" + std::to_string(queue);
}

QueueKey queue_of(const RemotingCommand& request) {
  return {std::string(request.ext_fields.text("topic")), static_cast<int>(request.ext_fields.number("queueId", 0))};
}

RemotingCommand with_offset(const RemotingCommand& request, int64_t offset) {
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  response.ext_fields.add("offset", offset);
  return response;
}

// The first message from that time on; the queue's end where there is none.
int64_t offset_at(const StoredQueue& queue, int64_t timestamp_ms) {
  const auto found =
      std::lower_bound(queue.messages.begin(), queue.messages.end(), timestamp_ms,
                       [](const StoredBytes& stored, int64_t time) { return stored.store_timestamp_ms < time; });
  return queue.first_offset + (found - queue.messages.begin());
}

}  // namespace

void MockBroker::add_offset_handlers() {
  on(request_code::kQueryConsumerOffset,
     [this](const auto&, const auto& request, const auto& reply) { query_offset(request, reply); });
  on(request_code::kUpdateConsumerOffset, [this](const auto&, const auto& request, const auto& reply) {
    const auto [topic, queue] = queue_of(request);
    const std::string group(request.ext_fields.text("consumerGroup"));
    if (reset_offsets_.count(offset_key(group, topic, queue)) != 0) {
      return reply(
          RemotingCommand::response_to(request, response_code::kSystemError, "Offset has been previously reset"));
    }
    set_committed_offset(group, topic, queue, request.ext_fields.number("commitOffset", 0));
    reply(RemotingCommand::response_to(request, response_code::kSuccess));
  });
  on(request_code::kGetMaxOffset, [this](const auto&, const auto& request, const auto& reply) {
    reply(with_offset(request, store_.queue(queue_of(request)).end()));
  });
  on(request_code::kGetMinOffset, [this](const auto&, const auto& request, const auto& reply) {
    reply(with_offset(request, store_.queue(queue_of(request)).first_offset));
  });
  on(request_code::kSearchOffsetByTimestamp, [this](const auto&, const auto& request, const auto& reply) {
    const int64_t time = request.ext_fields.number("timestamp", 0);
    reply(with_offset(request, offset_at(store_.queue(queue_of(request)), time)));
  });
}

void MockBroker::query_offset(const RemotingCommand& request, const Reply& reply) {
  const auto& fields = request.ext_fields;
  const auto [topic, queue_id] = queue_of(request);
  const int64_t committed = committed_offset(std::string(fields.text("consumerGroup")), topic, queue_id);
  if (committed >= 0) return reply(with_offset(request, committed));
  // As a broker does for a queue that still has its first message, unless the client forbids it.
  const StoredQueue& queue = store_.queue({topic, queue_id});
  const bool young = queue.first_offset == 0 && !queue.messages.empty();
  if (young && fields.text("setZeroIfNotFound") != "false") return reply(with_offset(request, 0));
  reply(RemotingCommand::response_to(request, response_code::kQueryNotFound, "no offset"));
}

int64_t MockBroker::committed_offset(const std::string& group, const std::string& topic, int queue) const {
  std::lock_guard lock(mutex_);
  auto found = offsets_.find(offset_key(group, topic, queue));
  return found == offsets_.end() ? -1 : found->second;
}

void MockBroker::set_committed_offset(const std::string& group, const std::string& topic, int queue, int64_t offset) {
  std::lock_guard lock(mutex_);
  offsets_[offset_key(group, topic, queue)] = offset;
}

void MockBroker::reset_offset(const std::string& group, const std::string& topic, int queue, int64_t offset) {
  std::lock_guard lock(mutex_);
  offsets_[offset_key(group, topic, queue)] = offset;
  reset_offsets_[offset_key(group, topic, queue)] = offset;
}

std::optional<int64_t> MockBroker::take_reset_offset(std::string_view group, std::string_view topic, int queue) {
  auto reset = reset_offsets_.extract(offset_key(group, topic, queue));
  if (reset.empty()) return std::nullopt;
  return reset.mapped();
}

}  // namespace rocketmq::mock
