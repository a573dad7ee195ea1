#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

// What sends make of brokers that refuse them.
class RefusalTest : public ProducerTest {
 protected:
  RefusalTest() : cluster_({1, 2, 4, false}) { cluster_.create_topic("orders", 4); }

  std::unique_ptr<Producer> connected(ProducerOptions options = {}) {
    auto producer = started(cluster_, std::move(options));
    EXPECT_TRUE(producer->send(message("orders", "warm"), Millis(20000)));
    return producer;
  }
  void refuse_all(int32_t code, const std::string& remark, int32_t times) {
    for (int i = 0; i < 2; ++i) cluster_.broker(i).inject(kSend, Fault::respond(code, remark, times));
  }

  MockCluster cluster_;
};

TEST_F(RefusalTest, TheRouteIsLookedUpAfterARefusalThatAStaleOneExplains) {
  auto producer = connected();
  for (const int32_t code : {1, 14, 16, 17, 29, 501}) {
    const int before = cluster_.name_server().request_count(kRoute);
    refuse_all(code, "refused", 1);
    (void)producer->send(message("orders", "x"), Millis(20000));
    EXPECT_TRUE(cluster_.name_server().await_requests(kRoute, before + 1, kPatience)) << code;
    for (int i = 0; i < 2; ++i) cluster_.broker(i).clear_faults();
  }
}

// As after mqadmin made the queues fewer.
TEST_F(RefusalTest, AQueueThatIsGoneIsTriedAgainByANewRoute) {
  auto producer = connected();
  cluster_.create_topic("orders", 1);
  for (const auto& [code, remark] :
       std::vector<std::pair<int32_t, std::string>>{{29, "illegal"}, {1, "request queueId[3] is illegal"}}) {
    refuse_all(code, remark, 1);
    const auto receipt = producer->send(message("orders", "x"), Millis(20000));
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_GT(receipt->attempts, 1);
    EXPECT_EQ(receipt->queue_id, 0);
    for (int i = 0; i < 2; ++i) cluster_.broker(i).clear_faults();
  }
}

TEST_F(RefusalTest, ABrokerThatRefusesIsAvoided) {
  auto producer = connected();
  cluster_.broker(0).inject(kSend, Fault::respond(response_code::kSystemBusy, "busy", -1));
  const int before = cluster_.broker(0).request_count(kSend);
  const TimePoint begin = now();
  constexpr int kSends = 100;
  for (int i = 0; i < kSends; ++i) ASSERT_TRUE(producer->send(message("orders", "x"), Millis(20000)));
  // Once, and again after 1 s, 2 s and so on.
  const int64_t seconds = millis_between(begin, now()) / 1000;
  EXPECT_LE(cluster_.broker(0).request_count(kSend) - before, 2 + seconds);
}

TEST_F(RefusalTest, AnAsynchronousSendThatIsRefusedIsNotRepeated) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = connected(options);
  refuse_all(response_code::kSystemBusy, "busy", 1);
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(20000), 1));
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 1; }));
  const auto result = *outcomes.result(1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(result.error().attempts, 1);
}

TEST_F(RefusalTest, AnAsynchronousSendIsRepeatedAfterTheCodesOfTheUser) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  options.retry_response_codes = std::vector<int32_t>{response_code::kFlowControl};
  auto producer = connected(options);
  refuse_all(response_code::kFlowControl, "slower", 1);
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(20000), 1));
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 1; }));
  const auto result = *outcomes.result(1);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_GT(result->attempts, 1);
}

TEST_F(RefusalTest, FlowControlEndsASendUnlessTheUserWantsOtherwise) {
  auto producer = connected();
  refuse_all(response_code::kFlowControl, "slower", 1);
  const auto receipt = producer->send(message("orders", "x"), Millis(20000));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().response_code, response_code::kFlowControl);
  EXPECT_EQ(receipt.error().attempts, 1);
}

