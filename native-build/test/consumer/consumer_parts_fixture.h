#pragma once

#include <atomic>
#include <future>
#include <new>

#include "client/client_lease.h"
#include "consumer/orderly_fixture.h"
#include "consumer/push/lock_keeper.h"
#include "consumer/push/queue_actor.h"
#include "without_memory.h"

namespace rocketmq::test {

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

// The parts of an orderly consumer of one queue, alone: without its rounds.
class ConsumerPartsTest : public OrderlyConsumerTest {
 protected:
  void SetUp() override {
    cluster_.create_topic(kTopic, 1);
    lease_.emplace(ClientLease::acquire(client(cluster_)));
    (*lease_)->routes().get(kTopic, false, 0, [this](const Result<Route>& route) { known_ = route.has_value(); });
    ASSERT_TRUE(eventually([&] { return known_.load(); }));
    context_ = std::make_shared<PushContext>(client(cluster_), options());
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
  virtual PushConsumerOptions options() const { return orderly(); }
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

  mock::MockCluster cluster_;
  std::optional<ClientLease> lease_;
  std::atomic<bool> known_{false};
  std::shared_ptr<FailingStore> store_ = std::make_shared<FailingStore>();
  std::shared_ptr<PushContext> context_;
  QueueActor::Owner owner_;
  std::shared_ptr<QueueActor> actor_;
};

}  // namespace rocketmq::test
