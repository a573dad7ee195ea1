#include <atomic>
#include <set>
#include <thread>

#include "base/compression.h"
#include "producer/request_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

TEST_F(RequestTest, GetsItsReply) {
  MockCluster cluster;
  Echo echo(prepared(cluster));
  auto producer = requester(cluster);
  auto request = message(kTopic, "hello");
  request.tag = "t";
  const auto got = producer->request(request, Millis(0));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(as_text(got->body.view()), "hello!");
  EXPECT_EQ(got->topic, "mock_REPLY_TOPIC");
  EXPECT_EQ(got->property(property::kMessageType), "reply");
  EXPECT_EQ(got->property(property::kUniqueId).size(), 32U);
  EXPECT_EQ(host_text(got->born_host), "127.0.0.1:4711");
  EXPECT_EQ(host_text(got->store_host), cluster.broker().address());
  const auto stored = cluster.messages(kTopic);
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].property(property::kTimeToLive), "30000");
  EXPECT_EQ(got->property(property::kCorrelationId), stored[0].property(property::kCorrelationId));
  EXPECT_EQ(producer->statistics()->waiting_requests, 0);
  // The broker's push was answered.
  EXPECT_TRUE(eventually([&] {
    for (int32_t opaque = 0; opaque < 1000; ++opaque) {
      for (const auto& response : cluster.broker().responses(opaque)) {
        if (response.code == response_code::kSuccess) return true;
      }
    }
    return false;
  }));
}

// The search for the brokers must not be what decides on the number of queues.
TEST_F(RequestTest, ANewTopicGetsTheProducersNumberOfQueues) {
  MockCluster cluster({1, 1, 16, true});
  Echo echo(prepared(cluster));
  ProducerOptions options;
  options.default_topic_queues = 7;
  auto producer = requester(cluster, nullptr, options);
  std::set<int32_t> queues;
  ASSERT_TRUE(eventually([&] {
    EXPECT_TRUE(producer->request(message(kTopic, "x"), Millis(0)));
    for (const auto& each : cluster.messages(kTopic)) queues.insert(each.queue_id);
    return queues.size() == 7;
  }));
}

TEST_F(RequestTest, ManyAtOnceGetTheirOwn) {
  MockCluster cluster;
  Echo echo(prepared(cluster));
  Replies replies;
  auto producer = requester(cluster, &replies);
  for (uint64_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(producer->request_async(message(kTopic, "m" + std::to_string(i)), Millis(0), i));
  }
  ASSERT_TRUE(eventually([&] { return replies.count() == 200; }));
  for (uint64_t i = 0; i < 200; ++i) {
    const auto text = replies.of(i);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, "m" + std::to_string(i) + "!");
  }
  EXPECT_EQ(producer->statistics()->waiting_requests, 0);
}

TEST_F(RequestTest, ASecondReplyIsDropped) {
  MockCluster cluster;
  Echo echo(prepared(cluster), 3);
  Replies replies;
  auto producer = requester(cluster, &replies);
  for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(producer->request_async(message(kTopic, "x"), Millis(0), i));
  ASSERT_TRUE(eventually([&] { return replies.count() == 20; }));
  ASSERT_TRUE(eventually([&] { return cluster.broker().request_count(request_code::kSendReplyMessageV2) == 60; }));
  for (uint64_t i = 0; i < 20; ++i) EXPECT_TRUE(replies.of(i));
  EXPECT_EQ(replies.count(), 20U);
}

