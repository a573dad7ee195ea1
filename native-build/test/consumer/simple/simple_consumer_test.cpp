#include "consumer/simple/simple_consumer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

TEST_F(SimpleConsumerTest, WhatIsAcknowledgedComesOnce) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  for (int i = 0; i < 10; ++i) cluster.broker().put(kTopic, i % 4, "m" + std::to_string(i), "TAGS\001t\002");
  auto consumer = start(cluster);
  std::set<std::string> seen;
  while (seen.size() < 10) {
    for (const auto& message : receive(*consumer, how(4, Millis(20000), Millis(1000)))) {
      EXPECT_EQ(message.message.topic, kTopic);
      EXPECT_EQ(message.message.reconsume_times, 0);
      EXPECT_EQ(message.message.property("TAGS"), "t");
      EXPECT_TRUE(seen.insert(body(message)).second) << body(message);
      ASSERT_TRUE(consumer->acknowledge(message.handle.text()));
    }
  }
  EXPECT_EQ(cluster.broker().invisible_count(), 0);
  EXPECT_TRUE(receive(*consumer, how(4, Millis(1500))).empty());
  const auto statistics = consumer->statistics();
  EXPECT_EQ(statistics.messages_received, 10);
  EXPECT_EQ(statistics.messages_acknowledged, 10);
  EXPECT_EQ(statistics.calls_in_flight, 0);
}

TEST_F(SimpleConsumerTest, WhatIsNotAcknowledgedComesAgainAndAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x", "KEYS\001k\002");
  auto consumer = start(cluster);
  for (int32_t times = 0; times < 3; ++times) {
    const auto messages = receive(*consumer, how(1, Millis(20000), Millis(100)));
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].message.reconsume_times, times);
    EXPECT_EQ(messages[0].message.topic, kTopic);
    EXPECT_EQ(messages[0].message.property("KEYS"), "k");
    EXPECT_EQ(messages[0].handle.retry, times == 0 ? '0' : '1');
    if (times == 2) {
      ASSERT_TRUE(consumer->acknowledge(messages[0].handle.text()));
    }
  }
  EXPECT_TRUE(eventually([&] { return cluster.broker().invisible_count() == 0; }));
  EXPECT_TRUE(receive(*consumer, how(1, Millis(300))).empty());
}

TEST_F(SimpleConsumerTest, TheInvisibleTimeCanBeChangedMoreThanOnce) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  auto consumer = start(cluster);
  const auto messages = receive(*consumer, how(1, Millis(20000), Millis(60000)));
  ASSERT_EQ(messages.size(), 1U);
  const std::string first = messages[0].handle.text();
  const auto longer = consumer->change_invisible_duration(first, Millis(50000));
  ASSERT_TRUE(longer) << longer.error().message;
  EXPECT_NE(longer->receipt_handle, first);
  // The old handle is worth nothing.
  const auto old = consumer->change_invisible_duration(first, Millis(50000));
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(old.error().response_code, response_code::kNoMessage);
  EXPECT_EQ(old.error().remark, "no such message is given out");
  const auto shorter = consumer->change_invisible_duration(longer->receipt_handle, Millis(50));
  ASSERT_TRUE(shorter);
  const auto again = receive(*consumer, how(1));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].message.reconsume_times, 1);
  EXPECT_TRUE(consumer->acknowledge(again[0].handle.text()));
  EXPECT_EQ(consumer->statistics().invisible_changes, 2);
}

TEST_F(SimpleConsumerTest, ALongPollEndsWithTheFirstMessage) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  auto consumer = start(cluster);
  ASSERT_TRUE(consumer->receive_async(how(8, Millis(60000)), 7));
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kPopMessage, 1, kPatience));
  EXPECT_EQ(ends_->count(), 0U);
  const auto begin = now();
  cluster.broker().put(kTopic, 2, "x");
  ASSERT_TRUE(eventually([&] { return ends_->count() == 1; }));
  EXPECT_LT(millis_between(begin, now()), 10000);
  EXPECT_EQ(ends_->all[0].first, 7U);
  ASSERT_TRUE(ends_->all[0].second);
  EXPECT_EQ(bodies(ends_->all[0].second->messages), std::set<std::string>{"x"});
  EXPECT_EQ(cluster.broker().request_count(request_code::kPopMessage), 1);
}

