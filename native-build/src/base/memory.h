#pragma once

#include <chrono>
#include <new>
#include <thread>

#include "base/error.h"

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

// Where there is no memory for all that an end says, it says less: it must come all the same.
template <typename Make>
Error as_far_as_memory_goes(ErrorKind kind, bool may_be_stored, const Make& make) {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    Error error;
    error.kind = kind;
    error.may_be_stored = may_be_stored;
    return error;
  }
}

}  // namespace rocketmq
