#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/compression.h"
#include "protocol/admin_bodies.h"
#include "protocol/codes.h"
#include "protocol/heartbeat.h"
#include "protocol/message.h"
#include "protocol/names.h"
#include "protocol/remoting_command.h"
#include "protocol/route.h"
#include "protocol/send_frame.h"
#include "protocol/subscription.h"
#include "protocol/unique_id.h"

namespace rocketmq::test {

SharedBytes to_shared(std::string_view text) { return SharedBytes(std::vector<uint8_t>(text.begin(), text.end())); }

SharedBytes without_length(const std::vector<uint8_t>& frame) {
  return SharedBytes(std::vector<uint8_t>(frame.begin() + 4, frame.end()));
}

class CommandTest : public ::testing::TestWithParam<SerializeType> {};

TEST_P(CommandTest, SurvivesTheWire) {
  RemotingCommand command = RemotingCommand::request(310, GetParam());
  command.opaque = 77;
  command.flag = RemotingCommand::kOneWayFlag;
  command.remark = "grün \"🙂\"";
  command.ext_fields.add("topic", "orders");
  command.ext_fields.add("number", int64_t{-5});
  command.body = to_shared("body");
  std::vector<uint8_t> frame;
  ASSERT_TRUE(encode_frame(command, frame));
  const auto decoded = decode_frame(without_length(frame));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->code, 310);
  EXPECT_EQ(decoded->opaque, 77);
  EXPECT_EQ(decoded->version, kProtocolVersion);
  EXPECT_EQ(decoded->remark, command.remark);
  EXPECT_EQ(decoded->ext_fields.text("topic"), "orders");
  EXPECT_EQ(decoded->ext_fields.number("number", 0), -5);
  EXPECT_EQ(as_text(decoded->body.view()), "body");
  EXPECT_TRUE(decoded->is_one_way());
  EXPECT_FALSE(decoded->is_response());
}

TEST_P(CommandTest, CutAnywhereItIsAnErrorAndNeverACrash) {
  RemotingCommand command = RemotingCommand::request(310, GetParam());
  command.remark = "remark";
  command.ext_fields.add("topic", "orders");
  std::vector<uint8_t> frame;
  ASSERT_TRUE(encode_frame(command, frame));
  for (size_t length = 0; length + 4 < frame.size(); ++length) {
    const auto decoded = decode_frame(
        SharedBytes(std::vector<uint8_t>(frame.begin() + 4, frame.begin() + 4 + static_cast<long>(length))));
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().kind, ErrorKind::kProtocolError);
  }
}

INSTANTIATE_TEST_SUITE_P(Both, CommandTest, ::testing::Values(SerializeType::kJson, SerializeType::kRocketMq));

TEST(CommandCodeTest, CodesBeyondSixteenBitsGoAsJson) {
  std::vector<uint8_t> frame;
  ASSERT_TRUE(encode_frame(RemotingCommand::request(200050), frame));
  const auto decoded = decode_frame(without_length(frame));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->code, 200050);
  EXPECT_EQ(decoded->serialize_type, SerializeType::kJson);
}

