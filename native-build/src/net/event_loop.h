#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace rocketmq {

// An io_context run by one named thread. What runs on it must not block.
class EventLoop {
 public:
  explicit EventLoop(std::string thread_name);
  // Stops and joins where stop() was not called; never on the loop's own thread.
  ~EventLoop();

  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  asio::io_context& context() { return context_; }
  bool is_current() const;
  // Dropped once stop() began: what is left in the queue of a loop that has ended would keep alive what keeps
  // the loop alive.
  template <typename Task>
  void post(Task&& task) {
    std::lock_guard lock(post_mutex_);
    if (!stopped_) asio::post(context_, std::forward<Task>(task));
  }
  // Runs `task` on the loop and waits for its end; at once when already on the loop.
  void run_and_wait(const std::function<void()>& task);
  // Lets handlers that are ready run, then ends the thread. Idempotent.
  void stop();

 private:
  // They outlive the context, as the coroutines that go with it may post.
  std::mutex post_mutex_;
  bool stopped_ = false;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace rocketmq
