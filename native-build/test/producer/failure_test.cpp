#include <thread>

#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class SendFailureTest : public ProducerTest {};

TEST_F(SendFailureTest, ARefusalThatAnotherBrokerMayNotShareIsRetriedThere) {
  MockCluster cluster({1, 2, 4, true});
  cluster.create_topic("orders", 4);
  auto producer = started(cluster);
  cluster.broker(0).inject(kSend, Fault::respond(response_code::kSystemBusy, "busy", -1));
  for (int i = 0; i < 8; ++i) {
    const auto receipt = producer->send(message("orders", "x"), Millis(0));
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_EQ(receipt->broker_name, "broker-1");
  }
  EXPECT_GT(producer->statistics()->sends_retried, 0);
}

TEST_F(SendFailureTest, ARefusalForGoodIsNotRetriedAndTellsEverything) {
  MockCluster cluster;
  auto producer = started(cluster);
  cluster.broker().inject(kSend, Fault::respond(response_code::kMessageIllegal, "too ugly", -1));
  const auto receipt = producer->send(message("orders", "x"), Millis(0));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(receipt.error().response_code, response_code::kMessageIllegal);
  EXPECT_EQ(receipt.error().remark, "too ugly");
  EXPECT_EQ(receipt.error().address, cluster.broker().address());
  EXPECT_EQ(receipt.error().topic, "orders");
  EXPECT_EQ(receipt.error().attempts, 1);
  EXPECT_EQ(cluster.broker().request_count(kSend), 1);
}

TEST_F(SendFailureTest, AttemptsAreLimited) {
  MockCluster cluster;
  auto producer = started(cluster);
  cluster.broker().inject(kSend, Fault::respond(response_code::kSystemError, "no", -1));
  const auto receipt = producer->send(message("orders", "x"), Millis(30000));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().attempts, 3);
  EXPECT_EQ(cluster.broker().request_count(kSend), 3);
}

TEST_F(SendFailureTest, AnUnknownResponseCodeIsARefusal) {
  MockCluster cluster;
  auto producer = started(cluster);
  cluster.broker().inject(kSend, Fault::respond(31337, "?"));
  EXPECT_EQ(producer->send(message("orders", "x"), Millis(0)).error().response_code, 31337);
}

// One silent broker must not eat the time of the attempt on the other.
TEST_F(SendFailureTest, ASilentBrokerLeavesTimeForAnother) {
  MockCluster cluster({1, 2, 4, true});
  cluster.create_topic("orders", 4);
  ProducerOptions options;
  options.attempt_timeout = Millis(1000);
  auto producer = started(cluster, options);
  cluster.broker(0).inject(kSend, Fault::of(Fault::Kind::kIgnore, -1));
  for (int i = 0; i < 4; ++i) {
    const auto receipt = producer->send(message("orders", "x"), Millis(20000));
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_EQ(receipt->broker_name, "broker-1");
  }
  // Found out once, avoided afterwards.
  EXPECT_LE(cluster.broker(0).request_count(kSend), 2);
}

TEST_F(SendFailureTest, NoAnswerEndsAtTheDeadline) {
  MockCluster cluster;
  auto producer = started(cluster);
  cluster.broker().inject(kSend, Fault::of(Fault::Kind::kIgnore, -1));
  const auto receipt = producer->send(message("orders", "x"), Millis(300));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().kind, ErrorKind::kTimeout);
  EXPECT_GE(receipt.error().elapsed_ms, 299);
}

struct BrokenAnswer {
  Fault::Kind kind;
  int32_t code;
  ErrorKind expected;
};

class BrokenAnswerTest : public ProducerTest, public ::testing::WithParamInterface<BrokenAnswer> {};

TEST_P(BrokenAnswerTest, EndsInATypedErrorAndTheNextSendSucceeds) {
  MockCluster cluster;
  ProducerOptions options;
  options.max_attempts = 1;
  auto producer = started(cluster, options);
  ASSERT_TRUE(producer->send(message("orders", "x"), Millis(0)));
  Fault fault = Fault::of(GetParam().kind);
  fault.code = GetParam().code;
  cluster.broker().inject(kSend, fault);
  const auto receipt = producer->send(message("orders", "x"), Millis(5000));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().kind, GetParam().expected) << receipt.error().message;
  const auto next = producer->send(message("orders", "x"), Millis(10000));
  EXPECT_TRUE(next) << next.error().message;
}

