#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/coroutine.h"
#include "protocol/admin_bodies.h"
#include "protocol/message.h"
#include "protocol/route.h"

namespace rocketmq {

// What a consumer holds of one queue that was allocated to it: messages that wait and messages given out. A
// queue that is given up and allocated again gets a new one. Any thread.
class ProcessQueue {
 public:
  explicit ProcessQueue(MessageQueue queue) : queue_(std::move(queue)) {}

  const MessageQueue& queue() const { return queue_; }
  // Given up: what is pulled or acknowledged from now on does not count.
  bool dropped() const { return dropped_.load(std::memory_order_acquire); }
  void drop() { dropped_.store(true, std::memory_order_release); }

  // The next offset to pull; -1 before it is known.
  int64_t next_offset() const;
  // Adds pulled messages, and moves on to `next_offset`. How many wait now.
  void add(std::vector<StoredMessage> messages, int64_t next_offset);
  // Up to `most` waiting messages in the order of their offsets; they count as given out.
  std::vector<StoredMessage> take(size_t most);
  // Given-out messages that are consumed, or in the broker's hands again.
  void finish(int64_t offset);
  // A given-out message waits again.
  void put_back(StoredMessage message);

  // The lowest offset that is not finished: what may be committed. -1 before anything is known.
  int64_t commit_offset() const;
  bool has_waiting() const;
  size_t count() const;
  int64_t bytes() const;
  // Whether the limits allow another pull.
  bool may_pull(int64_t most_messages, int64_t most_bytes, int64_t widest_span) const;
  ProcessQueueInfo info() const;

  // The pull loop is at work, whether a broker answers or not.
  void note_pull() {
    last_pull_ms_.store(wall_clock_ms(), std::memory_order_relaxed);
    last_pull_.store(now().time_since_epoch().count(), std::memory_order_relaxed);
  }
  // By the steady clock, as the wall's may be set.
  TimePoint last_pull() const { return TimePoint(TimePoint::duration(last_pull_.load(std::memory_order_relaxed))); }
  void note_consume(int64_t at_ms) { last_consume_ms_.store(at_ms, std::memory_order_relaxed); }

  // The broker's lock of an orderly consumer's queue: held until that moment, counted from before it was asked for,
  // so that the broker gives it to nobody else meanwhile.
  bool locked(TimePoint at) const { return at.time_since_epoch().count() < locked_until_.load(); }
  void lock_until(TimePoint until) {
    last_lock_ms_.store(wall_clock_ms(), std::memory_order_relaxed);
    locked_until_.store(until.time_since_epoch().count());
  }
  void unlock() { locked_until_.store(kNeverLocked); }

  // Set, once, where this holds nothing but a message that an operator wants consumed: gets the outcome, with the
  // reason of a failure that is none of the application's choice. No broker hears of the message otherwise.
  std::function<void(bool consumed, const std::string& failure)> on_direct_end;

  // For the event loop and the dispatcher alone.
  // The pull loop's pause, or that of who waits for the last batch; nullptr once both have ended.
  std::shared_ptr<Pause> pause;
  // When the lock is to be renewed.
  TimePoint renew_lock_at{};
  // The pull loop waits for room.
  std::atomic<bool> throttled{false};
  // In the dispatcher's list; guarded by the dispatcher.
  bool scheduled = false;
  // Of an orderly consumer: a batch is given out and has not ended; the rest after a failed one goes on. Guarded by the
  // dispatcher.
  bool busy = false;
  bool resting = false;
  // The broker that the last pull named for the next one; 0 is the master.
  int64_t suggested_broker = 0;
  // What was committed last; -1: nothing yet.
  int64_t persisted_offset = -1;

 private:
  int64_t lowest() const;
  int64_t highest() const;

  static constexpr TimePoint::rep kNeverLocked = INT64_MIN;

  const MessageQueue queue_;
  std::atomic<bool> dropped_{false};
  std::atomic<TimePoint::rep> locked_until_{kNeverLocked};
  std::atomic<int64_t> last_lock_ms_{0};
  std::atomic<int64_t> last_pull_ms_{0};
  std::atomic<TimePoint::rep> last_pull_{0};
  std::atomic<int64_t> last_consume_ms_{0};
  mutable std::mutex mutex_;
  std::map<int64_t, StoredMessage> waiting_;
  // Offsets given out, with the bytes of their bodies.
  std::map<int64_t, int64_t> given_out_;
  int64_t bytes_ = 0;
  int64_t next_offset_ = -1;
};

}  // namespace rocketmq