// Sends that no other queue will do for.
class BoundSendTest : public RefusalTest {
 protected:
  int requests() { return cluster_.broker(0).request_count(kSend) + cluster_.broker(1).request_count(kSend); }
  static OutgoingMessage keyed() {
    auto outgoing = message("orders", "x");
    outgoing.sharding_key = "customer 7";
    return outgoing;
  }
  static OutgoingMessage named() {
    auto outgoing = message("orders", "x");
    outgoing.broker_name = "broker-0";
    outgoing.queue_id = 1;
    return outgoing;
  }
};

TEST_F(BoundSendTest, HaveOneAttempt) {
  auto producer = connected();
  for (const auto& outgoing : {keyed(), named()}) {
    for (int i = 0; i < 2; ++i) cluster_.broker(i).inject(kSend, Fault::of(Fault::Kind::kReset));
    const int before = requests();
    const auto receipt = producer->send(outgoing, Millis(20000));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(requests(), before + 1);
    EXPECT_EQ(receipt.error().kind, ErrorKind::kConnectionLost);
    for (int i = 0; i < 2; ++i) cluster_.broker(i).clear_faults();
  }
}

TEST_F(BoundSendTest, AreTriedAgainWhereTheUserAsks) {
  ProducerOptions options;
  options.retry_same_queue = true;
  auto producer = connected(options);
  for (const auto& outgoing : {keyed(), named()}) {
    for (int i = 0; i < 2; ++i) cluster_.broker(i).inject(kSend, Fault::of(Fault::Kind::kReset));
    const int before = requests();
    const auto receipt = producer->send(outgoing, Millis(20000));
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_EQ(requests(), before + 2);
    for (int i = 0; i < 2; ++i) cluster_.broker(i).clear_faults();
  }
}

// What was not sent makes no copy.
TEST_F(BoundSendTest, AreTriedUntilTheDeadlineWhereNothingWasSent) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  // Never connected: a connection that breaks may have taken the message along.
  auto producer = started(cluster_, options);
  ASSERT_TRUE(producer->queues("orders", Millis(20000)));
  cluster_.broker(0).stop();
  ASSERT_TRUE(producer->send_async(named(), Millis(30000), 1));
  ASSERT_TRUE(eventually([&] { return producer->statistics()->sends_retried > 0; }));
  cluster_.broker(0).start();
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 1; }));
  EXPECT_TRUE(*outcomes.result(1)) << (*outcomes.result(1)).error().message;
}

// Topics that a name server does not know yet.
class YoungNameServerTest : public ProducerTest {};

TEST_F(YoungNameServerTest, ATopicThatIsNotRegisteredAgainIsWaitedFor) {
  MockCluster cluster({1, 1, 4, false});
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster, options);
  cluster.name_server().stop();
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(60000), 1));
  ASSERT_FALSE(producer->send(message("orders", "x"), Millis(100)));
  const int before = cluster.name_server().request_count(kRoute);
  cluster.name_server().start();
  ASSERT_TRUE(cluster.name_server().await_requests(kRoute, before + 2, kPatience));
  EXPECT_EQ(outcomes.count(), 0U);
  cluster.create_topic("orders", 4);
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 1; }));
  EXPECT_TRUE(*outcomes.result(1)) << (*outcomes.result(1)).error().message;
}

TEST_F(YoungNameServerTest, ATopicThatDoesNotExistFailsAtOnceOtherwise) {
  MockCluster cluster({1, 1, 4, false});
  auto producer = started(cluster);
  const TimePoint begin = now();
  const auto receipt = producer->send(message("orders", "x"), Millis(60000));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().kind, ErrorKind::kTopicNotFound);
  EXPECT_LT(millis_between(begin, now()), 30000);
}

TEST_F(YoungNameServerTest, AStaticTopicIsRefusedByName) {
  MockCluster cluster;
  cluster.create_topic("logical", 4);
  TopicRoute route = cluster.route_of("logical");
  route.mapping_brokers = {"broker-0"};
  cluster.set_route("logical", route);
  auto producer = started(cluster);
  const auto receipt = producer->send(message("logical", "x"), Millis(0));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().kind, ErrorKind::kNotSupported);
  EXPECT_NE(receipt.error().message.find("\"logical\" is a static topic"), std::string::npos)
      << receipt.error().message;
  EXPECT_EQ(cluster.broker().request_count(kSend), 0);
}

}  // namespace rocketmq::test
