#pragma once

// Takes memory away from code under test. Tests' executables are linked so that this file must be part of each, by
// way of without_memory.cpp.

namespace rocketmq::test {

inline thread_local bool memory_is_gone = false;

// As long as it lives, the calling thread gets no memory by way of operator new.
class WithoutMemory {
 public:
  WithoutMemory() { memory_is_gone = true; }
  ~WithoutMemory() { memory_is_gone = false; }
  WithoutMemory(const WithoutMemory&) = delete;
  WithoutMemory& operator=(const WithoutMemory&) = delete;
};

}  // namespace rocketmq::test
