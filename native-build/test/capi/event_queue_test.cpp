#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "rocketmq/rocketmq.h"

namespace rocketmq::test {

namespace {

// What the callbacks are given is not looked at: a number in place of a pointer.
void post(uint64_t source, intptr_t value) {
  rocketmq_event_on_messages(source, reinterpret_cast<const rocketmq_message_batch*>(value));
}

void call(uint64_t source, int32_t value) { rocketmq_event_on_sent(source, nullptr, value); }

intptr_t value(const rocketmq_event& event) {
  return event.kind == ROCKETMQ_EVENT_SENT ? event.count : reinterpret_cast<intptr_t>(event.data);
}

rocketmq_event empty() {
  rocketmq_event event{};
  event.size = sizeof event;
  return event;
}

class EventQueueTest : public ::testing::Test {
 protected:
  ~EventQueueTest() override {
    rocketmq_event_source_destroy(source_);
    EXPECT_EQ(rocketmq_event_queue_destroy(queue_), ROCKETMQ_OK);
  }
  // The only thread that waits takes an event when that has waited for a while. On a thread of its own, as it counts as
  // one of the library's afterwards.
  bool take(rocketmq_event& event, int millis = 10000) {
    std::thread([&] { EXPECT_EQ(rocketmq_event_queue_take(queue_, &event, millis, nullptr), ROCKETMQ_OK); }).join();
    return event.kind != ROCKETMQ_EVENT_NONE;
  }

  rocketmq_event_queue* const queue_ = rocketmq_event_queue_create();
  const uint64_t source_ = rocketmq_event_source_create(queue_);
};

}  // namespace

TEST_F(EventQueueTest, GivesTheEventsOfASourceInTheirOrder) {
  for (int i = 1; i <= 3; ++i) post(source_, i);
  rocketmq_event event = empty();
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(take(event));
    EXPECT_EQ(value(event), i);
    EXPECT_EQ(event.source, source_);
    EXPECT_EQ(event.alone, 1);
    event.handled = 1;
  }
  EXPECT_FALSE(take(event, 0));
}

TEST_F(EventQueueTest, GivesWhatWasNotHandledAgain) {
  post(source_, 1);
  rocketmq_event event = empty();
  ASSERT_TRUE(take(event));
  event.progress = 5;
  ASSERT_TRUE(take(event));
  EXPECT_EQ(value(event), 1);
  EXPECT_EQ(event.progress, 5);
  event.handled = 1;
  EXPECT_FALSE(take(event, 0));
}

TEST_F(EventQueueTest, GivesWhatIsToComeAgainToAnyThreadBeforeWhatIsBehindIt) {
  post(source_, 1);
  post(source_, 2);
  rocketmq_event event = empty();
  ASSERT_TRUE(take(event));
  event.again_ms = 50;
  event.progress = 7;
  EXPECT_FALSE(take(event, 0));
  rocketmq_event other = empty();
  ASSERT_TRUE(take(other));
  EXPECT_EQ(value(other), 1);
  EXPECT_EQ(other.progress, 7);
  other.handled = 1;
  ASSERT_TRUE(take(other));
  EXPECT_EQ(value(other), 2);
  EXPECT_EQ(other.progress, 0);
  other.handled = 1;
  EXPECT_FALSE(take(other, 0));
}

TEST_F(EventQueueTest, OneThatIsNotHandledHoldsUpItsOwnSourceAlone) {
  const uint64_t second = rocketmq_event_source_create(queue_);
  post(source_, 1);
  post(source_, 2);
  rocketmq_event held = empty();
  ASSERT_TRUE(take(held));
  post(second, 3);
  rocketmq_event event = empty();
  ASSERT_TRUE(take(event));
  EXPECT_EQ(value(event), 3);
  event.handled = 1;
  EXPECT_FALSE(take(event, 50));
  rocketmq_event_source_destroy(second);
}

TEST_F(EventQueueTest, QueuesAreToldBesideMessages) {
  post(source_, 1);
  rocketmq_event held = empty();
  ASSERT_TRUE(take(held));
  std::thread caller([&] { rocketmq_event_on_queues_changed(source_, nullptr, nullptr, 2); });
  rocketmq_event event = empty();
  ASSERT_TRUE(take(event));
  EXPECT_EQ(event.kind, ROCKETMQ_EVENT_QUEUES_CHANGED);
  event.handled = 1;
  take(event, 0);
  caller.join();
}

TEST_F(EventQueueTest, ACallReturnsWhenItsEventIsHandled) {
  std::atomic<bool> returned{false};
  std::thread caller([&] {
    call(source_, 1);
    returned = true;
  });
  rocketmq_event event = empty();
  ASSERT_TRUE(take(event));
  EXPECT_FALSE(returned);
  event.handled = 1;
  take(event, 0);
  caller.join();
  EXPECT_TRUE(returned);
}

TEST_F(EventQueueTest, TheEndOfASourceReleasesCallsThatWaitAndWhatIsGivenLater) {
  rocketmq_event held = empty();
  post(source_, 1);
  ASSERT_TRUE(take(held));
  std::thread caller([&] { call(source_, 2); });
  post(source_, 3);
  rocketmq_event_source_destroy(source_);
  caller.join();
  call(source_, 4);
  rocketmq_event_source_destroy(source_);
  held.again_ms = 1;
  EXPECT_FALSE(take(held, 50));
}

TEST_F(EventQueueTest, ManyThreadsTakeEachEventOnce) {
  constexpr int kThreads = 4;
  constexpr int kSources = 8;
  constexpr int kEach = 500;
  std::vector<uint64_t> sources;
  for (int i = 0; i < kSources; ++i) sources.push_back(rocketmq_event_source_create(queue_));
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      rocketmq_event event = empty();
      while (taken < kSources * kEach) {
        if (!take(event, 20)) continue;
        event.handled = 1;
        ++taken;
      }
      take(event, 0);
    });
  }
  std::vector<std::thread> callers;
  for (const uint64_t source : sources) {
    callers.emplace_back([source] {
      for (int i = 0; i < kEach; ++i) {
        if (i % 2 == 0) {
          call(source, i);
        } else {
          post(source, i);
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, kSources * kEach);
  for (const uint64_t source : sources) rocketmq_event_source_destroy(source);
}

TEST_F(EventQueueTest, IsDestroyedOnlyWhenNobodyUsesIt) {
  EXPECT_EQ(rocketmq_event_queue_destroy(nullptr), ROCKETMQ_OK);
  EXPECT_EQ(rocketmq_event_queue_destroy(queue_), ROCKETMQ_INVALID_STATE);
  // A thread keeps its event for good, with another one behind it.
  rocketmq_event held = empty();
  post(source_, 1);
  post(source_, 2);
  ASSERT_TRUE(take(held));
}

}  // namespace rocketmq::test
