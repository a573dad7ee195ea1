#include <atomic>
#include <thread>

#include "consumer/simple/simple_consumer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;
using mock::MockOptions;

// One broker that answers no request for messages must not slow those that do.
class SilentBrokerTest : public SimpleConsumerTest {
 protected:
  static constexpr int32_t kPop = request_code::kPopMessage;

  static std::vector<PoppedMessage> receive_all(SimpleConsumer& consumer, size_t count) {
    std::vector<PoppedMessage> messages;
    EXPECT_TRUE(eventually([&] {
      for (auto& each : receive(consumer, how(32, Millis(2000)))) messages.push_back(std::move(each));
      return messages.size() == count;
    }));
    return messages;
  }
};

TEST_F(SilentBrokerTest, ReceivesTakeAsLongAsOnTheOneThatAnswers) {
  MockOptions two;
  two.brokers = 2;
  MockCluster cluster(two);
  cluster.create_topic(kTopic, 4);
  for (int i = 0; i < 40; ++i) cluster.broker(1).put(kTopic, 0, "healthy-" + std::to_string(i));
  cluster.broker(0).put(kTopic, 0, "silent");
  auto consumer = start(cluster);
  cluster.broker(0).inject(kPop, Fault::of(Fault::Kind::kIgnore, -1));
  for (int i = 0; i < 6; ++i) {
    const auto begin = now();
    EXPECT_EQ(receive(*consumer, how(4)).size(), 4U);
    // A request waits three seconds for its answer.
    EXPECT_LT(now() - begin, Millis(1500)) << "receive " << i;
  }
}

TEST_F(SilentBrokerTest, ItIsWaitedForOnceNotOnceForEachTopic) {
  MockOptions two;
  two.brokers = 2;
  MockCluster cluster(two);
  constexpr int kTopics = 100;
  cluster.create_topics("many-", kTopics, 1);
  cluster.create_topic(kTopic, 1);
  auto consumer = start(cluster);
  for (int i = 0; i < kTopics; ++i) {
    ASSERT_TRUE(consumer->subscribe(*make_tag_subscription("many-" + std::to_string(i), "*")));
  }
  // All routes are known.
  ASSERT_TRUE(eventually([&] {
    receive(*consumer, how(1, Millis(0)));
    return cluster.broker(1).request_count(kPop) > 2 * kTopics;
  }));
  cluster.broker(0).inject(kPop, Fault::of(Fault::Kind::kIgnore, -1));
  cluster.broker(1).put("many-57", 0, "healthy");
  const auto begin = now();
  EXPECT_EQ(receive(*consumer, how(32)).size(), 1U);
  // Each wait for it takes a tenth of a second.
  EXPECT_LT(now() - begin, Millis(5000));
}

// Whoever acknowledges one message after the other gets to those of the other broker.
TEST_F(SilentBrokerTest, AcknowledgementsOfALostBrokerDoNotAddUp) {
  for (const bool frozen : {false, true}) {
    MockOptions two;
    two.brokers = 2;
    MockCluster cluster(two);
    cluster.create_topic(kTopic, 1);
    constexpr int kCount = 16;
    for (int i = 0; i < kCount; ++i) cluster.broker(0).put(kTopic, 0, "m");
    auto consumer = start(cluster);
    const auto messages = receive_all(*consumer, kCount);
    if (frozen) {
      cluster.broker(0).freeze();
    } else {
      cluster.broker(0).stop();
    }
    const auto begin = now();
    for (const PoppedMessage& each : messages) EXPECT_FALSE(consumer->acknowledge(each.handle.text()));
    // Each by itself may take three seconds.
    EXPECT_LT(now() - begin, Millis(12000)) << frozen;
  }
}

TEST_F(SilentBrokerTest, ABrokerThatLeftTheRouteIsNotWaitedFor) {
  MockOptions two;
  two.brokers = 2;
  MockCluster cluster(two);
  cluster.create_topic(kTopic, 1);
  constexpr int kCount = 8;
  for (int i = 0; i < kCount; ++i) cluster.broker(0).put(kTopic, 0, "m");
  ClientOptions options = client_options(cluster);
  options.route_refresh_interval = Millis(50);
  auto consumer = start(options);
  const auto messages = receive_all(*consumer, kCount);
  cluster.set_route(kTopic,
                    {"", {{"mock", "broker-1", {{0, cluster.broker(1).address()}}, false}}, {{"broker-1", 1, 1, 6}}});
  // From then on, when the consumer has seen the new route.
  ASSERT_TRUE(eventually([&] { return !consumer->acknowledge(messages[0].handle.text()); }));
  const auto begin = now();
  for (const PoppedMessage& each : messages) EXPECT_FALSE(consumer->acknowledge(each.handle.text()));
  // Each by itself may take three seconds.
  EXPECT_LT(now() - begin, Millis(6000));
}

TEST_F(SilentBrokerTest, WhatItAnswersLateIsReceivedAllTheSame) {
  MockOptions two;
  two.brokers = 2;
  MockCluster cluster(two);
  cluster.create_topic(kTopic, 4);
  cluster.broker(1).put(kTopic, 0, "healthy");
  cluster.broker(0).put(kTopic, 0, "late");
  auto consumer = start(cluster);
  cluster.broker(0).inject(kPop, Fault::delayed(Millis(600)));
  std::set<std::string> seen;
  EXPECT_TRUE(eventually([&] {
    for (const auto& each : bodies(receive(*consumer, how(16, Millis(2000))))) seen.insert(each);
    return seen.size() == 2;
  }));
  EXPECT_EQ(seen, (std::set<std::string>{"healthy", "late"}));
}

TEST_F(SilentBrokerTest, WhereBothAreSlowAReceiveWaitsForTheFirstAnswer) {
  MockOptions two;
  two.brokers = 2;
  MockCluster cluster(two);
  cluster.create_topic(kTopic, 4);
  for (int b = 0; b < 2; ++b) {
    cluster.broker(b).put(kTopic, 0, "slow-" + std::to_string(b));
    cluster.broker(b).inject(kPop, Fault::delayed(Millis(400), -1));
  }
  auto consumer = start(cluster);
  std::set<std::string> seen;
  EXPECT_TRUE(eventually([&] {
    for (const auto& each : bodies(receive(*consumer, how(16, Millis(0))))) seen.insert(each);
    return seen.size() == 2;
  }));
}

}  // namespace rocketmq::test
