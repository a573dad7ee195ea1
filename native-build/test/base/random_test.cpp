#include "base/random.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <thread>
#include <vector>

namespace rocketmq::test {

TEST(RandomTest, NumbersCoverTheirRangeAndStayInIt) {
  std::set<uint32_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_below(4));
  EXPECT_EQ(seen, (std::set<uint32_t>{0, 1, 2, 3}));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random_below(1), 0U);
}

TEST(RandomTest, ThreadsDoNotDrawTheSameNumbers) {
  const auto draw = [](std::vector<uint32_t>& into) {
    for (int i = 0; i < 16; ++i) into.push_back(random_below(1U << 30));
  };
  std::vector<uint32_t> one;
  std::vector<uint32_t> two;
  std::thread(draw, std::ref(one)).join();
  std::thread(draw, std::ref(two)).join();
  EXPECT_NE(one, two);
}

TEST(RandomTest, HexHasTheDigitsAskedForAndDoesNotRepeat) {
  for (const int digits : {0, 1, 7, 8, 9, 16, 33}) {
    const std::string text = random_hex(digits);
    EXPECT_EQ(text.size(), static_cast<size_t>(digits));
    EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos) << text;
  }
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_hex(16));
  EXPECT_EQ(seen.size(), 1000U);
}

}  // namespace rocketmq::test
