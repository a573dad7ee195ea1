#include <thread>

#include "consumer/orderly_fixture.h"
#include "protocol/lock_bodies.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

// The locks that keep a group's orderly consumers apart.
class QueueLocksTest : public OrderlyConsumerTest {};

TEST_F(QueueLocksTest, NothingIsPulledWithoutTheLock) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  cluster.broker().set_lock_owner(kGroup, kTopic, 0, "another");
  auto running = start_orderly(client(cluster), orderly());
  // The retry topic's queue is asked for as well.
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kLockBatchMq, 4, kPatience));
  EXPECT_EQ(pulls_of_topic(cluster.broker()), 0U);
  EXPECT_EQ(running.received->count(), 0U);
  cluster.broker().set_lock_owner(kGroup, kTopic, 0, "");
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
}

TEST_F(QueueLocksTest, AMasterThatIsBackIsFoundBeforeTheNextRefreshOfRoutes) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  const auto route_to = [&](int64_t broker_id) {
    return TopicRoute{
        "", {{"mock", "broker-0", {{broker_id, cluster.broker().address()}}, false}}, {{"broker-0", 1, 1, 6}}};
  };
  const auto set_routes = [&](int64_t broker_id) {
    for (const std::string& topic : {std::string(kTopic), retry_topic(kGroup)}) {
      cluster.set_route(topic, route_to(broker_id));
    }
  };
  set_routes(1);
  cluster.broker().put(kTopic, 0, "x");
  ClientOptions rarely = client(cluster);
  rarely.route_refresh_interval = std::chrono::hours(1);
  auto running = start_orderly(rarely, orderly());
  EXPECT_FALSE(eventually([&] { return running.received->count() > 0; }, Millis(500)));
  set_routes(0);
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
}

TEST_F(QueueLocksTest, BetweenRenewalsOnlyWhatIsNotLockedIsAskedFor) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  cluster.broker().set_lock_owner(kGroup, kTopic, 2, "another");
  PushConsumerOptions options = orderly();
  options.lock_interval = std::chrono::hours(1);
  auto running = start_orderly(client(cluster), options);
  EXPECT_TRUE(eventually([&] {
    const auto requests = cluster.broker().requests(request_code::kLockBatchMq);
    if (requests.empty()) return false;
    const auto asked = parse_lock_request(as_text(requests.back().body.view()));
    return asked && asked->queues.size() == 1 && asked->queues.begin()->topic == kTopic &&
           asked->queues.begin()->queue_id == 2;
  }));
  cluster.broker().set_lock_owner(kGroup, kTopic, 2, "");
  cluster.broker().put(kTopic, 2, "x");
  EXPECT_TRUE(eventually([&] { return running.received->count("x") == 1; }));
}

TEST_F(QueueLocksTest, ALockThatIsNotAnsweredOrRefusedIsAskedForAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  cluster.broker().inject(request_code::kLockBatchMq, Fault::of(Fault::Kind::kIgnore, 2));
  cluster.broker().inject(request_code::kLockBatchMq, Fault::respond(response_code::kSystemError, "no", 2));
  cluster.broker().inject(request_code::kLockBatchMq, Fault::of(Fault::Kind::kReset, 1));
  auto running = start_orderly(impatient(cluster), orderly());
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_GE(cluster.broker().request_count(request_code::kLockBatchMq), 6);
}

TEST_F(QueueLocksTest, AfterALockIsLostInMidRunNothingOfItCounts) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 6; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  std::atomic<bool> first{true};
  auto running =
      start_orderly(client(cluster), orderly(), [&](const Delivery&) { return first.exchange(false) ? kLater : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  cluster.broker().set_lock_owner(kGroup, kTopic, 0, "another");
  // Given up.
  ASSERT_TRUE(eventually([&] { return told_of_queue(cluster, 0).empty(); }));
  // The other one has consumed some.
  cluster.broker().set_committed_offset(kGroup, kTopic, 0, 3);
  ASSERT_TRUE(running.consumer->acknowledge(running.received->ids().front(), -1, 0));
  const int asked = cluster.broker().request_count(request_code::kLockBatchMq);
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kLockBatchMq, asked + 3, kPatience));
  EXPECT_EQ(running.received->count(), 1U);
  EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, 0), 3);
  EXPECT_EQ(cluster.broker().lock_owner(kGroup, kTopic, 0), "another");
  cluster.broker().set_lock_owner(kGroup, kTopic, 0, "");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 4; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"m0", "m3", "m4", "m5"}));
}

