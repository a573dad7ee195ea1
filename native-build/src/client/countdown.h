#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "net/coroutine.h"
#include "net/event_loop.h"

namespace rocketmq {

// Lets several coroutines of the loop be waited for by one. Kept by all of them; on the event loop.
struct Countdown {
  Countdown(EventLoop& loop, size_t count) : left(count), pause(loop) {}
  void done() {
    if (--left == 0) pause.interrupt();
  }
  size_t left;
  size_t failed = 0;
  Pause pause;
};

// Counts down when it goes, as an exception must not leave the others waiting.
struct CountdownShare {
  explicit CountdownShare(std::shared_ptr<Countdown> countdown) : all(std::move(countdown)) {}
  CountdownShare(const CountdownShare&) = delete;
  CountdownShare& operator=(const CountdownShare&) = delete;
  ~CountdownShare() {
    if (!succeeded) ++all->failed;
    all->done();
  }
  const std::shared_ptr<Countdown> all;
  bool succeeded = false;
};

}  // namespace rocketmq