TEST(CommandCodeTest, AFrameOverTheLimitIsRefused) {
  RemotingCommand command = RemotingCommand::request(10);
  command.body = SharedBytes(std::vector<uint8_t>(100000));
  std::vector<uint8_t> frame;
  EXPECT_EQ(encode_frame(command, frame, 65536).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_TRUE(frame.empty());
}

TEST(CommandCodeTest, HostileJsonHeadersAreErrors) {
  for (const std::string& header :
       {std::string("{"), std::string("[]"), std::string("{}"), std::string("{\"code\":\"x\"}"),
        std::string("{\"code\":99999999999}"), std::string("{\"code\":1,\"extFields\":[]}"), std::string(100000, '['),
        std::string("{\"a\":") + std::string(100000, '{')}) {
    std::vector<uint8_t> frame;
    ByteWriter writer(frame);
    writer.i32(static_cast<int32_t>(header.size()));
    writer.text(header);
    EXPECT_FALSE(decode_frame(SharedBytes(frame))) << header.substr(0, 40);
  }
}

TEST(SendFrameTest, IsAnOrdinaryFrame) {
  SendRequest request;
  request.producer_group = "group";
  request.topic = "orders";
  request.queue_id = 3;
  request.properties = "UNIQ_KEY\001x\002";
  request.born_timestamp_ms = 1700000000000;
  request.broker_name = "broker-a";
  SendFrame frame(as_bytes("hello"), 10);
  frame.with_header(SendRequest(), 1);
  // For another attempt, with a longer header.
  const ByteView bytes = frame.with_header(request, 0x01020304);
  EXPECT_EQ(as_text(frame.body()), "hello");
  const auto decoded = decode_frame(without_length({bytes.begin(), bytes.end()}));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->code, request_code::kSendMessageV2);
  EXPECT_EQ(decoded->opaque, 0x01020304);
  EXPECT_EQ(decoded->ext_fields.text("b"), "orders");
  EXPECT_EQ(decoded->ext_fields.number("e", -1), 3);
  EXPECT_EQ(decoded->ext_fields.number("g", -1), 1700000000000);
  EXPECT_EQ(decoded->ext_fields.text("i"), request.properties);
  EXPECT_EQ(decoded->ext_fields.text("m"), "false");
  EXPECT_EQ(as_text(decoded->body.view()), "hello");
}

std::vector<uint8_t> stored(const MessageToStore& message) {
  std::vector<uint8_t> bytes;
  encode_stored_message(message, bytes);
  return bytes;
}

// As brokers compute it: of the body as it is stored, without the highest bit. 0 stands for none.
TEST(MessageTest, ABodyThatDoesNotMatchItsCrcIsDamaged) {
  constexpr size_t kCrcAt = 8;
  MessageToStore message;
  message.topic = "orders";
  message.body = as_bytes("a body");
  message.queue_offset = 7;
  const std::vector<uint8_t> whole = stored(message);
  EXPECT_EQ(ByteReader({whole.data() + kCrcAt, 4}).i32(), 0x494786f6 & 0x7fffffff);
  ASSERT_EQ(decode_messages(SharedBytes(whole))->messages.size(), 1U);
  for (size_t bit = 0; bit < 8; ++bit) {
    std::vector<uint8_t> damaged = whole;
    const auto body = std::search(damaged.begin(), damaged.end(), message.body.begin(), message.body.end());
    *(body + 3) ^= static_cast<uint8_t>(1U << bit);
    const auto decoded = decode_messages(SharedBytes(damaged));
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(decoded->messages.empty());
    ASSERT_EQ(decoded->undecodable.size(), 1U);
    EXPECT_EQ(decoded->undecodable[0].queue_offset, 7);
    EXPECT_TRUE(decoded->undecodable[0].crc_mismatch);
    const auto one = decode_stored_message(SharedBytes(damaged));
    ASSERT_FALSE(one);
    EXPECT_EQ(one.error().kind, ErrorKind::kProtocolError);
    std::fill_n(damaged.begin() + kCrcAt, 4, uint8_t{0});
    EXPECT_EQ(decode_messages(SharedBytes(damaged))->messages.size(), 1U);
    EXPECT_TRUE(decode_stored_message(SharedBytes(damaged)));
  }
  // The highest bit says nothing.
  std::vector<uint8_t> other = whole;
  other[kCrcAt] ^= 0x80;
  EXPECT_EQ(decode_messages(SharedBytes(other))->messages.size(), 1U);
}

TEST(MessageTest, WhatCannotBeUnderstoodButCameWholeIsNotDamaged) {
  MessageToStore message;
  message.topic = "orders";
  message.body = as_bytes("no compressed data");
  message.system_flag = system_flag::kCompressed;
  const auto decoded = decode_messages(SharedBytes(stored(message)));
  ASSERT_EQ(decoded->undecodable.size(), 1U);
  EXPECT_FALSE(decoded->undecodable[0].crc_mismatch);
}

