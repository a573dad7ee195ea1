#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class SendTest : public ProducerTest {};

TEST_F(SendTest, ASyncSendIsStoredAndAcknowledged) {
  MockCluster cluster;
  auto producer = started(cluster);
  const auto receipt = producer->send(message("orders", "hello"), Millis(0));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->status, SendStatus::kOk);
  EXPECT_EQ(receipt->broker_name, "broker-0");
  EXPECT_EQ(receipt->attempts, 1);
  EXPECT_EQ(receipt->message_id.size(), 32U);
  const auto stored = cluster.messages("orders");
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(as_text(stored[0].body.view()), "hello");
  EXPECT_EQ(stored[0].message_id(), as_text(receipt->message_id));
  EXPECT_EQ(stored[0].offset_message_id(), receipt->offset_message_id.view());
}

TEST_F(SendTest, EverythingThatAMessageCarriesArrives) {
  MockCluster cluster;
  auto producer = started(cluster);
  const std::pair<std::string_view, std::string_view> properties[] = {{"färbe", "grün 🙂"}, {"n", "1"}};
  OutgoingMessage outgoing = message("orders", "body");
  outgoing.tag = "created";
  outgoing.keys = "k1 k2";
  outgoing.flag = 42;
  outgoing.sharding_key = "customer";
  outgoing.properties = properties;
  outgoing.property_count = 2;
  ASSERT_TRUE(producer->send(outgoing, Millis(0)));
  const auto stored = cluster.messages("orders").at(0);
  EXPECT_EQ(stored.property("TAGS"), "created");
  EXPECT_EQ(stored.property("KEYS"), "k1 k2");
  EXPECT_EQ(stored.property("färbe"), "grün 🙂");
  EXPECT_EQ(stored.property("n"), "1");
  EXPECT_EQ(stored.property("__SHARDINGKEY"), "customer");
  EXPECT_EQ(stored.property("WAIT"), "true");
  EXPECT_EQ(stored.flag, 42);
}

TEST_F(SendTest, LargeBodiesAreCompressedAndSmallOnesAreNot) {
  MockCluster cluster;
  auto producer = started(cluster);
  const std::string large(100000, 'x');
  ASSERT_TRUE(producer->send(message("large", large), Millis(0)));
  ASSERT_TRUE(producer->send(message("small", "x"), Millis(0)));
  const auto packed = cluster.messages("large").at(0);
  EXPECT_NE(packed.system_flag & system_flag::kCompressed, 0);
  EXPECT_LT(packed.store_size, 10000);
  EXPECT_EQ(as_text(packed.body.view()), large);
  EXPECT_EQ(cluster.messages("small").at(0).system_flag, 0);
}

TEST_F(SendTest, AsyncSendsEndExactlyOnce) {
  MockCluster cluster({1, 2, 4, true});
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  options.max_in_flight_count = 5000;
  auto producer = started(cluster, options);
  constexpr uint64_t kCount = 3000;
  for (uint64_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(producer->send_async(message("orders", "m" + std::to_string(i)), Millis(60000), i));
  }
  ASSERT_TRUE(eventually([&] { return outcomes.count() == kCount; }));
  for (uint64_t i = 0; i < kCount; ++i) EXPECT_TRUE(*outcomes.result(i));
  EXPECT_EQ(cluster.message_count("orders"), static_cast<int>(kCount));
  EXPECT_GT(cluster.broker(0).messages("orders").size(), 0U);
  EXPECT_GT(cluster.broker(1).messages("orders").size(), 0U);
  EXPECT_EQ(producer->statistics()->sends_succeeded, static_cast<int64_t>(kCount));
}

TEST_F(SendTest, OneWaySendsArrive) {
  MockCluster cluster;
  auto producer = started(cluster);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(producer->send_one_way(message("orders", "x"), Millis(0)));
  EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == 10; }));
  EXPECT_EQ(producer->statistics()->one_way_sends, 10);
}