TEST_F(SimpleConsumerTest, AnEmptyTopicGivesNothingAfterTheAwaitTime) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  auto consumer = start(cluster);
  const auto begin = now();
  EXPECT_TRUE(receive(*consumer, how(8, Millis(300))).empty());
  EXPECT_GE(millis_between(begin, now()), 290);
  EXPECT_TRUE(receive(*consumer, how(8, Millis(0))).empty());
}

// Of several brokers each one tells when it has messages, so that none is waited for in vain.
TEST_F(SimpleConsumerTest, WaitsAtAllBrokersOfAllTopicsAtOnce) {
  MockCluster cluster({.brokers = 3});
  cluster.create_topic(kTopic, 2);
  cluster.create_topic("payments", 2);
  auto consumer = start(cluster);
  ASSERT_TRUE(consumer->subscribe(*make_tag_subscription("payments", "*")));
  for (int i = 0; i < 6; ++i) {
    const std::string topic = i % 2 == 0 ? kTopic : "payments";
    const uint64_t context = static_cast<uint64_t>(i);
    ASSERT_TRUE(consumer->receive_async(how(8, Millis(60000)), context));
    for (int broker = 0; broker < 3; ++broker) {
      ASSERT_TRUE(cluster.broker(broker).await_requests(request_code::kNotification, 2, kPatience));
    }
    const auto begin = now();
    cluster.broker(i / 2).put(topic, 1, "m" + std::to_string(i));
    ASSERT_TRUE(eventually([&] { return ends_->count() == static_cast<size_t>(i) + 1; }));
    EXPECT_LT(millis_between(begin, now()), 10000);
    const auto& [ended, result] = ends_->all.back();
    EXPECT_EQ(ended, context);
    ASSERT_TRUE(result);
    ASSERT_EQ(bodies(result->messages), std::set<std::string>{"m" + std::to_string(i)});
    EXPECT_EQ(result->messages[0].message.topic, topic);
    ASSERT_TRUE(consumer->acknowledge(result->messages[0].handle.text()));
  }
  for (int broker = 0; broker < 3; ++broker) EXPECT_EQ(cluster.broker(broker).invisible_count(), 0);
}

TEST_F(SimpleConsumerTest, TakesFromEveryBrokerAndNeverMoreThanAsked) {
  MockCluster cluster({.brokers = 3});
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 300; ++i) cluster.broker(i % 3).put(kTopic, 0, "m" + std::to_string(i));
  auto consumer = start(cluster);
  std::set<std::string> seen;
  std::set<std::string> brokers;
  // Where a broker is slow, those of the others come first.
  for (int i = 0; i < 300 && seen.size() < 300; ++i) {
    const auto messages = receive(*consumer, how(50));
    ASSERT_FALSE(messages.empty());
    EXPECT_LE(messages.size(), 50U);
    brokers.insert(messages.front().handle.broker_name);
    seen.merge(bodies(messages));
  }
  EXPECT_EQ(seen.size(), 300U);
  // Each receive begins at another one.
  EXPECT_EQ(brokers.size(), 3U);
}

