#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/fork.h"
#include "base/worker_pool.h"
#include "client/client_lease.h"
#include "client/consumer_member.h"
#include "consumer/local_offsets.h"
#include "consumer/push/batch_settler.h"
#include "consumer/push/push_context.h"
#include "consumer/push/queue_notifier.h"
#include "consumer/push/queue_table.h"
#include "consumer/push/rebalancer.h"
#include "consumer/push_consumer.h"

namespace rocketmq {

// The life cycle of a push consumer: makes its parts, starts and closes them in the right order, and is its member of
// the group. Owned by the PushConsumer, and by whatever closes it. Any thread; the parts live on the client's event
// loop.
class PushConsumerLife : public ConsumerMember, public std::enable_shared_from_this<PushConsumerLife> {
 public:
  PushConsumerLife(ClientOptions client_options, PushConsumerOptions options);
  // Once, first of all.
  void init();

  bool in_child_process() const { return generation_ != fork_generation(); }
  Status start();
  Status subscribe(Subscription subscription);
  Status unsubscribe(std::string_view topic);
  Status suspend();
  Status resume();
  Status acknowledge(uint64_t delivery_id, int32_t success_count, int32_t delay_level, Millis suspension);
  Result<std::string> client_id() const;
  PushConsumerStatistics statistics() const;
  // Waits for callbacks at most `callback_timeout`.
  Status close(Millis timeout, Millis callback_timeout);
  // For the end of the handle: as close, with some time for the callbacks that may use it.
  void close_for_good();

  const std::string& group() const override { return context_->options.group; }
  ConsumerHeartbeat heartbeat() const override;
  void rebalance_soon() override;
  Millis housekeeping_interval() const override;
  void housekeeping() override;
  bool handle_request(const RemotingCommand& request, std::function<void(RemotingCommand)> reply) override;

 private:
  enum class State { kCreated, kStarted, kClosing, kClosed };

  Status check_usable() const;
  Status prepare();
  void undo_prepare();
  void begin_on_loop();
  void make_parts();
  void give_back_expired();
  void settle_soon();
  void finish_close(bool was_started, Millis timeout, Millis callback_timeout);
  void leave(TimePoint deadline);
  void end_queues(TimePoint deadline);
  void end_on_loop();
  void close_local_offsets();

  // Asks brokers whether they take the filters; adds those to which none answered in time.
  Status check_filters(const std::vector<Subscription>& filters, std::vector<Subscription>* unanswered) const;
  void check_later(const Subscription& subscription);

  const std::shared_ptr<PushContext> context_;
  const uint64_t generation_ = fork_generation();
  QueueNotifier notifier_;
  // Of a broadcasting consumer, from start to close.
  std::shared_ptr<LocalOffsets> local_offsets_;
  std::shared_ptr<Lane> save_lane_;

  mutable std::mutex mutex_;
  std::condition_variable closed_;
  std::atomic<State> state_{State::kCreated};
  std::optional<ClientLease> lease_;
  // As an object it outlives the lease.
  std::shared_ptr<ClientInstance> client_;
  // The client is about to be released: nobody may use it any more.
  bool detached_ = false;
  std::atomic<bool> settle_posted_{false};

  // On the event loop.
  std::unique_ptr<QueueTable> queues_;
  std::unique_ptr<BatchSettler> settler_;
  std::unique_ptr<Rebalancer> rebalancer_;
};

}  // namespace rocketmq