TEST_F(RequestTest, WithoutAReplyTheTimeoutSaysThatItWasStored) {
  MockCluster cluster;
  prepared(cluster);
  Replies replies;
  auto producer = requester(cluster, &replies);
  const auto got = producer->request(message(kTopic, "x"), Millis(300));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(got.error().may_be_stored);
  EXPECT_EQ(got.error().topic, kTopic);
  EXPECT_GE(got.error().elapsed_ms, 300);
  const auto stored = cluster.messages(kTopic);
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_NE(got.error().message.find(stored[0].message_id()), std::string::npos) << got.error().message;
  EXPECT_NE(got.error().message.find("no reply"), std::string::npos) << got.error().message;
  // A late one changes nothing.
  auto other = replier(cluster);
  EXPECT_TRUE(reply(*other, stored[0], "late"));
  ASSERT_TRUE(producer->request_async(message(kTopic, "y"), Millis(200), 1));
  ASSERT_TRUE(eventually([&] { return replies.count() == 1; }));
  EXPECT_EQ(replies.of(1).error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(producer->statistics()->waiting_requests, 0);
}

TEST_F(RequestTest, ASendThatFailsEndsItAtOnce) {
  MockCluster cluster;
  prepared(cluster);
  Replies replies;
  auto producer = requester(cluster, &replies);
  cluster.broker().inject(request_code::kSendMessageV2, Fault::respond(response_code::kMessageIllegal, "no", -1));
  const auto begin = now();
  const auto got = producer->request(message(kTopic, "x"), Millis(60000));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(got.error().response_code, response_code::kMessageIllegal);
  ASSERT_TRUE(producer->request_async(message(kTopic, "x"), Millis(60000), 1));
  ASSERT_TRUE(eventually([&] { return replies.count() == 1; }));
  EXPECT_EQ(replies.of(1).error().kind, ErrorKind::kRejected);
  EXPECT_LT(now() - begin, Millis(20000));
}

// The broker takes the message, and tells of it only after the request's time.
TEST_F(RequestTest, AnAcknowledgementThatDoesNotComeIsASendsTimeout) {
  MockCluster cluster;
  prepared(cluster);
  ProducerOptions options;
  options.max_attempts = 1;
  auto producer = requester(cluster, nullptr, options);
  cluster.broker().inject(request_code::kSendMessageV2, Fault::of(Fault::Kind::kDrop, -1));
  const auto got = producer->request(message(kTopic, "x"), Millis(700));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(producer->statistics()->waiting_requests, 0);
}

TEST_F(RequestTest, AReplyMayOvertakeTheAcknowledgement) {
  MockCluster cluster;
  Echo echo(prepared(cluster));
  auto producer = requester(cluster);
  ASSERT_TRUE(producer->request(message(kTopic, "first"), Millis(0)));
  cluster.broker().inject(request_code::kSendMessageV2, Fault::delayed(Millis(300), 1));
  const auto got = producer->request(message(kTopic, "x"), Millis(0));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(as_text(got->body.view()), "x!");
}

TEST_F(RequestTest, CloseEndsThoseThatWait) {
  MockCluster cluster;
  prepared(cluster);
  Replies replies;
  auto producer = requester(cluster, &replies);
  for (uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(producer->request_async(message(kTopic, "x"), Millis(60000), i));
  std::thread waiting(
      [&] { EXPECT_EQ(producer->request(message(kTopic, "x"), Millis(60000)).error().kind, ErrorKind::kClosed); });
  ASSERT_TRUE(eventually([&] { return producer->statistics()->waiting_requests == 11; }));
  ASSERT_TRUE(eventually([&] { return producer->statistics()->sends_succeeded == 11; }));
  ASSERT_TRUE(producer->close(Millis(50)));
  waiting.join();
  ASSERT_EQ(replies.count(), 10U);
  for (uint64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(replies.of(i).error().kind, ErrorKind::kClosed);
    EXPECT_TRUE(replies.of(i).error().may_be_stored);
  }
  EXPECT_EQ(producer->request(message(kTopic, "x"), Millis(0)).error().kind, ErrorKind::kClosed);
  EXPECT_EQ(producer->request_async(message(kTopic, "x"), Millis(0), 1).error().kind, ErrorKind::kClosed);
}

TEST_F(RequestTest, CloseWaitsForReplies) {
  MockCluster cluster;
  prepared(cluster);
  Replies replies;
  auto producer = requester(cluster, &replies);
  ASSERT_TRUE(producer->request_async(message(kTopic, "x"), Millis(60000), 1));
  ASSERT_TRUE(eventually([&] { return cluster.message_count(kTopic) == 1; }));
  std::thread closer([&] { EXPECT_TRUE(producer->close(kPatience)); });
  ASSERT_TRUE(eventually([&] {
    const auto refused = producer->send(message("others", "x"), Millis(0));
    return !refused && refused.error().kind == ErrorKind::kClosed;
  }));
  auto other = replier(cluster);
  EXPECT_TRUE(reply(*other, cluster.messages(kTopic)[0], "in time"));
  closer.join();
  const auto text = replies.of(1);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text, "in time");
}

TEST_F(RequestTest, CloseWithoutAnyServerEndsThem) {
  MockCluster cluster;
  cluster.name_server().stop();
  Replies replies;
  auto producer = requester(cluster, &replies);
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(producer->request_async(message(kTopic, "x"), Millis(60000), i));
  const auto begin = now();
  ASSERT_TRUE(producer->close(Millis(50)));
  EXPECT_LT(now() - begin, Millis(20000));
  ASSERT_EQ(replies.count(), 5U);
  for (uint64_t i = 0; i < 5; ++i) EXPECT_EQ(replies.of(i).error().kind, ErrorKind::kClosed);
}

TEST_F(RequestTest, CloseFromInsideTheCallbackIsDeferred) {
  MockCluster cluster;
  Echo echo(prepared(cluster));
  std::atomic<bool> closed{false};
  std::unique_ptr<Producer> producer;
  ProducerOptions options;
  options.group = "requesters";
  options.send_timeout = Millis(30000);
  producer = std::move(*Producer::create(client(cluster, "requester"), options));
  ASSERT_TRUE(producer->set_reply_callback([&](const ReplyOutcome&) {
    EXPECT_TRUE(producer->close(kPatience));
    closed = true;
  }));
  ASSERT_TRUE(producer->start());
  ASSERT_TRUE(producer->request_async(message(kTopic, "x"), Millis(0), 1));
  ASSERT_TRUE(eventually([&] { return closed.load(); }));
  EXPECT_TRUE(producer->close(Millis(0)));
}

TEST_F(RequestTest, OverTheLimitIsRefused) {
  MockCluster cluster;
  prepared(cluster);
  Replies replies;
  ProducerOptions options;
  options.max_in_flight_count = 3;
  auto producer = requester(cluster, &replies, options);
  for (uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(producer->request_async(message(kTopic, "x"), Millis(60000), i));
  const auto refused = producer->request_async(message(kTopic, "x"), Millis(60000), 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kTooManyRequests);
  EXPECT_TRUE(producer->request_async(message(kTopic, "x"), Millis(60000), 5, false));
  ASSERT_TRUE(producer->close(Millis(0)));
  EXPECT_EQ(replies.count(), 4U);
}

TEST_F(RequestTest, WhatNoRequestCanBeIsRefused) {
  MockCluster cluster;
  auto producer = requester(cluster);
  auto delayed = message(kTopic, "x");
  delayed.delay_level = 1;
  auto answer = message("", "x");
  answer.reply_to = "a\001b\002";
  for (const auto& each : {delayed, answer, message("", "x")}) {
    EXPECT_EQ(producer->request(each, Millis(0)).error().kind, ErrorKind::kInvalidArgument);
  }
  EXPECT_EQ(producer->request_async(message(kTopic, "x"), Millis(0), 1).error().kind, ErrorKind::kInvalidArgument)
      << "nobody would learn of the reply";
  ASSERT_TRUE(producer->set_reply_callback([](const ReplyOutcome&) {}));
  EXPECT_EQ(producer->set_reply_callback([](const ReplyOutcome&) {}).error().kind, ErrorKind::kInvalidState);
  ASSERT_TRUE(producer->close(Millis(0)));
  EXPECT_EQ(producer->set_reply_callback([](const ReplyOutcome&) {}).error().kind, ErrorKind::kClosed);
}

TEST_F(RequestTest, AReplyNeedsARequest) {
  MockCluster cluster;
  auto producer = replier(cluster);
  const std::string full = "CLUSTER\001c\002CORRELATION_ID\0011\002REPLY_TO_CLIENT\001me\002";
  for (const std::string name : {"CLUSTER", "CORRELATION_ID", "REPLY_TO_CLIENT"}) {
    std::string without = full;
    without.replace(without.find(name), name.size(), "OTHER");
    auto answer = message("", "x");
    answer.reply_to = without;
    const auto sent = producer->send(answer, Millis(0));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, ErrorKind::kInvalidArgument);
    EXPECT_NE(sent.error().message.find(name), std::string::npos) << sent.error().message;
  }
  auto addressed = message(kTopic, "x");
  addressed.reply_to = full;
  EXPECT_EQ(producer->send(addressed, Millis(0)).error().kind, ErrorKind::kInvalidArgument);
  auto delayed = message("", "x");
  delayed.reply_to = full;
  delayed.delay_level = 1;
  EXPECT_EQ(producer->send(delayed, Millis(0)).error().kind, ErrorKind::kInvalidArgument);
}

TEST_F(RequestTest, AReplyToOneWhoIsGoneIsRefusedByTheBroker) {
  MockCluster cluster;
  prepared(cluster);
  auto producer = replier(cluster);
  auto answer = message("", "x");
  answer.reply_to = "CLUSTER\001mock\002CORRELATION_ID\0011\002REPLY_TO_CLIENT\001nobody\002";
  const auto sent = producer->send(answer, Millis(0));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::kRejected);
  EXPECT_NE(sent.error().remark.find("nobody"), std::string::npos) << sent.error().remark;
}

