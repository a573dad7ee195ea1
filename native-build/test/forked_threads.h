#pragma once

#include <cstdlib>

namespace rocketmq::test {

// Why a process that was forked can start no thread here; null where it can.
inline const char* why_a_fork_starts_no_thread() {
#if defined(__SANITIZE_THREAD__)
  return "ThreadSanitizer lets no forked process start threads";
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  return "ThreadSanitizer lets no forked process start threads";
#endif
#endif
  // Set for ctest where an emulator runs the tests.
  return std::getenv("ROCKETMQ_TEST_EMULATOR") == nullptr ? nullptr
                                                          : "qemu 7.2 aborts a forked process that starts a thread";
}

}  // namespace rocketmq::test
