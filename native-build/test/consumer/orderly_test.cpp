#include <thread>

#include "consumer/orderly_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class OrderlyTest : public OrderlyConsumerTest {};

TEST_F(OrderlyTest, OneBatchOfAQueueIsOutAtATimeInTheOrderOfTheOffsets) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 100);
  auto run = std::make_shared<OrderedRun>();
  PushConsumerOptions options = orderly();
  options.max_batch_size = 3;
  auto running = start_orderly(client(cluster), options, noting(run));
  ASSERT_TRUE(eventually([&] { return running.received->count() == 100; }));
  EXPECT_FALSE(run->overlap());
  EXPECT_TRUE(run->in_order());
  EXPECT_EQ(running.received->distinct(), 100U);
  for (int queue = 0; queue < 4; ++queue) {
    EXPECT_FALSE(cluster.broker().lock_owner(kGroup, kTopic, queue).empty());
    EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, queue) == 25; }));
  }
}

TEST_F(OrderlyTest, AFailedMessageComesAgainInPlace) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 3; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  auto running = start_orderly(client(cluster), orderly(), [](const Delivery& delivery) {
    const StoredMessage& message = delivery.messages[0];
    return message.queue_offset == 1 && message.reconsume_times < 2 ? 0 : -1;
  });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 5; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"m0", "m1", "m1", "m1", "m2"}));
  EXPECT_EQ(running.received->reconsume_times(), (std::vector<int32_t>{0, 0, 1, 2, 0}));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 3; }));
  EXPECT_EQ(cluster.broker().request_count(request_code::kConsumerSendMessageBack), 0);
  EXPECT_EQ(running.consumer->statistics().messages_sent_back, 0);
}

TEST_F(OrderlyTest, APartialAcknowledgementCommitsTheFirst) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 4; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  PushConsumerOptions options = orderly();
  options.max_batch_size = 4;
  options.suspend_queue_time = kLongestSuspension;
  std::atomic<bool> first{true};
  auto running =
      start_orderly(client(cluster), options, [&](const Delivery&) { return first.exchange(false) ? kLater : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 4; }));
  ASSERT_TRUE(running.consumer->acknowledge(running.received->ids().front(), 2, 0, kLeastSuspension));
  ASSERT_TRUE(eventually([&] { return running.received->count() == 6; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"m0", "m1", "m2", "m3", "m2", "m3"}));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 4; }));
}

TEST_F(OrderlyTest, WhileAQueueRestsItsOffsetStaysBelowWhatFailed) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 4; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  PushConsumerOptions options = orderly();
  options.max_batch_size = 4;
  options.suspend_queue_time = kLongestSuspension;
  auto running = start_orderly(client(cluster), options, [](const Delivery&) { return 2; });
  ASSERT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 2; }));
  EXPECT_EQ(running.received->count(), 4U);
  // It does not hold up the close either.
  ASSERT_TRUE(running.consumer->close(Millis(30000)));
  EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, 0), 2);
}

TEST_F(OrderlyTest, AfterTheMaximumItIsADeadLetterAndTheQueueGoesOn) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "poison", "TAGS\001t\002");
  cluster.broker().put(kTopic, 0, "next");
  PushConsumerOptions options = orderly();
  options.max_reconsume_times = 2;
  auto running = start_orderly(client(cluster), options, [](const Delivery& delivery) {
    return as_text(delivery.messages[0].body.view()) == "poison" ? 0 : -1;
  });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 4; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"poison", "poison", "poison", "next"}));
  const auto dead = cluster.messages(dead_letter_topic(kGroup));
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(as_text(dead[0].body.view()), "poison");
  EXPECT_EQ(dead[0].property("RETRY_TOPIC"), kTopic);
  EXPECT_EQ(dead[0].property("TAGS"), "t");
  EXPECT_EQ(dead[0].reconsume_times, 3);
  EXPECT_EQ(running.consumer->statistics().messages_sent_back, 1);
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 2; }));
}

TEST_F(OrderlyTest, TheListenerMaySendToTheDeadLettersAtOnce) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 4; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  PushConsumerOptions options = orderly();
  options.max_batch_size = 3;
  auto running = start_orderly(client(cluster), options, [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 3; }));
  ASSERT_TRUE(running.consumer->acknowledge(running.received->ids().front(), 1, -1));
  ASSERT_TRUE(eventually([&] { return running.received->count() == 4; }));
  EXPECT_EQ(running.received->bodies().back(), "m3");
  EXPECT_EQ(cluster.message_count(dead_letter_topic(kGroup)), 2);
}

// The offset must not pass it, and nothing behind it may overtake it.
TEST_F(OrderlyTest, ADeadLetterThatNoBrokerTakesStaysInPlace) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "poison");
  cluster.broker().put(kTopic, 0, "next");
  cluster.broker().inject(request_code::kSendMessageV2, Fault::respond(response_code::kSystemError, "no", -1));
  cluster.broker().inject(request_code::kConsumerSendMessageBack,
                          Fault::respond(response_code::kSystemError, "no", -1));
  PushConsumerOptions options = orderly();
  options.max_reconsume_times = 1;
  auto running = start_orderly(client(cluster), options, [](const Delivery& delivery) {
    return as_text(delivery.messages[0].body.view()) == "poison" ? 0 : -1;
  });
  ASSERT_TRUE(eventually([&] { return running.received->count() >= 4; }));
  EXPECT_EQ(running.received->count("next"), 0U);
  cluster.broker().clear_faults();
  ASSERT_TRUE(eventually([&] { return running.received->count("next") == 1; }));
  EXPECT_EQ(cluster.message_count(dead_letter_topic(kGroup)), 1);
}