// Two batches of one queue must not be out, though the lock is back before the first one has ended.
TEST_F(QueueLocksTest, AQueueIsNotTakenAgainBeforeItsLastBatchHasEnded) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "m0");
  std::atomic<bool> first{true};
  auto running =
      start_orderly(client(cluster), orderly(), [&](const Delivery&) { return first.exchange(false) ? kLater : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  cluster.broker().set_lock_owner(kGroup, kTopic, 0, "another");
  ASSERT_TRUE(eventually([&] { return told_of_queue(cluster, 0).empty(); }));
  cluster.broker().set_lock_owner(kGroup, kTopic, 0, "");
  const int64_t rounds = running.consumer->statistics().rebalances;
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().rebalances >= rounds + 2; }));
  EXPECT_EQ(running.received->count(), 1U);
  ASSERT_TRUE(running.consumer->acknowledge(running.received->ids().front(), -1, 0));
  // Again, as the acknowledgement came after the lock was lost.
  EXPECT_TRUE(eventually([&] { return running.received->count("m0") == 2; }));
}

TEST_F(QueueLocksTest, ALockThatCannotBeRenewedEndsTheDelivery) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "m0");
  PushConsumerOptions options = orderly();
  options.lock_lifetime = Millis(1000);
  auto running = start_orderly(impatient(cluster), options);
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().messages_consumed == 1; }));
  cluster.broker().inject(request_code::kLockBatchMq, Fault::of(Fault::Kind::kIgnore, -1));
  ASSERT_TRUE(eventually([&] { return told_of_queue(cluster, 0)["locked"] == false; }));
  cluster.broker().put(kTopic, 0, "m1");
  EXPECT_FALSE(eventually([&] { return running.received->count() > 1; }, Millis(200)));
  cluster.broker().clear_faults();
  // Goes on in place: nobody else had it.
  ASSERT_TRUE(eventually([&] { return running.received->count("m1") == 1; }));
  EXPECT_EQ(running.received->count("m0"), 1U);
}

TEST_F(QueueLocksTest, WhatAnotherMemberConsumedMeanwhileIsNotDeliveredAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "m0");
  PushConsumerOptions options = orderly();
  options.lock_lifetime = Millis(1000);
  auto running = start_orderly(impatient(cluster), options);
  ASSERT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 1; }));
  cluster.broker().inject(request_code::kLockBatchMq, Fault::of(Fault::Kind::kIgnore, -1));
  ASSERT_TRUE(eventually([&] { return told_of_queue(cluster, 0)["locked"] == false; }));
  for (int i = 1; i < 5; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  cluster.broker().set_committed_offset(kGroup, kTopic, 0, 3);
  cluster.broker().clear_faults();
  ASSERT_TRUE(eventually([&] { return running.received->count() == 3; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"m0", "m3", "m4"}));
}

TEST_F(QueueLocksTest, ABrokerThatDiesKeepsTheOrder) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 40);
  auto run = std::make_shared<OrderedRun>();
  auto running = start_orderly(impatient(cluster), orderly(), noting(run));
  ASSERT_TRUE(eventually([&] { return run->distinct() >= 10; }));
  cluster.broker().stop();
  put(cluster, 40, 40);
  cluster.broker().start();
  ASSERT_TRUE(eventually([&] { return run->distinct() == 80; }));
  EXPECT_TRUE(run->in_order());
  EXPECT_FALSE(run->overlap());
}

// It may have come back without its locks, and given them to somebody.
TEST_F(QueueLocksTest, ALockThatABrokerGaveAwayOverARestartIsRespected) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "m0");
  PushConsumerOptions options = orderly();
  // Not by renewal: by the connection's end.
  options.lock_interval = Millis(3600000);
  options.lock_lifetime = Millis(3600000);
  auto running = start_orderly(impatient(cluster), options);
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().messages_consumed == 1; }));
  cluster.broker().stop();
  cluster.broker().set_lock_owner(kGroup, kTopic, 0, "another");
  cluster.broker().put(kTopic, 0, "m1");
  const int asked = cluster.broker().request_count(request_code::kLockBatchMq);
  cluster.broker().start();
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kLockBatchMq, asked + 3, kPatience));
  EXPECT_EQ(running.received->count(), 1U);
  cluster.broker().set_lock_owner(kGroup, kTopic, 0, "");
  EXPECT_TRUE(eventually([&] { return running.received->count("m1") == 1; }));
}