INSTANTIATE_TEST_SUITE_P(Faults, BrokenAnswerTest,
                         ::testing::Values(BrokenAnswer{Fault::Kind::kReset, 0, ErrorKind::kConnectionLost},
                                           BrokenAnswer{Fault::Kind::kClose, 0, ErrorKind::kConnectionLost},
                                           BrokenAnswer{Fault::Kind::kHalfFrame, 0, ErrorKind::kConnectionLost},
                                           BrokenAnswer{Fault::Kind::kGarbage, 0, ErrorKind::kProtocolError},
                                           BrokenAnswer{Fault::Kind::kOversize, 64 << 20, ErrorKind::kProtocolError},
                                           BrokenAnswer{Fault::Kind::kOversize, -1, ErrorKind::kProtocolError},
                                           BrokenAnswer{Fault::Kind::kOversize, 2, ErrorKind::kProtocolError}));

TEST_F(SendFailureTest, AResponseToAnUnknownRequestIsPassedOver) {
  MockCluster cluster;
  auto producer = started(cluster);
  cluster.broker().inject(kSend, Fault::of(Fault::Kind::kWrongOpaque));
  EXPECT_TRUE(producer->send(message("orders", "x"), Millis(0)));
}

TEST_F(SendFailureTest, GoAwayMovesTheSendToANewConnection) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster, options);
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 1));
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 1; }));
  EXPECT_EQ(cluster.broker().connection_count(), 1);
  cluster.broker().inject(kSend, Fault::respond(response_code::kGoAway, "bye"));
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 2));
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 2; }));
  EXPECT_TRUE(*outcomes.result(2));
  // The one that was left has no more to wait for.
  EXPECT_TRUE(eventually([&] { return cluster.broker().connection_count() == 1; }));
}

TEST_F(SendFailureTest, GoAwayOnACallersOwnConnectionMovesTheSend) {
  MockCluster cluster;
  auto producer = started(cluster);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(producer->send(message("orders", "x"), Millis(0)));
  ASSERT_EQ(cluster.broker().connection_count(), 2);
  cluster.broker().inject(kSend, Fault::respond(response_code::kGoAway, "bye"));
  EXPECT_TRUE(producer->send(message("orders", "x"), Millis(0)));
}

// A connection that waits for its next caller may be closed by the broker meanwhile.
TEST_F(SendFailureTest, AnIdleConnectionThatWasClosedIsReplacedUnseen) {
  MockCluster cluster;
  ProducerOptions options;
  options.max_attempts = 1;
  auto producer = started(cluster, options);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(eventually([&] { return producer->send(message("orders", "x"), Millis(0)).has_value(); }));
    cluster.broker().reset_connections();
    ASSERT_TRUE(eventually([&] { return cluster.broker().connection_count() == 0; }));
    EXPECT_TRUE(producer->send(message("orders", "x"), Millis(0)));
  }
}

TEST_F(SendFailureTest, ABrokerThatComesBackIsUsedAgain) {
  MockCluster cluster;
  auto producer = started(cluster);
  ASSERT_TRUE(producer->send(message("orders", "x"), Millis(0)));
  cluster.broker().stop();
  const auto down = producer->send(message("orders", "x"), Millis(200));
  ASSERT_FALSE(down);
  // The first attempt may meet the connection that just breaks.
  EXPECT_TRUE(down.error().kind == ErrorKind::kUnreachable || down.error().kind == ErrorKind::kConnectionLost)
      << down.error().message;
  cluster.broker().start();
  EXPECT_TRUE(eventually([&] { return producer->send(message("orders", "x"), Millis(1000)).has_value(); }));
}

// The route that was found goes on serving while no name server lives.
TEST_F(SendFailureTest, SendsGoOnWithoutAnyNameServer) {
  MockCluster cluster({2, 1, 4, true});
  auto producer = started(cluster);
  ASSERT_TRUE(producer->send(message("orders", "x"), Millis(0)));
  cluster.name_server(0).stop();
  cluster.name_server(1).stop();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(producer->send(message("orders", "x"), Millis(0)));
}

TEST_F(SendFailureTest, OneOfTwoNameServersIsEnough) {
  MockCluster cluster({2, 1, 4, true});
  cluster.name_server(0).stop();
  auto producer = started(cluster);
  EXPECT_TRUE(producer->send(message("orders", "x"), Millis(10000)));
}

TEST_F(SendFailureTest, NoNameServerAtAllIsUnreachable) {
  MockCluster cluster;
  cluster.name_server().stop();
  auto producer = started(cluster);
  const auto receipt = producer->send(message("orders", "x"), Millis(300));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().kind, ErrorKind::kUnreachable) << receipt.error().message;
  EXPECT_NE(receipt.error().message.find(cluster.name_server().address()), std::string::npos);
}

// A name server that starts a moment later is waited for within the send's own time.
TEST_F(SendFailureTest, ANameServerThatComesUpMeanwhileServesTheSend) {
  MockCluster cluster;
  cluster.name_server().inject(request_code::kGetRouteByTopic, Fault::of(Fault::Kind::kClose, 3));
  auto producer = started(cluster);
  const auto receipt = producer->send(message("orders", "x"), Millis(30000));
  EXPECT_TRUE(receipt) << receipt.error().message;
}