TEST_F(OrderlyTest, ABatchWhoseCallbackThrowsComesAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "m0");
  cluster.broker().put(kTopic, 0, "m1");
  auto running = start_orderly(client(cluster), orderly(), [](const Delivery& delivery) -> int32_t {
    if (delivery.messages[0].queue_offset == 0 && delivery.messages[0].reconsume_times == 0) {
      throw std::runtime_error("on purpose");
    }
    return -1;
  });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 3; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"m0", "m0", "m1"}));
}

TEST_F(OrderlyTest, ABatchThatTakesTooLongIsWaitedFor) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "m0");
  cluster.broker().put(kTopic, 0, "m1");
  PushConsumerOptions options = orderly();
  options.consume_timeout = Millis(50);
  std::atomic<bool> first{true};
  auto running =
      start_orderly(client(cluster), options, [&](const Delivery&) { return first.exchange(false) ? kLater : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_FALSE(eventually([&] { return running.received->count() > 1; }, Millis(300)));
  ASSERT_TRUE(running.consumer->acknowledge(running.received->ids().front(), -1, 0));
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  EXPECT_EQ(running.received->bodies().back(), "m1");
}

TEST_F(OrderlyTest, WrongAcknowledgementsAreRefused) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  auto running = start_orderly(client(cluster), orderly(), [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  const uint64_t id = running.received->ids().front();
  EXPECT_EQ(running.consumer->acknowledge(id, 0, 3).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(running.consumer->acknowledge(id, 0, 0, Millis(9)).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(running.consumer->acknowledge(id, 0, 0, Millis(30001)).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_TRUE(running.consumer->acknowledge(id, 0, 0, Millis(10)));
  EXPECT_TRUE(eventually([&] { return running.received->count() == 2; }));

  PushConsumerOptions concurrent = quick();
  concurrent.group = "concurrent";
  auto other = start(cluster, concurrent, [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return other.received->count() == 1; }));
  const Status refused = other.consumer->acknowledge(other.received->ids().front(), 0, 0, Millis(10));
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("suspend_ms is 10"), std::string::npos) << refused.error().message;
}

TEST_F(OrderlyTest, OperatorsSeeThatItIsOrderly) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  const int64_t begin = wall_clock_ms();
  auto running = start_orderly(client(cluster), orderly());
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_EQ(running_info(cluster)["properties"]["PROP_CONSUMEORDERLY"], "true");
  const Json queue = told_of_queue(cluster, 0);
  EXPECT_EQ(queue["locked"], true);
  EXPECT_GE(json_number(queue, "lastLockTimestamp", -1), begin);
}

TEST_F(OrderlyTest, AnOperatorResetsOffsets) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 5; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  std::atomic<bool> keep{true};
  auto running = start_orderly(client(cluster), orderly(), [&](const Delivery& delivery) {
    return delivery.messages[0].queue_offset == 4 && keep.exchange(false) ? kLater : -1;
  });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 5; }));
  RemotingCommand reset = RemotingCommand::request(request_code::kResetConsumerOffset, SerializeType::kJson);
  reset.ext_fields.add("topic", kTopic);
  reset.ext_fields.add("group", kGroup);
  const std::string body = R"({"offsetTable":{{"brokerName":"broker-0","queueId":0,"topic":"orders"}:2}})";
  reset.body = SharedBytes(std::vector<uint8_t>(body.begin(), body.end()));
  cluster.broker().send_to_clients(reset);
  // Not before the batch that is out has ended.
  ASSERT_TRUE(eventually([&] { return told_of_queue(cluster, 0).empty(); }));
  EXPECT_EQ(running.received->count(), 5U);
  ASSERT_TRUE(running.consumer->acknowledge(running.received->ids().back(), -1, 0));
  ASSERT_TRUE(eventually([&] { return running.received->count() == 8; }));
  EXPECT_EQ(running.received->count("m1"), 1U);
  EXPECT_EQ(running.received->count("m2"), 2U);
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 5; }));
}

TEST_F(OrderlyTest, ABroadcastNeedsNoLocksAndPassesOverWhatItGivesUp) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 3; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  PushConsumerOptions options = orderly();
  options.broadcasting = true;
  options.max_reconsume_times = 1;
  options.offset_directory = std::filesystem::path(::testing::TempDir()) / "rocketmq-orderly-broadcast";
  std::filesystem::remove_all(options.offset_directory);
  auto running = start_orderly(client(cluster), options,
                               [](const Delivery& d) { return d.messages[0].queue_offset == 1 ? 0 : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 4; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"m0", "m1", "m1", "m2"}));
  EXPECT_EQ(cluster.broker().request_count(request_code::kLockBatchMq), 0);
}

}  // namespace rocketmq::test