TEST(MessageTest, SurvivesTheBroker) {
  MessageToStore message;
  message.topic = "orders";
  message.properties = "TAGS\001t\002KEYS\001k1 k2\002UNIQ_KEY\001ID\002";
  message.body = as_bytes("hello");
  message.queue_id = 2;
  message.queue_offset = 12345678901;
  message.commit_log_offset = 42;
  message.born_host.v6 = true;
  message.born_host.address[15] = 1;
  message.born_host.port = 1234;
  message.store_host.address[0] = 127;
  message.store_host.address[3] = 1;
  message.store_host.port = 10911;
  message.reconsume_times = 3;
  const auto decoded = decode_messages(SharedBytes(stored(message)));
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->messages.size(), 1U);
  const StoredMessage& got = decoded->messages[0];
  EXPECT_EQ(got.topic, "orders");
  EXPECT_EQ(got.property("KEYS"), "k1 k2");
  EXPECT_EQ(got.message_id(), "ID");
  EXPECT_EQ(got.offset_message_id(), "7F00000100002A9F000000000000002A");
  EXPECT_EQ(got.queue_offset, 12345678901);
  EXPECT_EQ(got.reconsume_times, 3);
  EXPECT_EQ(host_text(got.born_host), "[0:0:0:0:0:0:0:1]:1234");
  EXPECT_EQ(host_text(got.store_host), "127.0.0.1:10911");
  EXPECT_EQ(as_text(got.body.view()), "hello");
}

TEST(MessageTest, LongTopicsAndAllCompressions) {
  const std::string topic(200, 't');
  const std::pair<CompressionType, int32_t> types[] = {{CompressionType::kZlib, 0},
                                                       {CompressionType::kZlib, system_flag::kCompressionZlib},
                                                       {CompressionType::kLz4, system_flag::kCompressionLz4},
                                                       {CompressionType::kZstd, system_flag::kCompressionZstd}};
  const std::string body(50000, 'x');
  for (const auto& [type, flag] : types) {
    const auto packed = compress(type, as_bytes(body), 3);
    ASSERT_TRUE(packed);
    MessageToStore message;
    message.topic = topic;
    message.body = {packed->data(), packed->size()};
    message.system_flag = system_flag::kCompressed | flag;
    const auto decoded = decode_messages(SharedBytes(stored(message)));
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->messages.size(), 1U);
    EXPECT_EQ(decoded->messages[0].topic, topic);
    EXPECT_EQ(as_text(decoded->messages[0].body.view()), body);
    // Unpacked to no more than it may.
    const auto limited = decode_messages(SharedBytes(stored(message)), {1000});
    ASSERT_TRUE(limited);
    EXPECT_EQ(limited->undecodable.size(), 1U);
    // Cut short.
    message.body = {packed->data(), packed->size() / 2};
    EXPECT_EQ(decode_messages(SharedBytes(stored(message)))->undecodable.size(), 1U);
  }
}

TEST(MessageTest, CutAnywhereItIsAnErrorAndNeverACrash) {
  MessageToStore message;
  message.topic = "orders";
  message.properties = "TAGS\001t\002";
  message.body = as_bytes("hello");
  const auto bytes = stored(message);
  for (size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_FALSE(
        decode_messages(SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.begin() + static_cast<long>(length)))));
    // The same with a length that fits.
    auto shorter = std::vector<uint8_t>(bytes.begin(), bytes.begin() + static_cast<long>(length));
    if (length < 84) continue;
    ByteWriter(shorter).set_i32(0, static_cast<int32_t>(length));
    const auto decoded = decode_messages(SharedBytes(shorter));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->undecodable.size(), 1U);
  }
}

