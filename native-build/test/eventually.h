#pragma once

#include <chrono>
#include <thread>

namespace rocketmq::test {

// Long enough for a slow machine under a sanitizer; a test that passes never waits so long.
inline constexpr std::chrono::milliseconds kPatience{30000};

// Looks at a condition until it holds; false when it does not in time.
template <typename Condition>
bool eventually(Condition condition, std::chrono::milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace rocketmq::test
