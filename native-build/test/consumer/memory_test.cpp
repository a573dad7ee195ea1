#include <atomic>
#include <future>
#include <new>

#include "client/client_lease.h"
#include "consumer/orderly_fixture.h"
#include "consumer/push/lock_keeper.h"
#include "consumer/push/queue_actor.h"
#include "without_memory.h"

namespace rocketmq::test {

using mock::MockCluster;

namespace {

// Has no memory for the next reads.
class FailingStore : public OffsetStore {
 public:
  asio::awaitable<Result<std::optional<int64_t>>> read(MessageQueue) override {
    if (failures > 0) {
      --failures;
      throw std::bad_alloc();
    }
    co_return 0;
  }
  asio::awaitable<Status> write(MessageQueue, int64_t) override { co_return Status{}; }
  void save_soon() override {}

  std::atomic<int> failures{0};
};

}  // namespace

// What has no memory for a moment is done later. The parts of a consumer stand alone here, without its rounds.
class MemoryTest : public OrderlyConsumerTest {
 protected:
  void SetUp() override {
    cluster_.create_topic(kTopic, 1);
    lease_.emplace(ClientLease::acquire(client(cluster_)));
    (*lease_)->routes().get(kTopic, false, 0, [this](const Result<Route>& route) { known_ = route.has_value(); });
    ASSERT_TRUE(eventually([&] { return known_.load(); }));
    context_ = std::make_shared<PushContext>(client(cluster_), orderly());
    context_->subscriptions.put(*make_tag_subscription(kTopic, "*"));
    on_loop([&] {
      context_->client = &**lease_;
      context_->offsets = store_;
      context_->committer = std::make_unique<OffsetCommitter>((*lease_)->loop(), store_);
      context_->dispatcher = std::make_unique<Dispatcher>(context_->options, [] {});
      context_->locks = std::make_unique<LockKeeper>(*context_);
      context_->ended = false;
      owner_.on_assignment = owner_.on_ended = [](QueueActor&) {};
      actor_ = std::make_shared<QueueActor>(context_, owner_, MessageQueue{kTopic, cluster_.broker().name(), 0});
    });
  }
  void TearDown() override {
    on_loop([&] {
      context_->ended = true;
      context_->committer->close();
      context_->locks->shut();
      actor_->shut();
    });
    lease_->release();
  }
  template <typename Task>
  void on_loop(Task task) {
    (*lease_)->loop().run_and_wait(task);
  }
  // On this thread while the loop rests: there asio has no memory in reserve, so that each allocation can fail.
  template <typename Task>
  void in_place_of_loop(Task task) {
    std::promise<void> rests;
    std::promise<void> goes_on;
    (*lease_)->loop().post([&rests, until = goes_on.get_future().share()] {
      rests.set_value();
      until.wait();
    });
    rests.get_future().wait();
    task();
    goes_on.set_value();
  }
  template <typename Condition>
  bool eventually_on_loop(Condition condition) {
    return eventually([&] {
      bool holds = false;
      on_loop([&] { holds = condition(); });
      return holds;
    });
  }
  // Fails one allocation after so many others; false when there was none to fail.
  template <typename Task>
  static bool with_failure_after(int others, Task task) {
    fail_allocation_after(others);
    try {
      task();
    } catch (const std::bad_alloc&) {
      // As told.
    }
    const bool failed = allocations_before_failure < 0;
    fail_allocation_after(-1);
    return failed;
  }
  int requests(int32_t code) { return cluster_.broker().request_count(code); }

  MockCluster cluster_;
  std::optional<ClientLease> lease_;
  std::atomic<bool> known_{false};
  std::shared_ptr<FailingStore> store_ = std::make_shared<FailingStore>();
  std::shared_ptr<PushContext> context_;
  QueueActor::Owner owner_;
  std::shared_ptr<QueueActor> actor_;
};

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
