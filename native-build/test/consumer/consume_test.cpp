#include "consumer/consumer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class ConsumeTest : public ConsumerTest {};

TEST_F(ConsumeTest, EveryMessageArrivesOnce) {
  MockCluster cluster({1, 2, 4, true});
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 100);
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 100; }));
  put(cluster, 100, 100);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 200; }));
  EXPECT_EQ(running.received->distinct(), 200U);
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().messages_consumed == 200; }));
  // Those of the retry topic, which may come later, too.
  EXPECT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues == 8 + 1 + 1; }));
}

TEST_F(ConsumeTest, ATopicThatComesLaterIsFound) {
  MockCluster cluster;
  auto running = start(cluster);
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 4);
  EXPECT_TRUE(eventually([&] { return running.received->count() == 4; }));
}

TEST_F(ConsumeTest, TagsAreMatchedAsTextBeyondTheBrokersHash) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  // "Aa" and "BB" have the same hash.
  cluster.broker().put(kTopic, 0, "wanted", "TAGS\001Aa\002");
  cluster.broker().put(kTopic, 0, "same hash", "TAGS\001BB\002");
  cluster.broker().put(kTopic, 0, "other", "TAGS\001other\002");
  cluster.broker().put(kTopic, 0, "untagged");
  cluster.broker().put(kTopic, 0, "last", "TAGS\001Aa\002");
  auto running = start(cluster, quick(), nullptr, "", "Aa || unused");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"wanted", "last"}));
  EXPECT_EQ(running.consumer->statistics().messages_filtered, 1);
  // What is filtered is passed, not kept.
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 5; }));
}

TEST_F(ConsumeTest, AStoredOffsetWins) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 5; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  cluster.broker().set_committed_offset(kGroup, kTopic, 0, 3);
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"m3", "m4"}));
}

TEST_F(ConsumeTest, BatchesHaveUpToTheirSize) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 25; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  PushConsumerOptions options = quick();
  options.max_batch_size = 10;
  auto running = start(cluster, options);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 25; }));
  EXPECT_EQ(running.received->batches(), (std::vector<size_t>{10, 10, 5}));
}

// The committed offset stays at the lowest message that is not acknowledged.
TEST_F(ConsumeTest, AcknowledgementsOutOfOrderDoNotPassAGap) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 4; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  auto running = start(cluster, quick(), [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 4; }));
  const auto ids = running.received->ids();
  for (const size_t i : {1U, 2U, 3U}) EXPECT_TRUE(running.consumer->acknowledge(ids[i], -1, 0));
  put(cluster, 100, 1);
  EXPECT_FALSE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) > 0; }, Millis(100)));
  EXPECT_TRUE(running.consumer->acknowledge(ids[0], -1, 0));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 4; }));
}

TEST_F(ConsumeTest, WrongAcknowledgementsAreRefused) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  auto running = start(cluster, quick(), [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  const uint64_t id = running.received->ids().front();
  EXPECT_EQ(running.consumer->acknowledge(id, 2, 0).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(running.consumer->acknowledge(id, 0, -2).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(running.consumer->acknowledge(id + 1, -1, 0).error().kind, ErrorKind::kInvalidState);
  EXPECT_TRUE(running.consumer->acknowledge(id, -1, 0));
  EXPECT_EQ(running.consumer->acknowledge(id, -1, 0).error().kind, ErrorKind::kInvalidState);
}

TEST_F(ConsumeTest, OutstandingBatchesAndTheCacheAreLimited) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 200; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  PushConsumerOptions options = quick();
  options.max_outstanding_batches = 3;
  options.max_cached_messages_per_queue = 10;
  options.pull_batch_size = 4;
  auto running = start(cluster, options, [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 3; }));
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().cached_messages >= 10; }));
  EXPECT_EQ(running.consumer->statistics().outstanding_batches, 3);
  EXPECT_LE(running.consumer->statistics().cached_messages, 13);
  // Acknowledged one after the other, all of it comes.
  size_t done = 0;
  ASSERT_TRUE(eventually([&] {
    for (const auto ids = running.received->ids(); done < ids.size(); ++done) {
      EXPECT_TRUE(running.consumer->acknowledge(ids[done], -1, 0));
    }
    return done == 200;
  }));
}

