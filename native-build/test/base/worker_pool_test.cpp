#include "base/worker_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/thread.h"
#include "eventually.h"
#include "without_memory.h"

namespace rocketmq::test {

namespace {

// What tasks wait at until it is opened.
class Gate {
 public:
  ~Gate() { open(); }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    opened_.wait(lock, [&] { return open_; });
  }
  int waiting() {
    std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  int waiting_ = 0;
};

WorkerPool::Options options() {
  WorkerPool::Options made;
  made.name = "test-pool";
  return made;
}

// Closes the lane once all that was posted before has run.
void finish(const std::shared_ptr<Lane>& lane) {
  std::atomic<bool> reached{false};
  ASSERT_TRUE(lane->post([&] { reached = true; }));
  EXPECT_TRUE(eventually([&] { return reached.load(); }));
  lane->close();
  EXPECT_TRUE(lane->wait_idle(now() + kPatience));
}

}  // namespace

TEST(WorkerPoolTest, ASerialLaneKeepsTheOrderOfItsTasks) {
  WorkerPool pool(options());
  const auto lane = pool.make_lane();
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(lane->post([&, i] {
      EXPECT_TRUE(lane->is_current());
      EXPECT_EQ(current_thread_name().rfind("test-pool-", 0), 0U);
      order.push_back(i);
    }));
  }
  EXPECT_FALSE(lane->is_current());
  finish(lane);
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(WorkerPoolTest, EachOfSeveralPostersKeepsItsOrder) {
  constexpr int kPosters = 4;
  constexpr int kEach = 500;
  WorkerPool pool(options());
  const auto lane = pool.make_lane();
  std::vector<std::vector<int>> order(kPosters);
  std::vector<std::thread> posters;
  for (size_t poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back([&, poster] {
      for (int i = 0; i < kEach; ++i) lane->post([&, poster, i] { order[poster].push_back(i); });
    });
  }
  for (auto& poster : posters) poster.join();
  finish(lane);
  for (const auto& each : order) {
    ASSERT_EQ(each.size(), static_cast<size_t>(kEach));
    EXPECT_TRUE(std::is_sorted(each.begin(), each.end()));
  }
}

TEST(WorkerPoolTest, LanesTakeTurns) {
  auto one_thread = options();
  one_thread.base_threads = 1;
  one_thread.blocked_after = kPatience;
  WorkerPool pool(one_thread);
  Gate gate;
  const auto first = pool.make_lane();
  const auto second = pool.make_lane();
  std::string order;
  ASSERT_TRUE(first->post([&] { gate.wait(); }));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(first->post([&] { order += 'a'; }));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(second->post([&] { order += 'b'; }));
  gate.open();
  finish(first);
  finish(second);
  EXPECT_EQ(order, "bababa");
}

TEST(WorkerPoolTest, ABlockedLaneHoldsUpNoOther) {
  WorkerPool pool(options());
  Gate gate;
  std::vector<std::shared_ptr<Lane>> blocked;
  for (int i = 0; i < 10; ++i) {
    blocked.push_back(pool.make_lane());
    ASSERT_TRUE(blocked.back()->post([&] { gate.wait(); }));
  }
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 10; }));
  const auto other = pool.make_lane();
  finish(other);
  EXPECT_EQ(gate.waiting(), 10);
  gate.open();
  for (const auto& lane : blocked) finish(lane);
}

TEST(WorkerPoolTest, AThousandLanesWithShortTasksShareFewThreads) {
  auto patient = options();
  // A machine under load may stop a thread for longer than a task may take.
  patient.blocked_after = kPatience;
  WorkerPool pool(patient);
  std::atomic<int> ran{0};
  std::vector<std::shared_ptr<Lane>> lanes;
  for (int i = 0; i < 1000; ++i) lanes.push_back(pool.make_lane());
  for (int round = 0; round < 20; ++round) {
    for (const auto& lane : lanes) ASSERT_TRUE(lane->post([&] { ++ran; }));
  }
  EXPECT_TRUE(eventually([&] { return ran == 20000; }));
  // Those of the base, and one that watches.
  EXPECT_LE(pool.thread_count(), 3);
}

