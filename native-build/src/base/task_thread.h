#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace rocketmq {

// One named thread that runs tasks in the order of their posting; they may block, and hold up none but those behind
// them. Owned by whoever posts; any thread may post.
class TaskThread {
 public:
  explicit TaskThread(std::string name);
  // Stops (see stop()); must not run on the thread itself.
  ~TaskThread();

  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  // False after stop() began: the task was not taken.
  bool post(std::function<void()> task);
  bool is_current() const;
  // Runs what was posted, then ends the thread and joins it. Idempotent. Not from the thread itself.
  void stop();

 private:
  void run();

  const std::string name_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rocketmq
