#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/compression.h"
#include "protocol/message.h"
#include "protocol/route.h"

namespace rocketmq::test {

namespace {

void store(std::vector<uint8_t>& out, const std::string& properties, const std::vector<uint8_t>& body, int32_t flags,
           int64_t offset = 0) {
  MessageToStore message;
  message.topic = "orders";
  message.properties = properties;
  message.body = {body.data(), body.size()};
  message.system_flag = flags;
  message.queue_offset = offset;
  encode_stored_message(message, out);
}

// Messages without body and properties, the smallest there are.
std::vector<uint8_t> inner_batch(int count) {
  std::vector<uint8_t> body;
  ByteWriter writer(body);
  for (int i = 0; i < count; ++i) {
    writer.i32(22);
    for (int field = 0; field < 4; ++field) writer.i32(0);
    writer.i16(0);
  }
  return body;
}

DecodedMessages decode_batch(const std::string& properties, int count, const DecodeLimits& limits = {}) {
  std::vector<uint8_t> bytes;
  store(bytes, properties, inner_batch(count), system_flag::kInnerBatch);
  auto decoded = decode_messages(SharedBytes(std::move(bytes)), limits);
  EXPECT_TRUE(decoded);
  return decoded ? *decoded : DecodedMessages();
}

}  // namespace

TEST(HostileBatchTest, HasNoMoreMessagesThanItSaysOrThanThereCanBe) {
  EXPECT_EQ(decode_batch("INNER_NUM\0013\002", 3).messages.size(), 3U);
  EXPECT_EQ(decode_batch("", 32767).messages.size(), 32767U);
  for (const auto& refused : {decode_batch("INNER_NUM\0013\002", 4), decode_batch("", 32768),
                              decode_batch("INNER_NUM\0019999999\002", 32768)}) {
    EXPECT_TRUE(refused.messages.empty());
    EXPECT_EQ(refused.undecodable.size(), 1U);
  }
}

TEST(HostileBatchTest, DoesNotCopyTheOuterProperties) {
  std::string many;
  for (int i = 0; i < 1000; ++i) append_property(many, "name" + std::to_string(i), "x");
  const auto decoded = decode_batch(many, 100);
  ASSERT_EQ(decoded.messages.size(), 100U);
  for (const auto& message : decoded.messages) EXPECT_EQ(message.properties.capacity(), 0U);
}

TEST(HostileBatchTest, BeginsWhereAnOffsetCanBe) {
  EXPECT_EQ(decode_batch("INNER_BASE\0015\002", 2).messages[1].queue_offset, 6);
  for (const std::string base : {"9223372036854775807", "9223372036854775806", "-1"}) {
    EXPECT_EQ(decode_batch("INNER_BASE\001" + base + "\002", 2).undecodable.size(), 1U) << base;
  }
}

TEST(HostilePullTest, UnpacksToNoMoreThanTheTotal) {
  const std::string text(1000, 'x');
  const auto packed = compress(CompressionType::kZlib, as_bytes(text), 5);
  ASSERT_TRUE(packed);
  std::vector<uint8_t> bytes;
  for (int64_t offset = 10; offset < 14; ++offset) store(bytes, "", *packed, system_flag::kCompressed, offset);
  DecodeLimits limits;
  limits.max_body_bytes = 1500;
  limits.max_total_bytes = 2500;
  const auto some = decode_messages(SharedBytes(bytes), limits);
  ASSERT_TRUE(some);
  EXPECT_EQ(some->messages.size(), 2U);
  EXPECT_TRUE(some->undecodable.empty());
  EXPECT_EQ(some->rest_at, 12);
  // The first always comes, so that a consumer gets on.
  limits.max_total_bytes = 1;
  const auto one = decode_messages(SharedBytes(bytes), limits);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->messages.size(), 1U);
  EXPECT_EQ(one->rest_at, 11);
  const auto all = decode_messages(SharedBytes(bytes));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->messages.size(), 4U);
  EXPECT_EQ(all->rest_at, std::nullopt);
}

TEST(HostilePullTest, InnerBatchesCountForTheTotal) {
  std::vector<uint8_t> bytes;
  for (int64_t offset = 0; offset < 3; ++offset) store(bytes, "", inner_batch(100), system_flag::kInnerBatch, offset);
  DecodeLimits limits;
  limits.max_total_bytes = 250 * sizeof(StoredMessage);
  const auto decoded = decode_messages(SharedBytes(bytes), limits);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->messages.size(), 200U);
  EXPECT_EQ(decoded->rest_at, 2);
}

TEST(HostileRouteTest, HasNoMoreQueuesThanATopicCan) {
  std::string queues;
  for (int i = 0; i < 50; ++i) {
    queues += std::string(i > 0 ? "," : "") + R"({"brokerName":"b)" + std::to_string(i) +
              R"(","perm":6,"readQueueNums":90000,"writeQueueNums":90000})";
  }
  const auto route = parse_route("{\"queueDatas\":[" + queues + "]}");
  ASSERT_TRUE(route);
  EXPECT_EQ(subscribe_queues("t", *route).size(), 100000U);
  std::string order;
  for (int i = 0; i < 50; ++i) order += "b" + std::to_string(i) + ":90000;";
  const auto ordered = parse_route(R"({"orderTopicConf":")" + order + "\"}");
  ASSERT_TRUE(ordered);
  EXPECT_EQ(publish_queues("t", *ordered).size(), 100000U);
}

TEST(HostileRouteTest, HasNoBrokerWithANameThatEachQueueWouldCarry) {
  const std::string name(300, 'b');
  const auto route = parse_route(R"({"orderTopicConf":")" + name + R"(:4;ok:4","queueDatas":[{"brokerName":")" + name +
                                 R"(","perm":6,"readQueueNums":4,"writeQueueNums":4}]})");
  ASSERT_TRUE(route);
  EXPECT_TRUE(subscribe_queues("t", *route).empty());
  EXPECT_EQ(publish_queues("t", *route).size(), 4U);
}

}  // namespace rocketmq::test
