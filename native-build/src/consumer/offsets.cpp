#include <algorithm>

#include "base/log.h"
#include "consumer/push_consumer_impl.h"
#include "protocol/codes.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

constexpr int64_t kNoOffset = -1;

tl::unexpected<Error> refused(const std::string& broker, const RemotingCommand& response) {
  Error error;
  error.kind = ErrorKind::kRejected;
  error.message = broker + " answered with code " + std::to_string(response.code) + ": " + response.remark;
  error.response_code = response.code;
  error.remark = response.remark;
  error.address = broker;
  return fail(std::move(error));
}

}  // namespace

// Any of the requests that answer with an offset; kNoOffset for a group that has none.
asio::awaitable<Result<int64_t>> PushConsumer::Impl::query_offset(int32_t code, MessageQueue queue, int64_t timestamp) {
  // A slave knows the offsets of its master, too.
  const std::string broker = client().routes().find_to_read(queue.topic, queue.broker_name, kMasterId).address;
  if (broker.empty()) co_return fail(ErrorKind::kUnreachable, "no address of the broker " + queue.broker_name);
  RemotingCommand request = RemotingCommand::request(code);
  if (code == request_code::kQueryConsumerOffset) {
    request.ext_fields.add("consumerGroup", options_.group);
    // Without the field, a broker answers 0 for a queue that still has its first message in memory. That is
    // what LAST_OFFSET asks for of a queue that came after the group: nothing sent to it is passed over.
    if (options_.consume_from != ConsumeFrom::kLastOffset) request.ext_fields.add("setZeroIfNotFound", false);
  }
  if (code == request_code::kSearchOffsetByTimestamp) request.ext_fields.add("timestamp", timestamp);
  request.ext_fields.add("topic", queue.topic);
  request.ext_fields.add("queueId", queue.queue_id);
  request.ext_fields.add("bname", queue.broker_name);
  auto response = co_await client().remoting().call(broker, std::move(request), client_options_.request_timeout);
  if (!response) co_return fail(response.error());
  if (response->code == response_code::kQueryNotFound) co_return kNoOffset;
  if (response->code != response_code::kSuccess) co_return refused(broker, *response);
  const int64_t offset = response->ext_fields.number("offset", kNoOffset);
  if (offset < 0 || offset > kMostOffset) {
    co_return fail(ErrorKind::kProtocolError, broker + " answered without a valid offset");
  }
  co_return offset;
}

// Of the group, or of a broadcasting consumer itself; kNoOffset where there is none.
asio::awaitable<Result<int64_t>> PushConsumer::Impl::stored_offset(MessageQueue queue) {
  if (local_offsets_) co_return local_offsets_->find(queue).value_or(kNoOffset);
  co_return co_await query_offset(request_code::kQueryConsumerOffset, queue, 0);
}

asio::awaitable<Result<int64_t>> PushConsumer::Impl::start_offset(MessageQueue queue) {
  auto stored = co_await stored_offset(queue);
  if (ended_ || !stored || *stored != kNoOffset) co_return stored;
  // What waits for a redelivery was never consumed.
  if (queue.topic.rfind(kRetryTopicPrefix, 0) == 0) co_return 0;
  switch (options_.consume_from) {
    case ConsumeFrom::kFirstOffset:
      co_return co_await query_offset(request_code::kGetMinOffset, queue, 0);
    case ConsumeFrom::kTimestamp:
      co_return co_await query_offset(request_code::kSearchOffsetByTimestamp, queue, options_.consume_timestamp_ms);
    case ConsumeFrom::kLastOffset:
      break;
  }
  co_return co_await query_offset(request_code::kGetMaxOffset, queue, 0);
}

asio::awaitable<Status> PushConsumer::Impl::update_offset(MessageQueue queue, int64_t offset) {
  if (local_offsets_) {
    // The next persisting saves it.
    local_offsets_->set(queue, offset);
    co_return Status{};
  }
  const std::string broker = client().routes().find_master(queue.topic, queue.broker_name);
  if (broker.empty()) co_return fail(ErrorKind::kUnreachable, "the broker " + queue.broker_name + " has no master now");
  RemotingCommand request = RemotingCommand::request(request_code::kUpdateConsumerOffset);
  request.ext_fields.add("consumerGroup", options_.group);
  request.ext_fields.add("topic", queue.topic);
  request.ext_fields.add("queueId", queue.queue_id);
  request.ext_fields.add("commitOffset", offset);
  request.ext_fields.add("bname", queue.broker_name);
  auto response = co_await client().remoting().call(broker, std::move(request), client_options_.request_timeout);
  if (!response) co_return fail(response.error());
  if (response->code != response_code::kSuccess) co_return refused(broker, *response);
  co_return Status{};
}

asio::awaitable<void> PushConsumer::Impl::persist_offset(Queue queue) {
  const int64_t offset = queue->commit_offset();
  if (offset < 0 || offset == queue->persisted_offset) co_return;
  // Without the lock, another member may be further on.
  if (options_.needs_locks() && !queue->locked(now())) co_return;
  auto updated = co_await update_offset(queue->queue(), offset);
  if (updated) {
    queue->persisted_offset = std::max(queue->persisted_offset, offset);
  } else {
    log(LogLevel::kWarn, "consumer", "offset {} of queue {} of topic {} was not persisted: {}", offset,
        queue->queue().queue_id, queue->queue().topic, updated.error().message);
  }
}

asio::awaitable<void> PushConsumer::Impl::persist_offsets() {
  std::vector<Queue> queues;
  queues.reserve(queues_.size());
  for (const auto& [name, queue] : queues_) queues.push_back(queue);
  for (const Queue& queue : queues) {
    // Dropped meanwhile: what it would write may be older than what an operator has set.
    if (!is_current(queue)) continue;
    co_await persist_offset(queue);
    if (ended_) co_return;
  }
  save_local_offsets_soon();
}

// Not on the loop, as it waits for the disk.
void PushConsumer::Impl::save_local_offsets_soon() {
  if (!offset_saver_) return;
  offset_saver_->post([offsets = local_offsets_, group = options_.group] {
    if (auto saved = offsets->save(); !saved) {
      log(LogLevel::kWarn, "consumer", "the offsets of group {} were not saved, and are tried again: {}", group,
          saved.error().message);
    }
  });
}

}  // namespace rocketmq
