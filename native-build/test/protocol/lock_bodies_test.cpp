#include "protocol/lock_bodies.h"

#include <gtest/gtest.h>

#include "protocol/json.h"

namespace rocketmq::test {

const std::set<MessageQueue> kQueues = {{"orders", "broker-a", 0}, {"größe", "broker-b", 7}};

TEST(LockBodiesTest, AskAsABrokerReads) {
  const std::string json = lock_request_to_json({"billing", "client", kQueues});
  const auto parsed = parse_json(json);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(json_text(*parsed, "consumerGroup"), "billing");
  EXPECT_EQ(json_text(*parsed, "clientId"), "client");
  EXPECT_EQ(json_bool(*parsed, "onlyThisBroker", true), false);
  EXPECT_EQ((*parsed)["mqSet"].size(), 2U);
  const auto again = parse_lock_request(json);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->queues, kQueues);
}

TEST(LockBodiesTest, ReadWhatABrokerAnswers) {
  EXPECT_EQ(*parse_locked_queues(R"({"lockOKMQSet":[{"brokerName":"broker-a","queueId":0,"topic":"orders"}]})"),
            (std::set<MessageQueue>{{"orders", "broker-a", 0}}));
  EXPECT_TRUE(parse_locked_queues(R"({"lockOKMQSet":[]})")->empty());
  EXPECT_EQ(*parse_locked_queues(locked_queues_to_json(kQueues)), kQueues);
}

TEST(LockBodiesTest, WhatIsNoAnswerIsAnError) {
  for (const char* bad :
       {"", "[]", "{}", "null", R"({"lockOKMQSet":{}})", R"({"lockOKMQSet":[1]})", "{\"lockOKMQSet\":["}) {
    const auto parsed = parse_locked_queues(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kProtocolError);
  }
}

}  // namespace rocketmq::test
