#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "consumer/push/pull.h"
#include "consumer/push/push_context.h"
#include "consumer/push/queue_state_machine.h"
#include "net/coroutine.h"

namespace rocketmq {

// Drives the state machine of one queue: gives it events, and carries out what it wants. Nobody else touches the
// queue's state. Owned by the QueueTable; on the event loop.
class QueueActor : public std::enable_shared_from_this<QueueActor> {
 public:
  // What the owner is told.
  struct Owner {
    // It is consumed from now on, or no longer.
    std::function<void(QueueActor& actor)> on_assignment;
    std::function<void(QueueActor& actor)> on_ended;
  };

  QueueActor(std::shared_ptr<PushContext> context, const Owner& owner, MessageQueue queue);

  const MessageQueue& queue() const { return queue_; }
  const QueueStateMachine& machine() const { return machine_; }
  ProcessQueueInfo info() const;

  // Events.
  void start();
  void take();
  void drop();
  void reset(int64_t offset);
  void close();
  void share_grew();
  void look_again();
  void lock_granted(TimePoint until);
  void lock_refused();
  void lock_doubted();
  void finished(ProcessQueue& from, std::span<const int64_t> offsets);
  void put_back(ProcessQueue& from, std::span<StoredMessage> messages, Millis rest);

  // The client is about to go: nothing is done any more.
  void shut();

 private:
  // At the end of a request: tells the state machine that it failed, where that was told of no other end.
  struct Failure {
    std::shared_ptr<QueueActor> actor;
    QueueAction request;
    void operator()() const { actor->failed(request); }
  };
  using OrFailed = AtEnd<Failure>;

  template <typename Event>
  void handle(Event&& event);
  void failed(const QueueAction& request);
  void carry_out(TimePoint at);
  void carry_out(const QueueAction& action);
  void arm_timer(TimePoint at);
  asio::awaitable<void> find_start(std::shared_ptr<QueueActor> self, uint64_t id, OrFailed or_failed);
  asio::awaitable<void> read_committed(std::shared_ptr<QueueActor> self, uint64_t id, OrFailed or_failed);
  asio::awaitable<void> commit(std::shared_ptr<QueueActor> self, uint64_t id, int64_t offset, OrFailed or_failed);
  asio::awaitable<void> pull(std::shared_ptr<QueueActor> self, uint64_t id, int64_t offset, OrFailed or_failed);
  template <typename Text>
  void warn_of_pull(const Text& text);
  void on_pull_failed(uint64_t id, int64_t broker_id, const std::string& address, const Error& error);
  void on_pulled(uint64_t id, const RemotingCommand& response, const Subscription& subscription, int64_t offset,
                 Millis took);
  void note_unreadable(const PulledMessages::Unreadable& message);
  void move_to(uint64_t id, int64_t offset, int64_t next);
  void on_pull_refused(uint64_t id, const RemotingCommand& response, const std::string& address);

  const std::shared_ptr<PushContext> context_;
  const Owner& owner_;
  const MessageQueue queue_;
  const std::shared_ptr<TopicShare> share_;
  QueueStateMachine machine_;
  std::optional<asio::steady_timer> timer_;
  TimePoint armed_for_ = TimePoint::max();
  bool shut_ = false;
  // An event that comes meanwhile adds to what is carried out.
  bool carrying_out_ = false;
  // Of the next pull: how many messages, and by which of the broker's addresses.
  int32_t most_;
  int64_t suggested_broker_ = kMasterId;
  // The message that came damaged last, and how often it did.
  int64_t damaged_at_ = -1;
  int damaged_times_ = 0;
  SkipConfirmation skip_;
  // Of the subscription, as the last pull had it; 0 before.
  int64_t pulled_version_ = 0;
  // The broker did not know the subscription: it goes along until then.
  TimePoint with_subscription_until_ = TimePoint::min();
};

}  // namespace rocketmq
