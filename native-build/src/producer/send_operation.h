#pragma once

#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/one_shot_event.h"
#include "client/client_instance.h"
#include "client/completions.h"
#include "net/remoting_client.h"
#include "producer/message_encoder.h"
#include "producer/producer.h"
#include "producer/queue_selector.h"

namespace rocketmq {

class SendOperation;
class BatchWaiter;

// One message of a batch that the producer put together of several sends.
struct BatchMember {
  uint64_t context = 0;
  // What it takes of the producer's limits.
  bool limited = false;
  int64_t reserved_bytes = 0;
  // Of a synchronous send; nullptr otherwise.
  std::shared_ptr<BatchWaiter> waiter;
};

// A synchronous send that waits for the end of its batch.
class BatchWaiter {
 public:
  // Needs no memory: what it was is made on the thread that waits.
  void end(std::shared_ptr<const SendOperation> batch, size_t place);
  Result<SendReceipt> wait();

 private:
  std::shared_ptr<const SendOperation> batch_;
  size_t place_ = 0;
  OneShotEvent ended_;
};

// What a send needs of its producer, which it keeps alive.
class SendOwner {
 public:
  virtual ~SendOwner() = default;
  virtual ClientInstance& client() = 0;
  virtual const ProducerOptions& options() const = 0;
  virtual const QueueSelector& selector() const = 0;
  virtual void on_retry() = 0;
  // Once for each operation that was started; on the loop, or inside start().
  virtual void on_finished(std::shared_ptr<SendOperation> operation) = 0;
};

// One request of a send: under way, or given up, and then perhaps still answered.
struct SendAttempt {
  // From 1 on; 0: none.
  int32_t number = 0;
  // What the others live in.
  Route route;
  const MessageQueue* queue = nullptr;
  const PublishBroker* broker = nullptr;
  TimePoint sent_at;
};

// One send with all its attempts: looks up the route, chooses a queue, sends, and repeats what failed, within
// one deadline, by the rules of send_policy.h. Ends exactly once. Owned by its requests and timers, and by its
// producer's queue of completions. The first attempt runs on the caller's thread, all others on the loop, where abort()
// and on_suspected() come, too: these touch only what is atomic, or guarded, while a caller may be inside. What comes
// after the end changes nothing.
class SendOperation : public ResponseHandler, public Completion {
 public:
  static constexpr int kKind = 0;
  // kBatch: the ends of its members are told, by members. Nobody but `on_end` is told the end of a kDetached one.
  enum class Mode { kSync, kAsync, kOneWay, kBatch, kDetached };
  // Sees the end before everybody else, and may change it; on the loop, or inside start().
  using OnEnd = std::function<void(Result<SendReceipt>& result)>;

  SendOperation(std::shared_ptr<SendOwner> owner, EncodedMessage message, QueueWish wish, Mode mode, uint64_t context,
                TimePoint begin, TimePoint deadline, bool limited);

  std::shared_ptr<SendOperation> shared_from_this() {
    return std::static_pointer_cast<SendOperation>(Completion::shared_from_this());
  }

  // On the caller's thread, which for a synchronous send may wait for the answer itself.
  void start();
  // On the loop: ends it with `error` unless it has ended.
  void abort(Error error);
  // On the loop: nothing comes from these brokers. An attempt on one of them may be given up for another one; true when
  // it is.
  bool on_suspected(const std::vector<std::shared_ptr<BrokerState>>& brokers, TimePoint at);

  Mode mode() const { return mode_; }
  uint64_t context() const { return context_; }
  // Whether it counts against the limits of its producer.
  bool is_limited() const { return limited_; }

  // Gives one that was made without a message, but with its topic, what it is to send; before it is started.
  void set_message(EncodedMessage message);

  // The end; from on_finished on.
  const Result<SendReceipt>& result() const { return *result_; }
  // Of a batch that has ended.
  Result<SendReceipt> result_of_member(size_t place) const;
  // For a synchronous caller: tells that it has ended, waits for that.
  void wake();
  Result<SendReceipt> wait();

