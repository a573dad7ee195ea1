#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <optional>
#include <string>

#include "base/clock.h"
#include "protocol/json.h"
#include "protocol/remoting_command.h"
#include "without_memory.h"

namespace rocketmq::test {

namespace {

// A response whose JSON header has so many fields; `escaped`: one that only the full parser reads.
SharedBytes json_frame(int fields, bool escaped) {
  std::string header = "{\"code\":0,\"flag\":1,\"language\":\"JAVA\",\"opaque\":7,\"version\":0,\"extFields\":{";
  if (escaped) header += "\"odd\":\"\\u0041\",";
  for (int i = 0; i < fields; ++i) header += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\":\"v\"";
  header += "}}";
  std::vector<uint8_t> frame;
  ByteWriter writer(frame);
  writer.i32(static_cast<int32_t>(header.size()));
  writer.text(header);
  return SharedBytes(std::move(frame));
}

SharedBytes binary_frame(int fields) {
  RemotingCommand command = RemotingCommand::response_to(RemotingCommand::request(11), 0);
  for (int i = 0; i < fields; ++i) command.ext_fields.add("f" + std::to_string(i), "v");
  std::vector<uint8_t> frame;
  EXPECT_TRUE(encode_frame(command, frame));
  return SharedBytes(std::vector<uint8_t>(frame.begin() + 4, frame.end()));
}

// Of the processor, as other processes run beside this one; the best of three.
double seconds_to_decode(const SharedBytes& frame) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t begin = std::clock();
    EXPECT_TRUE(decode_frame(frame));
    // At least what the clock can tell.
    best = std::min(best, std::max(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 1e-3));
  }
  return best;
}

}  // namespace

TEST(HeaderTest, AHeaderOfAMebibyteTakesTimeInProportionToItsLength) {
  constexpr int kFields = 85000;
  // Sixteen times as many take sixteen times as long, more where caches end; 256 times, were each compared with all.
  constexpr int kTimes = 16;
  constexpr double kMost = 80;
  ASSERT_GT(json_frame(kFields, false).size(), size_t{1024} * 1024);
  for (const bool escaped : {false, true}) {
    const double few = seconds_to_decode(json_frame(kFields / kTimes, escaped));
    EXPECT_LT(seconds_to_decode(json_frame(kFields, escaped)), few * kMost);
  }
  const double few = seconds_to_decode(binary_frame(kFields / kTimes));
  EXPECT_LT(seconds_to_decode(binary_frame(kFields)), few * kMost);
}

TEST(HeaderTest, AllFieldsAreReadHoweverMany) {
  for (const int fields : {0, 1, 63, 64, 65, 1000}) {
    const auto command = decode_frame(json_frame(fields, false));
    ASSERT_TRUE(command);
    EXPECT_EQ(command->ext_fields.size(), static_cast<size_t>(fields));
    EXPECT_EQ(command->opaque, 7);
    if (fields > 0) {
      EXPECT_EQ(command->ext_fields.text("f" + std::to_string(fields - 1)), "v");
    }
  }
}

// Its destructor needs memory, and may not throw.
TEST(HeaderTest, JsonIsDestroyedOnceThereIsMemoryForIt) {
  RemotingCommand command = RemotingCommand::request(34, SerializeType::kJson);
  for (int i = 0; i < 20; ++i) command.ext_fields.add("a rather long name of a field " + std::to_string(i), "value");
  std::vector<uint8_t> frame;
  frame.reserve(10000);
  {
    WithoutMemory without;
    EXPECT_THROW((void)encode_frame(command, frame), std::bad_alloc);
  }
  Json json = {{"list", {1, 2, 3}}, {"map", {{"a", {{"b", 1}}}}}};
  std::optional<Json> owned(std::move(json));
  fail_next_allocations(3);
  owned.reset();
  EXPECT_EQ(failing_allocations, 0);
}

}  // namespace rocketmq::test
