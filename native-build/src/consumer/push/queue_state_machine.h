#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "consumer/push/process_queue.h"

namespace rocketmq {

struct QueueSettings {
  bool orderly = false;
  // The broker's lock on the queue keeps the members of a group in order.
  bool needs_lock = false;
  int64_t most_messages = 1000;
  int64_t most_bytes = 100LL * 1024 * 1024;
  int64_t widest_span = 2000;
  // Of the whole topic, each queue of which may hold an equal part: the lower limit counts. 0: none.
  int64_t most_messages_of_topic = 0;
  int64_t most_bytes_of_topic = 0;
  // Must be there where one of them is set.
  std::shared_ptr<const TopicShare> share;
  Millis pull_interval{0};
  // How long the last batch of an orderly queue is waited for before the lock is left to run out.
  Millis consume_timeout{900000};
  // A pull that is not answered for so long is sent anew.
  Millis silent_pull_timeout{120000};
};

// What a queue's state machine wants done. Requests carry an id, by which their answer is told; of a request that is
// not of interest any more the answer is ignored.
struct QueueAction {
  enum class Kind {
    kWantLock,       // ask for the lock, and renew it, until told otherwise
    kUnlock,         // give the lock back
    kStopRenewing,   // leave the lock to run out
    kFindStart,      // find the offset to begin at
    kReadCommitted,  // read the group's offset
    kPull,           // from `offset`
    kCommit,         // `offset`, now
    kNote,           // `offset` is to be committed with the next round
    kForget,         // what was noted must not be committed any more
    kOffer,          // messages can be taken
    kAssigned,       // the queue is consumed from now on
    kUnassigned,
    kEnded,  // nothing more will come
  };
  Kind kind = Kind::kEnded;
  uint64_t id = 0;
  int64_t offset = -1;
};

// How a pull ended that brought no messages.
enum class PullEnd {
  kMoved,    // but the offset moved on
  kHeld,     // nothing came while the broker held it
  kNothing,  // nothing, and at once
  kFlowControl,
  kFailed,
};

// The life of one queue that was allocated to a consumer: lock, find the start, pull, deliver, drain, commit, unlock.
// Events go in, actions come out; it does no I/O, so that any order of events can be tried. Owned by a QueueActor; on
// the event loop.
//
//   locking -> finding start -> consuming -> draining -> committing -> ended, or locking again
//
// Consuming ends when the queue is dropped, reset by an operator, moved by its broker, or lost to another member, and
// when the consumer closes. An orderly queue then drains: its last batch is waited for. Then the operator's offset, or
// how far it came, is committed, and only then it is unlocked.
class QueueStateMachine {
 public:
  enum class State { kCreated, kLocking, kFindingStart, kConsuming, kDraining, kCommitting, kEnded };

  QueueStateMachine(MessageQueue queue, QueueSettings settings, std::shared_ptr<CacheTotals> totals);

  void start(TimePoint at);
  // Allocation: not ours any more; ours again, though it may not have ended yet.
  void drop(TimePoint at);
  void take(TimePoint at);
  // An operator sets the offset. It is committed whatever comes afterwards.
  void reset(int64_t offset, TimePoint at);
  void close(TimePoint at);

  // Locks: held until then; held by another member; perhaps gone with its broker.
  void lock_granted(TimePoint until, TimePoint at);
  void lock_refused(TimePoint at);
  void lock_doubted(TimePoint at);

  // Answers. nullopt: it could not be told.
  void start_found(uint64_t id, std::optional<int64_t> offset, TimePoint at);
  void committed_read(uint64_t id, std::optional<int64_t> offset, TimePoint at);
  void committed(uint64_t id, bool stored, TimePoint at);
  void pulled(uint64_t id, std::vector<StoredMessage> messages, int64_t next_offset, TimePoint at);
  void pull_ended(uint64_t id, PullEnd end, int64_t next_offset, TimePoint at);
  // The broker does not have the offset that was asked for.
  void offset_moved(uint64_t id, int64_t offset, TimePoint at);

