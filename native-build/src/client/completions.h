#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/worker_pool.h"

namespace rocketmq {

// What a call began and what ends exactly once: the base of sends, requests and the calls of a simple consumer. Linked
// into its queue by itself, so that its end needs no memory. Whoever made it decides who ends it.
class Completion : public std::enable_shared_from_this<Completion> {
 public:
  virtual ~Completion() = default;

  // How its end is told where a taker takes batches of them.
  enum class Told { kWithOthers, kAlone, kOnLane };

  // What it is, for the queue's owner to tell apart.
  int kind = 0;
  // Set before its end.
  Told told = Told::kWithOthers;
  // What it adds to the gauges of its queue; set before it is added.
  int64_t gauged_count = 1;
  int64_t gauged_bytes = 0;

 protected:
  Completion() = default;

 private:
  friend class CompletionQueue;
  // Among those of the queue that count in its gauges, or the others, under its lock.
  Completion* previous_ = nullptr;
  Completion* next_ = nullptr;
  // Grows in the order in which they were added.
  uint64_t number_ = 0;
  // The next one that has ended and is to be told.
  std::shared_ptr<Completion> next_ended_;
};

class CompletionQueue;

// Threads of the application that take what has ended, in place of being called on a lane.
class CompletionTaker {
 public:
  virtual ~CompletionTaker() = default;
  // Has one of them call the queue's begin_taking, and end_taking when the application is done with it. False where
  // nobody takes any more; later, the queue's not_taken says so. Needs no memory.
  virtual bool ask(std::shared_ptr<CompletionQueue> queue) noexcept = 0;
};

// The operations of one producer or consumer that have not ended, or whose end has not been told yet. Ends are told in
// batches, one batch at a time, on a lane of the client's callback threads, or by a taker; after each batch it gives
// way to others. Owned by the producer or consumer, together with a batch that is being told. Any thread.
class CompletionQueue : public std::enable_shared_from_this<CompletionQueue> {
 public:
  static constexpr size_t kLargestBatch = 1024;
  using Batch = std::vector<std::shared_ptr<Completion>>;
  // Tells what has ended; what it throws is logged. For a taker it calls no more than one callback, whose arguments
  // stay valid until Release.
  using Tell = std::function<void(const Batch& ended)>;
  using Release = std::function<void()>;

  // With `gather_from` operations or more it waits a moment for further ends, in place of waking for each of them.
  explicit CompletionQueue(Tell tell, int64_t gather_from = INT64_MAX, Release release = nullptr);
  ~CompletionQueue();

  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;

  // Before the first end; may throw bad_alloc.
  void start(WorkerPool& pool, std::shared_ptr<CompletionTaker> taker = nullptr);

  // From here until its end is told, or remove(), wait_empty() waits for it. False after refuse().
  bool add(Completion& operation);
  // For one whose end is told to nobody, or otherwise.
  void remove(Completion& operation);
  // It has ended, which is told; once for each operation.
  void end(std::shared_ptr<Completion> operation) noexcept;

  // By the taker: tells a batch; false where there is none.
  bool begin_taking();
  // After begin_taking.
  void end_taking();
  // Nobody takes what the taker was asked for.
  void not_taken();

  // The gauges.
  int64_t count() const;
  int64_t bytes() const;

  // From now on nothing is added.
  void refuse();
  // False when something is left at the deadline.
  bool wait_empty(TimePoint deadline);
  // Waits until all that the gauges count now have ended and were told. False when some are left at the deadline. Not
  // on the lane.
  bool wait_gauged(TimePoint deadline);
  // After refuse(): for each operation once. Needs no memory.
  void for_each(const std::function<void(Completion& operation)>& action);
  // Those that are added and not removed now.
  Batch snapshot();
  // After everything has ended: returns when all is told, but at the deadline also when a callback does not return.
  // What waits behind that one is told when it does return. Idempotent; not from inside the callback.
  bool finish(TimePoint deadline);

 private:
  enum class Telling { kIdle, kLaneAsked, kTakerAsked, kRunning };
  // Closes a list to a ring.
  struct Head final : Completion {};

  bool begin(Telling asked);
  void run();
  void tell_all();
  void tell_batch();
  void ask(Telling whom) noexcept;
  void tell_rest() noexcept;
  Telling whom_to_ask() const;
  bool goes_with_batch(const Completion& operation) const;
  void take_batch();
  Telling what_next(bool go_on);
  static void link(Completion& head, Completion& operation);
  static void unlink(Completion& operation);
  Completion& list_of(const Completion& operation);
  bool has_gauged_until(uint64_t number) const;
  void remove_locked(Completion& operation);
  void remove_batch();

  const Tell tell_;
  const Release release_;
  const int64_t gather_from_;
  std::shared_ptr<Lane> lane_;
  std::shared_ptr<CompletionTaker> taker_;

  mutable std::mutex list_mutex_;
  std::condition_variable emptied_;
  Head open_;
  // Those that do not count in the gauges.
  Head others_;
  // Those that for_each has been at.
  Head visited_;
  int64_t linked_ = 0;
  uint64_t last_number_ = 0;
  int64_t count_ = 0;
  int64_t bytes_ = 0;
  int waiting_ = 0;
  bool refusing_ = false;

  // Another lock, so that who adds and who ends do not wait for each other.
  std::mutex ended_mutex_;
  std::shared_ptr<Completion> first_ended_;
  Completion* last_ended_ = nullptr;
  Telling telling_ = Telling::kIdle;
  bool finishing_ = false;

  // Of whoever tells: what was taken of the ended ones, and the batch.
  std::shared_ptr<Completion> taken_;
  Batch batch_;
  bool gathered_ = false;
};

}  // namespace rocketmq