TEST_F(RequestTest, LargeRepliesComeCompressedAndArriveWhole) {
  MockCluster cluster;
  prepared(cluster);
  auto producer = requester(cluster);
  const std::string large(100000, 'r');
  std::thread answering([&] {
    auto other = replier(cluster);
    ASSERT_TRUE(eventually([&] { return cluster.message_count(kTopic) == 1; }));
    EXPECT_TRUE(reply(*other, cluster.messages(kTopic)[0], large));
  });
  const auto got = producer->request(message(kTopic, "x"), Millis(0));
  answering.join();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(as_text(got->body.view()), large);
  const auto sent = cluster.broker().requests(request_code::kSendReplyMessageV2);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_LT(sent[0].body.size(), 10000U);
}

TEST_F(RequestTest, AReplyThatCannotBeReadIsAProtocolError) {
  MockCluster cluster;
  prepared(cluster);
  Replies replies;
  auto producer = requester(cluster, &replies);
  ASSERT_TRUE(producer->request_async(message(kTopic, "x"), Millis(60000), 1));
  ASSERT_TRUE(eventually([&] { return cluster.message_count(kTopic) == 1; }));
  RemotingCommand push = RemotingCommand::request(request_code::kPushReplyMessageToClient, SerializeType::kJson);
  push.opaque = 4711;
  // Of no use, and must not be taken for anybody's.
  cluster.broker().send_to_clients(push);
  push.opaque = 4712;
  push.ext_fields.add("properties", properties_of(cluster.messages(kTopic)[0]));
  push.ext_fields.add("sysFlag", system_flag::kCompressed | system_flag::kCompressionZlib);
  push.ext_fields.add("bornHost", "not a host");
  push.ext_fields.add("storeHost", "[::1]:99999999999999");
  push.ext_fields.add("queueId", "x");
  push.body = SharedBytes(std::vector<uint8_t>{1, 2, 3});
  cluster.broker().send_to_clients(push);
  ASSERT_TRUE(eventually([&] { return replies.count() == 1; }));
  EXPECT_EQ(replies.of(1).error().kind, ErrorKind::kProtocolError) << replies.of(1).error().message;
  for (const int32_t opaque : {4711, 4712}) {
    EXPECT_TRUE(eventually([&] { return !cluster.broker().responses(opaque).empty(); })) << opaque;
  }
}

