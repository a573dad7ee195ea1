#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "client/client_options.h"
#include "consumer/allocation.h"
#include "consumer/start_offset.h"
#include "protocol/message.h"
#include "protocol/route.h"
#include "protocol/subscription.h"

namespace rocketmq {

// Messages of one queue given to the application. Shared by whoever needs it for longer than the callback.
struct Delivery : std::enable_shared_from_this<Delivery> {
  uint64_t id = 0;
  MessageQueue queue;
  std::vector<StoredMessage> messages;
  // Wall clock.
  int64_t began_at_ms = 0;
};

// Called on the client's worker threads ("rmq-callback-N-K"), as many at once as `consume_threads` says. A batch whose
// callback throws is given back.
using DeliveryCallback = std::function<void(Delivery& delivery)>;

// Called on a worker thread, one call at a time, with the queues of a topic that the consumer has now, whenever they
// change.
using QueuesCallback = std::function<void(const std::string& topic, const std::set<MessageQueue>& queues)>;

inline constexpr Millis kLeastSuspension{10};
inline constexpr Millis kLongestSuspension{30000};

// Checked options; see rocketmq_push_consumer_options.
struct PushConsumerOptions {
  std::string group;
  DeliveryCallback on_delivery;
  QueuesCallback on_queues_changed;
  bool broadcasting = false;
  bool orderly = false;
  // The broker's lock on each queue is what keeps the members of a group in order; broadcasting shares nothing.
  bool needs_locks() const { return orderly && !broadcasting; }
  ConsumeFrom consume_from = ConsumeFrom::kLastOffset;
  int64_t consume_timestamp_ms = 0;
  int32_t consume_threads = 1;
  int32_t max_outstanding_batches = 20;
  int32_t max_batch_size = 1;
  int32_t max_reconsume_times = 16;  // 0: to the dead-letter queue at once; INT32_MAX: no limit
  int32_t pull_batch_size = 32;
  int32_t max_cached_messages_per_queue = 1000;
  int32_t max_offset_span_per_queue = 2000;
  int64_t max_cached_bytes_per_queue = 100LL * 1024 * 1024;
  // Shared evenly among the queues of the topic that the consumer has; 0: no limit.
  int32_t max_cached_messages_per_topic = 0;
  int64_t max_cached_bytes_per_topic = 0;
  bool has_topic_limits() const { return max_cached_messages_per_topic != 0 || max_cached_bytes_per_topic != 0; }
  Millis pull_suspend_timeout{15000};
  Millis pull_interval{0};
  Millis rebalance_interval{20000};
  Millis persist_offset_interval{5000};
  Millis consume_timeout{900000};
  // How long an orderly queue rests after a failure.
  Millis suspend_queue_time{1000};
  // Of the lock of an orderly queue: brokers hold it for 60 s, the client trusts it for half of that.
  Millis lock_interval{20000};
  Millis lock_lifetime{30000};
  // Where a broadcasting consumer keeps its offsets; empty: in the user's home.
  std::filesystem::path offset_directory;
  Allocation allocation;
  // A pull that was not answered for so long is sent anew.
  Millis silent_pull_timeout{120000};
};

struct PushConsumerStatistics {
  int64_t pulls = 0;
  int64_t messages_received = 0;
  int64_t messages_filtered = 0;
  int64_t messages_delivered = 0;
  int64_t messages_consumed = 0;
  int64_t messages_sent_back = 0;
  int64_t messages_undecodable = 0;
  int64_t rebalances = 0;
  int64_t assigned_queues = 0;
  int64_t cached_messages = 0;
  int64_t cached_bytes = 0;
  int64_t outstanding_batches = 0;
  int64_t last_pull_ms = 0;
  int64_t last_consume_ms = 0;
};

class PushConsumerLife;

// A member of a consumer group. Every function from any thread.
class PushConsumer {
 public:
  static Result<std::unique_ptr<PushConsumer>> create(ClientOptions client_options, PushConsumerOptions options);
  // Closes with no time to wait where that was not done; hands the rest to "rmq-close" on a client thread. On
  // any other it waits some seconds for callbacks that run, as they may use this object.
  ~PushConsumer();

  // By tag.
  Status subscribe(std::string_view topic, std::string_view expression);
  // On a running consumer it waits for a broker's word on a filter by SQL92, at most the client's request_timeout.
  Status subscribe(Subscription subscription);
  Status unsubscribe(std::string_view topic);
  // kInternalError when its threads cannot be started, kRejected when a broker refuses a filter by SQL92, for whose
  // word it waits at most the client's request_timeout; it may be called again then.
  Status start();
  Status suspend();
  Status resume();
  // The first `success_count` messages are consumed, -1: all. The rest are given back with `delay_level`; of an
  // orderly consumer they come again in place after `suspension`, 0: the option's.
  Status acknowledge(uint64_t delivery_id, int32_t success_count, int32_t delay_level, Millis suspension = Millis(0));
  Result<std::string> client_id() const;
  PushConsumerStatistics statistics() const;
  // Idempotent; waits up to `timeout` for callbacks that run and for the drain, and then for the farewell to the
  // brokers; not on a client thread. No callback begins after it; one that does not return in time goes on.
  Status close(Millis timeout);

 private:
  explicit PushConsumer(std::shared_ptr<PushConsumerLife> life);
  std::shared_ptr<PushConsumerLife> life_;
};

}  // namespace rocketmq
