#include <filesystem>
#include <fstream>

#include "consumer/consumer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;
namespace fs = std::filesystem;

class BroadcastingTest : public ConsumerTest {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = fs::path(::testing::TempDir()) / (std::string("rocketmq-broadcast-") + info->name());
    fs::remove_all(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  PushConsumerOptions broadcasting() const {
    PushConsumerOptions options = quick();
    options.broadcasting = true;
    options.offset_directory = directory_;
    return options;
  }
  fs::path offsets_of(const std::string& instance) const { return directory_ / instance / kGroup / "offsets.json"; }

  fs::path directory_;
};

TEST_F(BroadcastingTest, EveryMemberGetsAll) {
  MockCluster cluster({.name_servers = 1, .brokers = 2});
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 40);
  auto first = start(cluster, broadcasting(), nullptr, "first");
  auto second = start(cluster, broadcasting(), nullptr, "second");
  ASSERT_TRUE(eventually([&] { return first.received->distinct() == 40 && second.received->distinct() == 40; }));
  // All queues of both brokers, and no retry topic's.
  EXPECT_EQ(first.consumer->statistics().assigned_queues, 8);
  put(cluster, 40, 40);
  ASSERT_TRUE(eventually([&] { return first.received->distinct() == 80 && second.received->distinct() == 80; }));
  EXPECT_EQ(first.received->count(), 80U);
  for (int queue = 0; queue < 4; ++queue) EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, queue), -1);
}

TEST_F(BroadcastingTest, OffsetsSurviveTheConsumer) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 20);
  PushConsumerOptions options = broadcasting();
  // Saved by the close.
  options.persist_offset_interval = Millis(3600000);
  auto first = start(cluster, options, nullptr, "one");
  ASSERT_TRUE(eventually([&] { return first.consumer->statistics().messages_consumed == 20; }));
  ASSERT_TRUE(first.consumer->close(Millis(10000)));
  put(cluster, 20, 20);
  auto second = start(cluster, options, nullptr, "one");
  ASSERT_TRUE(eventually([&] { return second.received->distinct() == 20; }));
  EXPECT_EQ(second.received->count(), 20U);
  EXPECT_EQ(second.received->count("m0"), 0U);
}

TEST_F(BroadcastingTest, OffsetsAreSavedWhileItRuns) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 5; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  auto running = start(cluster, broadcasting(), nullptr, "one");
  EXPECT_TRUE(eventually([&] {
    std::ifstream file(offsets_of("one"));
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return text.find(R"({"brokerName":"broker-0","queueId":0,"topic":"orders"}:5)") != std::string::npos;
  }));
}

TEST_F(BroadcastingTest, WhatFailsIsPassedOver) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 4; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  auto running = start(
      cluster, broadcasting(),
      [](const Delivery& delivery) -> int32_t {
        if (delivery.messages[0].queue_offset == 2) throw std::runtime_error("on purpose");
        return delivery.messages[0].queue_offset == 1 ? 0 : -1;
      },
      "one");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 4; }));
  ASSERT_TRUE(running.consumer->close(Millis(10000)));
  EXPECT_EQ(cluster.broker().request_count(request_code::kConsumerSendMessageBack), 0);
  EXPECT_EQ(running.consumer->statistics().messages_sent_back, 0);
  auto again = start(cluster, broadcasting(), nullptr, "one");
  cluster.broker().put(kTopic, 0, "after");
  ASSERT_TRUE(eventually([&] { return again.received->count() == 1; }));
  EXPECT_EQ(again.received->bodies().front(), "after");
}

TEST_F(BroadcastingTest, ABatchThatTimesOutIsPassedOver) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  PushConsumerOptions options = broadcasting();
  options.consume_timeout = Millis(50);
  auto running = start(cluster, options, [](const Delivery&) { return kLater; }, "one");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().outstanding_batches == 0; }));
  EXPECT_EQ(running.consumer->acknowledge(running.received->ids().front(), -1, 0).error().kind,
            ErrorKind::kInvalidState);
  EXPECT_TRUE(eventually([&] { return running.consumer->statistics().cached_messages == 0; }));
}

