#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "producer/transaction.h"

namespace rocketmq {

// The brokers' questions to one producer: gives them to the application on the threads "rmq-check-N", and keeps them
// until they are answered. Any thread.
//
// Threads begin as they are needed. They share what they need with this object, so that they may outlive it when a
// callback does not return. A check that takes longer than its timeout counts no more: neither among the pending ones
// nor, while its callback runs, among the threads. So checkers that hang cannot hold up all others for ever.
class TransactionChecks {
 public:
  // Sends an answer to the broker at `address`; must not block.
  using Answer = std::function<void(const std::string& address, const TransactionEnd& end, TransactionState state)>;

  TransactionChecks(const TransactionOptions& options, Answer answer);
  // Lets go of its threads.
  ~TransactionChecks();

  // A question from the broker at `address`. A second one about the same message, before the first is answered, only
  // moves the answer to where the message lies now. What goes beyond max_pending_checks is dropped: the broker asks
  // again.
  void add(StoredMessage message, TransactionEnd end, const std::string& address);
  // kInvalidState for an id that is unknown or was answered before.
  Status answer(uint64_t id, TransactionState state);
  int64_t pending() const;

  // No callback begins from now on. Idempotent.
  void stop();
  // After stop(): false when callbacks run at the deadline, or, with `answers`, checks that were given out are not
  // answered. Not from inside one.
  bool wait_ended(TimePoint deadline, bool answers);

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace rocketmq
