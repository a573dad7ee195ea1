#include "consumer/consumer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class RedeliveryTest : public ConsumerTest {};

TEST_F(RedeliveryTest, AFailedMessageComesAgainWithItsTopic) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x", "TAGS\001t\002");
  auto running = start(cluster, quick(),
                       [](const Delivery& delivery) { return delivery.messages[0].reconsume_times < 2 ? 0 : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 3; }));
  EXPECT_EQ(running.received->topics(), (std::vector<std::string>{kTopic, kTopic, kTopic}));
  EXPECT_EQ(running.received->reconsume_times(), (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(running.consumer->statistics().messages_sent_back, 2);
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 1; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, retry_topic(kGroup), 0) == 2; }));
}

TEST_F(RedeliveryTest, AfterTheMaximumItIsADeadLetter) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "poison");
  PushConsumerOptions options = quick();
  options.max_reconsume_times = 2;
  auto running = start(cluster, options, [](const Delivery&) { return 0; });
  ASSERT_TRUE(eventually([&] { return cluster.message_count(dead_letter_topic(kGroup)) == 1; }));
  EXPECT_EQ(running.received->count(), 3U);
}

TEST_F(RedeliveryTest, OnlyTheRestOfABatchGoesBack) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 4; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  PushConsumerOptions options = quick();
  options.max_batch_size = 4;
  auto running = start(cluster, options, [](const Delivery& d) { return d.messages[0].reconsume_times == 0 ? 2 : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 6; }));
  EXPECT_EQ(running.received->count("m0"), 1U);
  EXPECT_EQ(running.received->count("m1"), 1U);
  EXPECT_EQ(running.received->count("m2"), 2U);
  EXPECT_EQ(running.received->count("m3"), 2U);
}

// The offset must not pass a message that the broker did not take back.
TEST_F(RedeliveryTest, ARefusedSendBackFallsBackToAnOrdinarySend) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  cluster.broker().inject(request_code::kConsumerSendMessageBack,
                          Fault::respond(response_code::kSystemError, "no", -1));
  auto running = start(cluster, quick(), [](const Delivery& d) { return d.messages[0].reconsume_times == 0 ? 0 : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  const auto retried = cluster.messages(retry_topic(kGroup));
  ASSERT_EQ(retried.size(), 1U);
  EXPECT_EQ(retried[0].property("RETRY_TOPIC"), kTopic);
  EXPECT_EQ(retried[0].property("RECONSUME_TIME"), "1");
}

// One that is frozen would hold up the dead letters of all others, and store copies when it is back.
TEST_F(RedeliveryTest, ADeadLetterIsSentToItsOwnBrokerFirst) {
  for (int own = 0; own < 2; ++own) {
    MockCluster cluster({.name_servers = 1, .brokers = 2});
    cluster.create_topic(kTopic, 1);
    cluster.broker(own).put(kTopic, 0, "poison");
    PushConsumerOptions options = quick();
    options.orderly = true;
    options.max_reconsume_times = 0;
    auto running = start(cluster, options, [](const Delivery&) { return 0; });
    ASSERT_TRUE(eventually([&] { return cluster.message_count(dead_letter_topic(kGroup)) == 1; }));
    EXPECT_EQ(cluster.broker(own).request_count(request_code::kSendMessageV2), 1);
    EXPECT_EQ(cluster.broker(1 - own).request_count(request_code::kSendMessageV2), 0);
  }
}

TEST_F(RedeliveryTest, ABrokerThatDoesNotTakeItsMessageBackIsTheLastToBeSentTo) {
  for (int own = 0; own < 2; ++own) {
    MockCluster cluster({.name_servers = 1, .brokers = 2});
    cluster.create_topic(kTopic, 1);
    cluster.broker(own).put(kTopic, 0, "x");
    cluster.broker(own).inject(request_code::kConsumerSendMessageBack,
                               Fault::respond(response_code::kSystemError, "no", -1));
    auto running =
        start(cluster, quick(), [](const Delivery& d) { return d.messages[0].reconsume_times == 0 ? 0 : -1; });
    ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
    EXPECT_EQ(cluster.broker(own).request_count(request_code::kSendMessageV2), 0);
    EXPECT_EQ(cluster.broker(1 - own).request_count(request_code::kSendMessageV2), 1);
  }
}

TEST_F(RedeliveryTest, WhatNoBrokerTakesBackIsDeliveredAgainHere) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  cluster.broker().inject(request_code::kConsumerSendMessageBack,
                          Fault::respond(response_code::kSystemError, "no", -1));
  cluster.broker().inject(request_code::kSendMessageV2, Fault::respond(response_code::kSystemError, "no", -1));
  std::atomic<bool> failed{false};
  auto running = start(cluster, quick(), [&](const Delivery&) { return failed.exchange(true) ? -1 : 0; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_LE(cluster.broker().committed_offset(kGroup, kTopic, 0), 0);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 1; }));
}

