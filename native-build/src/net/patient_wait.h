#pragma once

#include <asio/bind_allocator.hpp>
#include <asio/recycling_allocator.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstddef>

#include "base/clock.h"
#include "base/memory.h"

namespace rocketmq {

// For what Asio allocates as a coroutine begins to wait. What is thrown there ends the process, as its await_suspend is
// noexcept: so the thread, which is the loop's, waits until there is memory.
template <typename Value>
struct PatientAllocator {
  using value_type = Value;

  PatientAllocator() = default;
  template <typename Other>
  PatientAllocator(const PatientAllocator<Other>& other) noexcept {  // NOLINT(google-explicit-constructor)
    (void)other;
  }
  Value* allocate(size_t count) {
    Value* memory = nullptr;
    until_memory([&] { memory = asio::recycling_allocator<Value>().allocate(count); });
    return memory;
  }
  void deallocate(Value* memory, size_t count) { asio::recycling_allocator<Value>().deallocate(memory, count); }
  template <typename Other>
  bool operator==(const PatientAllocator<Other>& other) const noexcept {
    (void)other;
    return true;
  }
};

// How a coroutine awaits an operation of Asio.
inline auto patiently(asio::error_code& error) {
  return asio::bind_allocator(PatientAllocator<void>(), asio::redirect_error(asio::use_awaitable, error));
}

// Before it awaits a timer: the loop's queue of timers may have to grow, which no allocator of ours does.
inline void make_room_to_wait(const asio::steady_timer::executor_type& executor) {
  until_memory([&] {
    asio::steady_timer room(executor, TimePoint::max());
    room.async_wait([](asio::error_code) {});
  });
}

}  // namespace rocketmq
