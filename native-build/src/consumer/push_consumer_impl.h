#pragma once

#include <asio/awaitable.hpp>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fork.h"
#include "base/task_thread.h"
#include "client/client_lease.h"
#include "consumer/dispatcher.h"
#include "consumer/local_offsets.h"
#include "consumer/offset_store.h"
#include "consumer/process_queue.h"
#include "consumer/push_consumer.h"
#include "consumer/queue_notifier.h"

namespace rocketmq {

// The id of a master among the addresses of a broker.
inline constexpr int64_t kMasterId = 0;
// In place of a delay level.
inline constexpr int32_t kToDeadLetters = -1;

// The parts of a push consumer stand in files of their own: push_consumer.cpp (life cycle),
// subscriptions.cpp, rebalance.cpp, queue_locks.cpp, pull_loop.cpp, offsets.cpp, acknowledgement.cpp, send_back.cpp,
// admin_requests.cpp.
//
// What concerns the queues lives on the client's event loop, in coroutines that keep this object alive (they
// begin by start(coroutine, name)) and look at ended_ after each wait: from then on the client may be gone.
class PushConsumer::Impl : public ConsumerMember, public std::enable_shared_from_this<PushConsumer::Impl> {
 public:
  Impl(ClientOptions client_options, PushConsumerOptions options);

  bool in_child_process() const { return generation_ != fork_generation(); }
  Status start();
  Status subscribe(Subscription subscription);
  Status unsubscribe(std::string_view topic);
  Status suspend();
  Status resume();
  Status acknowledge(uint64_t delivery_id, int32_t success_count, int32_t delay_level, Millis suspension);
  PushConsumerStatistics statistics() const;
  Status close(Millis timeout);
  // For the end of the handle: as close, with some time for the callbacks that may use it.
  void close_for_good();

  const std::string& group() const override { return options_.group; }
  ConsumerHeartbeat heartbeat() const override;
  void rebalance_soon() override;
  bool handle_request(const RemotingCommand& request, std::function<void(RemotingCommand)> reply) override;

 private:
  enum class State { kCreated, kStarted, kClosing, kClosed };
  using Queue = std::shared_ptr<ProcessQueue>;

  // Life cycle.
  Status check_usable() const;
  Status start_threads();
  void stop_threads();
  Status close(Millis timeout, Millis callback_timeout);
  void finish_close(bool was_started, Millis timeout, Millis callback_timeout);
  void leave();
  asio::awaitable<void> say_farewell();
  // Starts a coroutine of this object on the loop, and keeps the object alive with it.
  void start(asio::awaitable<void> coroutine, const char* name);
  asio::awaitable<void> housekeeping_loop(std::shared_ptr<Pause> pause);
  asio::awaitable<void> housekeeping(TimePoint* persisted);
  ClientInstance& client() { return *lease_; }

  // Subscriptions.
  std::vector<Subscription> subscriptions() const;
  bool find_subscription(const std::string& topic, Subscription* out) const;
  // Asks brokers whether they take the filters; adds those to which none answered in time.
  Status check_filters(const std::shared_ptr<ClientInstance>& client, const std::vector<Subscription>& filters,
                       std::vector<Subscription>* unanswered) const;
  void check_later(const Subscription& subscription);

  // Rebalance.
  asio::awaitable<void> rebalance_loop(std::shared_ptr<Pause> pause);
  // False when something was missing, so that the next round follows soon.
  asio::awaitable<bool> rebalance();
  asio::awaitable<bool> rebalance_topic(std::string topic);
  // The topic's queues that fall to this member; nullopt where that cannot be told now.
  asio::awaitable<std::optional<std::set<MessageQueue>>> allocate(std::string topic, Route route);
  // False when a lock was not granted.
  asio::awaitable<bool> take_queues(std::vector<MessageQueue> queues);
  // Takes a queue anew at `offset`: gives it up, commits the offset, and adds it again, unless a rebalance gave it to
  // another member meanwhile.
  asio::awaitable<void> take_anew(Queue queue, int64_t offset);
  asio::awaitable<Result<std::vector<std::string>>> query_members(std::string topic);
  void add_queue(const MessageQueue& queue, int64_t start_offset, TimePoint locked_until);
  // Ends what is done with a queue. An orderly one's last batch is waited for, then it is unlocked.
  asio::awaitable<void> drop_queue(Queue queue, bool persist);
  void drop_queue_soon(const Queue& queue, bool persist);
  void detach_queue(const Queue& queue);
  asio::awaitable<void> wait_for_last_batch(Queue queue);
  bool is_current(const Queue& queue) const;
  void watch_pulls();
  void tell_queues();

  // Locks of an orderly consumer's queues.
  asio::awaitable<void> lock_loop(std::shared_ptr<Pause> pause);
  void renew_locks();
  asio::awaitable<void> renew_locks_on(std::string broker_name, std::vector<Queue> queues);
  // All of one broker; those that this member holds now.
  asio::awaitable<Result<std::set<MessageQueue>>> lock_queues(std::string broker_name, std::set<MessageQueue> queues);
  asio::awaitable<void> regain(Queue queue, TimePoint locked_until);
  void unlock_queues(const std::set<MessageQueue>& queues);
  // A broker that went may come back without its locks.
  void distrust_locks(const std::string& broker_name);

