#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>

#include "eventually.h"
#include "producer/transaction_checks.h"

namespace rocketmq::test {

namespace {

TransactionEnd end_of(int number) {
  TransactionEnd end;
  end.topic = "orders";
  end.message_id = "ID" + std::to_string(number);
  return end;
}

Millis time_of(const std::function<void()>& action) {
  const TimePoint begin = now();
  action();
  return std::chrono::duration_cast<Millis>(now() - begin);
}

}  // namespace

// They come on the event loop, one after the other.
TEST(TransactionChecksScaleTest, ACheckTakesNoLongerWhenManyArePending) {
  constexpr int kSome = 4000;
  constexpr int kMany = 40000;
  std::atomic<int> asked{0};
  TransactionOptions options;
  options.max_pending_checks = 100000;
  options.on_check = [&](TransactionCheck&) { ++asked; };
  TransactionChecks checks(options, [](const std::string&, const TransactionEnd&, TransactionState) {});
  int next = 0;
  const auto add = [&](int until) {
    while (next < until) checks.add(StoredMessage(), end_of(next++), "broker");
    EXPECT_TRUE(eventually([&] { return asked == until; }));
  };
  const Millis first = time_of([&] { add(kSome); });
  add(kMany);
  const Millis last = time_of([&] { add(kMany + kSome); });
  EXPECT_EQ(checks.pending(), kMany + kSome);
  EXPECT_LT(last, 5 * first + Millis(500));
  for (uint64_t id = 1; id <= kMany + kSome; ++id) EXPECT_TRUE(checks.answer(id, TransactionState::kCommit));
  EXPECT_EQ(checks.pending(), 0);
  checks.stop();
  EXPECT_TRUE(checks.wait_ended(now() + kPatience, true));
}

TEST(TransactionChecksScaleTest, OverdueOnesAreCountedOnce) {
  TransactionOptions options;
  options.check_timeout = Millis(20);
  std::atomic<int> asked{0};
  options.on_check = [&](TransactionCheck&) { ++asked; };
  TransactionChecks checks(options, [](const std::string&, const TransactionEnd&, TransactionState) {});
  for (int i = 0; i < 10; ++i) checks.add(StoredMessage(), end_of(i), "broker");
  ASSERT_TRUE(eventually([&] { return asked == 10; }));
  EXPECT_TRUE(eventually([&] { return checks.pending() == 0; }));
  // They may still be answered, which changes nothing else.
  for (uint64_t id = 1; id <= 5; ++id) EXPECT_TRUE(checks.answer(id, TransactionState::kCommit));
  EXPECT_EQ(checks.pending(), 0);
  // Asked again, it takes the place of the one that was overdue.
  checks.add(StoredMessage(), end_of(9), "broker");
  ASSERT_TRUE(eventually([&] { return asked == 11; }));
  EXPECT_TRUE(checks.answer(11, TransactionState::kCommit));
  EXPECT_TRUE(checks.answer(10, TransactionState::kCommit));
  EXPECT_EQ(checks.pending(), 0);
  checks.stop();
  EXPECT_TRUE(checks.wait_ended(now() + kPatience, true));
}

}  // namespace rocketmq::test
