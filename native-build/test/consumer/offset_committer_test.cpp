#include "consumer/offset_committer.h"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <future>
#include <map>
#include <new>
#include <random>
#include <set>

#include "eventually.h"
#include "net/coroutine.h"
#include "without_memory.h"

namespace rocketmq::test {

namespace {

constexpr auto kNever = std::chrono::hours(1);

// Answers when it is told to, with what it is told. Its fields are for the loop, or for whoever has stopped it.
class FakeStore : public OffsetStore {
 public:
  explicit FakeStore(EventLoop& loop) : loop_(loop) {}

  asio::awaitable<Result<std::optional<int64_t>>> read(MessageQueue queue) override {
    const auto found = stored.find(queue);
    co_return found == stored.end() ? std::nullopt : std::optional(found->second);
  }
  asio::awaitable<Status> write(MessageQueue queue, int64_t offset) override {
    writes.emplace_back(queue, offset);
    EXPECT_TRUE(on_their_way.insert(queue).second) << "two offsets of one queue at a time";
    most_on_their_way = std::max(most_on_their_way, on_their_way.size());
    if (held.count(queue.broker_name) != 0) {
      const auto pause = std::make_shared<Pause>(loop_);
      pauses.emplace_back(queue, pause);
      co_await pause->wait(kNever);
    }
    on_their_way.erase(queue);
    std::optional<ErrorKind> failure = failing;
    if (!failures.empty()) {
      failure = failures.front();
      failures.erase(failures.begin());
    }
    if (failure) co_return fail(*failure, "as told");
    stored[queue] = offset;
    co_return Status{};
  }
  void save_soon() override { ++saves; }

  // Lets writes that are held go on; {}: of all brokers.
  void release(const std::string& broker = {}) {
    for (const auto& [queue, pause] : std::exchange(pauses, {})) {
      if (broker.empty() || queue.broker_name == broker) {
        pause->interrupt();
      } else {
        pauses.emplace_back(queue, pause);
      }
    }
  }

  std::map<MessageQueue, int64_t> stored;
  std::vector<std::pair<MessageQueue, int64_t>> writes;
  std::set<MessageQueue> on_their_way;
  size_t most_on_their_way = 0;
  std::set<std::string> held;
  std::vector<std::pair<MessageQueue, std::shared_ptr<Pause>>> pauses;
  // Of the next writes, one each; of all others, if any.
  std::vector<std::optional<ErrorKind>> failures;
  std::optional<ErrorKind> failing;
  int saves = 0;

 private:
  EventLoop& loop_;
};

class OffsetCommitterTest : public ::testing::Test {
 protected:
  // Runs on the loop, and returns what it returns.
  template <typename Task>
  auto on_loop(Task task) {
    using Value = decltype(task());
    if constexpr (std::is_void_v<Value>) {
      loop_.run_and_wait(task);
    } else {
      std::optional<Value> value;
      loop_.run_and_wait([&] { value = task(); });
      return std::move(*value);
    }
  }
  void TearDown() override {
    on_loop([&] {
      committer_.close();
      store_->held.clear();
      store_->release();
    });
    loop_.stop();
  }

  void note(const MessageQueue& queue, int64_t offset) {
    on_loop([&] { committer_.note(queue, offset); });
  }
  std::future<Status> commit(const MessageQueue& queue, int64_t offset, Millis timeout = kPatience) {
    return asio::co_spawn(loop_.context(), committer_.commit(queue, offset, now() + timeout), asio::use_future);
  }
  std::future<void> flush(Millis timeout = kPatience) {
    return asio::co_spawn(loop_.context(), committer_.flush(now() + timeout), asio::use_future);
  }
  size_t writes() {
    return on_loop([&] { return store_->writes.size(); });
  }
  // Commits and is done, so that what was posted before has happened.
  std::map<MessageQueue, int64_t> stored() {
    return on_loop([&] { return store_->stored; });
  }
  static bool pending(std::future<Status>& future) { return future.wait_for(Millis(0)) == std::future_status::timeout; }

