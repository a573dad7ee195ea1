#include "consumer/consumer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class OffsetTest : public ConsumerTest {
 protected:
  static PushConsumerOptions from(ConsumeFrom where) {
    PushConsumerOptions options = quick();
    options.consume_from = where;
    return options;
  }
  static std::vector<RemotingCommand> pulls(MockCluster& cluster, const std::string& topic) {
    auto all = cluster.broker().requests(request_code::kPullMessage);
    all.erase(std::remove_if(all.begin(), all.end(),
                             [&](const auto& pull) { return pull.ext_fields.text("topic") != topic; }),
              all.end());
    return all;
  }
};

TEST_F(OffsetTest, ANewGroupStartsWhereItIsTold) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "ancient");
  cluster.broker().put(kTopic, 0, "old");
  // A queue that has lost its first message is not young.
  cluster.broker().trim(kTopic, 0, 1);
  PushConsumerOptions options = from(ConsumeFrom::kLastOffset);
  auto last = start(cluster, options);
  ASSERT_TRUE(eventually([&] { return !pulls(cluster, kTopic).empty(); }));
  cluster.broker().put(kTopic, 0, "new");
  ASSERT_TRUE(eventually([&] { return last.received->count() == 1; }));
  EXPECT_EQ(last.received->bodies().front(), "new");

  options = from(ConsumeFrom::kTimestamp);
  options.group = "by-time";
  options.consume_timestamp_ms = 1;
  auto timed = start(cluster, options);
  EXPECT_TRUE(eventually([&] { return timed.received->count() == 2; }));

  options = from(ConsumeFrom::kFirstOffset);
  options.group = "from-the-first";
  auto first = start(cluster, options);
  EXPECT_TRUE(eventually([&] { return first.received->count() == 2; }));
}

// Of a young queue the broker would answer 0, were it not told otherwise.
TEST_F(OffsetTest, ATimestampHoldsForAYoungQueueToo) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "old");
  PushConsumerOptions options = from(ConsumeFrom::kTimestamp);
  options.consume_timestamp_ms = wall_clock_ms() + 3600000;
  auto running = start(cluster, options);
  ASSERT_TRUE(eventually([&] { return !pulls(cluster, kTopic).empty(); }));
  EXPECT_EQ(pulls(cluster, kTopic).front().ext_fields.number("queueOffset", -1), 1);
}

// The consumer sees the queue later than the producers do.
TEST_F(OffsetTest, NothingOfAQueueThatComesLaterIsPassedOver) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  ClientOptions often = client(cluster);
  often.route_refresh_interval = Millis(50);
  auto running = create(often, from(ConsumeFrom::kLastOffset));
  ASSERT_TRUE(running.consumer->start());
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues == 2; }));
  cluster.broker().put(kTopic, 1, "first of the new queue");
  cluster.create_topic(kTopic, 2);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_EQ(running.received->bodies().front(), "first of the new queue");
  EXPECT_EQ(running.consumer->statistics().assigned_queues, 3);
}

TEST_F(OffsetTest, ATopicThatAFirstSendCreatesIsConsumedFromItsFirstMessage) {
  MockCluster cluster;
  auto running = start(cluster, from(ConsumeFrom::kLastOffset));
  ASSERT_TRUE(cluster.name_server().await_requests(request_code::kGetRouteByTopic, 1, kPatience));
  cluster.broker().put(kTopic, 0, "x");
  cluster.create_topic(kTopic, 1);
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
}

TEST_F(OffsetTest, AnOffsetOutsideWhatTheBrokerHasIsCorrectedAndPersisted) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 10; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  cluster.broker().set_committed_offset(kGroup, kTopic, 0, 2);
  cluster.broker().trim(kTopic, 0, 7);
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 3; }));
  EXPECT_EQ(running.received->bodies().front(), "m7");
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 10; }));
}

