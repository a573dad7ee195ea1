#pragma once

#include <chrono>
#include <new>
#include <thread>

namespace rocketmq {

// Does what must not fail for want of memory: again, until there is some. Any thread, which waits meanwhile.
template <typename Action>
void until_memory(Action&& action) {
  constexpr std::chrono::milliseconds kPause{10};
  for (;;) {
    try {
      action();
      return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(kPause);
    }
  }
}

}  // namespace rocketmq
