#include "client/completions.h"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/thread.h"
#include "client/client_thread.h"

namespace rocketmq {

namespace {

// For which there is memory from the start.
constexpr size_t kSmallBatch = 32;
constexpr size_t kRemovedAtOnce = 32;

void let_go(std::shared_ptr<Completion>& chain, std::shared_ptr<Completion> next) { chain = std::move(next); }

}  // namespace

CompletionQueue::CompletionQueue(Tell tell, int64_t gather_from, Release release)
    : tell_(std::move(tell)), release_(std::move(release)), gather_from_(gather_from) {
  open_.previous_ = open_.next_ = &open_;
  others_.previous_ = others_.next_ = &others_;
  visited_.previous_ = visited_.next_ = &visited_;
}

CompletionQueue::~CompletionQueue() {
  // One after the other, as each keeps the next one.
  while (taken_) let_go(taken_, std::move(taken_->next_ended_));
  while (first_ended_) let_go(first_ended_, std::move(first_ended_->next_ended_));
}

void CompletionQueue::start(WorkerPool& pool, std::shared_ptr<CompletionTaker> taker) {
  batch_.reserve(kSmallBatch);
  taker_ = std::move(taker);
  lane_ = pool.make_lane(1, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->run();
  });
}

void CompletionQueue::link(Completion& head, Completion& operation) {
  operation.previous_ = head.previous_;
  operation.next_ = &head;
  head.previous_->next_ = &operation;
  head.previous_ = &operation;
}

void CompletionQueue::unlink(Completion& operation) {
  operation.previous_->next_ = operation.next_;
  operation.next_->previous_ = operation.previous_;
  operation.previous_ = operation.next_ = nullptr;
}

Completion& CompletionQueue::list_of(const Completion& operation) {
  return operation.gauged_count > 0 ? open_ : others_;
}

bool CompletionQueue::add(Completion& operation) {
  std::lock_guard lock(list_mutex_);
  if (refusing_) return false;
  link(list_of(operation), operation);
  operation.number_ = ++last_number_;
  ++linked_;
  count_ += operation.gauged_count;
  bytes_ += operation.gauged_bytes;
  return true;
}

void CompletionQueue::remove_locked(Completion& operation) {
  unlink(operation);
  --linked_;
  count_ -= operation.gauged_count;
  bytes_ -= operation.gauged_bytes;
}

void CompletionQueue::remove(Completion& operation) {
  std::lock_guard lock(list_mutex_);
  remove_locked(operation);
  if (waiting_ > 0) emptied_.notify_all();
}

void CompletionQueue::remove_batch() {
  if (release_) release_();
  for (size_t i = 0; i < batch_.size();) {
    // In pieces, so that a thousand do not hold up who adds one.
    const std::lock_guard lock(list_mutex_);
    for (const size_t end = std::min(batch_.size(), i + kRemovedAtOnce); i < end; ++i) remove_locked(*batch_[i]);
    if (waiting_ > 0) emptied_.notify_all();
  }
  batch_.clear();
}

void CompletionQueue::end(std::shared_ptr<Completion> operation) noexcept {
  Telling asked = Telling::kIdle;
  {
    std::lock_guard lock(ended_mutex_);
    Completion* const added = operation.get();
    (last_ended_ == nullptr ? first_ended_ : last_ended_->next_ended_) = std::move(operation);
    last_ended_ = added;
    if (telling_ != Telling::kIdle) return;
    asked = telling_ = whom_to_ask();
  }
  ask(asked);
}

// Of what has ended and is told next: under the lock, or by whoever tells.
CompletionQueue::Telling CompletionQueue::whom_to_ask() const {
  const Completion& next = taken_ ? *taken_ : *first_ended_;
  return taker_ && next.told != Completion::Told::kOnLane ? Telling::kTakerAsked : Telling::kLaneAsked;
}

void CompletionQueue::ask(Telling whom) noexcept {
  if (whom == Telling::kTakerAsked) {
    if (taker_->ask(shared_from_this())) return;
    const std::lock_guard lock(ended_mutex_);
    telling_ = Telling::kLaneAsked;
  }
  if (lane_->signal()) return;
  {
    // Else finish() tells it.
    const std::lock_guard lock(ended_mutex_);
    if (!finishing_) return;
  }
  tell_rest();
}

void CompletionQueue::not_taken() {
  {
    const std::lock_guard lock(ended_mutex_);
    if (telling_ != Telling::kTakerAsked) return;
    telling_ = Telling::kLaneAsked;
  }
  ask(Telling::kLaneAsked);
}

// After finish(): what waited behind a callback that did not return.
void CompletionQueue::tell_rest() noexcept {
  try {
    start_thread("rmq-close", [self = shared_from_this()] {
      mark_client_thread();
      self->run();
    }).detach();
  } catch (const std::exception&) {
    // Rather here than never.
    const ClientThreadScope scope;
    run();
  }
}

bool CompletionQueue::begin(Telling asked) {
  std::lock_guard lock(ended_mutex_);
  // Else whoever finishes does it.
  if (telling_ != asked) return false;
  telling_ = Telling::kRunning;
  return true;
}

// On the lane.
void CompletionQueue::run() {
  if (begin(Telling::kLaneAsked)) tell_all();
}

void CompletionQueue::tell_all() {
  for (;;) {
    tell_batch();
    remove_batch();
    const Telling next = what_next(true);
    if (next == Telling::kRunning) continue;
    if (next != Telling::kIdle) ask(next);
    return;
  }
}

bool CompletionQueue::begin_taking() {
  if (!begin(Telling::kTakerAsked)) return false;
  tell_batch();
  return true;
}

