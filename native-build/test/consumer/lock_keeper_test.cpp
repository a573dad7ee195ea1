#include "consumer/consumer_parts_fixture.h"

namespace rocketmq::test {

using mock::Fault;

class LockKeeperTest : public ConsumerPartsTest {
 protected:
  static constexpr Millis kAnswerAfter{300};

  void delay_next_lock() { cluster_.broker().inject(request_code::kLockBatchMq, Fault::delayed(kAnswerAfter)); }
  bool await_locks(int count) { return cluster_.broker().await_requests(request_code::kLockBatchMq, count, kPatience); }
  // One more queue, whose lock is asked for, and not granted before kAnswerAfter.
  std::shared_ptr<QueueActor> start_other() {
    auto other = std::make_shared<QueueActor>(context_, owner_, MessageQueue{kTopic, cluster_.broker().name(), 1});
    delay_next_lock();
    on_loop([&] { other->start(); });
    EXPECT_TRUE(await_locks(1));
    return other;
  }
  bool locked(const std::shared_ptr<QueueActor>& actor) {
    return eventually_on_loop([&] { return actor->machine().locked(now()); });
  }
};

// A batch that still runs keeps its lock until that runs out, whatever was given back before.
TEST_F(LockKeeperTest, ALockThatIsLeftToRunOutIsNotGivenBackByALaterAnswer) {
  const auto other = start_other();
  // While the answer for the other one is under way.
  on_loop([&] {
    actor_->start();
    context_->locks->unlock(actor_->queue());
    context_->locks->want(actor_);
  });
  ASSERT_TRUE(locked(other));
  on_loop([&] { context_->start(LockKeeper::run(context_), "locks"); });
  ASSERT_TRUE(locked(actor_));
  const int unlocks = requests(request_code::kUnlockBatchMq);
  const int locks = requests(request_code::kLockBatchMq);
  delay_next_lock();
  ASSERT_TRUE(await_locks(locks + 1));
  on_loop([&] { context_->locks->forget(actor_->queue()); });
  ASSERT_TRUE(await_locks(locks + 2));
  EXPECT_EQ(requests(request_code::kUnlockBatchMq), unlocks);
  on_loop([&] { other->shut(); });
}

class SeldomLockKeeperTest : public LockKeeperTest {
 protected:
  PushConsumerOptions options() const override {
    PushConsumerOptions options = orderly();
    options.lock_interval = std::chrono::hours(1);
    return options;
  }
};

// The rounds, a second apart here, are not waited for.
TEST_F(SeldomLockKeeperTest, AQueueThatCameWhileOthersWereAskedForIsAskedForAtOnce) {
  const auto other = start_other();
  on_loop([&] {
    actor_->start();
    context_->start(LockKeeper::run(context_), "locks");
  });
  ASSERT_TRUE(locked(other));
  const TimePoint begin = now();
  ASSERT_TRUE(locked(actor_));
  EXPECT_LT(millis_between(begin, now()), 600);
  on_loop([&] { other->shut(); });
}

}  // namespace rocketmq::test