  EventLoop loop_{"test-loop"};
  std::shared_ptr<FakeStore> store_ = std::make_shared<FakeStore>(loop_);
  OffsetCommitter committer_{loop_, store_, {kNever, 64}};
  const MessageQueue a_{"t", "broker-a", 0};
  const MessageQueue b_{"t", "broker-b", 0};
};

}  // namespace

TEST_F(OffsetCommitterTest, ARoundSendsTheNewestOfEachQueueOnce) {
  note(a_, 1);
  note(b_, 5);
  note(a_, 2);
  flush().get();
  EXPECT_EQ(writes(), 2U);
  EXPECT_EQ(stored(), (std::map<MessageQueue, int64_t>{{a_, 2}, {b_, 5}}));
  // What is there already is not sent again, what is lower after a reset is.
  note(a_, 2);
  flush().get();
  EXPECT_EQ(writes(), 2U);
  note(a_, 1);
  flush().get();
  EXPECT_EQ(stored()[a_], 1);
  EXPECT_EQ(on_loop([&] { return store_->saves; }), 2);
}

TEST_F(OffsetCommitterTest, RoundsBeginByThemselves) {
  OffsetCommitter often(loop_, store_, {Millis(5), 64});
  on_loop([&] {
    often.start();
    often.note(a_, 7);
  });
  EXPECT_TRUE(eventually([&] { return stored().count(a_) != 0; }));
  on_loop([&] { often.note(a_, 8); });
  EXPECT_TRUE(eventually([&] { return stored()[a_] == 8; }));
  on_loop([&] { often.close(); });
}

TEST_F(OffsetCommitterTest, AQueueThatGoesFarDoesNotWaitForTheRound) {
  OffsetCommitter eager(loop_, store_, {kNever, 64, 100});
  const auto go_on = [&](int64_t offset) { on_loop([&] { eager.note(a_, offset); }); };
  go_on(5000);
  go_on(5099);
  EXPECT_TRUE(stored().empty());
  go_on(5100);
  EXPECT_TRUE(eventually([&] { return stored()[a_] == 5100; }));
  // One at a time, whatever the broker takes for it.
  on_loop([&] { store_->held = {"broker-a"}; });
  go_on(5200);
  go_on(5999);
  EXPECT_TRUE(eventually([&] { return writes() == 2; }));
  on_loop([&] {
    store_->held.clear();
    store_->release();
  });
  EXPECT_TRUE(eventually([&] { return stored()[a_] == 5200; }));
  go_on(6000);
  EXPECT_TRUE(eventually([&] { return stored()[a_] == 6000; }));
  // A broker that refuses is not asked with each message.
  on_loop([&] { store_->failing = ErrorKind::kRejected; });
  for (int64_t offset = 6001; offset <= 6200; ++offset) go_on(offset);
  EXPECT_TRUE(eventually([&] { return writes() == 5; }));
  on_loop([&] { eager.close(); });
}

TEST_F(OffsetCommitterTest, ASilentBrokerDelaysNothingButItself) {
  on_loop([&] { store_->held = {"broker-b"}; });
  for (int i = 0; i < 1000; ++i) {
    note({"t", "broker-a", i}, 1);
    note({"t", "broker-b", i}, 1);
  }
  auto flushed = flush();
  ASSERT_TRUE(eventually([&] { return stored().size() == 1000; }));
  for (const auto& [queue, offset] : stored()) EXPECT_EQ(queue.broker_name, "broker-a");
  EXPECT_EQ(flushed.wait_for(Millis(0)), std::future_status::timeout);
  // Nor does it get more than its share of requests.
  EXPECT_EQ(on_loop([&] { return store_->pauses.size(); }), 64U);
  // What is committed and given up of the others goes on at once.
  EXPECT_TRUE(commit({"t", "broker-a", 3}, 9).get());
  on_loop([&] {
    store_->held.clear();
    store_->release();
  });
  flushed.get();
  EXPECT_EQ(stored().size(), 2000U);
}

TEST_F(OffsetCommitterTest, AFlushEndsAtItsDeadline) {
  on_loop([&] { store_->held = {"broker-b"}; });
  note(a_, 1);
  note(b_, 1);
  flush(Millis(50)).get();
  EXPECT_TRUE(eventually([&] { return stored().count(a_) != 0; }));
  EXPECT_EQ(stored().count(b_), 0U);
}

TEST_F(OffsetCommitterTest, ACommitWaitsForTheOneBeforeAndThenGoesAtOnce) {
  on_loop([&] { store_->held = {"broker-a"}; });
  note(a_, 1);
  auto flushed = flush();
  ASSERT_TRUE(eventually([&] { return writes() == 1; }));
  auto committed = commit(a_, 2);
  note(b_, 7);
  EXPECT_TRUE(pending(committed));
  EXPECT_EQ(writes(), 1U);
  on_loop([&] { store_->release(); });
  ASSERT_TRUE(eventually([&] { return writes() == 2; }));
  on_loop([&] { store_->release(); });
  EXPECT_TRUE(committed.get());
  EXPECT_EQ(stored(), (std::map<MessageQueue, int64_t>{{a_, 2}}));
  flushed.get();
}

// The queue has another owner by then.
TEST_F(OffsetCommitterTest, WhatIsNotSentAtTheDeadlineNeverIs) {
  on_loop([&] { store_->held = {"broker-a"}; });
  note(a_, 1);
  auto flushed = flush();
  ASSERT_TRUE(eventually([&] { return writes() == 1; }));
  const Status late = commit(a_, 2, Millis(30)).get();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
  on_loop([&] {
    store_->held.clear();
    store_->release();
  });
  flushed.get();
  flush().get();
  EXPECT_EQ(writes(), 1U);
  const Status past = commit(a_, 3, Millis(-1)).get();
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().kind, ErrorKind::kTimeout);
  flush().get();
  EXPECT_EQ(writes(), 1U);
}

