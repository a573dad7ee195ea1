#include <thread>

#include "producer/producer_fixture.h"
#include "producer/recall_handle.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class QueueTest : public ProducerTest {};

TEST_F(QueueTest, TheQueuesOfATopicAreListedSorted) {
  MockCluster cluster({1, 2, 3, true});
  cluster.create_topic("orders", 3);
  auto producer = started(cluster);
  const auto queues = producer->queues("orders", Millis(0));
  ASSERT_TRUE(queues) << queues.error().message;
  ASSERT_EQ(queues->size(), 6U);
  EXPECT_TRUE(std::is_sorted(queues->begin(), queues->end()));
  EXPECT_EQ(queues->front(), (MessageQueue{"orders", "broker-0", 0}));
  EXPECT_EQ(queues->back(), (MessageQueue{"orders", "broker-1", 2}));
}

TEST_F(QueueTest, ATopicToBeCreatedHasTheQueuesThatItWillGet) {
  MockCluster cluster;
  auto producer = started(cluster);
  const auto queues = producer->queues("fresh", Millis(0));
  ASSERT_TRUE(queues) << queues.error().message;
  ASSERT_EQ(queues->size(), 4U);
  EXPECT_EQ(queues->front().topic, "fresh");
}

TEST_F(QueueTest, WithoutANameServerTheListFailsInTime) {
  MockCluster cluster;
  ProducerOptions options;
  options.send_timeout = Millis(300);
  auto producer = started(cluster, options);
  cluster.name_server(0).stop();
  const auto queues = producer->queues("orders", Millis(0));
  ASSERT_FALSE(queues);
  EXPECT_EQ(queues.error().topic, "orders");
  EXPECT_FALSE(producer->queues("no topic", Millis(0)));
}

// One deadline for the route, the choice and the send.
TEST_F(QueueTest, WhatChoosingTakesIsTakenOffTheSendsTime) {
  MockCluster cluster;
  cluster.create_topic("orders", 4);
  auto producer = started(cluster);
  const auto slow = [](const std::vector<MessageQueue>& queues) {
    std::this_thread::sleep_for(Millis(50));
    return static_cast<int32_t>(queues.size()) - 1;
  };
  const auto chosen = producer->choose_queue("orders", Millis(60000), slow);
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ(chosen->queue, (MessageQueue{"orders", "broker-0", 3}));
  EXPECT_LE(chosen->left, Millis(59950));
  const auto late = producer->choose_queue("orders", Millis(40), slow);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
}

TEST_F(QueueTest, TheDeadlineCoversTheCompression) {
  MockCluster cluster;
  ProducerOptions options;
  options.compress_level = 9;
  auto producer = started(cluster, options);
  ASSERT_TRUE(producer->send(message("orders", "warm"), Millis(0)));
  std::string large;
  for (int i = 0; large.size() < 4000000; ++i) large += std::to_string(i * 2654435761U);
  const auto receipt = producer->send(message("orders", large), Millis(1));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(receipt.error().attempts, 0);
  EXPECT_FALSE(receipt.error().may_be_stored);
}

TEST_F(QueueTest, ASlowBrokerIsAvoidedWhereThatIsAskedFor) {
  MockCluster cluster({1, 2, 1, true});
  cluster.create_topic("orders", 1);
  ProducerOptions options;
  options.avoid_slow_brokers = true;
  auto producer = started(cluster, options);
  cluster.broker(0).inject(request_code::kSendMessageV2, Fault::delayed(std::chrono::milliseconds(600), 1));
  // One of the first two meets the slow broker, which is then avoided for 2 s.
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(producer->send(message("orders", "m"), Millis(0)));
  const auto before = cluster.broker(1).messages("orders").size();
  const TimePoint begin = now();
  size_t sent = 0;
  while (now() - begin < Millis(1000) && sent < 20) {
    ASSERT_TRUE(producer->send(message("orders", "m"), Millis(0)));
    ++sent;
  }
  EXPECT_EQ(cluster.broker(1).messages("orders").size(), before + sent);
}

TEST_F(QueueTest, TheDetectorFindsABrokerThatAnswersAgain) {
  MockCluster cluster({1, 2, 1, true});
  cluster.create_topic("orders", 1);
  ProducerOptions options;
  options.detect_interval = Millis(20);
  options.attempt_timeout = Millis(100);
  auto producer = started(cluster, options);
  ASSERT_TRUE(producer->warm_up("orders"));
  cluster.broker(0).inject(request_code::kSendMessageV2, Fault::of(Fault::Kind::kIgnore, 1));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(producer->send(message("orders", "m"), Millis(0)));
  EXPECT_TRUE(eventually([&] { return cluster.broker(0).request_count(request_code::kGetMaxOffset) > 0; }));
  // Without the detector it would be avoided for 1 s at least, and then for longer.
  EXPECT_TRUE(eventually([&] {
    (void)producer->send(message("orders", "m"), Millis(0));
    return !cluster.broker(0).messages("orders").empty();
  }));
}

