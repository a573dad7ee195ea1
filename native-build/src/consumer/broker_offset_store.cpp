#include "consumer/broker_offset_store.h"

#include "consumer/offset_requests.h"

namespace rocketmq {

asio::awaitable<Result<std::optional<int64_t>>> BrokerOffsetStore::read(MessageQueue queue) {
  return query_committed_offset(client_, group_, std::move(queue), zero_if_young_);
}

asio::awaitable<Status> BrokerOffsetStore::write(MessageQueue queue, int64_t offset) {
  return update_committed_offset(client_, group_, std::move(queue), offset);
}

}  // namespace rocketmq
