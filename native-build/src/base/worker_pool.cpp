#include "base/worker_pool.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <utility>

#include "base/log.h"

namespace rocketmq {

namespace {

thread_local const Lane* current_lane = nullptr;

}  // namespace

struct WorkerPool::Worker {
  std::thread thread;
  TimePoint task_began{};
  bool in_task = false;
  // Its task counts among those that share the base threads.
  bool counted = false;
};

struct WorkerPool::State : std::enable_shared_from_this<WorkerPool::State> {
  // Lanes with work to begin, linked by themselves, so that entering needs no memory.
  struct ReadyList {
    std::shared_ptr<Lane> first;
    Lane* last = nullptr;
    bool empty() const { return first == nullptr; }
    void add(std::shared_ptr<Lane> lane);
    std::shared_ptr<Lane> take_first();
    void remove(const Lane* lane);
  };

  explicit State(Options pool_options) : options(std::move(pool_options)) {}

  // All of them under the lock.
  ReadyList& list_of(const Lane& lane) { return lane.is_serial() ? serial : concurrent; }
  void note_work(Lane& lane);
  bool may_begin_serial() const { return !serial.empty() && counted < options.base_threads; }
  // Does not throw.
  void call_help();
  void start_worker();
  std::shared_ptr<Lane> take_lane();
  TimePoint next_overdue() const;
  void replace_overdue();

  void run(std::list<Worker>::iterator self);
  void run_task(Worker& self, const std::shared_ptr<Lane>& lane, std::shared_ptr<Lane> previous,
                std::unique_lock<std::mutex>& lock);