TEST(WorkerPoolTest, ThreadsAreAddedOnlyWhileTasksBlock) {
  WorkerPool pool(options());
  EXPECT_EQ(pool.thread_count(), 1);
  const auto first = pool.make_lane();
  finish(first);
  EXPECT_EQ(pool.thread_count(), 1);
  Gate gate;
  std::vector<std::shared_ptr<Lane>> lanes;
  for (int i = 0; i < 20; ++i) {
    lanes.push_back(pool.make_lane());
    ASSERT_TRUE(lanes.back()->post([&] { gate.wait(); }));
  }
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 20; }));
  EXPECT_GE(pool.thread_count(), 20);
  // Two of the base and one that watches are more than the blocked ones.
  EXPECT_LE(pool.thread_count(), 23);
  gate.open();
  for (const auto& lane : lanes) finish(lane);
}

TEST(WorkerPoolTest, ALaneRunsAsManyTasksAtOnceAsItAskedFor) {
  WorkerPool pool(options());
  const auto lane = pool.make_lane(5);
  Gate gate;
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(lane->post([&] {
      const int now_running = ++running;
      int seen = most;
      while (seen < now_running && !most.compare_exchange_weak(seen, now_running)) {
      }
      gate.wait();
      --running;
    }));
  }
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 5; }));
  // They take no place from serial lanes.
  finish(pool.make_lane());
  gate.open();
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 20; }));
  lane->close();
  EXPECT_TRUE(lane->wait_idle(now() + kPatience));
  EXPECT_EQ(most, 5);
}

TEST(WorkerPoolTest, IdleThreadsAboveTheBaseEnd) {
  auto brief = options();
  brief.idle_timeout = Millis(5);
  WorkerPool pool(brief);
  Gate gate;
  std::vector<std::shared_ptr<Lane>> lanes;
  for (int i = 0; i < 10; ++i) {
    lanes.push_back(pool.make_lane());
    ASSERT_TRUE(lanes.back()->post([&] { gate.wait(); }));
  }
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 10; }));
  gate.open();
  EXPECT_TRUE(eventually([&] { return pool.thread_count() == 2; }));
  finish(lanes.front());
}

TEST(WorkerPoolTest, ACloseFromOutsideDropsWhatHasNotBegun) {
  WorkerPool pool(options());
  const auto lane = pool.make_lane();
  Gate gate;
  bool later = false;
  const auto owned = std::make_shared<int>(0);
  ASSERT_TRUE(lane->post([&] { gate.wait(); }));
  ASSERT_TRUE(lane->post([&, owned] { later = true; }));
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 1; }));
  lane->close();
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_FALSE(lane->post([] {}));
  EXPECT_FALSE(lane->wait_idle(now() + Millis(20)));
  gate.open();
  EXPECT_TRUE(lane->wait_idle(now() + kPatience));
  lane->close();
  EXPECT_TRUE(lane->wait_idle(now()));
  EXPECT_FALSE(later);
}

TEST(WorkerPoolTest, ACloseOfALaneThatWaitsForItsTurnLeavesTheOthersTheirs) {
  auto one_thread = options();
  one_thread.base_threads = 1;
  one_thread.blocked_after = kPatience;
  WorkerPool pool(one_thread);
  Gate gate;
  const auto blocker = pool.make_lane();
  ASSERT_TRUE(blocker->post([&] { gate.wait(); }));
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 1; }));
  std::vector<std::shared_ptr<Lane>> lanes;
  std::vector<size_t> ran;
  for (size_t i = 0; i < 5; ++i) {
    lanes.push_back(pool.make_lane());
    ASSERT_TRUE(lanes.back()->post([&ran, i] { ran.push_back(i); }));
  }
  for (const size_t closed : {4, 0, 2}) lanes[closed]->close();
  const auto last = pool.make_lane();
  ASSERT_TRUE(last->post([&ran] { ran.push_back(5); }));
  gate.open();
  finish(last);
  EXPECT_EQ(ran, (std::vector<size_t>{1, 3, 5}));
}

