#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/thread.h"
#include "client/completions.h"
#include "eventually.h"

namespace rocketmq::test {

namespace {

using Told = Completion::Told;

struct TakenOperation : Completion {
  TakenOperation(int of, Told how) : number(of) { told = how; }
  int number;
};

// Keeps what it is asked for until the test takes it.
class HeldTaker final : public CompletionTaker {
 public:
  bool ask(std::shared_ptr<CompletionQueue> queue) noexcept override {
    std::lock_guard lock(mutex_);
    if (gone_) return false;
    EXPECT_EQ(asked_, nullptr) << "asked twice for one batch";
    asked_ = std::move(queue);
    changed_.notify_all();
    return true;
  }
  std::shared_ptr<CompletionQueue> take(Millis patience = kPatience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return asked_ != nullptr; });
    return std::move(asked_);
  }
  void go() {
    std::lock_guard lock(mutex_);
    gone_ = true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<CompletionQueue> asked_;
  bool gone_ = false;
};

class CompletionTakerTest : public ::testing::Test {
 protected:
  CompletionTakerTest() : pool_(options()) {
    queue_ = std::make_shared<CompletionQueue>([this](const auto& ended) { tell(ended); }, INT64_MAX,
                                               [this] { released_.fetch_add(1); });
    queue_->start(pool_, taker_);
  }

  static WorkerPool::Options options() {
    WorkerPool::Options made;
    made.name = "test-pool";
    return made;
  }

  void tell(const CompletionQueue::Batch& ended) {
    std::lock_guard lock(mutex_);
    std::vector<int> batch;
    for (const auto& each : ended) batch.push_back(static_cast<const TakenOperation&>(*each).number);
    batches_.push_back(std::move(batch));
    threads_.push_back(current_thread_name());
  }

  void end(std::initializer_list<Told> all) {
    for (const Told how : all) {
      auto operation = std::make_shared<TakenOperation>(++last_, how);
      ASSERT_TRUE(queue_->add(*operation));
      queue_->end(std::move(operation));
    }
  }

  // Takes a batch, as a thread of the application does, and gives it back.
  bool take_one() {
    const auto asked = taker_->take();
    if (asked == nullptr) return false;
    EXPECT_TRUE(asked->begin_taking());
    asked->end_taking();
    return true;
  }

  std::vector<std::vector<int>> batches() {
    std::lock_guard lock(mutex_);
    return batches_;
  }

  WorkerPool pool_;
  const std::shared_ptr<HeldTaker> taker_ = std::make_shared<HeldTaker>();
  std::mutex mutex_;
  std::vector<std::vector<int>> batches_;
  std::vector<std::string> threads_;
  std::atomic<int> released_{0};
  int last_ = 0;
  std::shared_ptr<CompletionQueue> queue_;
};

}  // namespace

TEST_F(CompletionTakerTest, ABatchCountsUntilItIsGivenBack) {
  end({Told::kWithOthers, Told::kWithOthers});
  const auto asked = taker_->take();
  ASSERT_NE(asked, nullptr);
  ASSERT_TRUE(asked->begin_taking());
  EXPECT_EQ(batches(), (std::vector<std::vector<int>>{{1, 2}}));
  EXPECT_EQ(queue_->count(), 2);
  EXPECT_EQ(released_, 0);
  EXPECT_FALSE(asked->begin_taking()) << "one batch at a time";
  asked->end_taking();
  EXPECT_EQ(released_, 1);
  EXPECT_EQ(queue_->count(), 0);
  EXPECT_EQ(taker_->take(Millis(20)), nullptr);
  EXPECT_TRUE(queue_->finish(now() + kPatience));
}

