#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/worker_pool.h"
#include "consumer/push/process_queue.h"
#include "consumer/push_consumer.h"

namespace rocketmq {

class QueueActor;

// A batch that was given out. Whoever claimed it says how it ended, and passes it on to the event loop.
struct DeliveryRecord {
  std::shared_ptr<Delivery> delivery = std::make_shared<Delivery>();
  std::shared_ptr<ProcessQueue> queue;
  TimePoint deadline;
  // How it ended: the first `consumed` messages are; the rest goes back with the delay, or rests.
  size_t consumed = 0;
  int32_t delay_level = 0;
  Millis suspension{0};
  // Of a callback that threw, or a batch that was never acknowledged.
  std::string failure;
  // How many of the messages are in other hands already; for who settles it.
  size_t settled = 0;
  bool settling = false;
  // Guarded by the dispatcher.
  bool claimed = false;
  std::shared_ptr<DeliveryRecord> next_ended;
};

// Gives waiting messages to the application on the consumer's lane of the client's worker threads, queue after queue in
// turn, and keeps what is given out until it has ended. Owned by the consumer. Any thread; shares what it needs with
// the lane's tasks, which may outlive it when a callback does not return in time.
//
// Nothing here is lost for want of memory: a batch that cannot be made waits for nudge().
class Dispatcher {
 public:
  using Record = std::shared_ptr<DeliveryRecord>;

  // `on_ended` is called, from any thread, when there is something for take_ended(). It must not throw.
  Dispatcher(const PushConsumerOptions& options, std::function<void()> on_ended);
  ~Dispatcher();

  void start(WorkerPool& workers);
  // The queue may have messages to take.
  void schedule(const std::shared_ptr<ProcessQueue>& queue);
  // Before all others; false when nothing is given out now.
  bool schedule_first(const std::shared_ptr<ProcessQueue>& queue);
  // Looks again whether something can be given out.
  void nudge();
  void suspend();
  void resume();
  // No callback begins from now on. Idempotent.
  void stop();
  // After stop(): false when callbacks still run at the deadline. Not from inside one.
  bool wait_callbacks(TimePoint deadline);

  // Gives it to one caller only; nullptr for one that is unknown or was claimed before.
  Record claim(uint64_t id);
  Record find(uint64_t id) const;
  // A claimed one, with how it ended. Needs no memory.
  void end(const Record& record);
  // The next that ended, in their order.
  Record take_ended();
  // Back to the front, as it could not be settled yet.
  void put_back_ended(const Record& record);
  // All of its messages are in other hands.
  void release(const Record& record);
  // Those past their deadline: `claimed` for the caller, or given another deadline.
  std::vector<Record> take_expired(TimePoint at, bool claim);
  // False when some are outstanding at the deadline.
  bool wait_idle(TimePoint deadline);
  size_t outstanding() const;
  int64_t delivered() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace rocketmq