TEST(WorkerPoolTest, ACloseFromInsideEndsTheLaneWithTheTask) {
  WorkerPool pool(options());
  const auto lane = pool.make_lane();
  std::atomic<bool> closed{false};
  bool later = false;
  ASSERT_TRUE(lane->post([&] {
    EXPECT_TRUE(lane->post([&] { later = true; }));
    lane->close();
    EXPECT_FALSE(lane->post([&] { later = true; }));
    closed = true;
  }));
  EXPECT_TRUE(eventually([&] { return closed.load(); }));
  EXPECT_TRUE(lane->wait_idle(now() + kPatience));
  EXPECT_FALSE(later);
}

TEST(WorkerPoolTest, APostWithoutMemoryChangesNothing) {
  WorkerPool pool(options());
  const auto lane = pool.make_lane();
  Gate gate;
  ASSERT_TRUE(lane->post([&] { gate.wait(); }));
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 1; }));
  int accepted = 0;
  int refused = 0;
  std::atomic<int> ran{0};
  {
    const WithoutMemory none;
    for (int i = 0; i < 1000; ++i) {
      try {
        accepted += lane->post([&ran] { ++ran; }) ? 1 : 0;
      } catch (const std::bad_alloc&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(accepted + refused, 1000);
  gate.open();
  finish(lane);
  EXPECT_EQ(ran, accepted);
}

TEST(WorkerPoolTest, ASignalNeedsNoMemory) {
  WorkerPool pool(options());
  std::vector<std::shared_ptr<Lane>> lanes;
  std::atomic<int> runs{0};
  for (int i = 0; i < 100; ++i) lanes.push_back(pool.make_lane(1, [&] { ++runs; }));
  {
    const WithoutMemory none;
    for (const auto& lane : lanes) EXPECT_TRUE(lane->signal());
  }
  EXPECT_TRUE(eventually([&] { return runs == 100; }));
}

TEST(WorkerPoolTest, WithoutFurtherThreadsTheFirstDoesAll) {
  auto scarce = options();
  std::atomic<int> started{0};
  scarce.thread_starter = [&](std::string name, std::function<void()> body) {
    if (started.fetch_add(1) > 0) throw std::system_error(EAGAIN, std::generic_category());
    return start_thread(std::move(name), std::move(body));
  };
  WorkerPool pool(scarce);
  std::atomic<int> ran{0};
  std::vector<std::shared_ptr<Lane>> lanes;
  for (int i = 0; i < 50; ++i) {
    lanes.push_back(pool.make_lane(1 + i % 3));
    for (int k = 0; k < 10; ++k) ASSERT_TRUE(lanes.back()->post([&] { ++ran; }));
  }
  EXPECT_TRUE(eventually([&] { return ran == 500; }));
  EXPECT_EQ(pool.thread_count(), 1);
}

TEST(WorkerPoolTest, SignalsBeforeTheBeginAreOne) {
  WorkerPool pool(options());
  Gate gate;
  std::atomic<int> runs{0};
  const auto lane = pool.make_lane(1, [&] {
    if (++runs == 1) gate.wait();
  });
  ASSERT_TRUE(lane->signal());
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 1; }));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(lane->signal());
  gate.open();
  EXPECT_TRUE(eventually([&] { return runs == 2; }));
  ASSERT_TRUE(lane->signal());
  EXPECT_TRUE(eventually([&] { return runs == 3; }));
  lane->close();
  EXPECT_FALSE(lane->signal());
  EXPECT_TRUE(lane->wait_idle(now() + kPatience));
  EXPECT_EQ(runs, 3);
}

TEST(WorkerPoolTest, ALaneThatSignalsItselfGivesWay) {
  auto one_thread = options();
  one_thread.base_threads = 1;
  one_thread.blocked_after = kPatience;
  WorkerPool pool(one_thread);
  std::shared_ptr<Lane> busy;
  std::atomic<bool> begun{false};
  busy = pool.make_lane(1, [&] {
    begun = true;
    busy->signal();
  });
  ASSERT_TRUE(busy->signal());
  EXPECT_TRUE(eventually([&] { return begun.load(); }));
  finish(pool.make_lane());
  busy->close();
  EXPECT_TRUE(busy->wait_idle(now() + kPatience));
}

