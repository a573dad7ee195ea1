#include "base/log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/log_pace.h"
#include "base/thread.h"
#include "eventually.h"

namespace rocketmq::test {

namespace {

constexpr size_t kMostWaiting = 4096;

struct Received {
  LogLevel level;
  std::string layer;
  std::string thread;
  std::string message;
  std::string sink_thread;
};

// A sink that keeps what it gets, and may be made to block.
class Collector {
 public:
  static void receive(void* user, const LogRecord& record) {
    auto* self = static_cast<Collector*>(user);
    std::unique_lock lock(self->mutex_);
    self->received_.push_back({record.level, std::string(record.layer), std::string(record.thread),
                               std::string(record.message), current_thread_name()});
    self->changed_.notify_all();
    self->changed_.wait(lock, [&] { return !self->blocked_; });
    ++self->returned_;
  }
  void block(bool blocked) {
    std::lock_guard lock(mutex_);
    blocked_ = blocked;
    changed_.notify_all();
  }
  bool await(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return received_.size() >= count; });
  }
  std::vector<Received> received() const {
    std::lock_guard lock(mutex_);
    return received_;
  }
  size_t returned() const {
    std::lock_guard lock(mutex_);
    return returned_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Received> received_;
  size_t returned_ = 0;
  bool blocked_ = false;
};

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override {
    collector_.block(false);
    set_log_sink(nullptr, nullptr, LogLevel::kOff);
  }
  void listen(LogLevel level = LogLevel::kTrace) { set_log_sink(Collector::receive, &collector_, level); }

  Collector collector_;
};

}  // namespace

TEST_F(LogTest, RecordsReachTheSinkOnItsOwnThread) {
  listen();
  start_thread("writer", [] { log(LogLevel::kWarn, "net", "{} of {}", 1, "two"); }).join();
  ASSERT_TRUE(collector_.await(1));
  const Received record = collector_.received().front();
  EXPECT_EQ(record.level, LogLevel::kWarn);
  EXPECT_EQ(record.layer, "net");
  EXPECT_EQ(record.message, "1 of two");
  EXPECT_EQ(record.thread, "writer");
  EXPECT_EQ(record.sink_thread, "rmq-log");
}

TEST_F(LogTest, OnlyTheLevelsAskedForAreLogged) {
  listen(LogLevel::kWarn);
  EXPECT_FALSE(log_enabled(LogLevel::kInfo));
  EXPECT_TRUE(log_enabled(LogLevel::kWarn));
  log(LogLevel::kInfo, "test", "below");
  log(LogLevel::kWarn, "test", "warn");
  log(LogLevel::kError, "test", "error");
  set_log_level(LogLevel::kDebug);
  log(LogLevel::kTrace, "test", "below");
  log(LogLevel::kDebug, "test", "debug");
  set_log_level(LogLevel::kOff);
  log(LogLevel::kError, "test", "off");
  set_log_level(LogLevel::kTrace);
  log(LogLevel::kTrace, "test", "trace");
  ASSERT_TRUE(collector_.await(4));
  std::vector<std::string> messages;
  for (const auto& record : collector_.received()) messages.push_back(record.message);
  EXPECT_EQ(messages, (std::vector<std::string>{"warn", "error", "debug", "trace"}));
}

TEST_F(LogTest, WithoutASinkNothingIsEnabled) {
  EXPECT_FALSE(log_enabled(LogLevel::kError));
  set_log_level(LogLevel::kTrace);
  EXPECT_FALSE(log_enabled(LogLevel::kError));
  write_log(LogLevel::kError, "test", "to nobody");
  listen();
  log(LogLevel::kError, "test", "to the sink");
  ASSERT_TRUE(collector_.await(1));
  EXPECT_EQ(collector_.received().front().message, "to the sink");
}

