#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "consumer/push/pull.h"

namespace rocketmq::test {

// A message's CRC is of its body alone: it says nothing of its other fields, nor of the answer's.
class ReadPulledTest : public ::testing::Test {
 protected:
  static constexpr size_t kBodyLengthAt = 84;
  static constexpr int64_t kAsked = 7;

  static std::vector<uint8_t> stored(int64_t offset, ByteView body = as_bytes("body"), int32_t system_flag = 0) {
    MessageToStore message;
    message.topic = "t";
    message.body = body;
    message.queue_offset = offset;
    message.system_flag = system_flag;
    std::vector<uint8_t> bytes;
    encode_stored_message(message, bytes);
    return bytes;
  }
  static RemotingCommand answer(const std::vector<std::vector<uint8_t>>& messages, int64_t next) {
    RemotingCommand response;
    response.ext_fields.add("nextBeginOffset", next);
    std::vector<uint8_t> bytes;
    for (const auto& each : messages) bytes.insert(bytes.end(), each.begin(), each.end());
    response.body = SharedBytes(std::move(bytes));
    return response;
  }
  static RemotingCommand answer_of(const std::vector<int64_t>& offsets, int64_t next) {
    std::vector<std::vector<uint8_t>> messages;
    for (const int64_t offset : offsets) messages.push_back(stored(offset));
    return answer(messages, next);
  }
  static PulledMessages read(const RemotingCommand& response, int64_t step_over = -1, int32_t most = 32) {
    const auto all = make_tag_subscription("t", "*");
    return read_pulled(response, kAsked, most, *all, "%RETRY%g", step_over);
  }
  static std::vector<int64_t> offsets_of(const PulledMessages& pulled) {
    std::vector<int64_t> offsets;
    for (const auto& each : pulled.wanted) offsets.push_back(each.queue_offset);
    return offsets;
  }
  using Offsets = std::vector<int64_t>;
};

TEST_F(ReadPulledTest, AMessageWhoseFieldsCannotBeEndsWhatIsTakenUntilItCameOftenEnough) {
  auto damaged = stored(8);
  damaged[kBodyLengthAt] = 0x7f;
  const auto response = answer({stored(7), damaged, stored(9)}, 10);
  const auto again = read(response);
  ASSERT_TRUE(again.damaged);
  EXPECT_EQ(again.next_offset, again.damaged->offset);
  EXPECT_LE(again.damaged->offset, 8);
  EXPECT_TRUE(again.unreadable.empty());
  EXPECT_LE(again.wanted.size(), 1U);
  const auto stepped_over = read(response, again.damaged->offset);
  EXPECT_FALSE(stepped_over.damaged);
  EXPECT_EQ(stepped_over.next_offset, 10);
  EXPECT_EQ(offsets_of(stepped_over), (Offsets{7, 9}));
  EXPECT_EQ(stepped_over.unreadable.size(), 1U);
}

TEST_F(ReadPulledTest, TheNextPullBeginsBehindTheLastMessageWhateverTheAnswerSays) {
  for (const int64_t next : {10, 11, 1000}) {
    const auto pulled = read(answer_of({7, 8, 9}, next));
    EXPECT_FALSE(pulled.damaged);
    EXPECT_EQ(pulled.next_offset, 10);
    EXPECT_EQ(pulled.claimed_next_offset, next);
    EXPECT_EQ(offsets_of(pulled), (Offsets{7, 8, 9}));
  }
  // Those between were filtered.
  EXPECT_EQ(read(answer_of({9, 20}, 30)).next_offset, 21);
}

TEST_F(ReadPulledTest, AnOffsetOutOfItsPlaceEndsWhatIsTaken) {
  struct Case {
    Offsets offsets;
    int64_t next;
    Offsets taken;
    int64_t goes_on_at;
  };
  for (const Case& each : std::vector<Case>{
           {{3, 8, 9}, 10, {}, 7},           // the first is below what was asked for
           {{7, 8, 9}, 9, {7, 8}, 9},        // the last, or where the next begins
           {{7, 24, 9}, 10, {7}, 8},         // beyond the next
           {{7, 9, 9}, 20, {7}, 8},          // the second or the third
           {{7, 8, 2, 10}, 11, {7}, 8},      // the second or the third
           {{7, 15, 9, 10}, 20, {7}, 8},     // the second, though the third shows it
           {{7, INT64_MAX}, 9, {7}, 8},      // no offset
           {{7, INT64_MIN, 9}, 10, {7}, 8},  // no offset
       }) {
    const auto response = answer_of(each.offsets, each.next);
    const auto pulled = read(response);
    EXPECT_EQ(offsets_of(pulled), each.taken);
    ASSERT_TRUE(pulled.damaged);
    EXPECT_EQ(pulled.damaged->offset, each.goes_on_at);
    EXPECT_EQ(pulled.next_offset, each.goes_on_at);
    EXPECT_EQ(pulled.claimed_next_offset, -1);
    EXPECT_TRUE(pulled.unreadable.empty());
    // A broker that has it so each time ends nothing: the queue goes on behind it, and no further.
    const auto passed = read(response, each.goes_on_at);
    EXPECT_FALSE(passed.damaged);
    EXPECT_EQ(passed.next_offset, each.goes_on_at + 1);
    EXPECT_EQ(offsets_of(passed), each.taken);
    EXPECT_EQ(passed.unreadable.size(), 1U);
  }
}

TEST_F(ReadPulledTest, AMessageThatIsSaidToBeElsewhereEachTimeIsTakenWhereItLies) {
  for (const int64_t said : {int64_t{3}, int64_t{500}, INT64_MAX, INT64_MIN}) {
    const auto response = answer_of({said}, 8);
    EXPECT_EQ(read(response, -1, 1).damaged->offset, 7);
    const auto taken = read(response, 7, 1);
    EXPECT_EQ(offsets_of(taken), (Offsets{7}));
    EXPECT_EQ(taken.next_offset, 8);
    EXPECT_TRUE(taken.unreadable.empty());
  }
}

TEST_F(ReadPulledTest, ABatchThatCannotBeReadIsPassedAsAWhole) {
  const auto batch = stored(7, as_bytes("no batch"), system_flag::kInnerBatch);
  const auto response = answer({batch}, 20);
  EXPECT_EQ(read(response, -1, 1).damaged->offset, 7);
  const auto passed = read(response, 7, 1);
  EXPECT_FALSE(passed.damaged);
  EXPECT_EQ(passed.next_offset, 7);
  EXPECT_EQ(passed.claimed_next_offset, 20);
  EXPECT_EQ(passed.unreadable.size(), 1U);
  // Where the broker does not say where it ends.
  EXPECT_EQ(read(answer({batch}, 7), 7, 1).next_offset, 8);
}

TEST_F(ReadPulledTest, ABatchIsGivenAsAWhole) {
  std::vector<uint8_t> inner;
  ByteWriter writer(inner);
  for (int i = 0; i < 4; ++i) {
    writer.i32(22);
    for (int field = 0; field < 4; ++field) writer.i32(0);
    writer.i16(0);
  }
  const auto batch = stored(5, ByteView(inner.data(), inner.size()), system_flag::kInnerBatch);
  const auto pulled = read(answer({batch}, 9));
  EXPECT_FALSE(pulled.damaged);
  EXPECT_EQ(pulled.next_offset, 9);
  EXPECT_EQ(offsets_of(pulled), (Offsets{7, 8}));
}

TEST_F(ReadPulledTest, OfABodyThatIsNoSequenceASingleMessageIsSteppedOver) {
  const std::vector<uint8_t> cut(50, 'x');
  EXPECT_EQ(read(answer({cut}, 8), -1, 1).claimed_next_offset, 8);
  EXPECT_EQ(read(answer({cut}, 8), -1, 1).next_offset, kAsked);
  EXPECT_TRUE(read(answer({cut}, kAsked), -1, 1).broken);
  EXPECT_EQ(read(answer({cut}, kAsked), -1, 1).next_offset, kAsked);
  EXPECT_EQ(read(answer({cut}, kAsked), kAsked, 1).next_offset, kAsked + 1);
  EXPECT_TRUE(read(answer({cut}, 8)).broken);
  EXPECT_EQ(read(answer({cut}, 8)).next_offset, kAsked);
}

TEST(SkipConfirmationTest, TwoAnswersInARowMustAgreeAndTheLowerOneCounts) {
  SkipConfirmation skip;
  EXPECT_EQ(skip.confirm(10, 500), std::nullopt);
  EXPECT_EQ(skip.confirm(10, 20), 20);
  // Used up.
  EXPECT_EQ(skip.confirm(10, 20), std::nullopt);
  EXPECT_EQ(skip.confirm(11, 20), std::nullopt);
  EXPECT_EQ(skip.confirm(11, 25), 20);
  // Forward and back.
  EXPECT_EQ(skip.confirm(30, 40), std::nullopt);
  EXPECT_EQ(skip.confirm(30, 5), std::nullopt);
  EXPECT_EQ(skip.confirm(30, 4), 4);
  // Another answer in between.
  EXPECT_EQ(skip.confirm(50, 60), std::nullopt);
  EXPECT_TRUE(skip.is_about(50));
  skip.forget();
  EXPECT_FALSE(skip.is_about(50));
  EXPECT_EQ(skip.confirm(50, 60), std::nullopt);
}

}  // namespace rocketmq::test
