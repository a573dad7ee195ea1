#include "client/completions.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client/client_thread.h"
#include "eventually.h"
#include "without_memory.h"

namespace rocketmq::test {

namespace {

struct Numbered : Completion {
  explicit Numbered(int of) : number(of) {}
  int number;
};

class CompletionsTest : public ::testing::Test {
 protected:
  CompletionsTest() : pool_(options()) {}

  static WorkerPool::Options options() {
    WorkerPool::Options made;
    made.name = "test-pool";
    return made;
  }

  std::shared_ptr<CompletionQueue> started(CompletionQueue::Tell tell) {
    auto queue = std::make_shared<CompletionQueue>(std::move(tell));
    queue->start(pool_);
    return queue;
  }

  std::vector<std::shared_ptr<Numbered>> add(CompletionQueue& queue, int count) {
    std::vector<std::shared_ptr<Numbered>> all;
    for (int i = 0; i < count; ++i) {
      all.push_back(std::make_shared<Numbered>(i));
      EXPECT_TRUE(queue.add(*all.back()));
    }
    return all;
  }

  WorkerPool pool_;
};

}  // namespace

TEST_F(CompletionsTest, ASnapshotWithoutMemoryLeavesAllAsItIs) {
  const auto queue = started([](const CompletionQueue::Batch&) {});
  auto all = add(*queue, 3);
  {
    const WithoutMemory none;
    EXPECT_THROW((void)queue->snapshot(), std::bad_alloc);
  }
  EXPECT_EQ(queue->snapshot().size(), 3U);
  for (const auto& each : all) queue->remove(*each);
  EXPECT_EQ(queue->count(), 0);
}

TEST_F(CompletionsTest, ASnapshotHasWhatIsAddedAndNotRemoved) {
  const auto queue = started([](const CompletionQueue::Batch&) {});
  EXPECT_TRUE(queue->snapshot().empty());
  auto all = add(*queue, 3);
  queue->remove(*all[1]);
  const auto left = queue->snapshot();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0], all[0]);
  EXPECT_EQ(left[1], all[2]);
  for (int i : {0, 2}) queue->remove(*all[static_cast<size_t>(i)]);
}

TEST_F(CompletionsTest, EachEndIsToldOnceAndInOrderWithoutMemory) {
  std::vector<int> told;
  size_t largest = 0;
  const auto queue = started([&](const CompletionQueue::Batch& ended) {
    largest = std::max(largest, ended.size());
    for (const auto& each : ended) told.push_back(static_cast<const Numbered&>(*each).number);
  });
  auto all = add(*queue, 5000);
  {
    const WithoutMemory none;
    for (auto& each : all) queue->end(std::move(each));
  }
  EXPECT_TRUE(queue->wait_empty(now() + kPatience));
  EXPECT_TRUE(queue->finish(now() + kPatience));
  ASSERT_EQ(told.size(), 5000U);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(told[static_cast<size_t>(i)], i);
  EXPECT_LE(largest, CompletionQueue::kLargestBatch);
}

TEST_F(CompletionsTest, EndsFromManyThreadsAreToldOnce) {
  std::atomic<int> told{0};
  const auto queue = started([&](const CompletionQueue::Batch& ended) { told += static_cast<int>(ended.size()); });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        auto operation = std::make_shared<Numbered>(i);
        ASSERT_TRUE(queue->add(*operation));
        if (i % 3 == 0) {
          queue->remove(*operation);
        } else {
          queue->end(std::move(operation));
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(queue->finish(now() + kPatience));
  EXPECT_EQ(told, 4 * 666);
  EXPECT_EQ(queue->count(), 0);
}

TEST_F(CompletionsTest, AfterRefuseNothingIsAddedAndForEachMeetsEachOnce) {
  const auto queue = started([](const CompletionQueue::Batch&) {});
  auto all = add(*queue, 100);
  queue->refuse();
  const auto late = std::make_shared<Numbered>(0);
  EXPECT_FALSE(queue->add(*late));
  int met = 0;
  queue->for_each([&](Completion& each) {
    ++met;
    // Some end on the way.
    if (static_cast<Numbered&>(each).number % 2 == 0) queue->end(each.shared_from_this());
  });
  EXPECT_EQ(met, 100);
  EXPECT_TRUE(eventually([&] { return queue->count() == 50; }));
  for (auto& each : all) {
    if (each->number % 2 == 1) queue->end(each);
  }
  EXPECT_TRUE(queue->finish(now() + kPatience));
}

TEST_F(CompletionsTest, WhatWaitsBehindACallbackThatBlocksIsToldWhenItReturns) {
  std::atomic<bool> release{false};
  std::atomic<int> told{0};
  const auto queue = started([&](const CompletionQueue::Batch& ended) {
    told += static_cast<int>(ended.size());
    while (!release) std::this_thread::sleep_for(Millis(1));
  });
  auto all = add(*queue, 10);
  queue->end(all[0]);
  ASSERT_TRUE(eventually([&] { return told == 1; }));
  for (int i = 1; i < 10; ++i) queue->end(all[static_cast<size_t>(i)]);
  queue->refuse();
  EXPECT_FALSE(queue->finish(now() + Millis(20)));
  pool_.stop();
  EXPECT_EQ(told, 1);
  release = true;
  EXPECT_TRUE(queue->wait_empty(now() + kPatience));
  EXPECT_EQ(told, 10);
}

TEST_F(CompletionsTest, WhatTheLaneHasNoTurnForIsToldByWhoFinishes) {
  std::string thread;
  bool like_others = false;
  const auto queue = started([&](const CompletionQueue::Batch&) {
    thread = current_thread_name();
    like_others = on_client_thread();
  });
  pool_.stop();
  const auto all = add(*queue, 1);
  queue->end(all[0]);
  EXPECT_FALSE(queue->finish(now() + Millis(20)));
  EXPECT_EQ(thread, current_thread_name());
  EXPECT_TRUE(like_others) << "a close in it would wait for itself";
  EXPECT_FALSE(on_client_thread());
  EXPECT_EQ(queue->count(), 0);
}

TEST_F(CompletionsTest, ACallbackThatThrowsHasBeenTold) {
  std::atomic<int> calls{0};
  const auto queue = started([&](const CompletionQueue::Batch&) {
    if (calls.fetch_add(1) == 0) throw std::runtime_error("meant to fail");
    throw 1;
  });
  for (int i = 1; i <= 3; ++i) {
    const auto all = add(*queue, 1);
    queue->end(all[0]);
    EXPECT_TRUE(eventually([&] { return calls == i; }));
  }
  EXPECT_TRUE(queue->finish(now() + kPatience));
}

TEST_F(CompletionsTest, QueuesOfOnePoolGiveWayToEachOther) {
  std::atomic<bool> stop{false};
  std::shared_ptr<CompletionQueue> busy[3];
  for (auto& each : busy) {
    each = started([&each, &stop](const CompletionQueue::Batch&) {
      if (stop) return;
      auto next = std::make_shared<Numbered>(0);
      if (each->add(*next)) each->end(std::move(next));
    });
    const auto first = std::make_shared<Numbered>(0);
    ASSERT_TRUE(each->add(*first));
    each->end(first);
  }
  std::atomic<int> told{0};
  const auto other = started([&](const CompletionQueue::Batch&) { ++told; });
  for (int i = 1; i <= 10; ++i) {
    const auto all = add(*other, 1);
    other->end(all[0]);
    EXPECT_TRUE(eventually([&] { return told == i; }));
  }
  stop = true;
  for (auto& each : busy) EXPECT_TRUE(each->finish(now() + kPatience));
}

}  // namespace rocketmq::test
