#include "consumer/consumer_fixture.h"
#include "protocol/json.h"

namespace rocketmq::test {

using mock::MockCluster;

// What operators' tools ask of a consumer by way of the broker.
class AdminTest : public ConsumerTest {
 protected:
  static RemotingCommand ask(MockCluster& cluster, int32_t code, const std::string& topic = "",
                             const std::vector<uint8_t>& body = {}) {
    static std::atomic<int32_t> opaque{1000000};
    RemotingCommand request = RemotingCommand::request(code, SerializeType::kJson);
    request.opaque = ++opaque;
    request.ext_fields.add(code == request_code::kGetConsumerStatus ? "group" : "consumerGroup", kGroup);
    if (!topic.empty()) request.ext_fields.add("topic", topic);
    request.ext_fields.add("brokerName", "broker-0");
    request.body = SharedBytes(std::vector<uint8_t>(body));
    cluster.broker().send_to_clients(request);
    EXPECT_TRUE(eventually([&] { return !cluster.broker().responses(request.opaque).empty(); }));
    const auto responses = cluster.broker().responses(request.opaque);
    return responses.empty() ? RemotingCommand() : responses.front();
  }
  static Json body_of(const RemotingCommand& response) {
    auto parsed = parse_json(as_text(response.body.view()));
    EXPECT_TRUE(parsed) << as_text(response.body.view());
    return parsed ? *parsed : Json();
  }
  // The value of a map with queues as keys.
  static Json of_queue(const Json& map, const std::string& topic, int queue) {
    for (const auto& [key, value] : map.items()) {
      const auto name = parse_json(key);
      EXPECT_TRUE(name) << key;
      if (name && json_text(*name, "topic") == topic && json_number(*name, "queueId", -1) == queue) return value;
    }
    return {};
  }
};

TEST_F(AdminTest, TellsHowFarItIs) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 2);
  for (int i = 0; i < 3; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  cluster.broker().put(kTopic, 1, "kept");
  auto running =
      start(cluster, quick(), [](const Delivery& delivery) { return delivery.queue.queue_id == 0 ? -1 : kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 4; }));
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().messages_consumed == 3; }));
  const auto response = ask(cluster, request_code::kGetConsumerStatus, kTopic);
  EXPECT_EQ(response.code, response_code::kSuccess) << response.remark;
  const Json offsets = body_of(response)["messageQueueTable"];
  EXPECT_EQ(offsets.size(), 2U);
  EXPECT_EQ(of_queue(offsets, kTopic, 0), 3);
  EXPECT_EQ(of_queue(offsets, kTopic, 1), 0);
  EXPECT_TRUE(body_of(ask(cluster, request_code::kGetConsumerStatus, "unknown"))["messageQueueTable"].empty());
}

TEST_F(AdminTest, TellsWhatItIsAndHolds) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 5; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  PushConsumerOptions options = quick();
  options.consume_threads = 3;
  options.max_outstanding_batches = 2;
  const int64_t begin = wall_clock_ms();
  std::atomic<uint64_t> first{0};
  auto running = start(cluster, options, [&](const Delivery& delivery) {
    if (delivery.messages[0].queue_offset == 0) first = delivery.id;
    return kLater;
  });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2 && first != 0; }));
  ASSERT_TRUE(running.consumer->acknowledge(first, -1, 0));
  const auto response = ask(cluster, request_code::kGetConsumerRunningInfo);
  EXPECT_EQ(response.code, response_code::kSuccess) << response.remark;
  const Json info = body_of(response);
  const Json& properties = info["properties"];
  EXPECT_EQ(properties["PROP_CONSUME_TYPE"], "CONSUME_PASSIVELY");
  EXPECT_EQ(properties["PROP_THREADPOOL_CORE_SIZE"], "3");
  const int64_t started = std::stoll(properties["PROP_CONSUMER_START_TIMESTAMP"].get<std::string>());
  EXPECT_GE(started, begin);
  EXPECT_LE(started, wall_clock_ms());
  std::set<std::string> topics;
  for (const Json& subscription : info["subscriptionSet"]) topics.insert(json_text(subscription, "topic"));
  EXPECT_EQ(topics, (std::set<std::string>{kTopic, retry_topic(kGroup)}));
  const Json queue = of_queue(info["mqTable"], kTopic, 0);
  EXPECT_EQ(json_number(queue, "commitOffset", -1), 1);
  EXPECT_EQ(json_number(queue, "cachedMsgCount", -1), 4);
  EXPECT_EQ(json_number(queue, "cachedMsgMinOffset", -1), 1);
  EXPECT_EQ(json_number(queue, "cachedMsgMaxOffset", -1), 4);
  EXPECT_GE(json_number(queue, "lastPullTimestamp", -1), begin);
  EXPECT_GE(json_number(queue, "lastConsumeTimestamp", -1), begin);
  EXPECT_EQ(queue["droped"], false);
}