TEST(MessageTest, BatchesInsideAMessageAreUnwrapped) {
  std::vector<uint8_t> inner;
  ByteWriter writer(inner);
  for (const std::string body : {"one", "second"}) {
    const std::string properties = "UNIQ_KEY\001" + body + "\002";
    writer.i32(static_cast<int32_t>(22 + body.size() + properties.size()));
    writer.i32(0);
    writer.i32(0);
    writer.i32(7);
    writer.i32(static_cast<int32_t>(body.size()));
    writer.text(body);
    writer.i16(static_cast<int16_t>(properties.size()));
    writer.text(properties);
  }
  MessageToStore message;
  message.topic = "orders";
  message.properties = "INNER_BASE\001100\002";
  message.body = {inner.data(), inner.size()};
  message.system_flag = system_flag::kInnerBatch;
  auto decoded = decode_messages(SharedBytes(stored(message)));
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->messages.size(), 2U);
  EXPECT_EQ(as_text(decoded->messages[1].body.view()), "second");
  EXPECT_EQ(decoded->messages[1].queue_offset, 101);
  EXPECT_EQ(decoded->messages[1].message_id(), "second");
  EXPECT_EQ(decoded->messages[1].topic, "orders");
}

TEST(RouteTest, ReadsStandardAndUnquotedKeys) {
  for (const std::string key : {"\"0\"", "0"}) {
    const auto route =
        parse_route("{\"brokerDatas\":[{\"brokerAddrs\":{" + key +
                    ":\"127.0.0.1:10911\"},\"brokerName\":\"a\",\"cluster\":\"c\"}],"
                    "\"queueDatas\":[{\"brokerName\":\"a\",\"perm\":6,\"readQueueNums\":4,\"writeQueueNums\":2}]}");
    ASSERT_TRUE(route);
    EXPECT_EQ(route->master_address("a"), "127.0.0.1:10911");
    EXPECT_EQ(publish_queues("t", *route).size(), 2U);
    EXPECT_EQ(subscribe_queues("t", *route).size(), 4U);
    EXPECT_EQ(*parse_route(route_to_json(*route)), *route);
  }
  EXPECT_FALSE(parse_route("nonsense"));
  EXPECT_FALSE(parse_route(""));
}

TEST(RouteTest, OnlyWritableQueuesWithAMasterAreSentTo) {
  TopicRoute route;
  route.brokers = {{"c", "a", {{0, "a:1"}}, false},
                   {"c", "b", {{1, "b:1"}}, false},
                   {"c", "d", {{2, "d:1"}}, true},
                   {"c", "e", {{0, "e:1"}}, true}};
  route.queues = {{"a", 2, 2, 4}, {"b", 2, 2, 6}, {"d", 2, 2, 6}, {"e", 2, 2, 6}};
  const auto queues = publish_queues("t", route);
  ASSERT_EQ(queues.size(), 2U);
  EXPECT_EQ(queues[0].broker_name, "e");
  // An acting master keeps offsets and is read from, and stores nothing.
  EXPECT_EQ(route.master_address("d"), "d:1");
}

TEST(RouteTest, AStaticTopicHasNoQueuesToSendToByTheirPlace) {
  auto route = parse_route(R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":{"0":"a:1"}}],)"
                           R"("queueDatas":[{"brokerName":"a","readQueueNums":4,"writeQueueNums":4,"perm":6}],)"
                           R"("topicQueueMappingByBroker":{"a":{"bname":"a","totalQueues":8,"currIdMap":{"0":0}}}})");
  ASSERT_TRUE(route);
  EXPECT_TRUE(route->is_static());
  EXPECT_TRUE(publish_queues("t", *route).empty());
  EXPECT_TRUE(parse_route(route_to_json(*route))->is_static());
  route = parse_route(R"({"topicQueueMappingByBroker":{}})");
  EXPECT_FALSE(route->is_static());
}

// Members of a group in every language must sort alike.
TEST(RouteTest, QueuesSortAsJavaStringsDo) {
  const MessageQueue private_use{"t", "\xee\x80\x80", 0};        // U+E000
  const MessageQueue supplementary{"t", "\xf0\x9f\x99\x82", 0};  // U+1F642: surrogates in UTF-16
  EXPECT_LT(supplementary, private_use);
  EXPECT_LT((MessageQueue{"t", "a", 2}), (MessageQueue{"t", "a", 10}));
  EXPECT_LT((MessageQueue{"a", "z", 9}), (MessageQueue{"b", "a", 0}));
}

