#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/thread.h"

namespace rocketmq {

class Lane;

// The threads that run what belongs to the application (its callbacks), and what may wait for a disk. Shared by all
// objects of one client, each of which has lanes of its own: however slow the tasks of one lane are, those of the
// others go on. Any thread.
//
// There are as many threads as there is work at once, not as there are lanes: tasks of serial lanes share
// `base_threads` threads. One whose task takes longer than `blocked_after` counts no more among these, so that another
// takes its place as soon as work waits. Lanes with a concurrency above 1 get what they ask for beside these. One
// thread watches while work waits, and those above the base end after `idle_timeout`.
class WorkerPool {
 public:
  struct Options {
    // Its threads are called so, with "-1", "-2" and so on.
    std::string name;
    // What each thread does first.
    std::function<void()> on_thread_start = nullptr;
    int base_threads = 2;
    Millis blocked_after{10};
    Millis idle_timeout{30000};
    // For tests.
    std::function<std::thread(std::string name, std::function<void()> body)> thread_starter = start_thread;
  };

  // Starts the first thread; the others begin as they are needed.
  explicit WorkerPool(Options options);
  // Stops, as stop() does.
  ~WorkerPool();

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // At most `concurrency` tasks of a lane run at once; 1 keeps their order. Lanes take turns, task by task.
  // `on_signal` is what Lane::signal asks for.
  std::shared_ptr<Lane> make_lane(int concurrency = 1, std::function<void()> on_signal = nullptr);

  // No task begins from now on. Returns once the threads ended whose task has; the others are left to themselves, as a
  // task may never return: whoever cares closes its lane first and waits for it. Idempotent; not from one of the
  // threads.
  void stop();

  int thread_count() const;

 private:
  friend class Lane;
  struct State;
  struct Worker;
  // Shared with the threads, which may outlive the pool.
  const std::shared_ptr<State> state_;
};

// A line of tasks in a pool. It may outlive the pool, and then refuses everything. Any thread.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  // False, and the task is not taken, after close() or the pool's end. What a task throws is logged. It is destroyed on
  // its thread before the next one begins.
  bool post(std::function<void()> task);
  // Has on_signal run once more, before the tasks that wait; what is asked for several times before it begins is done
  // once. Needs no memory. False as post.
  bool signal() noexcept;
  // From now on no task begins; those that wait are dropped. Idempotent.
  void close();
  // After close(): false when a task still runs at the deadline. Not from inside one.
  bool wait_idle(TimePoint deadline);
  // The calling thread runs a task of this lane.
  bool is_current() const;

  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

 private:
  friend class WorkerPool;
  Lane(std::shared_ptr<WorkerPool::State> state, int concurrency, std::function<void()> on_signal);

  bool has_work() const { return !closed_ && (signalled_ || !tasks_.empty()); }
  bool is_serial() const { return concurrency_ == 1; }

  const std::shared_ptr<WorkerPool::State> state_;
  const int concurrency_;
  const std::function<void()> on_signal_;
  // Under the pool's lock.
  std::deque<std::function<void()>> tasks_;
  bool signalled_ = false;
  bool closed_ = false;
  int running_ = 0;
  // In the pool's list of lanes that have work to begin, which keeps them.
  bool ready_ = false;
  std::shared_ptr<Lane> next_ready_;
};

}  // namespace rocketmq