TEST_F(OffsetCommitterTest, WhatIsForgottenIsNotWritten) {
  note(a_, 1);
  on_loop([&] { committer_.forget(a_); });
  flush().get();
  EXPECT_EQ(writes(), 0U);
  // On its way, another one behind it, and somebody who waits for that.
  on_loop([&] { store_->held = {"broker-a"}; });
  note(a_, 2);
  auto flushed = flush();
  ASSERT_TRUE(eventually([&] { return writes() == 1; }));
  auto committed = commit(a_, 3);
  on_loop([&] {
    committer_.forget(a_);
    store_->held.clear();
    store_->release();
  });
  const Status status = committed.get();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kClosed);
  flushed.get();
  EXPECT_EQ(writes(), 1U);
  // The queue comes back: what this member knew of its offset is worth nothing any more.
  note(a_, 2);
  flush().get();
  EXPECT_EQ(writes(), 2U);
}

TEST_F(OffsetCommitterTest, AFailedOffsetIsSentByTheNextRound) {
  on_loop([&] { store_->failures = {ErrorKind::kRejected}; });
  note(a_, 1);
  flush().get();
  EXPECT_TRUE(stored().empty());
  flush().get();
  EXPECT_EQ(stored()[a_], 1);
  flush().get();
  EXPECT_EQ(writes(), 2U);
}

// The one whose answer was lost may arrive after the newer one.
TEST_F(OffsetCommitterTest, AfterALostAnswerTheNewestIsSentOnceMore) {
  on_loop([&] { store_->failures = {ErrorKind::kTimeout}; });
  note(a_, 1);
  flush().get();
  note(a_, 2);
  flush().get();
  EXPECT_EQ(stored()[a_], 2);
  on_loop([&] { store_->stored[a_] = 1; });
  flush().get();
  EXPECT_EQ(stored()[a_], 2);
  flush().get();
  EXPECT_EQ(writes(), 3U);
}

TEST_F(OffsetCommitterTest, ACommitIsTriedOnceMoreAfterABrokenConnection) {
  on_loop([&] { store_->failures = {ErrorKind::kConnectionLost}; });
  EXPECT_TRUE(commit(a_, 1).get());
  EXPECT_EQ(writes(), 2U);
  on_loop([&] { store_->failing = ErrorKind::kConnectionLost; });
  const Status lost = commit(a_, 2).get();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, ErrorKind::kConnectionLost);
  EXPECT_EQ(writes(), 4U);
  on_loop([&] { store_->failing = ErrorKind::kRejected; });
  EXPECT_EQ(commit(a_, 3).get().error().kind, ErrorKind::kRejected);
  EXPECT_EQ(writes(), 5U);
}

