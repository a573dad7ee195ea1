#include "without_memory.h"

#include <cstdlib>
#include <new>

#ifdef ROCKETMQ_LINKER_WRAPS

// The linker leads all calls of operator new here (--wrap), which leaves the sanitizers theirs.
extern "C" void* __real__Znwm(std::size_t size);
extern "C" void* __wrap__Znwm(std::size_t size) {
  if (rocketmq::test::fails_now()) throw std::bad_alloc();
  return __real__Znwm(size);
}

#else

void* operator new(std::size_t size) {
  void* const memory = rocketmq::test::fails_now() ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#endif
