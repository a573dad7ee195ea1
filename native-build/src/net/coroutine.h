#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "base/clock.h"
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

// Starts a coroutine on the loop. An exception that leaves it is logged, never thrown on.
void start_coroutine(EventLoop& loop, asio::awaitable<void> coroutine, const char* name);

}  // namespace rocketmq
