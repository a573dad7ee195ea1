#include "base/one_shot_event.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace rocketmq::test {

TEST(OneShotEventTest, WhatHappenedBeforeIsNotWaitedFor) {
  OneShotEvent event;
  event.set();
  event.wait();
  event.wait();
}

// Nobody misses a wake-up, whether the wait or the event comes first.
TEST(OneShotEventTest, NoneOfManyWaitsIsForgotten) {
  constexpr int kWaits = 100000;
  constexpr size_t kApart = 64;
  std::vector<std::shared_ptr<OneShotEvent>> events(kWaits);
  for (auto& event : events) event = std::make_shared<OneShotEvent>();
  std::atomic<int> waited{0};
  std::thread waiter([&] {
    for (const auto& event : events) {
      event->wait();
      ++waited;
    }
  });
  for (int i = 0; i < kWaits; ++i) {
    events[static_cast<size_t>(i)]->set();
    // Now and then the waiter is ahead.
    if (i % kApart == 0) {
      while (waited < i) std::this_thread::yield();
    }
  }
  waiter.join();
  EXPECT_EQ(waited, kWaits);
}

}  // namespace rocketmq::test
