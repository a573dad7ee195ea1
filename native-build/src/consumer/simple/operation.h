#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/one_shot_event.h"
#include "client/completions.h"
#include "consumer/simple/simple_consumer.h"
#include "net/coroutine.h"

namespace rocketmq {

// One call of a simple consumer, from its acceptance to its end.
struct SimpleOperation : Completion {
  enum class Kind { kReceive, kAcknowledge, kChangeInvisible };

  Kind kind = Kind::kReceive;
  bool asynchronous = false;
  uint64_t context = 0;
  TimePoint begin = now();
  TimePoint deadline{};

  // Of a receive.
  ReceiveOptions receive;
  // On the loop: what was taken so far.
  std::vector<PoppedMessage> messages;
  // On the loop: what it waits on between its looks; nullptr outside of its coroutine.
  std::shared_ptr<Pause> pause;
  // On the loop: it waits for the first answer of brokers, whatever that is.
  bool awaits_answer = false;
  // On the loop: a pop for it is under way elsewhere.
  bool served = false;

  // Whoever sets it gives the result.
  std::atomic<bool> ended{false};
  std::optional<Result<SimpleResult>> result;
  // For who waits for a synchronous one.
  OneShotEvent has_result;
};

// The calls of one consumer that have not ended: each ends once, whoever ends it, and the asynchronous ones are told of
// on the consumer's lane of the callback threads. Any thread.
class SimpleOperations {
 public:
  using Operation = std::shared_ptr<SimpleOperation>;

  explicit SimpleOperations(SimpleCallback on_completed);

  // Before the first add.
  void start(WorkerPool& workers) { queue_->start(workers); }
  // kTooManyRequests, kClosed after refuse().
  Status add(const Operation& operation);
  // Does nothing for one that has ended.
  void end(const Operation& operation, Result<SimpleResult> result);
  // The same; takes the result, or is false and leaves it as it is.
  bool try_end(const Operation& operation, Result<SimpleResult>& result);
  // Of a synchronous one.
  Result<SimpleResult> wait(const Operation& operation);

  // From now on none is added.
  void refuse() { queue_->refuse(); }
  // After refuse(). Needs no memory that it cannot do without.
  void end_all(const Error& error, bool receives_only);
  bool wait_empty(TimePoint deadline) { return queue_->wait_empty(deadline); }
  // After all have ended: see CompletionQueue.
  bool finish(TimePoint deadline) { return queue_->finish(deadline); }
  int64_t count() const { return queue_->count(); }

 private:
  static void tell(const SimpleCallback& on_completed, const CompletionQueue::Batch& ended);

  const bool has_callback_;
  const std::shared_ptr<CompletionQueue> queue_;
};

}  // namespace rocketmq
