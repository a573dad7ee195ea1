#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace rocketmq::test {

namespace {

SharedBytes shared(const std::string& text) {
  const ByteView bytes = as_bytes(text);
  return SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
}

}  // namespace

TEST(SharedBytesTest, ASliceIsClampedToWhatIsThere) {
  const SharedBytes bytes = shared("0123456789");
  EXPECT_EQ(as_text(bytes.slice(2, 3).view()), "234");
  EXPECT_EQ(as_text(bytes.slice(8, 100).view()), "89");
  EXPECT_EQ(as_text(bytes.slice(8, std::numeric_limits<size_t>::max()).view()), "89");
  EXPECT_TRUE(bytes.slice(10, 1).empty());
  EXPECT_TRUE(bytes.slice(11, 1).empty());
  EXPECT_TRUE(bytes.slice(std::numeric_limits<size_t>::max(), std::numeric_limits<size_t>::max()).empty());
  // Of the slice, not of what it was cut from.
  EXPECT_EQ(as_text(bytes.slice(2, 3).slice(1, 100).view()), "34");
  EXPECT_TRUE(SharedBytes().slice(0, 1).empty());
}

TEST(SharedBytesTest, ASliceKeepsTheBytesAliveAndSharesThem) {
  auto owner = std::make_shared<const std::string>("0123456789");
  SharedBytes slice;
  {
    const SharedBytes all(owner, as_bytes(*owner));
    slice = all.slice(3, 4);
    EXPECT_EQ(slice.data(), all.data() + 3);
  }
  EXPECT_EQ(owner.use_count(), 2);
  const std::weak_ptr<const std::string> alive = owner;
  owner = nullptr;
  EXPECT_EQ(as_text(slice.view()), "3456");
  slice = {};
  EXPECT_TRUE(alive.expired());
}

TEST(ByteReaderTest, ReadsWhatTheWriterWrote) {
  std::vector<uint8_t> bytes;
  ByteWriter writer(bytes);
  writer.u8(0xfe);
  writer.i16(std::numeric_limits<int16_t>::min());
  writer.i32(-2);
  writer.i64(std::numeric_limits<int64_t>::min());
  writer.i64(std::numeric_limits<int64_t>::max());
  writer.text("text");
  EXPECT_EQ(writer.size(), 27U);
  ByteReader reader({bytes.data(), bytes.size()});
  EXPECT_EQ(reader.u8(), 0xfe);
  EXPECT_EQ(reader.i16(), std::numeric_limits<int16_t>::min());
  EXPECT_EQ(reader.i32(), -2);
  EXPECT_EQ(reader.i64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(reader.i64(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(as_text(reader.bytes(4)), "text");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(ByteWriterTest, NumbersAreBigEndianAndMayBeSetLater) {
  std::vector<uint8_t> bytes{9};
  ByteWriter writer(bytes);
  writer.i32(0);
  writer.i16(0x0102);
  writer.set_i32(1, 0x0a0b0c0d);
  EXPECT_EQ(bytes, (std::vector<uint8_t>{9, 0x0a, 0x0b, 0x0c, 0x0d, 1, 2}));
}

TEST(ByteReaderTest, AReadBeyondTheEndFailsForGood) {
  const uint8_t bytes[] = {1, 2, 3};
  ByteReader reader({bytes, 3});
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.i32(), 0);
  EXPECT_FALSE(reader.ok());
  // What would fit is not read any more, as it lies in the wrong place.
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.i16(), 0);
  EXPECT_TRUE(reader.bytes(1).empty());
  EXPECT_TRUE(reader.bytes(0).empty());
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.position(), 1U);
  EXPECT_EQ(reader.remaining(), 2U);
}

TEST(ByteReaderTest, ALengthIsNotTrusted) {
  const uint8_t bytes[] = {1, 2, 3};
  for (const int64_t length : {int64_t{4}, int64_t{-1}, std::numeric_limits<int64_t>::min(),
                               std::numeric_limits<int64_t>::max(), int64_t{1} << 32}) {
    ByteReader reader({bytes, 3});
    reader.skip(1);
    EXPECT_TRUE(reader.bytes(length).empty()) << length;
    EXPECT_FALSE(reader.ok()) << length;
    EXPECT_EQ(reader.position(), 1U) << length;
  }
}

TEST(ByteReaderTest, TheEndItselfIsNoFailure) {
  ByteReader empty{ByteView()};
  EXPECT_TRUE(empty.bytes(0).empty());
  EXPECT_TRUE(empty.ok());
  const uint8_t bytes[] = {1, 2};
  ByteReader reader({bytes, 2});
  reader.skip(2);
  EXPECT_TRUE(reader.bytes(0).empty());
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.ok());
}

}  // namespace rocketmq::test