// Their route names a slave only, with whatever id.
TEST_F(OffsetTest, WithoutAMasterASlaveIsReadAndCommitsNothing) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.set_route(kTopic,
                    {"", {{"mock", "broker-0", {{2, cluster.broker().address()}}, false}}, {{"broker-0", 1, 1, 6}}});
  cluster.broker().put(kTopic, 0, "m0");
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  cluster.broker().put(kTopic, 0, "m1");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  ASSERT_TRUE(eventually([&] { return pulls(cluster, kTopic).size() >= 3; }));
  for (const auto& pull : pulls(cluster, kTopic)) EXPECT_EQ(pull.ext_fields.number("sysFlag", -1) & 1, 0);
}

// A pull that waits in the broker would write its offset over the last one of a close.
TEST_F(OffsetTest, NoPullCarriesAnOffsetToCommit) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  {
    auto running = start(cluster);
    for (size_t i = 1; i <= 5; ++i) {
      cluster.broker().put(kTopic, 0, "m");
      ASSERT_TRUE(eventually([&] { return running.received->count() == i; }));
    }
    for (const auto& pull : pulls(cluster, kTopic)) EXPECT_EQ(pull.ext_fields.number("sysFlag", -1) & 1, 0);
  }
  EXPECT_GE(pulls(cluster, kTopic).size(), 5U);
  EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, 0), 5);
}

TEST_F(OffsetTest, ALongQueueIsCommittedOnTheWay) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  PushConsumerOptions options = quick();
  options.persist_offset_interval = std::chrono::hours(1);
  auto running = start(cluster, options);
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues == 2; }));
  for (int i = 0; i < 2500; ++i) cluster.broker().put(kTopic, 0, "m");
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) >= 2000; }));
}

// Not "taken anew", which would make good acknowledgements count for nothing.
TEST_F(OffsetTest, AQueueOfADeadBrokerIsKept) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  PushConsumerOptions options = quick();
  // The pull loop asks at least every 1.25 s.
  options.silent_pull_timeout = Millis(2500);
  auto running = start(cluster, options, [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues == 2; }));
  cluster.broker().stop();
  EXPECT_FALSE(eventually([&] { return running.consumer->statistics().assigned_queues < 2; }, Millis(4000)));
  EXPECT_TRUE(running.consumer->acknowledge(running.received->ids().front(), -1, 0));
  cluster.broker().start();
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 1; }));
  EXPECT_EQ(running.received->count(), 1U);
}

TEST_F(OffsetTest, AQueueThatIsNotAskedForIsTakenAnew) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  PushConsumerOptions options = quick();
  options.pull_suspend_timeout = Millis(60000);
  options.silent_pull_timeout = Millis(300);
  auto running = start(cluster, options);
  // The broker holds the pull for longer.
  EXPECT_TRUE(eventually([&] { return pulls(cluster, kTopic).size() >= 2; }));
}

// A rebalance that comes while the new offset is being stored finds nothing to give up.
TEST_F(OffsetTest, AQueueThatIsLostDuringAResetIsNotTakenAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  PushConsumerOptions options = quick();
  options.rebalance_interval = std::chrono::hours(1);
  options.persist_offset_interval = std::chrono::hours(1);
  auto running = start(cluster, options);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues == 2; }));
  cluster.broker().inject(request_code::kUpdateConsumerOffset, Fault::delayed(Millis(1000)));
  RemotingCommand reset = RemotingCommand::request(request_code::kResetConsumerOffset, SerializeType::kJson);
  reset.ext_fields.add("group", kGroup);
  const std::string body = R"({"offsetTable":{{"brokerName":"broker-0","queueId":0,"topic":"orders"}:0}})";
  reset.body = SharedBytes(std::vector<uint8_t>(body.begin(), body.end()));
  cluster.broker().send_to_clients(reset);
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kUpdateConsumerOffset, 1, kPatience));
  ASSERT_TRUE(running.consumer->unsubscribe(kTopic));
  EXPECT_FALSE(eventually([&] { return running.consumer->statistics().assigned_queues != 1; }, Millis(2000)));
  EXPECT_EQ(running.received->count(), 1U);
}

}  // namespace rocketmq::test
