#pragma once

// Takes memory away from code under test. Tests' executables are linked so that this file must be part of each, by
// way of without_memory.cpp.

namespace rocketmq::test {

inline thread_local bool memory_is_gone = false;
inline thread_local int failing_allocations = 0;
inline thread_local int allocations_before_failure = -1;

// Whether this allocation is to fail.
inline bool fails_now() {
  if (allocations_before_failure >= 0 && allocations_before_failure-- == 0) return true;
  if (failing_allocations == 0) return memory_is_gone;
  --failing_allocations;
  return true;
}

// The calling thread's next allocations by way of operator new fail, so many of them.
inline void fail_next_allocations(int count) { failing_allocations = count; }

// One of the calling thread's allocations fails, after so many others; negative: none.
inline void fail_allocation_after(int others) { allocations_before_failure = others; }

// As long as it lives, the calling thread gets no memory by way of operator new.
class WithoutMemory {
 public:
  WithoutMemory() { memory_is_gone = true; }
  ~WithoutMemory() { memory_is_gone = false; }
  WithoutMemory(const WithoutMemory&) = delete;
  WithoutMemory& operator=(const WithoutMemory&) = delete;
};

}  // namespace rocketmq::test
