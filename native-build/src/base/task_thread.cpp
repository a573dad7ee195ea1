#include "base/task_thread.h"

#include <exception>

#include "base/log.h"
#include "base/thread.h"

namespace rocketmq {

TaskThread::TaskThread(std::string name) : name_(std::move(name)) {
  thread_ = start_thread(name_, [this] { run(); });
}

TaskThread::~TaskThread() { stop(); }

bool TaskThread::post(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  // Under the lock: whoever stops the thread after this task may destroy the object.
  ready_.notify_one();
  return true;
}

bool TaskThread::is_current() const { return std::this_thread::get_id() == thread_.get_id(); }

void TaskThread::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    ready_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void TaskThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    try {
      task();
    } catch (const std::exception& e) {
      // One task's failure must not end the thread for all others.
      log(LogLevel::kError, "base", "a task of the thread {} failed: {}", name_, e.what());
    }
    task = nullptr;
    lock.lock();
  }
}

}  // namespace rocketmq
