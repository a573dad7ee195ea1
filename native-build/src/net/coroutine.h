#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "net/event_loop.h"

namespace rocketmq {

// A timer that one coroutine of the loop waits on, and others cut short. On the loop only.
class Pause {
 public:
  explicit Pause(EventLoop& loop) : timer_(loop.context()) {}
  // Waits `duration`, or until interrupt() (true when interrupted). An interrupt that comes before the wait
  // ends the next wait at once.
  asio::awaitable<bool> wait(Millis duration);
  void interrupt();

 private:
  asio::steady_timer timer_;
  bool interrupted_ = false;
};

// Does what must follow from the end of a coroutine, however it ends: it returns, an exception leaves it, or memory
// runs out before it first runs. For the last of these it is a parameter of the coroutine, as nothing of the body
// exists then.
template <typename Action>
class AtEnd {
 public:
  explicit AtEnd(Action action) : action_(std::move(action)) {}
  AtEnd(AtEnd&& other) noexcept : action_(std::move(other.action_)), armed_(std::exchange(other.armed_, false)) {}
  AtEnd& operator=(AtEnd&&) = delete;
  ~AtEnd() { run(); }

  // Now, and not once more at the end.
  void run() noexcept {
    if (!std::exchange(armed_, false)) return;
    try {
      action_();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "net", "what follows from the end of a coroutine failed: {}", e.what());
    }
  }
  void cancel() { armed_ = false; }
  // What the action knows of the coroutine's progress.
  Action* operator->() { return &action_; }

 private:
  Action action_;
  bool armed_ = true;
};

// Starts a coroutine on the loop: once this returns it will run, unless the loop ends. An exception that leaves it is
// logged, never thrown on. Throws only std::bad_alloc, and has started nothing then.
void start_coroutine(EventLoop& loop, asio::awaitable<void> coroutine, const char* name);

// The same for what goes on until `ended`, as others count on it: where an exception leaves what `begin` gives, such as
// that there is no memory for a wait, it begins once more a moment later. `ended` is asked, on the loop, before
// `begin`.
void start_periodic(EventLoop& loop, std::function<asio::awaitable<void>()> begin, std::function<bool()> ended,
                    const char* name);

}  // namespace rocketmq
