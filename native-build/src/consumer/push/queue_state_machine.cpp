#include "consumer/push/queue_state_machine.h"

#include <algorithm>
#include <utility>

#include "base/random.h"

namespace rocketmq {

namespace {

using Kind = QueueAction::Kind;

constexpr Millis kFirstBackOff{50};
constexpr Millis kLongestBackOff{1000};
constexpr Millis kFlowControl{20};
// Of an operator's offset for a queue that is about to end.
constexpr int kResetAttempts = 5;

Millis jittered(Millis pause) {
  return pause * 3 / 4 + Millis(random_below(static_cast<uint32_t>(pause.count() / 2 + 1)));
}

}  // namespace

QueueStateMachine::QueueStateMachine(MessageQueue queue, QueueSettings settings, std::shared_ptr<CacheTotals> totals)
    : queue_(std::move(queue)), settings_(settings), totals_(std::move(totals)), back_off_(kFirstBackOff) {}

void QueueStateMachine::act(Kind kind, uint64_t id, int64_t offset) {
  if (action_count_ == actions_.size()) return;
  actions_[action_count_++] = {kind, id, offset};
}

size_t QueueStateMachine::take_actions(std::array<QueueAction, 16>& out) {
  std::copy_n(actions_.begin(), action_count_, out.begin());
  return std::exchange(action_count_, 0);
}

Millis QueueStateMachine::next_back_off() {
  const Millis pause = jittered(back_off_);
  back_off_ = std::min(back_off_ * 2, kLongestBackOff);
  return pause;
}

void QueueStateMachine::start(TimePoint at) {
  if (state_ != State::kCreated) return;
  end_or_begin_anew(at);
}

void QueueStateMachine::drop(TimePoint at) {
  wanted_ = false;
  advance(at);
}

void QueueStateMachine::take(TimePoint at) {
  if (closing_) return;
  wanted_ = true;
  if (state_ == State::kEnded) return;
  advance(at);
}

void QueueStateMachine::close(TimePoint at) {
  closing_ = true;
  wanted_ = false;
  advance(at);
}

void QueueStateMachine::reset(int64_t offset, TimePoint at) {
  if (state_ == State::kEnded || state_ == State::kCreated) return;
  reset_ = offset;
  // In place of what is on its way.
  if (state_ == State::kCommitting) {
    reset_attempts_ = 0;
    commit(offset);
  }
  advance(at);
}

// To want a lock twice changes nothing, and who holds one is known to those who renew it.
void QueueStateMachine::look_again(TimePoint at) {
  if (wants_lock_ && !locked(at)) act(Kind::kWantLock);
  advance(at);
}

void QueueStateMachine::lock_granted(TimePoint until, TimePoint at) {
  if (state_ == State::kEnded || !wants_lock_) return;
  const bool held = locked(at);
  if (!held) trusted_ = false;
  locked_until_ = until;
  last_lock_ms_ = wall_clock_ms();
  if (state_ == State::kConsuming && held && trusted_ && offered_open_) cache_->open(until);
  advance(at);
}

void QueueStateMachine::lock_refused(TimePoint at) {
  locked_until_ = TimePoint::min();
  trusted_ = false;
  if (state_ == State::kFindingStart || state_ == State::kConsuming || state_ == State::kDraining) {
    lost_ = true;
    start_at_.reset();
    forget();
  } else if (state_ == State::kCommitting && !committing_reset_) {
    forget();
  }
  advance(at);
}

void QueueStateMachine::lock_doubted(TimePoint at) {
  locked_until_ = TimePoint::min();
  trusted_ = false;
  advance(at);
}

void QueueStateMachine::start_found(uint64_t id, std::optional<int64_t> offset, TimePoint at) {
  if (id == 0 || id != find_id_) return;
  find_id_ = 0;
  if (offset) {
    consume(*offset, at);
  } else {
    retry_at_ = at + next_back_off();
  }
  advance(at);
}

void QueueStateMachine::committed_read(uint64_t id, std::optional<int64_t> offset, TimePoint at) {
  if (id == 0 || id != read_id_) return;
  read_id_ = 0;
  if (!offset) {
    retry_at_ = at + next_back_off();
  } else if (*offset > cache_->commit_offset()) {
    lost_ = true;
    forget();
  } else {
    trusted_ = locked(at);
    back_off_ = kFirstBackOff;
    note_progress(at);
  }
  advance(at);
}

void QueueStateMachine::committed(uint64_t id, bool stored, TimePoint at) {
  if (id == 0 || id != commit_id_) return;
  commit_id_ = 0;
  if (committing_reset_ && !stored && (!wanted_ || closing_) && ++reset_attempts_ < kResetAttempts) {
    // Whoever consumes the queue next does not know of it.
    retry_at_ = at + next_back_off();
    return;
  }
  conclude_commit(stored, at);
}

void QueueStateMachine::conclude_commit(bool stored, TimePoint at) {
  if (committing_reset_) {
    // Where it was not stored, the rounds store it as soon as they can. Without the lock, whoever had it begins there.
    if (!stored || !settings_.needs_lock || locked(at)) start_at_ = reset_;
    reset_.reset();
  }
  end_or_begin_anew(at);
}

void QueueStateMachine::pulled(uint64_t id, std::vector<StoredMessage> messages, int64_t next_offset, TimePoint at) {
  if (!is_current_pull(id)) return pull_ended(id, PullEnd::kMoved, next_offset, at);
  try {
    cache_->add(std::move(messages), next_offset);
  } catch (const std::bad_alloc&) {
    // What was added is not added twice.
    return pull_ended(id, PullEnd::kFailed, -1, at);
  }
  back_off_ = kFirstBackOff;
  note_progress(at);
  if (offered_open_) act(Kind::kOffer);
  after_pull(settings_.pull_interval, at);
}

void QueueStateMachine::pull_ended(uint64_t id, PullEnd end, int64_t next_offset, TimePoint at) {
  if (!is_current_pull(id)) return;
  switch (end) {
    case PullEnd::kMoved:
    case PullEnd::kHeld:
      if (end == PullEnd::kMoved) cache_->add({}, next_offset);
      back_off_ = kFirstBackOff;
      note_progress(at);
      return after_pull(settings_.pull_interval, at);
    case PullEnd::kFlowControl:
      return after_pull(std::max(kFlowControl, settings_.pull_interval), at);
    case PullEnd::kNothing:
    case PullEnd::kFailed:
      return after_pull(std::max(next_back_off(), settings_.pull_interval), at);
  }
}

void QueueStateMachine::after_pull(Millis pause, TimePoint at) {
  pull_id_ = 0;
  last_pull_ms_ = wall_clock_ms();
  retry_at_ = at + pause;
  advance(at);
}

void QueueStateMachine::offset_moved(uint64_t id, int64_t offset, TimePoint at) {
  if (!is_current_pull(id)) return pull_ended(id, PullEnd::kMoved, offset, at);
  pull_id_ = 0;
  // An operator's offset comes first.
  if (!reset_) reset_ = offset;
  advance(at);
}

void QueueStateMachine::finished(ProcessQueue& from, std::span<const int64_t> offsets, TimePoint at) {
  for (const int64_t offset : offsets) from.finish(offset);
  if (&from != cache_.get()) return;
  if (state_ == State::kConsuming) note_progress(at);
  if (offered_open_ && settings_.orderly) act(Kind::kOffer);
  advance(at);
}

// Needs no memory, as what it does not get would be lost.
void QueueStateMachine::put_back(ProcessQueue& from, std::span<StoredMessage> messages, Millis rest, TimePoint at) {
  const bool current = &from == cache_.get();
  if (current && settings_.orderly && state_ == State::kConsuming) {
    // Before the messages can be taken.
    rest_until_ = at + rest;
    from.close();
    offered_open_ = false;
  }
  for (StoredMessage& message : messages) from.put_back(std::move(message));
  if (!current) return;
  if (offered_open_) act(Kind::kOffer);
  advance(at);
}

void QueueStateMachine::note_progress(TimePoint at) {
  if (!may_commit(at)) return;
  noted_ = true;
  act(Kind::kNote, 0, cache_->commit_offset());
}

void QueueStateMachine::forget() {
  noted_ = false;
  act(Kind::kForget);
}

// Without the lock another member may be further: a round must not write an older offset over its own.
void QueueStateMachine::forget_what_is_doubtful(TimePoint at) {
  if (noted_ && !may_commit(at)) forget();
}

bool QueueStateMachine::may_give_out(TimePoint at) const {
  return at >= rest_until_ && (!settings_.needs_lock || (trusted_ && locked(at)));
}

void QueueStateMachine::consume(int64_t offset, TimePoint at) {
  cache_ = std::make_shared<ProcessQueue>(queue_, settings_.orderly, totals_);
  cache_->add({}, offset);
  state_ = State::kConsuming;
  trusted_ = !settings_.needs_lock || locked(at);
  rest_until_ = retry_at_ = TimePoint::min();
  back_off_ = kFirstBackOff;
  note_progress(at);
}

void QueueStateMachine::advance(TimePoint at) {
  const bool stop = !wanted_ || closing_ || reset_ || lost_;
  switch (state_) {
    case State::kCreated:
    case State::kEnded:
      return;
    case State::kCommitting:
      if (commit_id_ != 0) return;
      // An operator's offset that was not stored.
      if (wanted_ && !closing_) return conclude_commit(false, at);
      if (at >= retry_at_) commit(*reset_);
      return;
    case State::kDraining:
      return drain(at);
    case State::kLocking:
      if (stop) return stop_consuming(at);
      if (settings_.needs_lock && !locked(at)) return;
      if (!std::exchange(assigned_, true)) act(Kind::kAssigned);
      if (start_at_) {
        consume(*std::exchange(start_at_, std::nullopt), at);
        return go_on(at);
      }
      state_ = State::kFindingStart;
      retry_at_ = TimePoint::min();
      [[fallthrough]];
    case State::kFindingStart:
      if (stop) return stop_consuming(at);
      if (find_id_ != 0 || at < retry_at_) return;
      find_id_ = ++last_id_;
      return act(Kind::kFindStart, find_id_);
    case State::kConsuming:
      return stop ? stop_consuming(at) : go_on(at);
  }
}

void QueueStateMachine::go_on(TimePoint at) {
  const bool locked_now = !settings_.needs_lock || locked(at);
  if (settings_.needs_lock && !locked_now) trusted_ = false;
  forget_what_is_doubtful(at);
  if (may_give_out(at)) {
    if (!std::exchange(offered_open_, true)) {
      cache_->open(settings_.needs_lock ? locked_until_ : TimePoint::max());
      act(Kind::kOffer);
    }
  } else if (std::exchange(offered_open_, false)) {
    cache_->close();
  }
  if (locked_now && !trusted_) {
    // Another member may have had the lock, and have gone on.
    if (read_id_ == 0 && at >= retry_at_) {
      read_id_ = ++last_id_;
      act(Kind::kReadCommitted, read_id_);
    }
    return;
  }
  if (pull_id_ != 0 && at >= pull_sent_ + settings_.silent_pull_timeout) pull_id_ = 0;
  if (pull_id_ != 0 || at < retry_at_ || !locked_now) return;
  if (!has_room()) return;
  pull_id_ = ++last_id_;
  pull_sent_ = at;
  act(Kind::kPull, pull_id_, cache_->next_offset());
}

int64_t QueueStateMachine::limit_of(int64_t of_queue, int64_t of_topic) const {
  if (of_topic == 0 || !settings_.share) return of_queue;
  const int64_t queues = std::max<int64_t>(settings_.share->queues, 1);
  return std::min(of_queue, std::max<int64_t>(of_topic / queues, 1));
}

bool QueueStateMachine::has_room() const {
  return cache_->has_room(limit_of(settings_.most_messages, settings_.most_messages_of_topic),
                          limit_of(settings_.most_bytes, settings_.most_bytes_of_topic), settings_.widest_span);
}

void QueueStateMachine::stop_consuming(TimePoint at) {
  if (cache_) {
    cache_->discard();
    offered_open_ = false;
  }
  find_id_ = read_id_ = pull_id_ = 0;
  if (std::exchange(assigned_, false)) act(Kind::kUnassigned);
  state_ = State::kDraining;
  drain_deadline_ = at + settings_.consume_timeout;
  drain(at);
}

void QueueStateMachine::drain(TimePoint at) {
  forget_what_is_doubtful(at);
  if (is_out()) {
    if (!closing_) {
      if (wanted_ || at < drain_deadline_) return;
      // It may take for ever. The lock is never given back under it, but runs out.
      drain_deadline_ = TimePoint::max();
      if (!lost_ && !reset_) note_progress(at);
      if (std::exchange(wants_lock_, false)) act(Kind::kStopRenewing);
      return;
    }
  } else {
    drain_deadline_ = TimePoint::max();
  }
  state_ = State::kCommitting;
  reset_attempts_ = 0;
  if (reset_) {
    back_off_ = kFirstBackOff;
    return commit(*reset_);
  }
  // On the way to a new allocation nothing is committed that another member may have passed.
  if (cache_ && !lost_ && may_commit(at)) return commit(cache_->commit_offset());
  // Of an offset that an operator set and that this queue never began at.
  if (!cache_ && start_at_ && !lost_) return commit(*start_at_);
  end_or_begin_anew(at);
}

void QueueStateMachine::commit(int64_t offset) {
  commit_id_ = ++last_id_;
  committing_reset_ = reset_.has_value();
  // It takes the place of what was noted.
  noted_ = false;
  act(Kind::kCommit, commit_id_, offset);
}

void QueueStateMachine::end_or_begin_anew(TimePoint at) {
  lost_ = false;
  committing_reset_ = false;
  if (wanted_ && !closing_) {
    cache_ = nullptr;
    offered_open_ = false;
    state_ = State::kLocking;
    if (settings_.needs_lock && !std::exchange(wants_lock_, true)) act(Kind::kWantLock);
    return advance(at);
  }
  if (std::exchange(wants_lock_, false)) act(is_out() ? Kind::kStopRenewing : Kind::kUnlock);
  state_ = State::kEnded;
  act(Kind::kEnded);
}

TimePoint QueueStateMachine::wake_at(TimePoint at) const {
  TimePoint first = TimePoint::max();
  const auto by = [&](TimePoint when) {
    if (when > at) first = std::min(first, when);
  };
  switch (state_) {
    case State::kFindingStart:
      if (find_id_ == 0) by(retry_at_);
      break;
    case State::kCommitting:
      if (commit_id_ == 0) by(retry_at_);
      break;
    case State::kDraining:
      by(drain_deadline_);
      if (noted_ && settings_.needs_lock) by(locked_until_);
      break;
    case State::kConsuming:
      if (!offered_open_ && rest_until_ != TimePoint::min()) by(rest_until_);
      if ((offered_open_ || noted_) && settings_.needs_lock) by(locked_until_);
      if (pull_id_ != 0) by(pull_sent_ + settings_.silent_pull_timeout);
      // The offset is read again while a pull is held.
      if (read_id_ == 0 && (pull_id_ == 0 || !trusted_)) by(retry_at_);
      break;
    default:
      break;
  }
  return first;
}

}  // namespace rocketmq