TEST_F(QueueTest, TheDetectorDoesNotWaitForABrokerThatStaysSilent) {
  MockCluster cluster({1, 2, 1, true});
  cluster.create_topic("orders", 1);
  ProducerOptions options;
  options.detect_interval = Millis(20);
  options.detect_timeout = 4 * kPatience;
  options.attempt_timeout = Millis(100);
  auto producer = started(cluster, options);
  ASSERT_TRUE(producer->warm_up("orders"));
  OutgoingMessage lost = message("orders", "m");
  cluster.broker(0).freeze();
  lost.broker_name = "broker-0";
  EXPECT_FALSE(producer->send(lost, Millis(2000)));
  // So that the detector has asked the silent one, which nothing shows, before it is to ask the other.
  std::this_thread::sleep_for(4 * options.detect_interval);
  cluster.broker(1).inject(request_code::kSendMessageV2, Fault::of(Fault::Kind::kIgnore, 1));
  lost.broker_name = "broker-1";
  EXPECT_FALSE(producer->send(lost, Millis(2000)));
  EXPECT_TRUE(eventually([&] { return cluster.broker(1).request_count(request_code::kGetMaxOffset) > 0; }));
  ASSERT_TRUE(producer->close(Millis(0)));
}

TEST(RecallHandleTest, TellsTopicAndBroker) {
  // "v1 orders broker-a 1700000000000 ABC"
  const auto handle = parse_recall_handle("djEgb3JkZXJzIGJyb2tlci1hIDE3MDAwMDAwMDAwMDAgQUJD");
  ASSERT_TRUE(handle);
  EXPECT_EQ(handle->topic, "orders");
  EXPECT_EQ(handle->broker_name, "broker-a");
}

TEST(RecallHandleTest, WhatIsNoHandleIsRefused) {
  for (const char* text : {"", "x", "!!!!", "djEgb3JkZXJz", "djIgb3JkZXJzIGJyb2tlci1hIDE3MDAwMDAwMDAwMDAgQUJD"}) {
    const auto handle = parse_recall_handle(text);
    ASSERT_FALSE(handle) << text;
    EXPECT_EQ(handle.error().kind, ErrorKind::kInvalidArgument);
  }
}

class RecallTest : public ProducerTest {
 protected:
  static constexpr std::string_view kHandle = "djEgb3JkZXJzIGJyb2tlci0wIDE3MDAwMDAwMDAwMDAgQUJD";  // of broker-0
};

TEST_F(RecallTest, TheBrokersRefusalIsTold) {
  MockCluster cluster;
  cluster.create_topic("orders", 1);
  auto producer = started(cluster);
  cluster.broker(0).inject(request_code::kRecallMessage, Fault::respond(604, "recall failed, timestamp invalid"));
  const auto recalled = producer->recall("orders", kHandle, Millis(0));
  ASSERT_FALSE(recalled);
  EXPECT_EQ(recalled.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(recalled.error().response_code, 604);
  EXPECT_EQ(recalled.error().remark, "recall failed, timestamp invalid");
  EXPECT_EQ(recalled.error().topic, "orders");
}

TEST_F(RecallTest, ABrokerThatDoesNotAnswerEndsInATimeout) {
  MockCluster cluster;
  cluster.create_topic("orders", 1);
  auto producer = started(cluster);
  cluster.broker(0).inject(request_code::kRecallMessage, Fault::of(Fault::Kind::kIgnore));
  const auto recalled = producer->recall("orders", kHandle, Millis(100));
  ASSERT_FALSE(recalled);
  EXPECT_EQ(recalled.error().kind, ErrorKind::kTimeout);
}

TEST_F(RecallTest, AProducerThatIsClosedMeanwhileEndsTheWait) {
  MockCluster cluster;
  cluster.create_topic("orders", 1);
  // Keeps the client that they share.
  auto survivor = started(cluster);
  auto producer = started(cluster);
  cluster.broker(0).inject(request_code::kRecallMessage, Fault::of(Fault::Kind::kIgnore));
  Result<std::string> recalled;
  std::thread caller([&] { recalled = producer->recall("orders", kHandle, Millis(600000)); });
  EXPECT_TRUE(cluster.broker(0).await_requests(request_code::kRecallMessage, 1, kPatience));
  EXPECT_TRUE(producer->close(Millis(0)));
  caller.join();
  ASSERT_FALSE(recalled);
  EXPECT_EQ(recalled.error().kind, ErrorKind::kClosed);
}

TEST_F(RecallTest, TheHandleOfAnotherTopicIsRefused) {
  MockCluster cluster;
  auto producer = started(cluster);
  const auto recalled = producer->recall("payments", kHandle, Millis(0));
  ASSERT_FALSE(recalled);
  EXPECT_EQ(recalled.error().kind, ErrorKind::kInvalidArgument);
  EXPECT_NE(recalled.error().message.find("orders"), std::string::npos);
}

class CompressionTest : public ProducerTest, public ::testing::WithParamInterface<CompressionType> {};

TEST_P(CompressionTest, BodiesArriveUnpacked) {
  MockCluster cluster;
  ProducerOptions options;
  options.compression = GetParam();
  options.compress_level = 9;
  auto producer = started(cluster, options);
  const std::string large(100000, 'x');
  ASSERT_TRUE(producer->send(message("orders", large), Millis(0)));
  const auto stored = cluster.messages("orders").at(0);
  EXPECT_LT(stored.store_size, 10000);
  EXPECT_EQ(as_text(stored.body.view()), large);
  constexpr int32_t kFlags[] = {system_flag::kCompressionZlib, system_flag::kCompressionLz4,
                                system_flag::kCompressionZstd};
  EXPECT_EQ(stored.system_flag & system_flag::kCompressionMask, kFlags[static_cast<int>(GetParam())]);
}

INSTANTIATE_TEST_SUITE_P(All, CompressionTest,
                         ::testing::Values(CompressionType::kZlib, CompressionType::kLz4, CompressionType::kZstd));

}  // namespace rocketmq::test
