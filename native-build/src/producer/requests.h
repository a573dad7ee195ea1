#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/one_shot_event.h"
#include "client/client_instance.h"
#include "client/completions.h"
#include "net/coroutine.h"
#include "producer/producer.h"
#include "producer/send_operation.h"

namespace rocketmq {

// One request: a message that was sent, and the reply that it waits for. Ends exactly once.
struct Request final : Completion {
  static constexpr int kKind = 1;
  // Its message counts already.
  Request() {
    kind = kKind;
    told = Told::kOnLane;
    gauged_count = 0;
  }

  // Its producer, which must live as long as somebody tells its end; let go of with it.
  std::shared_ptr<void> owner;
  std::string correlation_id;
  std::string topic;
  TimePoint begin;
  TimePoint deadline;
  // An asynchronous one, whose `context` goes to the callback.
  bool asynchronous = false;
  // Counts against the limit of asynchronous requests.
  bool limited = false;
  uint64_t context = 0;

  // Guarded by Requests: what the broker acknowledged; the deadline passed before it did.
  std::optional<SendReceipt> stored;
  bool overdue = false;
  // Written once, before `ended`.
  std::optional<Result<std::shared_ptr<const RemotingCommand>>> end;
  // For who waits for a synchronous one.
  OneShotEvent ended;
};

// The requests of one producer that wait for their replies; among the operations of the producer, which end and tell
// them as the others. Any thread.
class Requests : public std::enable_shared_from_this<Requests> {
 public:
  Requests(std::shared_ptr<CompletionQueue> operations, int64_t max_waiting, int32_t default_topic_queues)
      : operations_(std::move(operations)), max_waiting_(max_waiting), default_topic_queues_(default_topic_queues) {}

  // Once, before the first asynchronous one. kInvalidState.
  Status set_callback(ReplyCallback on_reply);
  bool has_callback() const { return has_callback_.load(std::memory_order_acquire); }
  void start(std::shared_ptr<ClientInstance> client);

  // A new request, and in `properties` what its message carries for it. kInvalidArgument for a message that cannot be
  // one.
  Result<std::shared_ptr<Request>> prepare(const OutgoingMessage& message, Millis timeout,
                                           std::string* properties) const;
  // From here on it ends exactly once. kClosed; kTooManyRequests.
  Status add(const std::shared_ptr<Request>& request);
  // For the send of its message.
  SendOperation::OnEnd when_sent(const std::shared_ptr<Request>& request);
  // Starts the send, once the brokers know how to reach this client with the reply.
  void send(const std::shared_ptr<Request>& request, std::shared_ptr<SendOperation> operation);
  // Of a synchronous one; kProtocolError for a reply that cannot be read.
  static Result<StoredMessage> wait(Request& request);

  // On the loop. False when no request waits for it.
  bool take_reply(const std::shared_ptr<const RemotingCommand>& reply);
  int64_t waiting() const;

  // On the callback lane: tells the end of an asynchronous one.
  void call_back(const Request& request) const;
  // On the loop: ends it with kClosed unless it has ended.
  void abort(Request& request);
  // Once all have ended: ends what works for them on the loop.
  void close();

 private:
  using End = Result<std::shared_ptr<const RemotingCommand>>;

  bool begin_to_reach(const std::shared_ptr<Request>& request, const std::shared_ptr<SendOperation>& operation);
  bool is_reachable(std::string_view topic) const;
  static asio::awaitable<void> reach_and_send(std::shared_ptr<Requests> self, std::shared_ptr<Request> request,
                                              std::shared_ptr<SendOperation> operation);
  static asio::awaitable<void> reach(ClientInstance* client, std::string topic, int32_t default_queues,
                                     std::shared_ptr<Pause> done);
  void end_reaching();
  bool is_closed() const;
  std::shared_ptr<Request> next_expired();
  // False when it has ended before.
  bool take(const Request& request);
  // Takes it and ends it, whatever memory there is; false when it has ended before.
  bool finish(const std::shared_ptr<Request>& request, End end);
  void arm();
  void arm_on_loop();
  void expire();
  Error no_reply(const Request& request) const;
  static Error no_reply_locked(const Request& request);

  const std::shared_ptr<CompletionQueue> operations_;
  const int64_t max_waiting_;
  const int32_t default_topic_queues_;
  // Not changed once the flag is set.
  ReplyCallback on_reply_;
  std::atomic<bool> has_callback_{false};
  std::shared_ptr<ClientInstance> client_;
  // On the loop.
  std::unique_ptr<asio::steady_timer> timer_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Request>, std::less<>> waiting_;
  std::set<std::pair<TimePoint, const Request*>> deadlines_;
  int64_t limited_ = 0;
  bool closed_ = false;
  // Requests that wait for the brokers to know this client; their pauses live on the loop.
  int64_t reaching_ = 0;
  std::set<std::shared_ptr<Pause>> pauses_;
  // Until then, brokers that could not be reached are not tried again.
  TimePoint reach_again_at_;
};

// The message that a reply brings; kProtocolError for one that cannot be read.
Result<StoredMessage> decode_reply(const std::shared_ptr<const RemotingCommand>& reply);

}  // namespace rocketmq
