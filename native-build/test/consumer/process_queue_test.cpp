#include "consumer/push/process_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <new>

#include "base/worker_pool.h"
#include "consumer/push/dispatcher.h"
#include "eventually.h"
#include "without_memory.h"

namespace rocketmq::test {

namespace {

std::vector<StoredMessage> messages(int64_t first, int64_t count) {
  std::vector<StoredMessage> all(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) all[static_cast<size_t>(i)].queue_offset = first + i;
  return all;
}

std::shared_ptr<ProcessQueue> open_queue(bool orderly, std::shared_ptr<CacheTotals> totals = nullptr) {
  auto queue = std::make_shared<ProcessQueue>(MessageQueue{"t", "b", 0}, orderly, std::move(totals));
  queue->add({}, 0);
  queue->open(TimePoint::max());
  return queue;
}

}  // namespace

TEST(ProcessQueueTest, TheOffsetStaysAtTheLowestThatIsNotFinished) {
  const auto queue = open_queue(false);
  queue->add(messages(0, 3), 3);
  EXPECT_EQ(queue->take(2, now()).size(), 2U);
  queue->finish(1);
  EXPECT_EQ(queue->commit_offset(), 0);
  queue->finish(0);
  EXPECT_EQ(queue->commit_offset(), 2);
  queue->finish(2);
  EXPECT_EQ(queue->commit_offset(), 2) << "what was not given out cannot be finished";
}

TEST(ProcessQueueTest, WhatWaitedWhenItWasDiscardedIsNotPassed) {
  const auto totals = std::make_shared<CacheTotals>();
  const auto queue = open_queue(true, totals);
  queue->add(messages(0, 3), 3);
  EXPECT_EQ(queue->take(1, now()).size(), 1U);
  EXPECT_TRUE(queue->take(1, now()).empty()) << "one batch of an orderly queue at a time";
  queue->discard();
  EXPECT_EQ(totals->messages, 0);
  queue->finish(0);
  EXPECT_EQ(queue->commit_offset(), 1);
  EXPECT_EQ(queue->out_count(), 0U);
}

TEST(ProcessQueueTest, WithoutMemoryNothingOfAPullIsLostOrComesTwice) {
  for (int failing = 0; failing < 8; ++failing) {
    const auto queue = open_queue(false);
    for (int attempt = 0; queue->next_offset() < 5; ++attempt) {
      ASSERT_LT(attempt, 100);
      auto copy = messages(0, 5);
      try {
        if (attempt < failing) fail_next_allocations(1);
        queue->add(std::move(copy), 5);
      } catch (const std::bad_alloc&) {
        EXPECT_EQ(queue->next_offset(), 0);
      }
      fail_next_allocations(0);
    }
    EXPECT_EQ(queue->take(10, now()).size(), 5U);
  }
}

TEST(ProcessQueueTest, WithoutMemoryNothingIsTakenByHalves) {
  const auto queue = open_queue(false);
  queue->add(messages(0, 5), 5);
  {
    const WithoutMemory gone;
    EXPECT_THROW(queue->take(5, now()), std::bad_alloc);
  }
  EXPECT_EQ(queue->out_count(), 0U);
  auto taken = queue->take(5, now());
  ASSERT_EQ(taken.size(), 5U);
  {
    // A way back is always there.
    const WithoutMemory gone;
    for (auto& message : taken) queue->put_back(std::move(message));
  }
  EXPECT_EQ(queue->take(5, now()).size(), 5U);
}

TEST(DispatcherMemoryTest, AnEndOfABatchAndANewOfferNeedNone) {
  PushConsumerOptions options;
  std::mutex mutex;
  std::vector<uint64_t> given;
  options.on_delivery = [&](Delivery& delivery) {
    std::lock_guard lock(mutex);
    given.push_back(delivery.id);
  };
  WorkerPool workers({.name = "test"});
  Dispatcher dispatcher(options, [] {});
  dispatcher.start(workers);
  const auto queue = open_queue(false);
  queue->add(messages(0, 1), 1);
  {
    const WithoutMemory gone;
    dispatcher.schedule(queue);
  }
  ASSERT_TRUE(eventually([&] {
    std::lock_guard lock(mutex);
    return given.size() == 1;
  }));
  const auto record = dispatcher.claim(given.front());
  ASSERT_TRUE(record);
  {
    const WithoutMemory gone;
    dispatcher.end(record);
    EXPECT_EQ(dispatcher.take_ended(), record);
    dispatcher.put_back_ended(record);
    EXPECT_EQ(dispatcher.take_ended(), record);
    dispatcher.release(record);
  }
  EXPECT_TRUE(dispatcher.wait_idle(now()));
  dispatcher.stop();
  EXPECT_TRUE(dispatcher.wait_callbacks(now() + kPatience));
}

// The batch that cannot be made waits, and its queue with it.
TEST(DispatcherMemoryTest, AQueueKeepsItsTurnWhenNoBatchCanBeMade) {
  PushConsumerOptions options;
  std::atomic<int> given{0};
  options.on_delivery = [&](Delivery&) {
    // Of the thread that makes the next batch.
    if (++given == 1) fail_next_allocations(1);
  };
  WorkerPool workers({.name = "test"});
  Dispatcher dispatcher(options, [] {});
  const auto first = open_queue(false);
  first->add(messages(0, 1), 1);
  const auto second = open_queue(false);
  second->add(messages(0, 1), 1);
  dispatcher.schedule(first);
  dispatcher.schedule(second);
  dispatcher.start(workers);
  EXPECT_TRUE(eventually([&] {
    dispatcher.nudge();
    return given == 2;
  }));
  EXPECT_EQ(dispatcher.outstanding(), 2U);
  dispatcher.stop();
  EXPECT_TRUE(dispatcher.wait_callbacks(now() + kPatience));
}

}  // namespace rocketmq::test
