#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log_pace.h"
#include "client/client_instance.h"
#include "consumer/offset_committer.h"
#include "consumer/offset_store.h"
#include "consumer/push/dispatcher.h"
#include "consumer/push/process_queue.h"
#include "consumer/push_consumer.h"
#include "consumer/start_offset.h"
#include "consumer/subscription_table.h"

namespace rocketmq {

class LockKeeper;

// In place of a delay level.
inline constexpr int32_t kToDeadLetters = -1;

struct PushCounters {
  std::atomic<int64_t> pulls{0};
  std::atomic<int64_t> received{0};
  std::atomic<int64_t> filtered{0};
  std::atomic<int64_t> consumed{0};
  std::atomic<int64_t> sent_back{0};
  std::atomic<int64_t> undecodable{0};
  std::atomic<int64_t> rebalances{0};
  std::atomic<int64_t> assigned_queues{0};
  std::atomic<int64_t> started_ms{0};
  std::atomic<int64_t> last_pull_ms{0};
  std::atomic<int64_t> last_consume_ms{0};
};

// What the parts of one push consumer share. Made by the consumer, and kept by whatever is under way for it on the
// event loop; that looks at `ended` after each wait, as the client may be gone from then on.
struct PushContext : std::enable_shared_from_this<PushContext> {
  PushContext(ClientOptions client_options, PushConsumerOptions options);
  ~PushContext();

  const ClientOptions client_options;
  const PushConsumerOptions options;
  const std::string retry_topic;

  // Any thread.
  SubscriptionTable subscriptions;
  PushCounters counters;
  const std::shared_ptr<CacheTotals> totals = std::make_shared<CacheTotals>();
  std::unique_ptr<Dispatcher> dispatcher;

  // On the event loop, from the start until `ended`.
  ClientInstance* client = nullptr;
  bool ended = true;
  std::shared_ptr<OffsetStore> offsets;
  std::unique_ptr<OffsetCommitter> committer;
  std::unique_ptr<LockKeeper> locks;
  // Of a broadcasting consumer.
  QueueArrivals arrivals;
  // By topic, from its first queue to the end of its last one.
  std::map<std::string, std::shared_ptr<TopicShare>> shares;
  // Of pulls that fail, by broker.
  std::map<std::string, LogPace> failed_pulls;
  // Something could not be done for want of memory: all queues look again what there is to do.
  bool look_again = false;

  // Begins a coroutine on the loop.
  void start(asio::awaitable<void> coroutine, const char* name) const {
    start_coroutine(client->loop(), std::move(coroutine), name);
  }
  const std::shared_ptr<TopicShare>& share_of(const std::string& topic);
  bool is_broadcasting() const { return options.broadcasting; }
};

}  // namespace rocketmq
