#include "client/reachability.h"

#include <gtest/gtest.h>

namespace rocketmq::test {

namespace {

constexpr char kBroker[] = "127.0.0.1:10911";
constexpr Millis kTurn = Reachability::kRegisterAgain;

}  // namespace

TEST(ReachabilityTest, IsRegisteredByTheConnectionThatCarriedTheHeartbeat) {
  Reachability reachability;
  EXPECT_FALSE(reachability.was_registered(kBroker));
  reachability.registered(kBroker, 3);
  EXPECT_TRUE(reachability.was_registered(kBroker));
  EXPECT_TRUE(reachability.is_registered(kBroker, 3));
  EXPECT_FALSE(reachability.is_registered(kBroker, 4));
  EXPECT_FALSE(reachability.is_registered("127.0.0.1:10912", 3));
  // There is no connection.
  reachability.registered(kBroker, 0);
  EXPECT_FALSE(reachability.is_registered(kBroker, 0));
}

TEST(ReachabilityTest, TheFirstConnectionIsNotInDoubt) {
  Reachability reachability;
  reachability.keep();
  const TimePoint at = now();
  reachability.connected(kBroker, at);
  reachability.registered(kBroker, 1);
  EXPECT_FALSE(reachability.any_doubtful(at));
  EXPECT_FALSE(reachability.take_turn(kBroker, at + kTurn));
}

TEST(ReachabilityTest, AConnectionInPlaceOfAnotherIsInDoubtForAsLongAsABrokerMayTake) {
  Reachability reachability;
  reachability.registered(kBroker, 1);
  const TimePoint at = now();
  reachability.connected(kBroker, at);
  // Nobody waits for replies.
  EXPECT_FALSE(reachability.any_doubtful(at));
  EXPECT_FALSE(reachability.take_turn(kBroker, at + kTurn));
  reachability.keep();
  EXPECT_FALSE(reachability.take_turn(kBroker, at)) << "it registers with its first heartbeat";
  int turns = 0;
  TimePoint last = at;
  for (TimePoint look = at; look < at + Millis(600000); look += Millis(100)) {
    if (!reachability.take_turn(kBroker, look)) continue;
    EXPECT_TRUE(reachability.any_doubtful(look));
    EXPECT_GE(look - last, kTurn);
    last = look;
    ++turns;
  }
  // Longer than the 120 s and the 10 s between a broker's looks.
  EXPECT_GE(last - at, Millis(135000));
  EXPECT_GE(turns, 20);
  EXPECT_FALSE(reachability.any_doubtful(at + Millis(600000)));
}

}  // namespace rocketmq::test