TEST_F(AdminTest, WhatItDoesNotDoItRefuses) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto running = start(cluster);
  ASSERT_TRUE(
      eventually([&] { return running.consumer->statistics().pulls > 0 || cluster.broker().connection_count() > 0; }));
  const auto response = ask(cluster, 399);
  EXPECT_EQ(response.code, response_code::kRequestCodeNotSupported) << response.remark;
}

// What the application made of a message that an operator sent.
class DirectConsumptionTest : public AdminTest {
 protected:
  static std::vector<uint8_t> stored(const std::string& body, const std::string& topic = kTopic) {
    MessageToStore message;
    message.topic = topic;
    message.body = as_bytes(body);
    message.properties = "RETRY_TOPIC\001orders\002";
    message.queue_id = 7;
    message.queue_offset = 1234;
    std::vector<uint8_t> bytes;
    encode_stored_message(message, bytes);
    return bytes;
  }
  static RemotingCommand consume(MockCluster& cluster, const std::vector<uint8_t>& body) {
    return ask(cluster, request_code::kConsumeMessageDirectly, "", body);
  }
  static int32_t decide(const Delivery& delivery) {
    const auto body = as_text(delivery.messages[0].body.view());
    if (body == "throw") throw std::runtime_error("on purpose");
    return body == "fail" ? 0 : -1;
  }
  // Once it is started and known to the broker.
  static Running start_known(const MockCluster& cluster, mock::MockBroker& broker, PushConsumerOptions options) {
    Running running = start(cluster, std::move(options), decide);
    EXPECT_TRUE(eventually([&] { return !broker.clients_of(kGroup).empty(); }));
    return running;
  }
};

TEST_F(DirectConsumptionTest, TellsTheOutcomeAndMovesNoOffset) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto running = start_known(cluster, cluster.broker(), quick());
  const Json good = body_of(consume(cluster, stored("good")));
  EXPECT_EQ(good["consumeResult"], "CR_SUCCESS");
  EXPECT_EQ(good["order"], false);
  EXPECT_GE(json_number(good, "spentTimeMills", -1), 0);
  EXPECT_EQ(body_of(consume(cluster, stored("fail")))["consumeResult"], "CR_LATER");
  const Json thrown = body_of(consume(cluster, stored("throw", retry_topic(kGroup))));
  EXPECT_EQ(thrown["consumeResult"], "CR_THROW_EXCEPTION");
  EXPECT_EQ(thrown["remark"], "on purpose");
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"good", "fail", "throw"}));
  // A redelivery shows the topic to which it was sent.
  EXPECT_EQ(running.received->topics(), (std::vector<std::string>{kTopic, kTopic, kTopic}));
  EXPECT_EQ(cluster.broker().request_count(request_code::kConsumerSendMessageBack), 0);
  ASSERT_TRUE(running.consumer->close(Millis(10000)));
  EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, 7), -1);
  EXPECT_EQ(running.consumer->statistics().messages_consumed, 0);
}

TEST_F(DirectConsumptionTest, AnOrderlyConsumerNeedsNoLockForIt) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().set_lock_owner(kGroup, kTopic, 0, "another");
  PushConsumerOptions options = quick();
  options.orderly = true;
  auto running = start_known(cluster, cluster.broker(), options);
  const Json good = body_of(consume(cluster, stored("good")));
  EXPECT_EQ(good["consumeResult"], "CR_SUCCESS");
  EXPECT_EQ(good["order"], true);
  EXPECT_EQ(body_of(consume(cluster, stored("fail")))["consumeResult"], "CR_LATER");
  EXPECT_EQ(running.received->count(), 2U);
}

TEST_F(DirectConsumptionTest, WhatCannotBeConsumedIsRefused) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  PushConsumerOptions options = quick();
  auto running = start_known(cluster, cluster.broker(), options);
  EXPECT_EQ(consume(cluster, {}).code, response_code::kSystemError);
  EXPECT_EQ(consume(cluster, {0, 0, 0, 9, 1, 2}).code, response_code::kSystemError);
  std::vector<uint8_t> two = stored("one");
  const auto second = stored("two");
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_NE(consume(cluster, two).remark.find("2 messages"), std::string::npos);
  ASSERT_TRUE(running.consumer->suspend());
  EXPECT_NE(consume(cluster, stored("good")).remark.find("suspended"), std::string::npos);
  EXPECT_EQ(running.received->count(), 0U);
}

TEST_F(DirectConsumptionTest, ABatchThatTimesOutIsTold) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  PushConsumerOptions options = quick();
  options.consume_timeout = Millis(50);
  auto running = start(cluster, options, [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return !cluster.broker().clients_of(kGroup).empty(); }));
  const Json late = body_of(consume(cluster, stored("late")));
  EXPECT_EQ(late["consumeResult"], "CR_THROW_EXCEPTION");
  EXPECT_NE(json_text(late, "remark").find("not acknowledged"), std::string::npos);
}

}  // namespace rocketmq::test