TEST_F(CompletionTakerTest, WhatIsToldAloneOrOnTheLaneKeepsItsPlaceInTheOrder) {
  // The first is asked for at once; the others wait for it.
  end({Told::kWithOthers, Told::kWithOthers, Told::kAlone, Told::kAlone, Told::kOnLane, Told::kOnLane,
       Told::kWithOthers});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(take_one());
  // Those of the lane need nobody who takes them.
  ASSERT_TRUE(take_one());
  EXPECT_EQ(batches(), (std::vector<std::vector<int>>{{1, 2}, {3}, {4}, {5, 6}, {7}}));
  std::lock_guard lock(mutex_);
  EXPECT_EQ(threads_[3], "test-pool-1");
  EXPECT_EQ(threads_[4], current_thread_name());
}

TEST_F(CompletionTakerTest, WhereNobodyTakesTheLaneTells) {
  taker_->go();
  end({Told::kWithOthers});
  EXPECT_TRUE(queue_->wait_empty(now() + kPatience));
  EXPECT_EQ(batches(), (std::vector<std::vector<int>>{{1}}));
}

TEST_F(CompletionTakerTest, WhatIsNotTakenAfterAllTheLaneTells) {
  end({Told::kWithOthers, Told::kWithOthers});
  const auto asked = taker_->take();
  ASSERT_NE(asked, nullptr);
  asked->not_taken();
  asked->not_taken();
  EXPECT_TRUE(queue_->wait_empty(now() + kPatience));
  EXPECT_EQ(batches(), (std::vector<std::vector<int>>{{1, 2}}));
  EXPECT_FALSE(asked->begin_taking());
}

TEST_F(CompletionTakerTest, AfterTheCloseTheRestIsToldWhenTheTakerComesBack) {
  end({Told::kWithOthers, Told::kOnLane, Told::kWithOthers});
  const auto asked = taker_->take();
  ASSERT_TRUE(asked->begin_taking());
  queue_->refuse();
  EXPECT_FALSE(queue_->finish(now() + Millis(20)));
  pool_.stop();
  taker_->go();
  asked->end_taking();
  EXPECT_TRUE(queue_->wait_empty(now() + kPatience));
  EXPECT_EQ(batches(), (std::vector<std::vector<int>>{{1}, {2}, {3}}));
}

TEST_F(CompletionTakerTest, WhatNobodyHasTakenAtTheCloseIsToldWhenSomebodyDoes) {
  end({Told::kWithOthers});
  queue_->refuse();
  EXPECT_FALSE(queue_->finish(now() + Millis(20)));
  EXPECT_TRUE(batches().empty());
  ASSERT_TRUE(take_one());
  EXPECT_EQ(batches(), (std::vector<std::vector<int>>{{1}}));
}

TEST_F(CompletionTakerTest, EndsFromManyThreadsAreTakenOnceAndInOrder) {
  constexpr int kThreads = 3;
  constexpr int kEach = 2000;
  std::atomic<bool> done{false};
  std::vector<std::thread> takers;
  for (int i = 0; i < 2; ++i) {
    takers.emplace_back([&] {
      while (!done) {
        if (const auto asked = taker_->take(Millis(5))) {
          if (asked->begin_taking()) asked->end_taking();
        }
      }
    });
  }
  std::vector<std::thread> enders;
  for (int thread = 0; thread < kThreads; ++thread) {
    enders.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        constexpr Told kHow[] = {Told::kWithOthers, Told::kWithOthers, Told::kAlone, Told::kOnLane};
        auto operation = std::make_shared<TakenOperation>(thread * kEach + i, kHow[i % 4]);
        EXPECT_TRUE(queue_->add(*operation));
        queue_->end(std::move(operation));
      }
    });
  }
  for (std::thread& each : enders) each.join();
  EXPECT_TRUE(queue_->wait_empty(now() + kPatience));
  done = true;
  for (std::thread& each : takers) each.join();
  std::vector<int> next(kThreads, 0);
  for (const auto& batch : batches()) {
    for (const int number : batch) EXPECT_EQ(number % kEach, next[static_cast<size_t>(number / kEach)]++);
  }
  for (const int each : next) EXPECT_EQ(each, kEach);
}

}  // namespace rocketmq::test