TEST_F(LogTest, ABlockedSinkBlocksNoWriterAndTheLossIsTold) {
  collector_.block(true);
  listen();
  write_log(LogLevel::kInfo, "test", "the one that blocks");
  ASSERT_TRUE(collector_.await(1));
  for (size_t i = 0; i < kMostWaiting + 10; ++i) write_log(LogLevel::kInfo, "test", std::to_string(i));
  collector_.block(false);
  ASSERT_TRUE(collector_.await(1 + kMostWaiting));
  write_log(LogLevel::kInfo, "test", "after");
  write_log(LogLevel::kInfo, "test", "later");
  ASSERT_TRUE(collector_.await(3 + kMostWaiting));
  const auto received = collector_.received();
  for (size_t i = 0; i < kMostWaiting; ++i) EXPECT_EQ(received[1 + i].message, std::to_string(i));
  EXPECT_EQ(received[1 + kMostWaiting].message.find("after (10 records before this one were lost"), 0U)
      << received[1 + kMostWaiting].message;
  EXPECT_EQ(received[2 + kMostWaiting].message, "later");
}

TEST_F(LogTest, RemovingTheSinkWaitsForIt) {
  collector_.block(true);
  listen();
  write_log(LogLevel::kInfo, "test", "runs");
  ASSERT_TRUE(collector_.await(1));
  auto removal = std::async(std::launch::async, [] { set_log_sink(nullptr, nullptr, LogLevel::kOff); });
  EXPECT_TRUE(eventually([] { return !log_enabled(LogLevel::kError); }));
  EXPECT_EQ(removal.wait_for(Millis(50)), std::future_status::timeout);
  collector_.block(false);
  removal.get();
  const size_t count = collector_.received().size();
  EXPECT_EQ(collector_.returned(), count);
  write_log(LogLevel::kInfo, "test", "too late");
  EXPECT_EQ(collector_.received().size(), count);
}

TEST_F(LogTest, AReplacedSinkGetsNoMore) {
  listen();
  Collector next;
  write_log(LogLevel::kInfo, "test", "first");
  ASSERT_TRUE(collector_.await(1));
  set_log_sink(Collector::receive, &next, LogLevel::kInfo);
  write_log(LogLevel::kInfo, "test", "second");
  EXPECT_TRUE(next.await(1));
  set_log_sink(nullptr, nullptr, LogLevel::kOff);
  EXPECT_EQ(collector_.received().size(), 1U);
  EXPECT_EQ(next.received().front().message, "second");
}

TEST_F(LogTest, ASinkMayReplaceItself) {
  const LogSink replacing = [](void* user, const LogRecord&) {
    set_log_sink(Collector::receive, user, LogLevel::kInfo);
    write_log(LogLevel::kInfo, "test", "from inside");
  };
  set_log_sink(replacing, &collector_, LogLevel::kInfo);
  write_log(LogLevel::kInfo, "test", "replace");
  ASSERT_TRUE(collector_.await(1));
  EXPECT_EQ(collector_.received().front().message, "from inside");
}

TEST_F(LogTest, ASinkMayRemoveItself) {
  static std::atomic<int> calls;
  calls = 0;
  set_log_sink(
      [](void*, const LogRecord&) {
        set_log_sink(nullptr, nullptr, LogLevel::kOff);
        ++calls;
      },
      nullptr, LogLevel::kInfo);
  write_log(LogLevel::kInfo, "test", "first");
  write_log(LogLevel::kInfo, "test", "second");
  ASSERT_TRUE(eventually([] { return calls == 1; }));
  listen();
  write_log(LogLevel::kInfo, "test", "to the next");
  ASSERT_TRUE(collector_.await(1));
  EXPECT_EQ(calls, 1);
}

TEST(LogPaceTest, TellsOnceInAWhileAndHowManyThereWere) {
  LogPace pace;
  const TimePoint begin = now();
  const auto first = pace.next(begin);
  ASSERT_TRUE(first);
  EXPECT_EQ("it failed", fmt::format("it failed{}", *first));
  EXPECT_FALSE(pace.next(begin + Millis(1)));
  EXPECT_FALSE(pace.next(begin + LogPace::kInterval - Millis(1)));
  const auto next = pace.next(begin + LogPace::kInterval);
  ASSERT_TRUE(next);
  EXPECT_EQ("it failed (2 more since the last record)", fmt::format("it failed{}", *next));
}

}  // namespace rocketmq::test
