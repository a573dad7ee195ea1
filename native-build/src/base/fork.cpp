#include "base/fork.h"

#include <atomic>

#ifndef _WIN32
#include <pthread.h>
#endif

namespace rocketmq {

#ifdef _WIN32
uint64_t fork_generation() { return 0; }
#else
namespace {
std::atomic<uint64_t> generation{0};
}  // namespace

uint64_t fork_generation() {
  // Only the thread that forks lives on in the child, and the handler runs on it.
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;
  return generation.load(std::memory_order_relaxed);
}
#endif

}  // namespace rocketmq
