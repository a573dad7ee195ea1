#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/clock.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::capi {

// Hands what callbacks are given to threads of the application, which take it (see events.h). Owned by the application,
// which ends it before it is destroyed. Any thread.
//
// A source has two lines of events: one for the queues that a consumer has, and one for everything else. Of a line one
// event at a time is with the application. A line with an event to give is in the list of those that are ready, or of
// those that are given again later.
class EventQueue {
 private:
  struct Entry;

 public:
  // An event that is made on the thread that takes it.
  class Deferred {
   public:
    Deferred();
    virtual ~Deferred();
    Deferred(const Deferred&) = delete;
    Deferred& operator=(const Deferred&) = delete;

    // Calls the callback, once at the most, whose arguments stay valid until end().
    virtual void begin() = 0;
    // After begin(), when the application is done with it.
    virtual void end() = 0;
    // In place of both: its source is gone.
    virtual void drop() = 0;

   private:
    friend class EventQueue;
    const std::unique_ptr<Entry> entry_;
  };

  EventQueue() = default;
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // False, and nothing done, while it has sources or a thread is in take().
  bool end();

  uint64_t add_source();
  static void remove_source(uint64_t source);

  // Gives out `event`, and returns when it was handled, or its source is gone. Needs no memory.
  static void call(uint64_t source, const rocketmq_event& event);
  // The same without waiting; waits all the same where there is no memory for a copy.
  static void post(uint64_t source, const rocketmq_event& event);
  // The same with one that is made later; false where the source is gone. Needs no memory. Not again before its end.
  static bool post(uint64_t source, Deferred& deferred);

  // As rocketmq_event_queue_take; the number of threads that wait.
  int take(rocketmq_event& event, Millis timeout);

 private:
  struct Line;
  struct Source;
  struct Registry;
  struct LineList {
    Line* first = nullptr;
    Line* last = nullptr;
    void add(Line& line);
    void add_first(Line& line);
    void remove(Line& line);
  };

  using Lock = std::unique_lock<std::mutex>;

  static Registry& registry();
  static bool enter(uint64_t number, Entry& entry);
  int take(rocketmq_event& event, Millis timeout, Lock& lock);
  void finish(const rocketmq_event& event, Lock& lock);
  void give(Line& line, rocketmq_event& event);
  bool make(Line& line, rocketmq_event& event, Lock& lock);
  void note_ready(Line& line);
  void wake();
  TimePoint wake_at(TimePoint deadline) const;
  void end_delays(TimePoint at);
  static Entry* drop(Entry& entry, Entry* dropped);
  static void tell_dropped(Entry* dropped);

  // All of it under the registry's lock.
  std::condition_variable changed_;
  LineList ready_;
  LineList delayed_;
  int waiting_ = 0;
  // In take(), also those that have left the lock.
  int inside_ = 0;
  // The only thread that waits looks whether the others take too long.
  bool watching_ = false;
};

}  // namespace rocketmq::capi