TEST_F(SimpleConsumerTest, ManyWaitAndEachMessageGoesToOne) {
  MockCluster cluster({.brokers = 2});
  cluster.create_topic(kTopic, 2);
  auto consumer = start(cluster);
  for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(consumer->receive_async(how(1, Millis(60000)), i));
  for (int broker = 0; broker < 2; ++broker) {
    ASSERT_TRUE(cluster.broker(broker).await_requests(request_code::kNotification, 1, kPatience));
  }
  for (int i = 0; i < 20; ++i) cluster.broker(i % 2).put(kTopic, i % 2, "m" + std::to_string(i));
  ASSERT_TRUE(eventually([&] { return ends_->count() == 20; }));
  std::set<std::string> seen;
  for (const auto& [context, result] : ends_->all) {
    ASSERT_TRUE(result);
    ASSERT_EQ(result->messages.size(), 1U);
    EXPECT_TRUE(seen.insert(body(result->messages[0])).second);
  }
  EXPECT_EQ(seen.size(), 20U);
}

// "Aa" and "BB" have the same hash, which is all that a broker compares.
TEST_F(SimpleConsumerTest, WhatTheTagFilterLeavesOutIsAcknowledged) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "wrong", "TAGS\001BB\002");
  cluster.broker().put(kTopic, 0, "other", "TAGS\001c\002");
  cluster.broker().put(kTopic, 0, "right", "TAGS\001Aa\002");
  auto consumer = start(cluster, "Aa");
  const auto messages = receive(*consumer, how(8));
  ASSERT_EQ(bodies(messages), std::set<std::string>{"right"});
  EXPECT_EQ(consumer->statistics().messages_filtered, 1);
  ASSERT_TRUE(consumer->acknowledge(messages[0].handle.text()));
  EXPECT_TRUE(eventually([&] { return cluster.broker().invisible_count() == 0; }));
  EXPECT_EQ(cluster.message_count(pop_retry_topic(kGroup, kTopic)), 0);
}

TEST_F(SimpleConsumerTest, SubscribesWhileItRuns) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.create_topic("payments", 1);
  auto consumer = start(cluster);
  ASSERT_TRUE(consumer->subscribe(*make_tag_subscription("payments", "*")));
  cluster.broker().put("payments", 0, "p");
  EXPECT_EQ(bodies(receive(*consumer, how(1))), std::set<std::string>{"p"});
  ASSERT_TRUE(consumer->unsubscribe("payments"));
  cluster.broker().put("payments", 0, "q");
  EXPECT_TRUE(receive(*consumer, how(1, Millis(100))).empty());
  ASSERT_TRUE(consumer->unsubscribe(kTopic));
  const auto none = consumer->receive(how(1));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::kInvalidState);
}

TEST_F(SimpleConsumerTest, TheBrokerKnowsItAsAConsumerByPop) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto consumer = start(cluster);
  EXPECT_TRUE(receive(*consumer, how(1, Millis(0))).empty());
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kHeartbeat, 1, kPatience));
  const auto sent = cluster.broker().requests(request_code::kHeartbeat).back();
  const auto heartbeat = parse_heartbeat(as_text(sent.body.view()));
  ASSERT_TRUE(heartbeat);
  ASSERT_EQ(heartbeat->consumers.size(), 1U);
  EXPECT_EQ(heartbeat->consumers[0].consume_type, "CONSUME_POP");
  EXPECT_EQ(heartbeat->consumers[0].group, kGroup);
  EXPECT_EQ(heartbeat->consumers[0].subscriptions.size(), 1U);
  ASSERT_TRUE(consumer->close(Millis(1000)));
  EXPECT_TRUE(cluster.broker().clients_of(kGroup).empty());
}

TEST_F(SimpleConsumerTest, AConditionGoesToTheBroker) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto consumer = start(cluster);
  ASSERT_TRUE(consumer->subscribe(*make_sql_subscription(kTopic, "a > 5")));
  cluster.broker().put(kTopic, 0, "x");
  EXPECT_EQ(receive(*consumer, how(1)).size(), 1U);
  const auto pop = cluster.broker().requests(request_code::kPopMessage).back();
  EXPECT_EQ(pop.ext_fields.text("expType"), "SQL92");
  EXPECT_EQ(pop.ext_fields.text("exp"), "a > 5");
  EXPECT_EQ(pop.serialize_type, SerializeType::kJson);
}

}  // namespace rocketmq::test