TEST_F(BroadcastingTest, ANewMemberStartsWhereItIsTold) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "old");
  PushConsumerOptions options = broadcasting();
  options.consume_from = ConsumeFrom::kLastOffset;
  auto running = start(cluster, options, nullptr, "one");
  ASSERT_TRUE(eventually([&] { return cluster.broker().request_count(request_code::kPullMessage) > 0; }));
  cluster.broker().put(kTopic, 0, "new");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_EQ(running.received->bodies().front(), "new");
}

TEST_F(BroadcastingTest, AnOffsetThatTheBrokerMovesIsSaved) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 4; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  cluster.broker().trim(kTopic, 0, 3);
  fs::create_directories(offsets_of("one").parent_path());
  std::ofstream(offsets_of("one")) << R"({"offsetTable":{{"brokerName":"broker-0","queueId":0,"topic":"orders"}:1}})";
  auto running = start(cluster, broadcasting(), nullptr, "one");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_EQ(running.received->bodies().front(), "m3");
}

TEST_F(BroadcastingTest, DamagedOffsetsFollowTheStartRule) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 4; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  fs::create_directories(offsets_of("one").parent_path());
  std::ofstream(offsets_of("one")) << R"({"offsetTable":{{"brokerName":"broker-0","queueId":0,"topic":"ord)";
  auto running = start(cluster, broadcasting(), nullptr, "one");
  EXPECT_TRUE(eventually([&] { return running.received->count() == 4; }));
}

TEST_F(BroadcastingTest, AnUnusableDirectoryFailsTheStartWhichMayBeTriedAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  std::ofstream(directory_) << "in the way";
  Running running = create(client(cluster, "one"), broadcasting());
  const Status started = running.consumer->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::kInvalidArgument);
  EXPECT_NE(started.error().message.find(directory_.string()), std::string::npos) << started.error().message;
  fs::remove(directory_);
  ASSERT_TRUE(running.consumer->start());
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
}

TEST_F(BroadcastingTest, TwoOfOneGroupAndInstanceConflict) {
  MockCluster cluster;
  auto first = start(cluster, broadcasting(), nullptr, "one");
  // Another client, but the same file.
  ClientOptions other = client(cluster, "one");
  other.connect_timeout = Millis(2999);
  Running second = create(other, broadcasting());
  const Status started = second.consumer->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::kConflict);
  EXPECT_NE(started.error().message.find("instance_name"), std::string::npos) << started.error().message;
  ASSERT_TRUE(first.consumer->close(Millis(1000)));
  EXPECT_TRUE(second.consumer->start());
}

// The members learn of a queue after the producers.
TEST_F(BroadcastingTest, AQueueThatAppearsLaterIsConsumedFromItsFirstMessage) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "old");
  PushConsumerOptions options = broadcasting();
  options.consume_from = ConsumeFrom::kLastOffset;
  ClientOptions often = client(cluster, "one");
  often.route_refresh_interval = Millis(50);
  auto running = create(often, options);
  ASSERT_TRUE(running.consumer->start());
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues == 1; }));
  cluster.broker().put(kTopic, 1, "first of the new queue");
  cluster.create_topic(kTopic, 2);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_EQ(running.received->bodies().front(), "first of the new queue");
  ASSERT_TRUE(running.consumer->close(Millis(10000)));
  // So it is with one that appears while the member is away.
  cluster.broker().put(kTopic, 2, "first of the third");
  cluster.create_topic(kTopic, 3);
  auto again = create(often, options);
  ASSERT_TRUE(again.consumer->start());
  ASSERT_TRUE(eventually([&] { return again.received->count() == 1; }));
  EXPECT_EQ(again.received->bodies().front(), "first of the third");
}

TEST_F(BroadcastingTest, ATopicThatIsMadeLaterIsConsumedFromItsFirstMessage) {
  MockCluster cluster({.name_servers = 1, .brokers = 1, .queues = 4, .auto_create_topics = false});
  PushConsumerOptions options = broadcasting();
  options.consume_from = ConsumeFrom::kLastOffset;
  ClientOptions often = client(cluster, "one");
  often.route_refresh_interval = Millis(50);
  auto running = create(often, options);
  ASSERT_TRUE(running.consumer->start());
  // In the first round the topic may still be looked up.
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().rebalances >= 3; }));
  cluster.broker().put(kTopic, 0, "x");
  cluster.create_topic(kTopic, 1);
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
}

}  // namespace rocketmq::test
