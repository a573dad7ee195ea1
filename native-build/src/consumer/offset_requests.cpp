#include "consumer/offset_requests.h"

#include <utility>

#include "protocol/codes.h"

namespace rocketmq {

namespace {

tl::unexpected<Error> refused(const std::string& broker, const RemotingCommand& response) {
  Error error;
  error.kind = ErrorKind::kRejected;
  error.message = broker + " answered with code " + std::to_string(response.code) + ": " + response.remark;
  error.response_code = response.code;
  error.remark = response.remark;
  error.address = broker;
  return fail(std::move(error));
}

void add_queue(RemotingCommand& request, const MessageQueue& queue) {
  request.ext_fields.add("topic", queue.topic);
  request.ext_fields.add("queueId", queue.queue_id);
  request.ext_fields.add("bname", queue.broker_name);
}

// Any of the requests that answer with an offset; nullopt where there is none.
asio::awaitable<Result<std::optional<int64_t>>> query(ClientInstance& client, RemotingCommand request,
                                                      MessageQueue queue) {
  const std::string broker = client.routes().find_to_read(queue.topic, queue.broker_name, kMasterId).address;
  if (broker.empty()) co_return fail(ErrorKind::kUnreachable, "no address of the broker " + queue.broker_name);
  add_queue(request, queue);
  auto response = co_await client.remoting().call(broker, std::move(request), client.options().request_timeout);
  if (!response) co_return fail(response.error());
  if (response->code == response_code::kQueryNotFound) co_return std::nullopt;
  if (response->code != response_code::kSuccess) co_return refused(broker, *response);
  const int64_t offset = response->ext_fields.number("offset", -1);
  if (offset < 0 || offset > kMostOffset) {
    co_return fail(ErrorKind::kProtocolError, broker + " answered without a valid offset");
  }
  co_return offset;
}

asio::awaitable<Result<int64_t>> query_existing(ClientInstance& client, RemotingCommand request, MessageQueue queue) {
  auto found = co_await query(client, std::move(request), queue);
  if (!found) co_return fail(found.error());
  if (!*found) {
    co_return fail(ErrorKind::kRejected, "the broker " + queue.broker_name + " does not know queue " +
                                             std::to_string(queue.queue_id) + " of topic " + queue.topic);
  }
  co_return **found;
}

}  // namespace

asio::awaitable<Result<std::optional<int64_t>>> query_committed_offset(ClientInstance& client, std::string group,
                                                                       MessageQueue queue, bool zero_if_young) {
  RemotingCommand request = RemotingCommand::request(request_code::kQueryConsumerOffset);
  request.ext_fields.add("consumerGroup", group);
  if (!zero_if_young) request.ext_fields.add("setZeroIfNotFound", false);
  return query(client, std::move(request), std::move(queue));
}

asio::awaitable<Result<int64_t>> query_min_offset(ClientInstance& client, MessageQueue queue) {
  return query_existing(client, RemotingCommand::request(request_code::kGetMinOffset), std::move(queue));
}

asio::awaitable<Result<int64_t>> query_max_offset(ClientInstance& client, MessageQueue queue) {
  return query_existing(client, RemotingCommand::request(request_code::kGetMaxOffset), std::move(queue));
}

asio::awaitable<Result<int64_t>> search_offset(ClientInstance& client, MessageQueue queue, int64_t timestamp_ms) {
  RemotingCommand request = RemotingCommand::request(request_code::kSearchOffsetByTimestamp);
  request.ext_fields.add("timestamp", timestamp_ms);
  return query_existing(client, std::move(request), std::move(queue));
}

asio::awaitable<Status> update_committed_offset(ClientInstance& client, std::string group, MessageQueue queue,
                                                int64_t offset) {
  const std::string broker = client.routes().find_master(queue.topic, queue.broker_name);
  if (broker.empty()) co_return fail(ErrorKind::kUnreachable, "the broker " + queue.broker_name + " has no master now");
  RemotingCommand request = RemotingCommand::request(request_code::kUpdateConsumerOffset);
  request.ext_fields.add("consumerGroup", group);
  request.ext_fields.add("commitOffset", offset);
  add_queue(request, queue);
  auto response = co_await client.remoting().call(broker, std::move(request), client.options().request_timeout);
  if (!response) co_return fail(response.error());
  if (response->code != response_code::kSuccess) co_return refused(broker, *response);
  co_return Status{};
}

}  // namespace rocketmq