TEST(SubscriptionTest, HashesAndSplitsAsJavaDoes) {
  EXPECT_EQ(java_string_hash(""), 0);
  EXPECT_EQ(java_string_hash("Aa"), java_string_hash("BB"));
  EXPECT_EQ(java_string_hash("created"), 1028554472);
  EXPECT_EQ(java_string_hash("🙂"), 1772965);
  const auto subscription = make_tag_subscription("t", " a || b||c ");
  ASSERT_TRUE(subscription);
  EXPECT_EQ(subscription->tags, (std::set<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(make_tag_subscription("t", "*")->tags.empty());
  EXPECT_FALSE(make_tag_subscription("t", "||"));
  EXPECT_FALSE(make_tag_subscription("t", "\xff"));
}

TEST(NamesTest, LimitsAreNamed) {
  EXPECT_TRUE(validate_topic("Orders_1-%|"));
  EXPECT_TRUE(validate_topic(std::string(127, 't')));
  for (const std::string& topic : {std::string(), std::string(128, 't'), std::string("a b"), std::string("ä"),
                                   std::string("a\0b", 3), std::string("\xff")}) {
    EXPECT_EQ(validate_topic(topic).error().kind, ErrorKind::kInvalidArgument);
  }
  EXPECT_NE(validate_group(std::string(121, 'g'), "consumer group").error().message.find("120"), std::string::npos);
}

TEST(NamesTest, Utf8IsChecked) {
  EXPECT_TRUE(is_utf8("aä€🙂"));
  for (const std::string_view bad : {"\x80", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(ProcessUniqueIdTest, DiffersOverThreadsAndBeyondTheCounter) {
  std::set<std::string> ids;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<std::string> own;
      for (int i = 0; i < 50000; ++i) own.emplace_back(as_text(create_unique_id()));
      std::lock_guard lock(mutex);
      ids.insert(own.begin(), own.end());
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ids.size(), 200000U);
  EXPECT_EQ(ids.begin()->size(), 32U);
  EXPECT_EQ(ids.begin()->find_first_not_of("0123456789ABCDEF"), std::string::npos);
}

TEST(AdminBodiesTest, OffsetResetsComeInTwoForms) {
  const MessageQueue queue{"T", "b", 3};
  for (const std::string_view body : {R"({"offsetTable":{{"brokerName":"b","queueId":3,"topic":"T"}:5}})",
                                      R"({"offsetTable":[{"brokerName":"b","queueId":3,"topic":"T","offset":5}]})"}) {
    const auto offsets = parse_reset_offset_body(body);
    ASSERT_TRUE(offsets) << body;
    EXPECT_EQ(offsets->at(queue), 5);
  }
  for (const std::string_view body : {"", "{}", R"({"offsetTable":5})", R"({"offsetTable":{"x":1}})",
                                      R"({"offsetTable":[{"brokerName":"b","queueId":3,"topic":"T","offset":-1}]})"}) {
    EXPECT_FALSE(parse_reset_offset_body(body)) << body;
  }
}

TEST(HeartbeatTest, SurvivesTheWire) {
  Heartbeat heartbeat;
  heartbeat.client_id = "host@1#x";
  heartbeat.producer_groups = {"p"};
  heartbeat.consumers = {{"c", false, false, "CONSUME_FROM_LAST_OFFSET", {*make_tag_subscription("t", "a||b")}}};
  const auto parsed = parse_heartbeat(heartbeat_to_json(heartbeat));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->client_id, heartbeat.client_id);
  ASSERT_EQ(parsed->consumers.size(), 1U);
  EXPECT_EQ(parsed->consumers[0].subscriptions[0].codes, heartbeat.consumers[0].subscriptions[0].codes);
  EXPECT_EQ(*parse_consumer_list(consumer_list_to_json({"a", "b"})), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(parse_consumer_list("{}"));
}

}  // namespace rocketmq::test
