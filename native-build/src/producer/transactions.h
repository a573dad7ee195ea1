#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "client/client_instance.h"
#include "producer/producer.h"
#include "producer/send_operation.h"
#include "producer/transaction_checks.h"

namespace rocketmq {

// A message to send as a half message; `message` has views of the rest.
struct HalfMessage {
  OutgoingMessage message;
  std::string topic;
  std::string properties;
};

// The transactions of one producer: half messages that wait for their end, and the brokers' questions about those that
// nobody ended. Any thread.
class Transactions : public std::enable_shared_from_this<Transactions> {
 public:
  // Of half messages that were not ended: kTooManyRequests beyond.
  static constexpr size_t kMostOpen = 100000;

  Transactions(std::string group, TransactionOptions options);

  // Makes the group known to every broker of the cluster, also before the first send: so that an instance that takes
  // the place of one that died is asked about its transactions.
  void start(std::shared_ptr<ClientInstance> client);

  // kInvalidArgument for what no half message can have, kTooManyRequests.
  Result<std::unique_ptr<HalfMessage>> prepare(const OutgoingMessage& message);
  // For the send of it: begins the transaction where the message was stored as safely as asked, and rolls it back
  // otherwise.
  SendOperation::OnEnd when_sent(const HalfMessage& half);
  // Hands the request to the connection; then, or once that failed, `done` runs on the loop, or here. kInvalidState for
  // a transaction that was ended before, without `done`. One whose end fails stays open.
  Status end(uint64_t transaction, TransactionState state, Millis timeout, std::function<void(Status)> done);
  // The same; waits for that.
  Status end_and_wait(uint64_t transaction, TransactionState state, Millis timeout);

  void check(const RemotingCommand& request, StoredMessage& message, const std::string& address);
  Status answer(uint64_t check, TransactionState state) {
    if (!checks_) return fail(ErrorKind::kInvalidState, "the producer was never started, and given no check");
    return checks_->answer(check, state);
  }

  int64_t open() const;
  int64_t pending_checks() const { return checks_ ? checks_->pending() : 0; }
  // No check begins from now on, and nothing of it runs on the client's loop.
  void stop();
  // After stop(): see TransactionChecks.
  bool wait_ended(TimePoint deadline, bool answers) { return !checks_ || checks_->wait_ended(deadline, answers); }

 private:
  // Of the search for the brokers; its pause lives on the loop.
  struct Search {
    bool stopped = false;
    Pause* pause = nullptr;
  };
  struct Open {
    TransactionEnd end;
    // Somebody ends it just now.
    bool ending = false;
  };

  static asio::awaitable<void> find_brokers(ClientInstance* client, std::shared_ptr<Search> search);
  uint64_t begin(TransactionEnd end);
  void end_ended(uint64_t transaction, const Status& sent);
  void forget(uint64_t transaction);
  void note_answered(const std::string& message_id);
  void roll_back(const TransactionEnd& end, SendStatus status);

  const std::string group_;
  const TransactionOptions options_;
  std::shared_ptr<ClientInstance> client_;
  const std::shared_ptr<Search> search_ = std::make_shared<Search>();
  mutable std::mutex mutex_;
  std::unordered_map<uint64_t, Open> open_;
  // Their numbers by message: one that was sent twice has one id on two brokers.
  std::unordered_multimap<std::string, uint64_t> by_message_;
  // Those whose state a broker asked for, and was told, the oldest first: they may still be ended, but need not be, and
  // make room when too many are open.
  std::set<uint64_t> answered_;
  uint64_t last_transaction_ = 0;
  // From start() on.
  std::unique_ptr<TransactionChecks> checks_;
};

}  // namespace rocketmq
