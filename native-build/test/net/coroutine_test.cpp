#include "net/coroutine.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "eventually.h"
#include "net/patient_wait.h"
#include "without_memory.h"

namespace rocketmq::test {

namespace {

struct Count {
  int* count;
  void operator()() const { ++*count; }
};
using CountAtEnd = AtEnd<Count>;

asio::awaitable<void> returns(CountAtEnd) { co_return; }
asio::awaitable<void> fails(CountAtEnd) {
  throw std::bad_alloc();
  co_return;
}
asio::awaitable<void> runs_sooner(CountAtEnd at_end, int* seen) {
  at_end.run();
  *seen = *at_end->count;
  co_return;
}
asio::awaitable<void> cancels(CountAtEnd at_end) {
  at_end.cancel();
  co_return;
}

}  // namespace

TEST(AtEndTest, RunsOnceHoweverACoroutineEnds) {
  EventLoop loop("test-loop");
  int returned = 0;
  int failed = 0;
  int sooner = 0;
  int seen = 0;
  int cancelled = 0;
  start_coroutine(loop, returns(CountAtEnd(Count{&returned})), "returns");
  start_coroutine(loop, fails(CountAtEnd(Count{&failed})), "fails");
  start_coroutine(loop, runs_sooner(CountAtEnd(Count{&sooner}), &seen), "runs sooner");
  start_coroutine(loop, cancels(CountAtEnd(Count{&cancelled})), "cancels");
  loop.stop();
  EXPECT_EQ(returned, 1);
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(sooner, 1);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(cancelled, 0);
}

TEST(AtEndTest, RunsWhereACoroutineNeverRan) {
  int count = 0;
  {
    const asio::awaitable<void> dropped = returns(CountAtEnd(Count{&count}));
  }
  EXPECT_EQ(count, 1);
  EventLoop loop("test-loop");
  loop.stop();
  // Refused, as the loop has ended.
  start_coroutine(loop, returns(CountAtEnd(Count{&count})), "returns");
  EXPECT_EQ(count, 2);
}

TEST(AtEndTest, MayPostToALoopThatGoes) {
  const auto posts = [](EventLoop* loop) { loop->post([] {}); };
  struct Post {
    EventLoop* loop;
    decltype(posts) post;
    void operator()() const { post(loop); }
  };
  bool began = false;
  {
    EventLoop loop("test-loop");
    start_coroutine(
        loop,
        [](EventLoop* on, AtEnd<Post>, bool* seen) -> asio::awaitable<void> {
          *seen = true;
          Pause pause(*on);
          co_await pause.wait(Millis(60000));
        }(&loop, AtEnd<Post>(Post{&loop, posts}), &began),
        "waits");
  }
  EXPECT_TRUE(began);
}

namespace {

// On the loop.
struct Rounds {
  int begun = 0;
  int failures = 0;
  bool ended = false;
  Pause pause;
  explicit Rounds(EventLoop& loop) : pause(loop) {}
};

asio::awaitable<void> go_round(std::shared_ptr<Rounds> rounds) {
  const int number = ++rounds->begun;
  if (number <= rounds->failures) {
    if (number % 2 == 0) throw std::runtime_error("meant to fail");
    throw std::bad_alloc();
  }
  while (!rounds->ended) co_await rounds->pause.wait(Millis(60000));
}

}  // namespace

class PeriodicTest : public ::testing::Test {
 protected:
  void start() {
    start_periodic(
        loop_,
        [this] {
          if (without_memory_ > 0 && without_memory_-- > 0) throw std::bad_alloc();
          return go_round(rounds_);
        },
        [this] { return rounds_->ended; }, "periodic");
  }
  int begun() {
    int number = 0;
    loop_.run_and_wait([&] { number = rounds_->begun; });
    return number;
  }
  void end() {
    loop_.run_and_wait([&] {
      rounds_->ended = true;
      rounds_->pause.interrupt();
    });
    // It has ended with what it kept.
    EXPECT_TRUE(eventually([&] { return rounds_.use_count() == 1; }));
  }

  EventLoop loop_{"test-loop"};
  std::shared_ptr<Rounds> rounds_ = std::make_shared<Rounds>(loop_);
  int without_memory_ = 0;
};

TEST_F(PeriodicTest, BeginsAgainAfterAFailure) {
  rounds_->failures = 3;
  without_memory_ = 2;
  start();
  EXPECT_TRUE(eventually([&] { return begun() == 4; }));
  end();
  EXPECT_EQ(begun(), 4);
}

TEST_F(PeriodicTest, DoesNotBeginAgainOnceItHasEnded) {
  rounds_->failures = 1000000;
  start();
  EXPECT_TRUE(eventually([&] { return begun() > 0; }));
  end();
  const int number = begun();
  // Longer than the pause after which it would.
  std::this_thread::sleep_for(Millis(250));
  EXPECT_EQ(begun(), number);
  start();
  EXPECT_EQ(begun(), number);
}

namespace {

constexpr int kOthers = 64;
constexpr int kAllocations = 4;

// Takes memory away at each allocation of a wait in turn; gives how often the wait went on all the same. Where Asio
// makes a frame for the wait, the exception is an ordinary one.
asio::awaitable<void> wait_without_memory(EventLoop* loop, std::promise<int>* absorbed) {
  // Asio keeps memory of operations that have ended: used up first, so that the wait needs some.
  std::vector<std::unique_ptr<asio::steady_timer>> others;
  for (int i = 0; i < kOthers; ++i) {
    others.push_back(std::make_unique<asio::steady_timer>(loop->context(), now() + Millis(60000)));
    others.back()->async_wait([](asio::error_code) {});
  }
  int count = 0;
  for (int i = 0; i < kAllocations; ++i) {
    asio::steady_timer timer(loop->context(), now());
    asio::error_code error;
    make_room_to_wait(timer.get_executor());
    fail_allocation_after(i);
    bool ended = false;
    try {
      co_await timer.async_wait(patiently(error));
      ended = true;
    } catch (const std::bad_alloc&) {
      // Of the frame.
    }
    if (ended && allocations_before_failure < 0) ++count;
    fail_allocation_after(-1);
  }
  absorbed->set_value(count);
}

}  // namespace

// An exception where the wait begins would end the process.
TEST(PatientWaitTest, AWaitForWhichThereIsNoMemoryBeginsLater) {
  EventLoop loop("test-loop");
  std::promise<int> absorbed;
  auto ended = absorbed.get_future();
  start_coroutine(loop, wait_without_memory(&loop, &absorbed), "test");
  ASSERT_EQ(ended.wait_for(kPatience), std::future_status::ready);
  EXPECT_GE(ended.get(), 1);
}

}  // namespace rocketmq::test
