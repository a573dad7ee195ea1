#include "base/error.h"

#include <gtest/gtest.h>

#include <set>

namespace rocketmq::test {

TEST(ErrorTest, EveryKindHasANameOfItsOwn) {
  std::set<std::string_view> names;
  constexpr auto kLast = static_cast<int32_t>(ErrorKind::kInternalError);
  for (int32_t kind = 0; kind <= kLast; ++kind) names.insert(error_kind_name(static_cast<ErrorKind>(kind)));
  EXPECT_EQ(names.size(), static_cast<size_t>(kLast) + 1);
  EXPECT_EQ(names.count("UNKNOWN"), 0U);
  EXPECT_EQ(error_kind_name(ErrorKind::kTooManyRequests), "TOO_MANY_REQUESTS");
  EXPECT_EQ(error_kind_name(static_cast<ErrorKind>(kLast + 1)), "UNKNOWN");
  EXPECT_EQ(error_kind_name(static_cast<ErrorKind>(-1)), "UNKNOWN");
}

TEST(ErrorTest, AFailureWithoutAnAnswerHasNoResponseCode) {
  const Status failed = fail(ErrorKind::kTimeout, "late");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(failed.error().message, "late");
  EXPECT_EQ(failed.error().response_code, -1);
}

}  // namespace rocketmq::test
