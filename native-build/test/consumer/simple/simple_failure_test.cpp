#include <thread>

#include "consumer/simple/simple_consumer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class SimpleFailureTest : public SimpleConsumerTest {
 protected:
  Error receive_error(SimpleConsumer& consumer, const ReceiveOptions& options) {
    auto received = consumer.receive(options);
    EXPECT_FALSE(received);
    return received ? Error() : received.error();
  }
};

TEST_F(SimpleFailureTest, ARefusalEndsTheReceiveWithTheBrokersWords) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto consumer = start(cluster);
  cluster.broker().inject(request_code::kPopMessage,
                          Fault::respond(response_code::kSubscriptionParseFailed, "no such condition"));
  const auto begin = now();
  const Error error = receive_error(*consumer, how(1, Millis(60000)));
  EXPECT_LT(millis_between(begin, now()), 10000);
  EXPECT_EQ(error.kind, ErrorKind::kRejected);
  EXPECT_EQ(error.response_code, response_code::kSubscriptionParseFailed);
  EXPECT_EQ(error.remark, "no such condition");
  EXPECT_EQ(error.topic, kTopic);
  EXPECT_EQ(error.address, cluster.broker().address());
  EXPECT_NE(error.message.find(kGroup), std::string::npos);
}

TEST_F(SimpleFailureTest, ABusyBrokerIsAskedAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  auto consumer = start(cluster);
  cluster.broker().inject(request_code::kPopMessage, Fault::respond(response_code::kSystemBusy, "busy", 2));
  cluster.broker().inject(request_code::kPopMessage, Fault::of(Fault::Kind::kReset));
  EXPECT_EQ(receive(*consumer, how(1)).size(), 1U);
  EXPECT_EQ(cluster.broker().request_count(request_code::kPopMessage), 4);
}

TEST_F(SimpleFailureTest, ABrokerThatIsDownIsToldOfWhenTheAwaitTimeIsOver) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto consumer = start(cluster);
  EXPECT_TRUE(receive(*consumer, how(1, Millis(0))).empty());
  cluster.broker().stop();
  const auto begin = now();
  const Error error = receive_error(*consumer, how(1, Millis(300)));
  EXPECT_GE(millis_between(begin, now()), 290);
  EXPECT_TRUE(error.kind == ErrorKind::kUnreachable || error.kind == ErrorKind::kConnectionLost) << error.message;
  EXPECT_EQ(error.topic, kTopic);
  // One that comes back in time is not even noticed.
  ASSERT_TRUE(consumer->receive_async(how(1, Millis(60000)), 1));
  std::this_thread::sleep_for(Millis(100));
  cluster.broker().start();
  cluster.broker().put(kTopic, 0, "x");
  ASSERT_TRUE(eventually([&] { return ends_->count() == 1; }));
  EXPECT_TRUE(ends_->all[0].second) << ends_->all[0].second.error().message;
}

TEST_F(SimpleFailureTest, OneBrokerOfTwoIsEnough) {
  MockCluster cluster({.brokers = 2});
  cluster.create_topic(kTopic, 1);
  auto consumer = start(cluster);
  EXPECT_TRUE(receive(*consumer, how(1, Millis(0))).empty());
  cluster.broker(0).stop();
  EXPECT_TRUE(receive(*consumer, how(1, Millis(300))).empty());
  ASSERT_TRUE(consumer->receive_async(how(1, Millis(60000)), 1));
  cluster.broker(1).put(kTopic, 0, "x");
  ASSERT_TRUE(eventually([&] { return ends_->count() == 1; }));
  ASSERT_TRUE(ends_->all[0].second);
  EXPECT_EQ(ends_->all[0].second->messages.size(), 1U);
}

TEST_F(SimpleFailureTest, AnUnknownTopicIsWaitedForAndThenToldOf) {
  MockCluster cluster({.auto_create_topics = false});
  auto consumer = start(cluster);
  const Error error = receive_error(*consumer, how(1, Millis(200)));
  EXPECT_EQ(error.kind, ErrorKind::kTopicNotFound);
  EXPECT_EQ(error.topic, kTopic);
  ASSERT_TRUE(consumer->receive_async(how(1, Millis(60000)), 1));
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  ASSERT_TRUE(eventually([&] { return ends_->count() == 1; }));
  EXPECT_TRUE(ends_->all[0].second);
}

TEST_F(SimpleFailureTest, HostileAnswersAreProtocolErrors) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto consumer = start(cluster);
  // Success without any of what must come with it.
  cluster.broker().inject(request_code::kPopMessage, Fault::respond(response_code::kSuccess, ""));
  const Error error = receive_error(*consumer, how(1, Millis(60000)));
  EXPECT_EQ(error.kind, ErrorKind::kProtocolError);
  EXPECT_EQ(error.address, cluster.broker().address());
  // A body that is no message.
  cluster.broker().put_raw(kTopic, 0, std::vector<uint8_t>(100, 0xee));
  EXPECT_EQ(receive_error(*consumer, how(1, Millis(60000))).kind, ErrorKind::kProtocolError);
  cluster.broker().put(kTopic, 0, "x");
  const auto messages = receive(*consumer, how(1));
  ASSERT_EQ(messages.size(), 1U);
  cluster.broker().inject(request_code::kChangeInvisibleTime, Fault::respond(response_code::kSuccess, ""));
  const auto changed = consumer->change_invisible_duration(messages[0].handle.text(), Millis(1000));
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().kind, ErrorKind::kProtocolError);
}

