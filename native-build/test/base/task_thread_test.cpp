#include "base/task_thread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/thread.h"
#include "eventually.h"

namespace rocketmq::test {

TEST(TaskThreadTest, TasksRunInTheirOrderOnTheNamedThread) {
  std::vector<int> order;
  std::vector<std::string> names;
  TaskThread thread("test-tasks");
  EXPECT_FALSE(thread.is_current());
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(thread.post([&, i] {
      EXPECT_TRUE(thread.is_current());
      order.push_back(i);
      names.push_back(current_thread_name());
    }));
  }
  thread.stop();
  ASSERT_EQ(order.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_EQ(names, std::vector<std::string>(1000, "test-tasks"));
}

TEST(TaskThreadTest, EachOfSeveralPostersKeepsItsOrder) {
  constexpr int kPosters = 4;
  constexpr int kEach = 500;
  std::vector<std::vector<int>> order(kPosters);
  TaskThread thread("test-tasks");
  std::vector<std::thread> posters;
  for (size_t poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back([&, poster] {
      for (int i = 0; i < kEach; ++i) thread.post([&, poster, i] { order[poster].push_back(i); });
    });
  }
  for (auto& poster : posters) poster.join();
  thread.stop();
  for (const auto& each : order) {
    ASSERT_EQ(each.size(), static_cast<size_t>(kEach));
    EXPECT_TRUE(std::is_sorted(each.begin(), each.end()));
  }
}

TEST(TaskThreadTest, StopRunsWhatWasPostedAndRefusesWhatComesLater) {
  std::promise<void> gate;
  int ran = 0;
  TaskThread thread("test-tasks");
  ASSERT_TRUE(thread.post([&] { gate.get_future().wait(); }));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(thread.post([&] { ++ran; }));
  EXPECT_EQ(ran, 0);
  gate.set_value();
  thread.stop();
  EXPECT_EQ(ran, 100);
  EXPECT_FALSE(thread.post([&] { ++ran; }));
  thread.stop();
  EXPECT_EQ(ran, 100);
}

TEST(TaskThreadTest, WhatIsAcceptedWhileStopGoesOnRuns) {
  int accepted = 0;
  int ran = 0;
  TaskThread thread("test-tasks");
  std::promise<void> running;
  ASSERT_TRUE(thread.post([&] {
    running.set_value();
    EXPECT_TRUE(eventually([&] {
      const bool taken = thread.post([&] { ++ran; });
      accepted += taken ? 1 : 0;
      return !taken;
    }));
  }));
  running.get_future().wait();
  thread.stop();
  EXPECT_EQ(ran, accepted);
}

TEST(TaskThreadTest, TheDestructorStops) {
  int ran = 0;
  {
    TaskThread thread("test-tasks");
    for (int i = 0; i < 100; ++i) thread.post([&] { ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

// What a task owns may lock what later tasks need, and must not outlive the task.
TEST(TaskThreadTest, ATaskIsDestroyedOnTheThreadBeforeTheNextRuns) {
  TaskThread thread("test-tasks");
  std::vector<std::string> events;
  std::shared_ptr<void> owned(nullptr, [&](void*) { events.emplace_back(thread.is_current() ? "gone" : "elsewhere"); });
  ASSERT_TRUE(thread.post([&events, owned = std::move(owned)] { events.emplace_back("ran"); }));
  ASSERT_TRUE(thread.post([&] { events.emplace_back("next"); }));
  thread.stop();
  EXPECT_EQ(events, (std::vector<std::string>{"ran", "gone", "next"}));
}

TEST(TaskThreadTest, AFailingTaskLeavesTheThreadToTheNext) {
  bool ran = false;
  TaskThread thread("test-tasks");
  ASSERT_TRUE(thread.post([] { throw std::runtime_error("meant to fail"); }));
  ASSERT_TRUE(thread.post([&] { ran = true; }));
  thread.stop();
  EXPECT_TRUE(ran);
}

TEST(TaskThreadTest, ATaskMayPostAgain) {
  TaskThread thread("test-tasks");
  std::atomic<int> left{100};
  const std::function<void()> again = [&] {
    EXPECT_TRUE(left <= 1 || thread.post(again));
    --left;
  };
  ASSERT_TRUE(thread.post(again));
  EXPECT_TRUE(eventually([&] { return left == 0; }));
}

}  // namespace rocketmq::test