TEST_F(ConsumeTest, ASuspendedConsumerGivesNothingOut) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  auto running = start(cluster);
  ASSERT_TRUE(running.consumer->suspend());
  put(cluster, 0, 8);
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().cached_messages == 8; }));
  EXPECT_EQ(running.received->count(), 0U);
  ASSERT_TRUE(running.consumer->resume());
  EXPECT_TRUE(eventually([&] { return running.received->count() == 8; }));
}

TEST_F(ConsumeTest, OneThatIsSuspendedBeforeTheStartGivesNothingOutEither) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 8);
  auto running = create(client(cluster), quick());
  ASSERT_TRUE(running.consumer->suspend());
  ASSERT_TRUE(running.consumer->start());
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().cached_messages == 8; }));
  EXPECT_EQ(running.received->count(), 0U);
  ASSERT_TRUE(running.consumer->resume());
  EXPECT_TRUE(eventually([&] { return running.received->count() == 8; }));
}

TEST_F(ConsumeTest, TopicsComeAndGoAtRunTime) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  cluster.create_topic("more", 1);
  cluster.broker().put("more", 0, "x");
  auto running = start(cluster);
  ASSERT_TRUE(running.consumer->subscribe("more", "*"));
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().messages_consumed == 1; }));
  ASSERT_TRUE(running.consumer->unsubscribe("more"));
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues == 4 + 1; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, "more", 0) == 1; }));
}

TEST_F(ConsumeTest, AMessageThatCannotBeReadIsSteppedOver) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "before");
  MessageToStore corrupt;
  corrupt.topic = kTopic;
  corrupt.body = as_bytes("this is no zlib stream");
  corrupt.system_flag = system_flag::kCompressed;
  corrupt.queue_offset = 1;
  std::vector<uint8_t> bytes;
  encode_stored_message(corrupt, bytes);
  cluster.broker().put_raw(kTopic, 0, bytes);
  // Not even the lengths hold.
  cluster.broker().put_raw(kTopic, 0, {0, 0, 0, 1, 2, 3});
  cluster.broker().put(kTopic, 0, "after");
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"before", "after"}));
  EXPECT_GE(running.consumer->statistics().messages_undecodable, 2);
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 4; }));
}

// They must not overflow.
TEST_F(ConsumeTest, AMessageWithAnOffsetThatCannotBeIsTakenWhereItLies) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (const int64_t offset : {INT64_MAX, INT64_MIN}) {
    MessageToStore hostile;
    hostile.topic = kTopic;
    hostile.body = as_bytes("hostile");
    hostile.queue_offset = offset;
    std::vector<uint8_t> bytes;
    encode_stored_message(hostile, bytes);
    cluster.broker().put_raw(kTopic, 0, bytes);
  }
  cluster.broker().put(kTopic, 0, "after");
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 3; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"hostile", "hostile", "after"}));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 3; }));
}

TEST_F(ConsumeTest, ConsumptionResumesWhenTheBrokerComesBack) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 8);
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 8; }));
  cluster.broker().stop();
  cluster.broker().start();
  put(cluster, 8, 8);
  ASSERT_TRUE(eventually([&] { return running.received->distinct() == 16; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().clients_of(kGroup).size() == 1; }));
}

TEST_F(ConsumeTest, ARefusedPullIsTriedAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  cluster.broker().inject(request_code::kPullMessage, Fault::respond(response_code::kSystemError, "no", 3));
  cluster.broker().inject(request_code::kPullMessage, Fault::of(Fault::Kind::kReset, 2));
  cluster.broker().inject(request_code::kPullMessage, Fault::of(Fault::Kind::kGarbage, 1));
  put(cluster, 0, 20);
  auto running = start(cluster);
  EXPECT_TRUE(eventually([&] { return running.received->distinct() == 20; }));
}

}  // namespace rocketmq::test
