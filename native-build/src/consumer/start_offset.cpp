#include "consumer/start_offset.h"

#include <utility>

#include "consumer/offset_requests.h"
#include "protocol/names.h"

namespace rocketmq {

asio::awaitable<Result<int64_t>> find_start_offset(ClientInstance& client, OffsetStore& store, StartPolicy policy,
                                                   MessageQueue queue, bool appeared_later,
                                                   std::function<bool()> ended) {
  auto stored = co_await store.read(queue);
  if (ended()) co_return fail(ErrorKind::kClosed, "the consumer is closed");
  if (!stored) co_return fail(stored.error());
  if (*stored) co_return **stored;
  if (queue.topic.rfind(kRetryTopicPrefix, 0) == 0) co_return 0;
  switch (policy.from) {
    case ConsumeFrom::kFirstOffset:
      co_return co_await query_min_offset(client, std::move(queue));
    case ConsumeFrom::kTimestamp:
      co_return co_await search_offset(client, std::move(queue), policy.timestamp_ms);
    case ConsumeFrom::kLastOffset:
      break;
  }
  if (appeared_later) co_return co_await query_min_offset(client, std::move(queue));
  co_return co_await query_max_offset(client, std::move(queue));
}

void QueueArrivals::note_missing(const std::string& topic) { first_.try_emplace(topic); }

void QueueArrivals::note_queues(const std::string& topic, const std::vector<MessageQueue>& queues) {
  first_.try_emplace(topic, queues.begin(), queues.end());
}

bool QueueArrivals::appeared_later(const MessageQueue& queue) const {
  const auto found = first_.find(queue.topic);
  return found != first_.end() && found->second.count(queue) == 0;
}

}  // namespace rocketmq