// A broker gives some of each queue, however long that gets.
TEST_F(SimpleFailureTest, AnAnswerThatIsTooLargeHarmsNoOtherRequestAndLessIsAskedFor) {
  constexpr int kQueues = 8;
  MockCluster cluster;
  cluster.create_topic(kTopic, kQueues);
  for (int queue = 0; queue < kQueues; ++queue) {
    cluster.broker().put(kTopic, queue, std::string(size_t{1} << 20, static_cast<char>('a' + queue)));
  }
  auto options = client_options(cluster);
  options.max_frame_bytes = kLeastFrameLimit;
  auto consumer = start(options);
  std::set<std::string> received;
  while (received.size() < kQueues) {
    const auto messages = receive(*consumer, how(32, Millis(20000), Millis(1000)));
    ASSERT_FALSE(messages.empty());
    for (const auto& message : messages) {
      received.insert(body(message));
      EXPECT_TRUE(consumer->acknowledge(message.handle.text()));
    }
  }
  EXPECT_EQ(cluster.broker().accepted_count(), 1);
}

TEST_F(SimpleFailureTest, AnAcknowledgementIsRepeatedUntilItsDeadline) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  auto consumer = start(cluster);
  const auto messages = receive(*consumer, how(1));
  ASSERT_EQ(messages.size(), 1U);
  cluster.broker().inject(request_code::kAckMessage, Fault::of(Fault::Kind::kReset));
  cluster.broker().inject(request_code::kAckMessage, Fault::respond(response_code::kSystemBusy, "busy"));
  EXPECT_TRUE(consumer->acknowledge(messages[0].handle.text()));
  EXPECT_EQ(cluster.broker().request_count(request_code::kAckMessage), 3);
  EXPECT_EQ(cluster.broker().invisible_count(), 0);
}

TEST_F(SimpleFailureTest, AnAcknowledgementTellsWhyItFailed) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  ClientOptions client = client_options(cluster);
  client.request_timeout = Millis(400);
  auto consumer = start(client);
  const auto malformed = consumer->acknowledge("nonsense");
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().kind, ErrorKind::kInvalidArgument);
  const auto messages = receive(*consumer, how(1));
  ASSERT_EQ(messages.size(), 1U);
  ReceiptHandle beyond = messages[0].handle;
  beyond.offset = 100;
  const auto rejected = consumer->acknowledge(beyond.text());
  ASSERT_FALSE(rejected);
  EXPECT_EQ(rejected.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(rejected.error().response_code, response_code::kNoMessage);
  EXPECT_EQ(rejected.error().remark, "offset is illegal");
  ReceiptHandle elsewhere = messages[0].handle;
  elsewhere.broker_name = "broker-9";
  const auto unknown = consumer->acknowledge(elsewhere.text());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::kUnreachable);
  EXPECT_NE(unknown.error().message.find("broker-9"), std::string::npos);
  cluster.broker().inject(request_code::kAckMessage, Fault::of(Fault::Kind::kIgnore));
  const auto late = consumer->acknowledge(messages[0].handle.text());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
  // Not done twice when it may have been done.
  cluster.broker().inject(request_code::kChangeInvisibleTime, Fault::of(Fault::Kind::kReset));
  const auto changed = consumer->change_invisible_duration(messages[0].handle.text(), Millis(1000));
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().kind, ErrorKind::kConnectionLost);
  EXPECT_EQ(cluster.broker().request_count(request_code::kChangeInvisibleTime), 1);
}

