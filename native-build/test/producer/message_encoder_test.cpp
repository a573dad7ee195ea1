#include "producer/message_encoder.h"

#include <gtest/gtest.h>

#include "cluster_access.h"

namespace rocketmq::test {

namespace {

Result<EncodedMessage> encoded(const OutgoingMessage& message) { return encode_message(message, ProducerOptions{}); }

// Brokers may define more levels than the 18 with which RocketMQ ships.
TEST(MessageEncoderTest, TheBrokersDelayLevelsCount) {
  auto outgoing = message("orders", "x");
  for (const int32_t level : {0, 1, 18, 19, 20, INT32_MAX}) {
    outgoing.delay_level = level;
    EXPECT_TRUE(encoded(outgoing)) << level;
  }
  for (const int32_t level : {-1, INT32_MIN}) {
    outgoing.delay_level = level;
    const auto refused = encoded(outgoing);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidArgument);
    EXPECT_NE(refused.error().message.find(std::to_string(level)), std::string::npos);
  }
}

TEST(MessageEncoderTest, HowLongATransactionIsNotCheckedMayBeSet) {
  auto outgoing = message("orders", "x");
  const std::pair<std::string_view, std::string_view> properties[] = {{"CHECK_IMMUNITY_TIME_IN_SECONDS", "30"}};
  outgoing.properties = properties;
  outgoing.property_count = 1;
  const auto result = encoded(outgoing);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_NE(result->properties.find(std::string("CHECK_IMMUNITY_TIME_IN_SECONDS") + "\x01" + "30"), std::string::npos);
}

}  // namespace

}  // namespace rocketmq::test
