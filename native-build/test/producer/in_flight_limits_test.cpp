#include "producer/in_flight_limits.h"

#include <gtest/gtest.h>

#include <thread>

#include "eventually.h"

namespace rocketmq::test {

// A waiter is not told of each place, but must not miss one.
TEST(InFlightLimitsTest, WhoWaitsGetsTheOnePlaceThatIsFree) {
  InFlightLimits in_flight(8, 1000);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(in_flight.reserve(1, nullptr));
  EXPECT_EQ(in_flight.reserve(1, nullptr).error().kind, ErrorKind::kTooManyRequests);
  const TimePoint deadline = now() + kPatience;
  std::thread waiter([&] { EXPECT_TRUE(in_flight.reserve(1, &deadline)); });
  in_flight.give_back(1, 1);
  waiter.join();
  EXPECT_LT(now(), deadline);
}

TEST(InFlightLimitsTest, BytesAreLimitedButOneIsAlwaysTaken) {
  InFlightLimits in_flight(8, 1000);
  ASSERT_TRUE(in_flight.reserve(5000, nullptr));
  EXPECT_EQ(in_flight.reserve(1, nullptr).error().kind, ErrorKind::kTooManyRequests);
  const TimePoint soon = now() + Millis(30);
  EXPECT_EQ(in_flight.reserve(1, &soon).error().kind, ErrorKind::kTooManyRequests);
  in_flight.give_back(1, 5000);
  EXPECT_TRUE(in_flight.reserve(1000, nullptr));
}

TEST(InFlightLimitsTest, RefusingWakesWhoWaits) {
  InFlightLimits in_flight(1, 1000);
  ASSERT_TRUE(in_flight.reserve(1, nullptr));
  const TimePoint deadline = now() + kPatience;
  std::thread waiter([&] { EXPECT_EQ(in_flight.reserve(1, &deadline).error().kind, ErrorKind::kClosed); });
  in_flight.refuse();
  waiter.join();
}

}  // namespace rocketmq::test
