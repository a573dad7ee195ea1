#include <thread>

#include "consumer/consumer_fixture.h"

namespace rocketmq::test {

using mock::MockCluster;

class GroupTest : public ConsumerTest {};

TEST_F(GroupTest, TwoMembersShareWithoutDuplicatesAndTheOneLeftTakesOver) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  auto first = start(cluster, quick(), nullptr, "first");
  auto second = start(cluster, quick(), nullptr, "second");
  ASSERT_TRUE(eventually([&] {
    const auto a = first.consumer->statistics().assigned_queues;
    const auto b = second.consumer->statistics().assigned_queues;
    return a + b == 5 && a >= 2 && b >= 2;
  }));
  put(cluster, 0, 100);
  ASSERT_TRUE(eventually([&] { return first.received->count() + second.received->count() == 100; }));
  EXPECT_GT(first.received->count(), 0U);
  EXPECT_GT(second.received->count(), 0U);
  ASSERT_TRUE(first.consumer->close(Millis(10000)));
  put(cluster, 100, 100);
  ASSERT_TRUE(eventually([&] { return first.received->count() + second.received->count() == 200; }));
  EXPECT_EQ(second.consumer->statistics().assigned_queues, 5);
}

TEST_F(GroupTest, OneGroupOnceInAClient) {
  MockCluster cluster;
  auto first = start(cluster);
  ClientOptions client = client_options(cluster);
  client.heartbeat_interval = Millis(200);
  PushConsumerOptions options = quick();
  options.on_delivery = [](Delivery&) {};
  auto second = PushConsumer::create(client, options);
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->start().error().kind, ErrorKind::kConflict);
}

TEST_F(GroupTest, AnOperatorResetsOffsets) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 5; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 5; }));
  RemotingCommand reset = RemotingCommand::request(request_code::kResetConsumerOffset, SerializeType::kJson);
  reset.ext_fields.add("topic", kTopic);
  reset.ext_fields.add("group", kGroup);
  const std::string body = R"({"offsetTable":{{"brokerName":"broker-0","queueId":0,"topic":"orders"}:2}})";
  reset.body = SharedBytes(std::vector<uint8_t>(body.begin(), body.end()));
  cluster.broker().send_to_clients(reset);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 8; }));
  EXPECT_EQ(running.received->count("m1"), 1U);
  EXPECT_EQ(running.received->count("m2"), 2U);
}

TEST_F(GroupTest, ClosePersistsAndUnregisters) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  PushConsumerOptions options = quick();
  options.persist_offset_interval = Millis(3600000);
  options.pull_suspend_timeout = Millis(60000);
  for (int i = 0; i < 5; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  auto running = start(cluster, options);
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().messages_consumed == 5; }));
  ASSERT_TRUE(running.consumer->close(Millis(10000)));
  EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, 0), 5);
  EXPECT_TRUE(cluster.broker().clients_of(kGroup).empty());
  ASSERT_TRUE(running.consumer->close(Millis(0)));
  EXPECT_EQ(running.consumer->start().error().kind, ErrorKind::kClosed);
  EXPECT_EQ(running.consumer->suspend().error().kind, ErrorKind::kClosed);
  EXPECT_EQ(running.consumer->subscribe(kTopic, "*").error().kind, ErrorKind::kClosed);
}

TEST_F(GroupTest, CloseWaitsForWhatIsOutstanding) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  auto running = start(cluster, quick(), [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  std::thread closing([&] { EXPECT_TRUE(running.consumer->close(Millis(30000))); });
  EXPECT_TRUE(running.consumer->acknowledge(running.received->ids().front(), -1, 0));
  closing.join();
  EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, 0), 1);
}

TEST_F(GroupTest, AnUnacknowledgedBatchOutlivesTheCloseAndStaysWithTheGroup) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  auto running = start(cluster, quick(), [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  ASSERT_TRUE(running.consumer->close(Millis(10)));
  EXPECT_EQ(running.consumer->acknowledge(running.received->ids().front(), -1, 0).error().kind,
            ErrorKind::kInvalidState);
  auto next = start(cluster);
  EXPECT_TRUE(eventually([&] { return next.received->count() == 1; }));
}

TEST_F(GroupTest, AListenerMayCloseItsOwnConsumer) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  std::atomic<PushConsumer*> self{nullptr};
  std::atomic<bool> closed{false};
  auto running = start(cluster, quick(), [&](const Delivery&) {
    EXPECT_TRUE(eventually([&] { return self.load() != nullptr; }));
    EXPECT_TRUE(self.load()->close(Millis(10000)));
    closed = true;
    return -1;
  });
  self = running.consumer.get();
  ASSERT_TRUE(eventually([&] { return closed.load(); }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 1; }));
}

TEST_F(GroupTest, ClosesInEveryStateAndWithoutAnyServer) {
  MockCluster cluster;
  PushConsumerOptions options = quick();
  options.on_delivery = [](Delivery&) {};
  {
    auto created = PushConsumer::create(client_options(cluster), options);
    ASSERT_TRUE(created);
    EXPECT_EQ((*created)->resume().error().kind, ErrorKind::kInvalidState);
    EXPECT_TRUE((*created)->close(Millis(0)));
  }
  cluster.name_server().stop();
  auto running = start(cluster);
  EXPECT_TRUE(running.consumer->close(Millis(100)));
}

TEST_F(GroupTest, ManyLoopsLeaveNothing) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 4);
  for (int i = 0; i < 50; ++i) {
    PushConsumerOptions options = quick();
    options.group = "group-" + std::to_string(i);
    auto running = start(cluster, options);
    ASSERT_TRUE(eventually([&] { return running.received->count() == 4; }));
  }
  EXPECT_TRUE(eventually([&] { return cluster.broker().connection_count() == 0; }));
}

}  // namespace rocketmq::test
