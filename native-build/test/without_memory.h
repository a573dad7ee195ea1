#pragma once

// Replaces the global operator new: include this in one source file of an executable only.

#include <cstdlib>
#include <new>

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

void* operator new(std::size_t size) {
  void* const memory = rocketmq::test::memory_is_gone ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