TEST_F(RedeliveryTest, ABatchThatIsNeverAcknowledgedIsGivenBack) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  PushConsumerOptions options = quick();
  options.consume_timeout = Millis(100);
  std::atomic<uint64_t> stuck{0};
  auto running = start(cluster, options, [&](const Delivery& d) {
    if (d.messages[0].reconsume_times > 0) return -1;
    stuck = d.id;
    return kLater;
  });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  EXPECT_EQ(running.consumer->acknowledge(stuck, -1, 0).error().kind, ErrorKind::kInvalidState);
}

// A broker answers SYSTEM_ERROR for a message that it has stored, but not in as many places as it should.
class TakenBackTest : public RedeliveryTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(TakenBackTest, IsNotSentAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  cluster.broker().inject(request_code::kConsumerSendMessageBack,
                          Fault::respond(response_code::kSystemError, GetParam()));
  auto running = start(cluster, quick(), [](const Delivery&) { return 0; });
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 1; }));
  EXPECT_EQ(running.consumer->statistics().messages_sent_back, 1);
  EXPECT_EQ(cluster.broker().request_count(request_code::kSendMessageV2), 0);
}

INSTANTIATE_TEST_SUITE_P(Remarks, TakenBackTest,
                         ::testing::Values("FLUSH_DISK_TIMEOUT", "FLUSH_SLAVE_TIMEOUT", "SLAVE_NOT_AVAILABLE"));

class StoredRedeliveryTest : public RedeliveryTest, public ::testing::WithParamInterface<int32_t> {};

TEST_P(StoredRedeliveryTest, IsNotSentAgain) {
  MockCluster cluster({1, 2, 4, true});
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  for (int broker = 0; broker < 2; ++broker) {
    cluster.broker(broker).inject(request_code::kConsumerSendMessageBack,
                                  Fault::respond(response_code::kSystemError, "no"));
    Fault stored = Fault::of(Fault::Kind::kStatus);
    stored.code = GetParam();
    cluster.broker(broker).inject(request_code::kSendMessageV2, stored);
  }
  auto running = start(cluster, quick(), [](const Delivery& d) { return d.messages[0].reconsume_times == 0 ? 0 : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 1; }));
  EXPECT_EQ(running.consumer->statistics().messages_sent_back, 1);
  EXPECT_EQ(cluster.message_count(retry_topic(kGroup)), 1);
}

INSTANTIATE_TEST_SUITE_P(Statuses, StoredRedeliveryTest,
                         ::testing::Values(response_code::kFlushDiskTimeout, response_code::kSlaveNotAvailable,
                                           response_code::kFlushSlaveTimeout));

// The flags say how a broker stored the message, not how this one is to be stored.
TEST_F(RedeliveryTest, AnOrdinarySendCarriesNoFlagsOfTheStore) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  MessageToStore message;
  message.topic = kTopic;
  message.body = as_bytes("x");
  message.born_host.v6 = true;
  message.store_host.v6 = true;
  message.system_flag = system_flag::kTransactionCommit | system_flag::kMultiTags;
  std::vector<uint8_t> bytes;
  encode_stored_message(message, bytes);
  cluster.broker().put_raw(kTopic, 0, bytes);
  cluster.broker().inject(request_code::kConsumerSendMessageBack,
                          Fault::respond(response_code::kSystemError, "no", -1));
  auto running = start(cluster, quick(), [](const Delivery& d) { return d.messages[0].reconsume_times == 0 ? 0 : -1; });
  ASSERT_TRUE(eventually([&] { return running.received->count("x") == 2; }));
  const auto sends = cluster.broker().requests(request_code::kSendMessageV2);
  ASSERT_EQ(sends.size(), 1U);
  EXPECT_EQ(sends[0].ext_fields.number("f", -1), system_flag::kMultiTags);
}

TEST_F(RedeliveryTest, ACallbackThatThrowsGivesItsBatchBackAndTheThreadGoesOn) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 3; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  auto running = start(cluster, quick(), [](const Delivery& d) -> int32_t {
    if (d.messages[0].reconsume_times > 0) return -1;
    if (as_text(d.messages[0].body.view()) == "m0") throw std::runtime_error("the callback fails");
    // NOLINTNEXTLINE(hicpp-exception-baseclass): a C++ program may throw anything.
    if (as_text(d.messages[0].body.view()) == "m1") throw 5;
    return -1;
  });
  EXPECT_TRUE(eventually([&] { return running.received->count() == 5; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 3; }));
  EXPECT_EQ(running.consumer->statistics().messages_sent_back, 2);
  EXPECT_TRUE(eventually([&] { return running.consumer->statistics().outstanding_batches == 0; }));
}

}  // namespace rocketmq::test