void CompletionQueue::end_taking() {
  remove_batch();
  // Never here in place of the lane: this thread takes from all.
  const Telling next = what_next(false);
  if (next != Telling::kIdle) ask(next);
}

void CompletionQueue::tell_batch() {
  take_batch();
  if (batch_.empty()) return;
  try {
    tell_(batch_);
  } catch (const std::exception& e) {
    log(LogLevel::kError, "client", "a callback failed: {}", e.what());
  } catch (...) {
    log(LogLevel::kError, "client", "a callback failed with an exception of an unknown type");
  }
}

bool CompletionQueue::goes_with_batch(const Completion& operation) const {
  if (batch_.size() >= kLargestBatch) return false;
  if (!taker_ || batch_.empty()) return true;
  return operation.told != Completion::Told::kAlone && operation.told == batch_.back()->told;
}

void CompletionQueue::take_batch() {
  if (!taken_) {
    std::lock_guard lock(ended_mutex_);
    taken_ = std::move(first_ended_);
    last_ended_ = nullptr;
  }
  while (taken_ && goes_with_batch(*taken_)) {
    if (batch_.size() == batch_.capacity()) {
      try {
        batch_.reserve(std::min(kLargestBatch, 2 * batch_.capacity()));
      } catch (const std::bad_alloc&) {
        return;
      }
    }
    auto next = std::move(taken_->next_ended_);
    batch_.push_back(std::move(taken_));
    taken_ = std::move(next);
  }
}

// Whom to ask for the rest; kRunning: the calling thread goes on, kIdle: there is none.
CompletionQueue::Telling CompletionQueue::what_next(bool go_on) {
  std::unique_lock lock(ended_mutex_);
  if (!taken_ && !first_ended_ && !gathered_ && !finishing_) {
    lock.unlock();
    // What is answered next comes soon: one wake-up for each would cost more.
    if (count() > gather_from_) pause_briefly();
    gathered_ = true;
    lock.lock();
  }
  if (!taken_ && !first_ended_) {
    gathered_ = false;
    return telling_ = Telling::kIdle;
  }
  if (finishing_ && go_on) return Telling::kRunning;
  return telling_ = whom_to_ask();
}

int64_t CompletionQueue::count() const {
  std::lock_guard lock(list_mutex_);
  return count_;
}

int64_t CompletionQueue::bytes() const {
  std::lock_guard lock(list_mutex_);
  return bytes_;
}

void CompletionQueue::refuse() {
  std::lock_guard lock(list_mutex_);
  refusing_ = true;
}

bool CompletionQueue::wait_empty(TimePoint deadline) {
  std::unique_lock lock(list_mutex_);
  ++waiting_;
  const bool empty = emptied_.wait_until(lock, deadline, [&] { return linked_ == 0; });
  --waiting_;
  return empty;
}

// Each list is in the order of the numbers, as far as those go that count; most of them are in the first one.
bool CompletionQueue::has_gauged_until(uint64_t number) const {
  if (open_.next_ != &open_ && open_.next_->number_ <= number) return true;
  for (const Completion* each = visited_.next_; each != &visited_; each = each->next_) {
    if (each->gauged_count > 0 && each->number_ <= number) return true;
  }
  return false;
}

bool CompletionQueue::wait_gauged(TimePoint deadline) {
  std::unique_lock lock(list_mutex_);
  const uint64_t last = last_number_;
  ++waiting_;
  const bool ended = emptied_.wait_until(lock, deadline, [&] { return !has_gauged_until(last); });
  --waiting_;
  return ended;
}

void CompletionQueue::for_each(const std::function<void(Completion& operation)>& action) {
  for (Head* head : {&open_, &others_}) {
    for (;;) {
      std::shared_ptr<Completion> operation;
      {
        std::lock_guard lock(list_mutex_);
        if (head->next_ == head) break;
        operation = head->next_->shared_from_this();
        unlink(*operation);
        link(visited_, *operation);
      }
      action(*operation);
    }
  }
  std::lock_guard lock(list_mutex_);
  while (visited_.next_ != &visited_) {
    Completion& operation = *visited_.next_;
    unlink(operation);
    link(list_of(operation), operation);
  }
}

CompletionQueue::Batch CompletionQueue::snapshot() {
  Batch operations;
  for (;;) {
    size_t expected = 0;
    {
      std::lock_guard lock(list_mutex_);
      expected = static_cast<size_t>(linked_);
      if (expected <= operations.capacity()) {
        for (Head* head : {&open_, &others_, &visited_}) {
          for (Completion* each = head->next_; each != head; each = each->next_) {
            if (auto operation = each->weak_from_this().lock()) operations.push_back(std::move(operation));
          }
        }
        return operations;
      }
    }
    // Not under the lock, which every send needs; and with room for those that are added meanwhile.
    operations.reserve(expected + expected / 8 + 1);
  }
}

bool CompletionQueue::finish(TimePoint deadline) {
  if (lane_ == nullptr) return true;
  const bool all_told = wait_empty(deadline);
  // First, so that what is asked for from now on fails, and what was is seen below.
  lane_->close();
  bool rest_is_ours = false;
  {
    std::lock_guard lock(ended_mutex_);
    finishing_ = true;
    // The lane did not get its turn.
    rest_is_ours = telling_ == Telling::kLaneAsked;
    if (rest_is_ours) telling_ = Telling::kRunning;
  }
  if (rest_is_ours) {
    // A callback that closes, too, must not wait for the close that runs it.
    const ClientThreadScope scope;
    tell_all();
  }
  return lane_->wait_idle(std::max(deadline, now())) && all_told;
}

}  // namespace rocketmq
