#include "net/coroutine.h"

#include <gtest/gtest.h>

#include <new>

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

}  // namespace rocketmq::test