  void on_response(RemotingCommand response, const std::string& address) override;
  void on_failure(Error error) override;

  // What it takes of its producer's limits; set before it is started.
  int64_t reserved_bytes = 0;
  // The sends that it is made of, where it is made of several; not changed from its start on.
  std::vector<BatchMember> members;
  // Set before it is started.
  OnEnd on_end;

 private:
  // Of the attempts after the first one, whose handler is the operation itself.
  class LaterAttempt;
  // Who may touch the attempt besides the loop.
  enum class Caller : uint8_t { kNone, kExchanging, kHandingOver };

  void attempt();
  // What it cannot do ends it, where nobody else would learn of that.
  template <typename Action>
  void or_fail(const Action& action);
  void fail_inside(const std::exception& cause);
  void try_to_send();
  bool exchange(int32_t opaque, ByteView frame, TimePoint deadline);
  void send_one_way(int32_t opaque, ByteView frame, TimePoint deadline);
  void look_up_route();
  void wait_for_new_route();
  void await_on_loop(std::function<void()> begin);
  void on_route(Result<Route> route);
  void send_now(TimePoint at);
  TimePoint attempt_deadline(TimePoint at) const;
  void on_answer(int32_t number, RemotingCommand response, const std::string& address);
  void on_late_answer(int32_t number, const RemotingCommand& response, const std::string& address);
  void on_attempt_failed(int32_t number, Error error);
  void on_refusal(const RemotingCommand& response, const std::string& address, BrokerState& state);
  void give_up(TimePoint at);
  BrokerState* end_wait();
  bool withdraw();
  Result<SendReceipt> receipt(const SendAttempt& attempt, SendStatus status, const RemotingCommand& response,
                              const std::string& address);
  bool attempts_left() const;
  void retry_or_fail(Error error, bool counts);
  void retry_after(Millis pause);
  // Ends it, whatever memory there is.
  void fail_send(Error error);
  void describe(Error& error) const;
  void finish(Result<SendReceipt> result);
  Error timeout_error() const;
  ClientInstance& client() const { return owner_->client(); }

  const std::shared_ptr<SendOwner> owner_;
  EncodedMessage message_;
  const bool limited_;
  QueueWish wish_;
  const Mode mode_;
  const uint64_t context_;
  const TimePoint begin_;
  const TimePoint deadline_;
  const int64_t born_ms_;
  // The current attempt, and whose answer is awaited: set after it, and taken by whoever ends the wait.
  SendAttempt attempt_;
  std::atomic<BrokerState*> awaited_{nullptr};
  // Its request.
  std::atomic<int32_t> opaque_{0};
  // Those that are not waited for any more, and may be stored; on the loop.
  std::vector<SendAttempt> given_up_;
  std::optional<Error> last_error_;
  // Of an attempt that ended without an answer, and may have been stored all the same.
  std::optional<Error> uncertain_;
  std::atomic<bool> may_be_stored_{false};
  // The last attempt was made, and nothing says that its message is not stored.
  std::atomic<bool> unanswered_{false};
  // No attempt may begin any more: whoever sets the one of these two and reads the other comes before or after.
  std::atomic<bool> aborted_{false};
  // Told by abort() too, while another thread is inside.
  std::atomic<int32_t> attempts_{0};
  // Attempts that may have reached a broker; max_attempts limits these.
  std::atomic<int32_t> counted_attempts_{0};
  int32_t pauses_ = 0;
  // Only within start() of a synchronous send.
  bool on_caller_ = false;
  std::atomic<Caller> caller_{Caller::kNone};
  std::mutex mutex_;
  std::shared_ptr<SyncChannel> exchange_;
  // Acknowledged with a status other than SEND_OK: what the send ends with where no other attempt does better.
  std::optional<SendReceipt> stored_;
  std::unique_ptr<asio::steady_timer> timer_;
  std::atomic<bool> finished_{false};
  std::optional<Result<SendReceipt>> result_;
  OneShotEvent ended_;
};

}  // namespace rocketmq