TEST_F(SendFailureTest, ATopicWithoutARouteIsNotFound) {
  MockCluster cluster({1, 1, 4, false});
  auto producer = started(cluster);
  const auto receipt = producer->send(message("nowhere", "x"), Millis(0));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().kind, ErrorKind::kTopicNotFound);
  EXPECT_EQ(receipt.error().topic, "nowhere");
}

// A broker that loses its master keeps its queues in the route: the send waits for a new master.
TEST_F(SendFailureTest, ATopicThatHasOnlyASlaveForAMomentIsWaitedFor) {
  MockCluster cluster;
  cluster.create_topic("orders", 4);
  TopicRoute route;
  route.brokers.push_back({"mock", "broker-0", {{1, cluster.broker().address()}}, false});
  route.queues.push_back({"broker-0", 4, 4, 6});
  cluster.set_route("orders", route);
  auto producer = started(cluster);
  EXPECT_EQ(producer->send(message("orders", "x"), Millis(300)).error().kind, ErrorKind::kUnreachable);
  std::thread promotion([&] {
    EXPECT_TRUE(cluster.name_server().await_requests(request_code::kGetRouteByTopic, 2, kPatience));
    route.brokers[0].addresses = {{0, cluster.broker().address()}};
    cluster.set_route("orders", route);
  });
  const auto receipt = producer->send(message("orders", "x"), Millis(30000));
  promotion.join();
  EXPECT_TRUE(receipt) << receipt.error().message;
}

// The route of the attempt before is gone when the next one finds no master.
TEST_F(SendFailureTest, AMasterThatIsLostBetweenTwoAttemptsIsWaitedFor) {
  MockCluster cluster;
  cluster.create_topic("orders", 4);
  auto producer = started(cluster);
  ASSERT_TRUE(producer->send(message("orders", "x"), Millis(0)));
  TopicRoute route;
  route.brokers.push_back({"mock", "broker-0", {{1, cluster.broker().address()}}, false});
  route.queues.push_back({"broker-0", 4, 4, 6});
  cluster.set_route("orders", route);
  cluster.broker().inject(kSend, Fault::of(Fault::Kind::kReset));
  std::thread promotion([&] {
    const int looked = cluster.name_server().request_count(request_code::kGetRouteByTopic);
    EXPECT_TRUE(cluster.name_server().await_requests(request_code::kGetRouteByTopic, looked + 2, kPatience));
    route.brokers[0].addresses = {{0, cluster.broker().address()}};
    cluster.set_route("orders", route);
  });
  const auto receipt = producer->send(message("orders", "x"), Millis(30000));
  promotion.join();
  EXPECT_TRUE(receipt) << receipt.error().message;
  EXPECT_GT(receipt->attempts, 1);
}

// A status other than SEND_OK is stored; only who asks for it gets a second copy elsewhere.
TEST_F(SendFailureTest, AStatusOtherThanOkIsSentAgainWhereThatIsAskedFor) {
  MockCluster cluster({1, 2, 4, true});
  cluster.create_topic("orders", 4);
  ProducerOptions options;
  options.retry_not_store_ok = true;
  auto producer = started(cluster, options);
  cluster.broker(0).inject(kSend, {Fault::Kind::kStatus, response_code::kFlushDiskTimeout, {}, {}, -1});
  for (int i = 0; i < 4; ++i) {
    const auto receipt = producer->send(message("orders", "x"), Millis(0));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->status, SendStatus::kOk);
    EXPECT_EQ(receipt->broker_name, "broker-1");
  }
}

TEST_F(SendFailureTest, AsyncSendsOverTheLimitsAreRefusedAndBlockingOnesWait) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  options.max_in_flight_count = 2;
  auto producer = started(cluster, options);
  cluster.broker().inject(kSend, Fault::delayed(Millis(1000), 2));
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(20000), 1));
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(20000), 2));
  EXPECT_EQ(producer->send_async(message("orders", "x"), Millis(0), 3).error().kind, ErrorKind::kTooManyRequests);
  EXPECT_TRUE(eventually([&] { return outcomes.count() == 2; }));
  options.group = "blocking";
  options.block_when_full = true;
  auto blocking = started(cluster, options);
  cluster.broker().inject(kSend, Fault::delayed(Millis(100), 2));
  for (uint64_t i = 10; i < 15; ++i) EXPECT_TRUE(blocking->send_async(message("orders", "x"), Millis(20000), i));
  EXPECT_TRUE(eventually([&] { return outcomes.count() == 7; }));
}

}  // namespace rocketmq::test