// Its queues would only add to what it has to work off later.
TEST_F(OffsetCommitterTest, ABrokerThatTimesOutIsAskedAgainInTheNextRound) {
  for (int i = 0; i < 200; ++i) note({"t", "broker-a", i}, 1);
  on_loop([&] { store_->failing = ErrorKind::kTimeout; });
  flush().get();
  EXPECT_LE(writes(), 128U);
  on_loop([&] { store_->failing.reset(); });
  flush().get();
  EXPECT_EQ(stored().size(), 200U);
}

TEST_F(OffsetCommitterTest, ACloseTellsWhoWaits) {
  on_loop([&] { store_->held = {"broker-a"}; });
  auto committed = commit(a_, 1);
  auto behind = commit(a_, 2);
  auto flushed = flush();
  ASSERT_TRUE(eventually([&] { return writes() == 1; }));
  on_loop([&] { committer_.close(); });
  EXPECT_EQ(committed.get().error().kind, ErrorKind::kClosed);
  EXPECT_EQ(behind.get().error().kind, ErrorKind::kClosed);
  flushed.get();
  on_loop([&] {
    store_->release();
    committer_.close();
  });
  EXPECT_EQ(commit(a_, 3).get().error().kind, ErrorKind::kClosed);
  EXPECT_EQ(writes(), 1U);
}

// Whatever is asked for in whatever order, and whatever is answered: the offsets of a queue leave in the order in which
// they were given, one at a time, and in the end the last one stands.
TEST_F(OffsetCommitterTest, AnOlderOffsetNeverOvertakesANewer) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto pick = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
    std::vector<MessageQueue> queues;
    for (int i = 0; i < 6; ++i) queues.push_back({"t" + std::to_string(seed), "broker-" + std::to_string(i % 2), i});
    on_loop([&] {
      store_->writes.clear();
      store_->held = {"broker-0", "broker-1"};
    });
    std::map<MessageQueue, int64_t> last;
    std::vector<std::future<Status>> commits;
    std::vector<std::future<void>> flushes;
    for (int64_t step = 1; step <= 120; ++step) {
      const MessageQueue& queue = queues[static_cast<size_t>(pick(5))];
      switch (pick(5)) {
        case 0:
        case 1:
          note(queue, step);
          last[queue] = step;
          break;
        case 2:
          commits.push_back(commit(queue, step));
          last[queue] = step;
          break;
        case 3:
          flushes.push_back(flush());
          break;
        case 4:
          on_loop([&] { store_->release("broker-" + std::to_string(pick(1))); });
          break;
        default:
          on_loop([&] { store_->failures = {ErrorKind::kTimeout}; });
      }
      // What was begun on the loop by other threads has happened.
      on_loop([] {});
    }
    // A failed commit is its caller's affair: given again here.
    on_loop([&] {
      store_->held.clear();
      store_->failures.clear();
      store_->release();
      for (const auto& [queue, offset] : last) committer_.note(queue, offset);
    });
    for (auto& each : commits) static_cast<void>(each.get());
    for (auto& each : flushes) each.get();
    flush().get();
    flush().get();
    const auto written = on_loop([&] { return store_->writes; });
    std::map<MessageQueue, int64_t> newest;
    for (const auto& [queue, offset] : written) {
      EXPECT_GE(offset, newest[queue]) << queue.queue_id;
      newest[queue] = std::max(newest[queue], offset);
    }
    for (const auto& [queue, offset] : last) EXPECT_EQ(stored()[queue], offset) << queue.queue_id;
    if (HasFailure()) return;
  }
}

TEST_F(OffsetCommitterTest, WhatIsForgottenIsNotWrittenThoughThereIsNoMemoryToSayIt) {
  on_loop([&] { store_->held.insert(a_.broker_name); });
  auto first = commit(a_, 1);
  ASSERT_TRUE(eventually([&] { return writes() == 1; }));
  auto second = commit(a_, 2);
  on_loop([&] {
    // Behind the beginning of the second commit.
    const WithoutMemory none;
    try {
      committer_.forget(a_);
    } catch (const std::bad_alloc&) {
      // Those who wait are not told.
    }
  });
  on_loop([&] { store_->held.clear(); });
  on_loop([&] { store_->release(); });
  flush().get();
  EXPECT_EQ(stored()[a_], 1);
  EXPECT_EQ(writes(), 1U);
}

}  // namespace rocketmq::test