TEST_F(QueueLocksTest, QueuesThatComeDuringARunAreLockedToo) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto run = std::make_shared<OrderedRun>();
  auto running = start_orderly(impatient(cluster), orderly(), noting(run));
  for (int i = 0; i < 20; ++i) cluster.broker().put(kTopic, 0, "a" + std::to_string(i));
  ASSERT_TRUE(eventually([&] { return run->distinct() >= 5; }));
  cluster.create_topic(kTopic, 4);
  for (int i = 0; i < 40; ++i) cluster.broker().put(kTopic, i % 4, "b" + std::to_string(i));
  ASSERT_TRUE(eventually([&] { return run->distinct() == 60; }));
  EXPECT_TRUE(run->in_order());
  EXPECT_FALSE(run->overlap());
  for (int queue = 0; queue < 4; ++queue) {
    EXPECT_FALSE(cluster.broker().lock_owner(kGroup, kTopic, queue).empty()) << queue;
  }
  // And those that go are given up.
  cluster.create_topic(kTopic, 2);
  ASSERT_TRUE(eventually([&] { return cluster.broker().lock_owner(kGroup, kTopic, 3).empty(); }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 3) == 10; }));
}

TEST_F(QueueLocksTest, MembersThatComeAndGoNeverHaveAQueueTogether) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  auto run = std::make_shared<OrderedRun>();
  std::atomic<bool> more{true};
  std::thread producer([&] {
    for (int i = 0; more; ++i) {
      cluster.broker().put(kTopic, i % 4, "m" + std::to_string(i));
      std::this_thread::sleep_for(Millis(1));
    }
  });
  auto first = start_orderly(impatient(cluster, "first"), orderly(), noting(run));
  for (int round = 0; round < 3; ++round) {
    auto second = start_orderly(impatient(cluster, "second"), orderly(), noting(run));
    EXPECT_TRUE(eventually([&] { return second.received->count() >= 20; }));
    const size_t before = first.received->count();
    EXPECT_TRUE(eventually([&] { return first.received->count() >= before + 20; }));
    EXPECT_TRUE(second.consumer->close(Millis(10000)));
  }
  more = false;
  producer.join();
  const auto all = static_cast<size_t>(cluster.message_count(kTopic));
  EXPECT_TRUE(eventually([&] { return run->distinct() == all; }));
  EXPECT_FALSE(run->overlap());
  EXPECT_TRUE(run->in_order());
}

TEST_F(QueueLocksTest, AQueueGoesToAnotherMemberOnlyAfterItsLastBatch) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 2);
  cluster.broker().put(kTopic, 0, "m0");
  cluster.broker().put(kTopic, 1, "m1");
  auto first = start_orderly(client(cluster, "first"), orderly(), [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return first.received->count() == 2; }));
  cluster.broker().put(kTopic, 0, "n0");
  cluster.broker().put(kTopic, 1, "n1");
  auto second = start_orderly(client(cluster, "second"), orderly());
  ASSERT_TRUE(eventually([&] { return first.consumer->statistics().assigned_queues < 3; }));
  const int64_t rounds = second.consumer->statistics().rebalances;
  ASSERT_TRUE(eventually([&] { return second.consumer->statistics().rebalances >= rounds + 3; }));
  EXPECT_EQ(second.received->count(), 0U);
  for (const uint64_t id : first.received->ids()) EXPECT_TRUE(first.consumer->acknowledge(id, -1, 0));
  // From the offset that the first one reached with its last batch.
  ASSERT_TRUE(eventually([&] { return second.received->count() == 1; }));
  EXPECT_EQ(second.received->bodies().front()[0], 'n');
}

TEST_F(QueueLocksTest, ClosePersistsAndThenUnlocks) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 8);
  PushConsumerOptions options = orderly();
  options.persist_offset_interval = Millis(3600000);
  auto running = start_orderly(client(cluster), options);
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().messages_consumed == 8; }));
  ASSERT_TRUE(running.consumer->close(Millis(10000)));
  for (int queue = 0; queue < 4; ++queue) {
    EXPECT_TRUE(eventually([&] { return cluster.broker().lock_owner(kGroup, kTopic, queue).empty(); })) << queue;
    EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, queue), 2) << queue;
  }
}

TEST_F(QueueLocksTest, AQueueWhoseBatchOutlivesTheCloseStaysLocked) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 2);
  cluster.broker().put(kTopic, 0, "x");
  auto running = start_orderly(client(cluster), orderly(), [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  ASSERT_TRUE(eventually([&] { return !cluster.broker().lock_owner(kGroup, kTopic, 1).empty(); }));
  ASSERT_TRUE(running.consumer->close(Millis(10)));
  EXPECT_TRUE(eventually([&] { return cluster.broker().lock_owner(kGroup, kTopic, 1).empty(); }));
  EXPECT_FALSE(cluster.broker().lock_owner(kGroup, kTopic, 0).empty());
}

}  // namespace rocketmq::test
