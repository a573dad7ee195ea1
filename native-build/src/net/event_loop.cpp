#include "net/event_loop.h"

#include <condition_variable>
#include <exception>

#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

namespace rocketmq {

EventLoop::EventLoop(std::string thread_name) : work_(context_.get_executor()) {
  thread_ = start_thread(std::move(thread_name), [this] {
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& e) {
        // A handler's failure must not end the loop for all others.
        log(LogLevel::kError, "net", "an exception reached the event loop: {}", e.what());
      }
    }
  });
}

EventLoop::~EventLoop() { stop(); }

bool EventLoop::is_current() const { return thread_.get_id() == std::this_thread::get_id(); }

void EventLoop::run_and_wait(const std::function<void()>& task) {
  if (is_current() || !thread_.joinable()) return task();
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  const auto run = [&] {
    try {
      task();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "net", "a task of the event loop failed: {}", e.what());
    }
    // Under the lock: the waiter destroys all of this as soon as it sees `done`.
    std::lock_guard lock(mutex);
    done = true;
    changed.notify_one();
  };
  // Whoever closes something must not be kept from it.
  until_memory([&] { asio::post(context_, run); });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
}

void EventLoop::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(post_mutex_);
    stopped_ = true;
  }
  // Behind all that was posted before.
  run_and_wait([] {});
  work_.reset();
  context_.stop();
  thread_.join();
}

}  // namespace rocketmq