  // Of messages taken from `from`: finished; and to be delivered again, of an orderly queue after `rest`.
  void finished(ProcessQueue& from, std::span<const int64_t> offsets, TimePoint at);
  void put_back(ProcessQueue& from, std::span<StoredMessage> messages, Millis rest, TimePoint at);

  void timer(TimePoint at) { advance(at); }
  // Other queues of the topic were given up.
  void share_grew(TimePoint at) { advance(at); }
  // Some action could not be carried out.
  void look_again(TimePoint at);
  // When timer() is to be called, after `at`; TimePoint::max() for never.
  TimePoint wake_at(TimePoint at) const;

  // What is to be done since the last call.
  size_t take_actions(std::array<QueueAction, 16>& out);

  State state() const { return state_; }
  bool is_wanted() const { return wanted_; }
  bool is_assigned() const { return assigned_; }
  bool locked(TimePoint at) const { return at < locked_until_; }
  bool is_current_pull(uint64_t id) const { return id != 0 && id == pull_id_; }
  // How far it is, as an operator sees it; -1 before the start is known.
  int64_t commit_offset() const { return cache_ ? cache_->commit_offset() : -1; }
  // The offset may be stored: no other member can be further.
  bool may_commit(TimePoint at) const { return !settings_.needs_lock || (trusted_ && locked(at)); }
  const std::shared_ptr<ProcessQueue>& cache() const { return cache_; }
  int64_t last_lock_ms() const { return last_lock_ms_; }
  int64_t last_pull_ms() const { return last_pull_ms_; }

 private:
  void act(QueueAction::Kind kind, uint64_t id = 0, int64_t offset = -1);
  void advance(TimePoint at);
  void consume(int64_t offset, TimePoint at);
  void go_on(TimePoint at);
  void stop_consuming(TimePoint at);
  void drain(TimePoint at);
  void commit(int64_t offset);
  void conclude_commit(bool stored, TimePoint at);
  void end_or_begin_anew(TimePoint at);
  void note_progress(TimePoint at);
  void forget();
  void forget_what_is_doubtful(TimePoint at);
  bool is_out() const { return settings_.orderly && cache_ && cache_->out_count() > 0; }
  bool may_give_out(TimePoint at) const;
  int64_t limit_of(int64_t of_queue, int64_t of_topic) const;
  bool has_room() const;
  void after_pull(Millis pause, TimePoint at);
  Millis next_back_off();

  const MessageQueue queue_;
  const QueueSettings settings_;
  const std::shared_ptr<CacheTotals> totals_;
  State state_ = State::kCreated;
  std::shared_ptr<ProcessQueue> cache_;

  // What others want of the queue.
  bool wanted_ = true;
  bool closing_ = false;
  std::optional<int64_t> reset_;
  // Another member is further on: what is held counts for nothing.
  bool lost_ = false;
  // Where to begin, in place of what is stored.
  std::optional<int64_t> start_at_;

  bool assigned_ = false;
  bool wants_lock_ = false;
  // The lock was held all the time since the start was found.
  bool trusted_ = false;
  bool offered_open_ = false;
  // The rounds may still write an offset that was noted.
  bool noted_ = false;
  TimePoint locked_until_ = TimePoint::min();
  TimePoint rest_until_ = TimePoint::min();
  TimePoint drain_deadline_ = TimePoint::max();
  TimePoint retry_at_ = TimePoint::min();
  TimePoint pull_sent_ = TimePoint::min();
  Millis back_off_;
  int64_t last_lock_ms_ = 0;
  int64_t last_pull_ms_ = 0;

  uint64_t last_id_ = 0;
  // Requests that wait for an answer; 0: none.
  uint64_t find_id_ = 0;
  uint64_t read_id_ = 0;
  uint64_t pull_id_ = 0;
  uint64_t commit_id_ = 0;
  bool committing_reset_ = false;
  int reset_attempts_ = 0;

  std::array<QueueAction, 16> actions_;
  size_t action_count_ = 0;
};

}  // namespace rocketmq
