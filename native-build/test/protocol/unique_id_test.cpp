#include "protocol/unique_id.h"

#include <gtest/gtest.h>

#include <ctime>
#include <set>
#include <string>

namespace rocketmq::test {

namespace {

constexpr int64_t kDayMs = 24 * 3600 * 1000;

int64_t local_ms(int year, int month, int day, int hour) {
  std::tm at{};
  at.tm_year = year - 1900;
  at.tm_mon = month - 1;
  at.tm_mday = day;
  at.tm_hour = hour;
  at.tm_isdst = -1;
  return static_cast<int64_t>(std::mktime(&at)) * 1000;
}

std::string text(const UniqueId& id) { return std::string(as_text(id)); }
uint64_t millis_of(const UniqueId& id) { return std::stoull(text(id).substr(20, 8), nullptr, 16); }
uint64_t counter_of(const UniqueId& id) { return std::stoull(text(id).substr(28, 4), nullptr, 16); }

}  // namespace

// The milliseconds of the month begin again with it: what was made then must not be made again.
TEST(UniqueIdTest, NoIdRepeatsInTheMonthsThatFollow) {
  UniqueIdSource source;
  std::set<std::string> seen;
  size_t made = 0;
  for (int month = 1; month <= 12; ++month) {
    const int64_t begin = local_ms(2026, month, 10, 12);
    for (int i = 0; i < 1000; ++i) {
      for (int k = 0; k < 3; ++k, ++made) seen.insert(text(source.next(begin + i)));
    }
  }
  EXPECT_EQ(seen.size(), made);
}

TEST(UniqueIdTest, TheTurnOfAMonthIsNoticedByItself) {
  UniqueIdSource source;
  const int64_t next_month = local_ms(2026, 12, 1, 0);
  const UniqueId last = source.next(next_month - 1);
  const UniqueId first = source.next(next_month);
  EXPECT_EQ(millis_of(first), 0U);
  EXPECT_GE(millis_of(last), static_cast<uint64_t>(29 * kDayMs));
  // The random parts: eight digits of the address, and eight of the number.
  EXPECT_NE(text(last).substr(0, 8) + text(last).substr(12, 8), text(first).substr(0, 8) + text(first).substr(12, 8));
  EXPECT_EQ(text(last).substr(8, 4), text(first).substr(8, 4));
}

TEST(UniqueIdTest, AClockThatIsSetBackRepeatsNothing) {
  UniqueIdSource source;
  const int64_t noon = local_ms(2026, 11, 10, 12);
  std::set<std::string> seen;
  size_t made = 0;
  for (const int64_t back : {int64_t{0}, int64_t{500}, int64_t{60000}, kDayMs, 20 * kDayMs, 400 * kDayMs}) {
    for (int i = 0; i < 2000; ++i, ++made) seen.insert(text(source.next(noon - back + i)));
  }
  EXPECT_EQ(seen.size(), made);
}

TEST(UniqueIdTest, AMillisecondMayHaveMoreIdsThanItsCounterHasNumbers) {
  UniqueIdSource source;
  const int64_t noon = local_ms(2026, 11, 10, 12);
  std::set<std::string> seen;
  UniqueId last{};
  for (int i = 0; i < 70000; ++i) seen.insert(text(last = source.next(noon)));
  EXPECT_EQ(seen.size(), 70000U);
  EXPECT_EQ(counter_of(last), 70000U - 65536U - 1U);
  for (const char digit : text(last)) EXPECT_NE(std::string("0123456789ABCDEF").find(digit), std::string::npos);
}

}  // namespace rocketmq::test