TEST_F(SimpleFailureTest, CloseEndsWhatIsUnderWayOnce) {
  for (const int brokers : {1, 2}) {
    MockCluster cluster({.brokers = brokers});
    cluster.create_topic(kTopic, 1);
    auto consumer = start(cluster);
    EXPECT_TRUE(receive(*consumer, how(1, Millis(0))).empty());
    const size_t before = ends_->count();
    for (uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(consumer->receive_async(how(1, Millis(60000)), i));
    std::thread waiting([&] {
      const auto received = consumer->receive(how(1, Millis(60000)));
      EXPECT_FALSE(received);
      if (!received) {
        EXPECT_EQ(received.error().kind, ErrorKind::kClosed);
      }
    });
    ASSERT_TRUE(eventually([&] { return consumer->statistics().calls_in_flight == 11; }));
    const auto begin = now();
    ASSERT_TRUE(consumer->close(Millis(10000)));
    EXPECT_LT(millis_between(begin, now()), 9000);
    waiting.join();
    EXPECT_EQ(ends_->count(), before + 10);
    for (size_t i = before; i < ends_->all.size(); ++i) {
      ASSERT_FALSE(ends_->all[i].second);
      EXPECT_EQ(ends_->all[i].second.error().kind, ErrorKind::kClosed);
    }
    EXPECT_TRUE(consumer->close(Millis(0)));
    const auto refused = consumer->receive(how(1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kClosed);
    EXPECT_EQ(consumer->acknowledge("1 2 3 4 0 b 0 7 orders").error().kind, ErrorKind::kClosed);
  }
}

// The client lives on for another group, and with it the connection at which the broker holds the receive.
TEST_F(SimpleFailureTest, WhatComesAfterTheCloseGoesBackAtOnce) {
  for (const int brokers : {1, 2}) {
    MockCluster cluster({.brokers = brokers});
    cluster.create_topic(kTopic, 1);
    auto other = SimpleConsumer::create(client_options(cluster), {.group = "other"});
    ASSERT_TRUE(other);
    ASSERT_TRUE((*other)->start());
    auto consumer = start(client_options(cluster));
    ASSERT_TRUE(consumer->receive_async(how(1, Millis(60000), Millis(3600000)), 1));
    const int32_t held = brokers == 1 ? request_code::kPopMessage : request_code::kNotification;
    ASSERT_TRUE(cluster.broker().await_requests(held, 1, kPatience));
    ASSERT_TRUE(consumer->close(Millis(1000)));
    cluster.broker().put(kTopic, 0, "x");
    if (brokers == 1) {
      ASSERT_TRUE(cluster.broker().await_requests(request_code::kChangeInvisibleTime, 1, kPatience));
    }
    // Of several brokers only one that was told to gives messages.
    auto next = start(client_options(cluster));
    const auto messages = receive(*next, how(1));
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].message.reconsume_times, brokers == 1 ? 1 : 0);
  }
}

TEST_F(SimpleFailureTest, CloseWaitsForAcknowledgements) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  auto consumer = start(cluster);
  const auto messages = receive(*consumer, how(1));
  ASSERT_EQ(messages.size(), 1U);
  cluster.broker().inject(request_code::kAckMessage, Fault::delayed(Millis(200)));
  ASSERT_TRUE(consumer->acknowledge_async(messages[0].handle.text(), 5));
  ASSERT_TRUE(consumer->close(Millis(10000)));
  ASSERT_EQ(ends_->count(), 1U);
  EXPECT_TRUE(ends_->all[0].second);
}

TEST_F(SimpleFailureTest, ClosesInsideOfACallback) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  std::unique_ptr<SimpleConsumer> consumer;
  std::atomic<int> told{0};
  SimpleConsumerOptions options;
  options.group = kGroup;
  options.on_completed = [&](std::vector<SimpleOutcome>&) {
    EXPECT_TRUE(consumer->close(Millis(5000)));
    consumer.reset();
    ++told;
  };
  consumer = std::move(*SimpleConsumer::create(client_options(cluster), std::move(options)));
  ASSERT_TRUE(consumer->subscribe(*make_tag_subscription(kTopic, "*")));
  ASSERT_TRUE(consumer->start());
  ASSERT_TRUE(consumer->receive_async(how(1), 1));
  EXPECT_TRUE(eventually([&] { return told == 1; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().connection_count() == 0; }));
}

TEST_F(SimpleFailureTest, StatesAndConflictsAreTold) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto created = SimpleConsumer::create(client_options(cluster), {.group = kGroup});
  ASSERT_TRUE(created);
  EXPECT_EQ((*created)->receive(how(1)).error().kind, ErrorKind::kInvalidState);
  EXPECT_EQ((*created)->subscribe(*make_tag_subscription("a/b", "*")).error().kind, ErrorKind::kInvalidArgument);
  ASSERT_TRUE((*created)->start());
  EXPECT_EQ((*created)->start().error().kind, ErrorKind::kInvalidState);
  EXPECT_EQ((*created)->receive(how(1)).error().kind, ErrorKind::kInvalidState);
  ASSERT_TRUE((*created)->subscribe(*make_tag_subscription(kTopic, "*")));
  EXPECT_EQ((*created)->receive_async(how(1), 1).error().kind, ErrorKind::kInvalidArgument);
  auto second = SimpleConsumer::create(client_options(cluster), {.group = kGroup});
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->start().error().kind, ErrorKind::kConflict);
  EXPECT_EQ(SimpleConsumer::create(client_options(cluster), {.group = "a b"}).error().kind,
            ErrorKind::kInvalidArgument);
}

TEST_F(SimpleFailureTest, StartsAndClosesUnderTraffic) {
  MockCluster cluster({.brokers = 2});
  cluster.create_topic(kTopic, 2);
  for (int round = 0; round < 50; ++round) {
    for (int broker = 0; broker < 2; ++broker) cluster.broker(broker).put(kTopic, round % 2, "m");
    auto consumer = start(cluster);
    const size_t before = ends_->count();
    for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(consumer->receive_async(how(1, Millis(60000)), i));
    ASSERT_TRUE(consumer->close(Millis(0)));
    EXPECT_EQ(ends_->count(), before + 5);
  }
}

}  // namespace rocketmq::test