TEST(WorkerPoolTest, AFailingTaskLeavesTheThreadToTheNext) {
  WorkerPool pool(options());
  const auto lane = pool.make_lane();
  ASSERT_TRUE(lane->post([] { throw std::runtime_error("meant to fail"); }));
  ASSERT_TRUE(lane->post([] { throw 1; }));
  finish(lane);
}

TEST(WorkerPoolTest, ATaskIsDestroyedOnItsThreadBeforeTheNextRuns) {
  WorkerPool pool(options());
  const auto lane = pool.make_lane();
  std::vector<std::string> events;
  std::shared_ptr<void> owned(nullptr, [&](void*) { events.emplace_back(lane->is_current() ? "gone" : "elsewhere"); });
  ASSERT_TRUE(lane->post([&events, owned = std::move(owned)] { events.emplace_back("ran"); }));
  ASSERT_TRUE(lane->post([&] { events.emplace_back("next"); }));
  finish(lane);
  EXPECT_EQ(events, (std::vector<std::string>{"ran", "gone", "next"}));
}

TEST(WorkerPoolTest, WhatALaneOwnsMayCloseItsOwnLaneAtTheEnd) {
  WorkerPool pool(options());
  const auto inner = pool.make_lane();
  std::atomic<bool> gone{false};
  std::shared_ptr<void> owned(nullptr, [&](void*) {
    inner->close();
    gone = true;
  });
  std::atomic<bool> ran{false};
  auto outer = pool.make_lane(1, [&ran, owned = std::move(owned)] { ran = true; });
  ASSERT_TRUE(outer->signal());
  outer.reset();
  EXPECT_TRUE(eventually([&] { return gone.load(); }));
  EXPECT_TRUE(ran);
}

TEST(WorkerPoolTest, StopEndsIdleThreadsAndDropsWhatWaits) {
  auto one_thread = options();
  one_thread.base_threads = 1;
  one_thread.blocked_after = kPatience;
  Gate gate;
  const auto owned = std::make_shared<int>(0);
  std::atomic<bool> returned{false};
  std::shared_ptr<Lane> blocked;
  std::shared_ptr<Lane> waiting;
  {
    WorkerPool pool(one_thread);
    blocked = pool.make_lane();
    waiting = pool.make_lane();
    ASSERT_TRUE(blocked->post([&] {
      gate.wait();
      returned = true;
    }));
    EXPECT_TRUE(eventually([&] { return gate.waiting() == 1; }));
    ASSERT_TRUE(blocked->post([owned] { ADD_FAILURE() << "ran after the end"; }));
    ASSERT_TRUE(waiting->post([owned] { ADD_FAILURE() << "ran after the end"; }));
  }
  EXPECT_FALSE(waiting->post([] {}));
  EXPECT_FALSE(blocked->post([] {}));
  EXPECT_FALSE(returned);
  gate.open();
  blocked->close();
  EXPECT_TRUE(blocked->wait_idle(now() + kPatience));
  EXPECT_TRUE(returned);
  EXPECT_TRUE(eventually([&] { return owned.use_count() == 1; }));
}

TEST(WorkerPoolTest, EachThreadBeginsWithWhatItWasTold) {
  thread_local bool told = false;
  auto marking = options();
  marking.on_thread_start = [] { told = true; };
  WorkerPool pool(marking);
  std::atomic<int> marked{0};
  Gate gate;
  const auto lane = pool.make_lane(3);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(lane->post([&] {
      marked += told ? 1 : 0;
      gate.wait();
    }));
  }
  EXPECT_TRUE(eventually([&] { return gate.waiting() == 3; }));
  EXPECT_EQ(marked, 3);
  gate.open();
  lane->close();
  EXPECT_TRUE(lane->wait_idle(now() + kPatience));
}

}  // namespace rocketmq::test