  // Pulling.
  asio::awaitable<void> pull_loop(Queue queue);
  asio::awaitable<bool> find_start(Queue queue);
  asio::awaitable<Millis> pull_once(Queue queue, int32_t most);
  RemotingCommand pull_request(const ProcessQueue& queue, const Subscription& subscription, int32_t most,
                               bool to_master) const;
  Millis take_messages(const Queue& queue, const RemotingCommand& response, const Subscription& subscription,
                       int32_t most);
  void note_undecodable(const MessageQueue& queue, int64_t offset, const std::string& reason);

  // Offsets.
  asio::awaitable<Result<int64_t>> start_offset(MessageQueue queue);
  asio::awaitable<Result<int64_t>> stored_offset(MessageQueue queue);
  asio::awaitable<Result<int64_t>> query_offset(int32_t code, MessageQueue queue, int64_t timestamp);
  asio::awaitable<Status> update_offset(MessageQueue queue, int64_t offset);
  asio::awaitable<void> persist_offsets();
  asio::awaitable<void> persist_offset(Queue queue);
  void save_local_offsets_soon();
  void close_local_offsets();

  // Acknowledgement. These run on the loop, or under mutex_ while not detached_.
  Status check_acknowledgement(const Delivery& delivery, int32_t success_count, int32_t delay_level,
                               Millis suspension) const;
  void give_back(const Dispatcher::Record& record, size_t first, int32_t delay_level);
  void pass_over(const Dispatcher::Record& record, size_t first);
  void end_orderly_batch(const Dispatcher::Record& record, size_t first, int32_t delay_level, Millis suspension);
  asio::awaitable<void> settle(Queue queue, std::vector<StoredMessage> rest, int32_t delay_level, Millis suspension);
  asio::awaitable<bool> bury(const ProcessQueue& queue, const StoredMessage& message);
  void on_failed_delivery(const Dispatcher::Record& record, const std::string& reason);
  void begin_send_backs(size_t count);
  asio::awaitable<void> send_back(Queue queue, StoredMessage message, int32_t delay_level);
  asio::awaitable<bool> send_back_to_broker(const ProcessQueue& queue, const StoredMessage& message,
                                            int32_t delay_level);
  // The broker makes it a dead letter when it was delivered more than `most_times` times.
  asio::awaitable<bool> send_to_retry_topic(const StoredMessage& message, int32_t most_times);
  void after_progress(const Queue& queue);
  void end_send_back();

  // Operators' requests.
  void reset_offsets(const std::map<MessageQueue, int64_t>& offsets);
  void consume_directly(const RemotingCommand& request, std::function<void(RemotingCommand)> reply);

  const ClientOptions client_options_;
  const PushConsumerOptions options_;
  const std::string retry_topic_;
  const uint64_t generation_ = fork_generation();
  ClientLease lease_;
  Dispatcher dispatcher_;
  QueueNotifier notifier_;
  // Of a broadcasting consumer, from start to close.
  std::shared_ptr<LocalOffsets> local_offsets_;
  std::unique_ptr<TaskThread> offset_saver_;

  mutable std::mutex mutex_;
  std::condition_variable closed_;
  std::atomic<State> state_{State::kCreated};
  std::map<std::string, Subscription> subscriptions_;
  // The client is about to be released: nobody may use it any more.
  bool detached_ = false;

  // On the event loop.
  std::map<MessageQueue, Queue> queues_;
  // By topic: what the last rebalance allocated to this member.
  std::map<std::string, std::set<MessageQueue>> allocation_;
  // Given up, while an orderly one's last batch is out; and to be added again at an offset that is being committed. No
  // rebalance takes these.
  std::map<MessageQueue, Queue> leaving_;
  std::multiset<MessageQueue> taken_anew_;
  // Brokers that are being asked for locks.
  std::set<std::string> locking_;
  // No lock is asked for any more.
  bool unlocked_for_good_ = false;
  std::shared_ptr<Pause> rebalance_pause_;
  std::shared_ptr<Pause> housekeeping_pause_;
  std::shared_ptr<Pause> lock_pause_;
  bool ended_ = false;

  std::mutex send_back_mutex_;
  std::condition_variable send_backs_done_;
  int64_t send_backs_ = 0;

  std::atomic<int64_t> pulls_{0};
  std::atomic<int64_t> received_{0};
  std::atomic<int64_t> filtered_{0};
  std::atomic<int64_t> consumed_{0};
  std::atomic<int64_t> sent_back_{0};
  std::atomic<int64_t> undecodable_{0};
  std::atomic<int64_t> rebalances_{0};
  std::atomic<int64_t> started_ms_{0};
  std::atomic<int64_t> last_pull_ms_{0};
  std::atomic<int64_t> last_consume_ms_{0};
  // A copy of queues_ for statistics.
  mutable std::mutex assigned_mutex_;
  std::vector<Queue> assigned_;
  void publish_assignment();
};

}  // namespace rocketmq
