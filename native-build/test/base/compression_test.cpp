#include "base/compression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"

namespace rocketmq::test {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kRoomy = size_t{64} * 1024 * 1024;
constexpr int kLevel = 5;

ByteView view(const Bytes& bytes) { return {bytes.data(), bytes.size()}; }

Bytes repetitive(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>("a message body "[i % 15]);
  return bytes;
}

Bytes noise(size_t size) {
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random_below(256));
  return bytes;
}

bool names_the_limit(const Error& error) { return error.message.find("the limit of") != std::string::npos; }

class CompressionTest : public ::testing::TestWithParam<CompressionType> {
 protected:
  static Bytes packed(const Bytes& bytes) {
    auto out = compress(GetParam(), view(bytes), kLevel);
    EXPECT_TRUE(out) << out.error().message;
    return std::move(*out);
  }
  static Result<Bytes> unpacked(ByteView bytes, size_t max_size = kRoomy) {
    return decompress(GetParam(), bytes, max_size);
  }
};

const char* name_of(CompressionType type) {
  return type == CompressionType::kZlib ? "Zlib" : type == CompressionType::kLz4 ? "Lz4" : "Zstd";
}

}  // namespace

TEST_P(CompressionTest, EverySizeComesBackAsItWas) {
  // Around the sizes at which the output grows.
  for (const size_t size : {0, 1, 2, 100, 16383, 16384, 16385, 32768, 65537, 300000}) {
    for (const Bytes& bytes : {repetitive(size), noise(size)}) {
      const Bytes small = packed(bytes);
      const auto back = unpacked(view(small));
      ASSERT_TRUE(back) << size << ": " << back.error().message;
      EXPECT_EQ(*back, bytes) << size;
    }
  }
}

TEST_P(CompressionTest, RepetitionGetsSmaller) { EXPECT_LT(packed(repetitive(100000)).size(), 10000U); }

TEST_P(CompressionTest, TheLimitItselfIsAllowed) {
  for (const size_t size : {0, 1, 16384, 100000}) {
    const Bytes bytes = repetitive(size);
    const Bytes small = packed(bytes);
    const auto back = unpacked(view(small), size);
    ASSERT_TRUE(back) << size << ": " << back.error().message;
    EXPECT_EQ(*back, bytes);
    if (size == 0) continue;
    const auto refused = unpacked(view(small), size - 1);
    ASSERT_FALSE(refused) << size;
    EXPECT_EQ(refused.error().kind, ErrorKind::kProtocolError);
    EXPECT_TRUE(names_the_limit(refused.error())) << refused.error().message;
  }
}

// The second half is missing, which would be told if the bomb were unpacked as far as that.
TEST_P(CompressionTest, ABombIsRefusedBeforeItsEndIsRead) {
  const Bytes bomb = packed(Bytes(size_t{16} * 1024 * 1024));
  ASSERT_LT(bomb.size(), 100000U);
  for (const size_t limit : {0, 1000, 100000}) {
    const auto refused = unpacked(view(bomb).substr(0, bomb.size() / 2), limit);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kProtocolError);
    EXPECT_TRUE(names_the_limit(refused.error())) << refused.error().message;
    EXPECT_NE(refused.error().message.find(std::to_string(limit)), std::string::npos) << refused.error().message;
  }
}

TEST_P(CompressionTest, EveryWayOfBeingCutShortIsAnError) {
  for (const Bytes& bytes : {repetitive(2000), noise(200)}) {
    const Bytes small = packed(bytes);
    for (size_t length = 0; length < small.size(); ++length) {
      const auto refused = unpacked(view(small).substr(0, length));
      ASSERT_FALSE(refused) << length << " of " << small.size();
      EXPECT_EQ(refused.error().kind, ErrorKind::kProtocolError);
    }
  }
  // Cut where the output is exactly full.
  const Bytes large = packed(noise(100000));
  for (const size_t length : {size_t{16384}, size_t{32768}, large.size() - 1}) {
    EXPECT_FALSE(unpacked(view(large).substr(0, length))) << length;
  }
}

TEST_P(CompressionTest, ADamagedHeaderIsAnError) {
  Bytes small = packed(repetitive(2000));
  small[0] ^= 0xff;
  const auto refused = unpacked(view(small));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kProtocolError);
  EXPECT_NE(refused.error().message.find("corrupt"), std::string::npos) << refused.error().message;
}

// Not every format has a checksum of its content, so what comes of it may be wrong, but is within the limit.
TEST_P(CompressionTest, DamageAnywhereStaysWithinTheLimit) {
  const Bytes small = packed(repetitive(2000));
  for (size_t at = 0; at < small.size(); ++at) {
    for (const uint8_t change : {0x01, 0x80, 0xff}) {
      Bytes damaged = small;
      damaged[at] ^= change;
      const auto outcome = unpacked(view(damaged), 4000);
      if (outcome) {
        EXPECT_LE(outcome->size(), 4000U);
      } else {
        EXPECT_EQ(outcome.error().kind, ErrorKind::kProtocolError);
      }
    }
  }
}

TEST_P(CompressionTest, OtherFormatsAreRefused) {
  for (const CompressionType other : {CompressionType::kZlib, CompressionType::kLz4, CompressionType::kZstd}) {
    if (other == GetParam()) continue;
    const auto bytes = compress(other, view(repetitive(2000)), kLevel);
    ASSERT_TRUE(bytes);
    const auto refused = unpacked(view(*bytes));
    ASSERT_FALSE(refused) << name_of(other);
    EXPECT_EQ(refused.error().kind, ErrorKind::kProtocolError);
  }
  EXPECT_FALSE(unpacked(as_bytes("no compressed data at all")));
}

INSTANTIATE_TEST_SUITE_P(All, CompressionTest,
                         ::testing::Values(CompressionType::kZlib, CompressionType::kLz4, CompressionType::kZstd),
                         [](const auto& info) { return name_of(info.param); });

// As other programs write them.
TEST(CompressedFormatTest, TheContainersAreTheOnesThatRocketMqStores) {
  const std::pair<CompressionType, Bytes> known[] = {
      {CompressionType::kZlib, {0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x06, 0x2c, 0x02, 0x15}},
      {CompressionType::kLz4,
       {0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 5, 0, 0, 0x80, 'h', 'e', 'l', 'l', 'o', 0, 0, 0, 0}},
      {CompressionType::kZstd, {0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 0x29, 0, 0, 'h', 'e', 'l', 'l', 'o'}}};
  for (const auto& [type, bytes] : known) {
    const auto text = decompress(type, view(bytes), 5);
    ASSERT_TRUE(text) << name_of(type) << ": " << text.error().message;
    EXPECT_EQ(as_text(view(*text)), "hello") << name_of(type);
    const auto ours = compress(type, as_bytes("hello"), kLevel);
    ASSERT_TRUE(ours);
    // The magic number, or zlib's method and window.
    const size_t magic = type == CompressionType::kZlib ? 1 : 4;
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(magic), ours->begin()))
        << name_of(type);
  }
}

}  // namespace rocketmq::test
