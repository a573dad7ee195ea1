#include "consumer/consumer_parts_fixture.h"

namespace rocketmq::test {

// What has no memory for a moment is done later.
class MemoryTest : public ConsumerPartsTest {};

TEST_F(MemoryTest, AStartThatWasNotFoundForWantOfMemoryIsLookedForAgain) {
  store_->failures = 3;
  on_loop([&] { actor_->start(); });
  EXPECT_TRUE(eventually_on_loop([&] { return actor_->machine().state() == QueueStateMachine::State::kConsuming; }));
  EXPECT_EQ(store_->failures, 0);
}

TEST_F(MemoryTest, AnOffsetThatWasNotReadForWantOfMemoryIsReadAgain) {
  on_loop([&] { actor_->start(); });
  ASSERT_TRUE(eventually_on_loop([&] { return actor_->machine().may_commit(now()); }));
  store_->failures = 3;
  on_loop([&] {
    actor_->lock_doubted();
    actor_->lock_granted(now() + std::chrono::hours(1));
  });
  EXPECT_TRUE(eventually_on_loop([&] { return actor_->machine().may_commit(now()); }));
  EXPECT_EQ(store_->failures, 0);
}

TEST_F(MemoryTest, ALockThatWasNotAskedForIsAskedForWhenItIsWantedAgain) {
  bool failed = true;
  int steps = 0;
  for (; failed; ++steps) {
    const int before = requests(request_code::kLockBatchMq);
    in_place_of_loop([&] { failed = with_failure_after(steps, [&] { context_->locks->want(actor_); }); });
    // More than once, as another answer may be on its way.
    ASSERT_TRUE(eventually([&] {
      on_loop([&] { context_->locks->want(actor_); });
      return requests(request_code::kLockBatchMq) > before;
    })) << steps;
    on_loop([&] { context_->locks->forget(actor_->queue()); });
  }
  EXPECT_GE(steps, 2);
}

TEST_F(MemoryTest, AnUnlockThatFailedKeepsNoOtherFromBeingSent) {
  bool failed = true;
  int steps = 0;
  for (; failed; ++steps) {
    const int before = requests(request_code::kUnlockBatchMq);
    in_place_of_loop([&] { failed = with_failure_after(steps, [&] { context_->locks->unlock(actor_->queue()); }); });
    on_loop([&] { context_->locks->unlock(actor_->queue()); });
    ASSERT_TRUE(cluster_.broker().await_requests(request_code::kUnlockBatchMq, before + 1, kPatience)) << steps;
  }
  EXPECT_GE(steps, 2);
}

TEST_F(MemoryTest, AQueueWhoseLockWasNotWantedWantsItWhenItIsLookedAtAgain) {
  int steps = 0;
  for (bool failed = true; failed; ++steps) {
    cluster_.broker().set_lock_owner(kGroup, kTopic, 0, "");
    in_place_of_loop([&] {
      actor_ = std::make_shared<QueueActor>(context_, owner_, actor_->queue());
      failed = with_failure_after(steps, [&] { actor_->start(); });
      if (std::exchange(context_->look_again, false)) actor_->look_again();
    });
    ASSERT_TRUE(eventually_on_loop([&] { return actor_->machine().locked(now()); })) << steps;
    on_loop([&] {
      context_->locks->forget(actor_->queue());
      actor_->shut();
    });
  }
  EXPECT_GE(steps, 2);
}

}  // namespace rocketmq::test
