#pragma once

#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

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
  virtual QueueSelector& selector() = 0;
  virtual void on_retry() = 0;
  // Once for each operation that was started; on the loop, or inside start().
  virtual void on_finished(std::shared_ptr<SendOperation> operation) = 0;
};

// One send with all its attempts: looks up the route, chooses a queue, sends, and repeats what failed, within
// one deadline. Ends exactly once. There is at most one request of it under way, so that only one thread at a
// time is inside, besides abort(), which comes on the loop: what comes after the end changes nothing.
class SendOperation : public ResponseHandler, public Completion {
 public:
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
  void attempt();
  void try_to_send();
  bool exchange(const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline);
  void look_up_route();
  void on_route(Result<Route> route);
  void send_to(const std::string& address, TimePoint at);
  TimePoint attempt_deadline(TimePoint at) const;
  void succeed(SendStatus status, const RemotingCommand& response, const std::string& address);
  void retry_or_fail(Error error, bool counts);
  void retry_after(Millis pause);
  void fail_send(Error error);
  void finish(Result<SendReceipt> result);
  Error timeout_error() const;

  const std::shared_ptr<SendOwner> owner_;
  EncodedMessage message_;
  const bool limited_;
  QueueWish wish_;
  const Mode mode_;
  const uint64_t context_;
  const TimePoint begin_;
  const TimePoint deadline_;
  const int64_t born_ms_;
  // Of the attempt.
  TimePoint sent_at_;
  // The queue of the attempt, and the route that it lives in.
  Route route_;
  const MessageQueue* queue_ = nullptr;
  std::optional<Error> last_error_;
  // Of an attempt that may have been stored all the same.
  std::optional<Error> uncertain_;
  // Told by abort() too, while another thread is inside.
  std::atomic<int32_t> attempts_{0};
  // Attempts that may have reached a broker; max_attempts limits these.
  int32_t counted_attempts_ = 0;
  int32_t pauses_ = 0;
  // Only within start() of a synchronous send.
  bool on_caller_ = false;
  std::mutex exchange_mutex_;
  std::shared_ptr<SyncChannel> exchange_;
  std::unique_ptr<asio::steady_timer> timer_;
  std::atomic<bool> finished_{false};
  std::optional<Result<SendReceipt>> result_;
  OneShotEvent ended_;
};

}  // namespace rocketmq