  const Options options;
  mutable std::mutex mutex;
  std::condition_variable work;
  std::condition_variable lane_idle;
  ReadyList serial;
  ReadyList concurrent;
  bool serial_next = false;
  std::list<Worker> workers;
  // Of the workers: without a task, or beginning.
  int idle = 0;
  int counted = 0;
  int last_number = 0;
  // One of the idle ones looks whether tasks are overdue.
  bool watching = false;
  bool stopping = false;
  bool cannot_start = false;
};

void WorkerPool::State::ReadyList::add(std::shared_ptr<Lane> lane) {
  Lane* const added = lane.get();
  added->ready_ = true;
  (last == nullptr ? first : last->next_ready_) = std::move(lane);
  last = added;
}

std::shared_ptr<Lane> WorkerPool::State::ReadyList::take_first() {
  auto lane = std::move(first);
  first = std::move(lane->next_ready_);
  if (first == nullptr) last = nullptr;
  lane->ready_ = false;
  return lane;
}

void WorkerPool::State::ReadyList::remove(const Lane* lane) {
  Lane* before = nullptr;
  for (Lane* each = first.get(); each != nullptr; before = each, each = each->next_ready_.get()) {
    if (each != lane) continue;
    each->ready_ = false;
    if (last == each) last = before;
    // The next one leaves the lane before the lane is let go.
    auto next = std::move(each->next_ready_);
    (before == nullptr ? first : before->next_ready_) = std::move(next);
    return;
  }
}

void WorkerPool::State::note_work(Lane& lane) {
  if (!lane.ready_ && lane.has_work() && lane.running_ < lane.concurrency_) list_of(lane).add(lane.shared_from_this());
  call_help();
}

// Has a thread begin what waits, or watch over it.
void WorkerPool::State::call_help() {
  const bool can_begin = !concurrent.empty() || may_begin_serial();
  const bool needs_watch = !serial.empty() && !watching;
  if (stopping || (!can_begin && !needs_watch)) return;
  if (idle > 0) {
    work.notify_one();
    return;
  }
  try {
    start_worker();
    cannot_start = false;
  } catch (const std::exception& e) {
    // Those that run go on with it, and the next task asks again. Told once, not for each task.
    if (!std::exchange(cannot_start, true)) {
      log(LogLevel::kWarn, "base", "no further thread {} could be started, so work may wait: {}", options.name,
          e.what());
    }
  }
}

void WorkerPool::State::start_worker() {
  const auto worker = workers.emplace(workers.end());
  try {
    worker->thread = options.thread_starter(options.name + "-" + std::to_string(last_number + 1),
                                            [self = shared_from_this(), worker] { self->run(worker); });
  } catch (...) {
    workers.erase(worker);
    throw;
  }
  ++last_number;
  ++idle;
}

std::shared_ptr<Lane> WorkerPool::State::take_lane() {
  if (stopping) return nullptr;
  const bool from_serial = may_begin_serial() && (serial_next || concurrent.empty());
  if (!from_serial && concurrent.empty()) return nullptr;
  serial_next = !from_serial;
  return (from_serial ? serial : concurrent).take_first();
}

TimePoint WorkerPool::State::next_overdue() const {
  TimePoint next = now() + options.blocked_after;
  for (const Worker& worker : workers) {
    if (worker.counted) next = std::min(next, worker.task_began + options.blocked_after);
  }
  return next;
}

void WorkerPool::State::replace_overdue() {
  const TimePoint at = now();
  for (Worker& worker : workers) {
    if (!worker.counted || worker.task_began + options.blocked_after > at) continue;
    worker.counted = false;
    --counted;
  }
}

void WorkerPool::State::run(std::list<Worker>::iterator self) {
  if (options.on_thread_start) options.on_thread_start();
  // The lane of the last task; let go without the lock, as what it owns may lock.
  std::shared_ptr<Lane> last;
  std::unique_lock lock(mutex);
  for (;;) {
    if (auto lane = take_lane()) {
      last.swap(lane);
      run_task(*self, last, std::move(lane), lock);
      continue;
    }
    if (stopping) {
      lock.unlock();
      if (last) last->close();
      return;
    }
    if (last) {
      lock.unlock();
      last.reset();
      lock.lock();
      continue;
    }
    if (!serial.empty() && !watching) {
      watching = true;
      work.wait_until(lock, next_overdue());
      watching = false;
      replace_overdue();
      continue;
    }
    if (work.wait_for(lock, options.idle_timeout) == std::cv_status::no_timeout) continue;
    const bool has_work = !concurrent.empty() || may_begin_serial() || (!serial.empty() && !watching);
    if (stopping || has_work || static_cast<int>(workers.size()) <= options.base_threads) continue;
    --idle;
    self->thread.detach();
    workers.erase(self);
    return;
  }
}

void WorkerPool::State::run_task(Worker& self, const std::shared_ptr<Lane>& lane, std::shared_ptr<Lane> previous,
                                 std::unique_lock<std::mutex>& lock) {
  std::function<void()> task;
  const bool signal = std::exchange(lane->signalled_, false);
  if (!signal) {
    task = std::move(lane->tasks_.front());
    lane->tasks_.pop_front();
  }
  ++lane->running_;
  --idle;
  self.in_task = true;
  self.task_began = now();
  self.counted = lane->is_serial();
  counted += self.counted ? 1 : 0;
  if (lane->has_work() && lane->running_ < lane->concurrency_) list_of(*lane).add(lane);
  call_help();
  lock.unlock();
  previous.reset();
  current_lane = lane.get();
  try {
    signal ? lane->on_signal_() : task();
  } catch (const std::exception& e) {
    // One task's failure must not end the thread for all others.
    log(LogLevel::kError, "base", "a task of the thread {} failed: {}", current_thread_name(), e.what());
  } catch (...) {
    log(LogLevel::kError, "base", "a task of the thread {} failed with an exception of an unknown type",
        current_thread_name());
  }
  task = nullptr;
  current_lane = nullptr;
  lock.lock();
  counted -= self.counted ? 1 : 0;
  self.counted = false;
  self.in_task = false;
  ++idle;
  --lane->running_;
  if (!lane->ready_ && lane->has_work()) list_of(*lane).add(lane);
  if (lane->closed_ || stopping) lane_idle.notify_all();
}

WorkerPool::WorkerPool(Options options) : state_(std::make_shared<State>(std::move(options))) {
  std::lock_guard lock(state_->mutex);
  state_->start_worker();
}

WorkerPool::~WorkerPool() { stop(); }

std::shared_ptr<Lane> WorkerPool::make_lane(int concurrency, std::function<void()> on_signal) {
  return std::shared_ptr<Lane>(new Lane(state_, concurrency, std::move(on_signal)));
}

void WorkerPool::stop() {
  std::list<Worker> ending;
  {
    std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    state_->stopping = true;
    for (auto worker = state_->workers.begin(); worker != state_->workers.end();) {
      const auto each = worker++;
      if (each->in_task) {
        each->thread.detach();
      } else {
        ending.splice(ending.end(), state_->workers, each);
      }
    }
    state_->work.notify_all();
    state_->lane_idle.notify_all();
  }
  for (Worker& worker : ending) worker.thread.join();
  // Their tasks may own what locks.
  for (auto* list : {&state_->serial, &state_->concurrent}) {
    for (;;) {
      std::shared_ptr<Lane> lane;
      {
        std::lock_guard lock(state_->mutex);
        if (list->empty()) break;
        lane = list->take_first();
      }
      lane->close();
    }
  }
}

int WorkerPool::thread_count() const {
  std::lock_guard lock(state_->mutex);
  return static_cast<int>(state_->workers.size());
}

Lane::Lane(std::shared_ptr<WorkerPool::State> state, int concurrency, std::function<void()> on_signal)
    : state_(std::move(state)), concurrency_(std::max(1, concurrency)), on_signal_(std::move(on_signal)) {}

Lane::~Lane() = default;

bool Lane::post(std::function<void()> task) {
  std::lock_guard lock(state_->mutex);
  if (closed_ || state_->stopping) return false;
  tasks_.push_back(std::move(task));
  state_->note_work(*this);
  return true;
}

bool Lane::signal() noexcept {
  std::lock_guard lock(state_->mutex);
  if (closed_ || state_->stopping || !on_signal_) return false;
  signalled_ = true;
  state_->note_work(*this);
  return true;
}

void Lane::close() {
  std::deque<std::function<void()>> dropped;
  std::lock_guard lock(state_->mutex);
  closed_ = true;
  signalled_ = false;
  dropped.swap(tasks_);
  if (ready_) state_->list_of(*this).remove(this);
  if (running_ == 0) state_->lane_idle.notify_all();
}

bool Lane::wait_idle(TimePoint deadline) {
  std::unique_lock lock(state_->mutex);
  return state_->lane_idle.wait_until(lock, deadline, [&] { return running_ == 0; });
}

bool Lane::is_current() const { return current_lane == this; }

}  // namespace rocketmq