// The reply may be sent by way of a broker that has nothing of the request's topic.
TEST_F(RequestTest, EveryBrokerOfTheClusterKnowsTheRequester) {
  MockCluster cluster({1, 3, 4, true});
  prepared(cluster);
  TopicRoute route;
  route.brokers.push_back({"mock", "broker-1", {{0, cluster.broker(1).address()}}, false});
  route.queues.push_back({"broker-1", 1, 1, 6});
  cluster.create_topic(kTopic, 1);
  cluster.set_route(kTopic, route);
  auto other = replier(cluster);
  auto producer = requester(cluster);
  std::thread answering([&] {
    ASSERT_TRUE(eventually([&] { return cluster.message_count(kTopic) == 1; }));
    EXPECT_TRUE(reply(*other, cluster.messages(kTopic)[0], "pong"));
  });
  const auto got = producer->request(message(kTopic, "ping"), Millis(0));
  answering.join();
  ASSERT_TRUE(got) << got.error().message;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cluster.broker(i).producers_of("requesters").size(), 1U) << i;
}

// The broker does not let itself be told who asks, so that each request would tell it again.
TEST_F(RequestTest, ABurstCostsNoHeartbeatEach) {
  MockCluster cluster;
  prepared(cluster);
  cluster.create_topic(kTopic, 4);
  Replies replies;
  auto producer = requester(cluster, &replies);
  ASSERT_TRUE(producer->warm_up(kTopic));
  cluster.broker().inject(request_code::kHeartbeat, {mock::Fault::Kind::kRespond, 1, "not now", {}, -1});
  const int before = cluster.broker().request_count(request_code::kHeartbeat);
  cluster.broker().reset_connections();
  constexpr uint64_t kBurst = 50;
  for (uint64_t i = 0; i < kBurst; ++i) ASSERT_TRUE(producer->request_async(message(kTopic, "x"), Millis(60000), i));
  EXPECT_TRUE(eventually([&] { return producer->statistics()->sends_succeeded == static_cast<int64_t>(kBurst); }));
  EXPECT_LT(cluster.broker().request_count(request_code::kHeartbeat) - before, 20);
}

}  // namespace rocketmq::test
