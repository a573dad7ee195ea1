#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "consumer/process_queue.h"
#include "consumer/push_consumer.h"

namespace rocketmq {

// A delivery with the queue that it came from.
struct DeliveryRecord {
  Delivery delivery;
  std::shared_ptr<ProcessQueue> queue;
  TimePoint deadline;
  // Guarded by the dispatcher: somebody ends it; the application is done with it.
  bool claimed = false;
  bool done_with = false;
};

// Gives waiting messages to the application on the threads "rmq-consume-K", queue after queue in turn, and
// keeps what is given out until it is acknowledged. Any thread.
//
// Of an orderly consumer's queue one batch at a time is out, and none while its lock is not held, or while it rests
// after a failure. Whoever ends one of these states schedules the queue anew.
//
// The threads share what they need with this object, so that they may outlive it when a callback does not
// return in time.
class Dispatcher {
 public:
  using Record = std::shared_ptr<DeliveryRecord>;
  // Gets a claimed delivery whose callback threw, and what it threw.
  using OnFailure = std::function<void(const Record& record, const std::string& reason)>;

  explicit Dispatcher(const PushConsumerOptions& options);
  // Lets go of its threads.
  ~Dispatcher();

  // Throws when a thread cannot be started; then none runs, and it may be called again.
  void start(OnFailure on_failure);
  // The queue has messages.
  void schedule(const std::shared_ptr<ProcessQueue>& queue);
  // Before all others; false when nothing is given out now.
  bool schedule_first(const std::shared_ptr<ProcessQueue>& queue);
  // The batch of an orderly consumer's queue has ended, whose messages that wait again rest until end_rest().
  void end_batch(const std::shared_ptr<ProcessQueue>& queue, bool then_rest);
  void end_rest(const std::shared_ptr<ProcessQueue>& queue);
  // Whether such a batch is out.
  bool busy(const ProcessQueue& queue) const;
  void suspend();
  void resume();
  // No callback begins from now on. Idempotent.
  void stop();
  // After stop(): false when callbacks still run at the deadline. Not from inside one.
  bool wait_ended(TimePoint deadline);

  // A delivery ends in two steps, so that nobody takes the consumer for idle before all that follows from the
  // acknowledgement is under way. claim() gives it to one caller only; nullptr for an unknown one, one that
  // was claimed before, and an abandoned one, which is freed.
  Record claim(uint64_t id);
  Record find(uint64_t id) const;
  void release(const Record& record);
  // The deliveries that are past their deadline, which get another one.
  std::vector<Record> note_expired(TimePoint at);
  // Claims them.
  std::vector<Record> claim_expired(TimePoint at);
  // Ends a claimed delivery that stays valid for the application, but no longer counts.
  void abandon(const Record& record);
  // False when some are outstanding at the deadline.
  bool wait_idle(TimePoint deadline);
  size_t outstanding() const;
  int64_t delivered() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace rocketmq