TEST_F(SendTest, ManyThreadsShareOneProducer) {
  MockCluster cluster;
  auto producer = started(cluster);
  std::vector<std::thread> threads;
  std::atomic<int> sent{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) sent += producer->send(message("orders", "x"), Millis(10000)) ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sent, 800);
  EXPECT_EQ(cluster.message_count("orders"), 800);
}

// The first sends of many threads look the route up once.
TEST_F(SendTest, ConcurrentFirstSendsShareOneLookUp) {
  MockCluster cluster;
  cluster.create_topic("orders", 4);
  cluster.name_server().inject(request_code::kGetRouteByTopic, Fault::delayed(Millis(100)));
  auto producer = started(cluster);
  std::vector<std::thread> threads;
  std::atomic<int> sent{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] { sent += producer->send(message("orders", "x"), Millis(10000)) ? 1 : 0; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sent, 8);
  EXPECT_EQ(cluster.name_server().request_count(request_code::kGetRouteByTopic), 1);
}

TEST_F(SendTest, ANamedQueueAndAShardingKeyChooseTheQueue) {
  MockCluster cluster({1, 2, 4, true});
  cluster.create_topic("orders", 4);
  auto producer = started(cluster);
  OutgoingMessage outgoing = message("orders", "x");
  outgoing.broker_name = "broker-1";
  outgoing.queue_id = 3;
  for (int i = 0; i < 3; ++i) {
    const auto receipt = producer->send(outgoing, Millis(0));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->broker_name, "broker-1");
    EXPECT_EQ(receipt->queue_id, 3);
  }
  outgoing.queue_id = 99;
  EXPECT_EQ(producer->send(outgoing, Millis(0)).error().kind, ErrorKind::kTopicNotFound);
  OutgoingMessage sharded = message("orders", "x");
  sharded.sharding_key = "customer-7";
  const auto first = producer->send(sharded, Millis(0));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(producer->send(sharded, Millis(0))->queue_id, first->queue_id);
}

// A broker may have more levels than it has as it ships.
TEST_F(SendTest, DelayLevelsAreTheBrokersOwn) {
  MockCluster cluster;
  cluster.broker().set_delay_unit(Millis(1));
  auto producer = started(cluster);
  OutgoingMessage late = message("orders", "late");
  late.delay_level = 19;
  ASSERT_TRUE(producer->send(late, Millis(0)));
  EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == 1; }));
  late.delay_level = -1;
  const auto refused = producer->send(late, Millis(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidArgument);
}

TEST_F(SendTest, WarmUpLooksUpAndConnects) {
  MockCluster cluster;
  cluster.create_topic("orders", 4);
  auto producer = started(cluster);
  ASSERT_TRUE(producer->warm_up("orders"));
  EXPECT_EQ(cluster.broker().connection_count(), 1);
  EXPECT_TRUE(eventually([&] { return cluster.broker().request_count(request_code::kHeartbeat) == 1; }));
  EXPECT_EQ(producer->warm_up("or ders").error().kind, ErrorKind::kInvalidArgument);
}

TEST_F(SendTest, StatusesTenToTwelveAreStoredMessages) {
  MockCluster cluster;
  auto producer = started(cluster);
  ASSERT_TRUE(producer->send(message("orders", "x"), Millis(0)));
  const std::pair<int32_t, SendStatus> statuses[] = {
      {response_code::kFlushDiskTimeout, SendStatus::kFlushDiskTimeout},
      {response_code::kSlaveNotAvailable, SendStatus::kSlaveNotAvailable},
      {response_code::kFlushSlaveTimeout, SendStatus::kFlushSlaveTimeout}};
  for (const auto& [code, status] : statuses) {
    Fault fault = Fault::of(Fault::Kind::kStatus);
    fault.code = code;
    cluster.broker().inject(request_code::kSendMessageV2, fault);
    const auto receipt = producer->send(message("orders", "x"), Millis(0));
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_EQ(receipt->status, status);
    EXPECT_EQ(receipt->attempts, 1);
  }
  EXPECT_EQ(cluster.message_count("orders"), 4);
}

}  // namespace rocketmq::test
