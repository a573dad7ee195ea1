#include "client/broker_states.h"

#include <gtest/gtest.h>

namespace rocketmq {

namespace {

constexpr const char* kAddress = "127.0.0.1:10911";

TEST(BrokerStatesTest, ABrokerIsAvoidedAsLongAsItWasSlow) {
  BrokerStates states;
  BrokerState& state = *states.of(kAddress);
  const TimePoint at = now();
  states.note_latency(state, Millis(549), at);
  EXPECT_FALSE(state.avoided_or_slow(at));
  EXPECT_TRUE(states.all_well());
  const std::pair<int, int> steps[] = {{550, 2000}, {1800, 5000}, {3000, 6000}, {5000, 10000}, {15000, 30000}};
  for (const auto& [latency, pause] : steps) {
    states.note_latency(state, Millis(latency), at);
    EXPECT_TRUE(state.avoided_or_slow(at + Millis(pause - 1)));
    EXPECT_FALSE(state.avoided_or_slow(at + Millis(pause)));
    EXPECT_FALSE(state.avoided(at)) << "only by those who ask for it";
  }
  EXPECT_EQ(states.all_avoided(at), std::vector<std::string>{kAddress});
  states.note_latency(state, Millis(1), at);
  EXPECT_TRUE(states.all_avoided(at).empty());
  EXPECT_TRUE(states.all_well());
}

TEST(BrokerStatesTest, FailuresOfOneMomentCountOnceAndLaterOnesDouble) {
  BrokerStates states;
  BrokerState& state = *states.of(kAddress);
  TimePoint at = now();
  for (int i = 0; i < 10; ++i) states.lost(state, at);
  EXPECT_TRUE(states.avoided(kAddress, at + Millis(999)));
  EXPECT_FALSE(states.avoided(kAddress, at + Millis(1000)));
  Millis pause(1000);
  for (int i = 0; i < 8; ++i) {
    at += pause;
    states.lost(state, at);
    pause = std::min(pause * 2, Millis(30000));
    EXPECT_TRUE(state.avoided(at + pause - Millis(1)));
    EXPECT_FALSE(state.avoided(at + pause));
  }
  EXPECT_FALSE(states.all_well());
  states.heard(state);
  EXPECT_FALSE(state.avoided(at));
  EXPECT_TRUE(states.all_well());
}

// A broker that answers heartbeats may refuse messages all the same.
TEST(BrokerStatesTest, ARefusalIsForgottenBySuccessAlone) {
  BrokerStates states;
  BrokerState& state = *states.of(kAddress);
  const TimePoint at = now();
  states.failed(state, at);
  states.heard(state, at);
  EXPECT_TRUE(state.avoided(at));
  states.succeeded(state);
  EXPECT_FALSE(state.avoided(at));
  EXPECT_TRUE(states.all_well());
}

TEST(BrokerStatesTest, OneThatRefusesIsReachable) {
  BrokerStates states;
  BrokerState& state = *states.of(kAddress);
  const TimePoint at = now();
  EXPECT_FALSE(states.unreachable(kAddress, at));
  states.failed(state, at);
  EXPECT_TRUE(states.avoided(kAddress, at));
  EXPECT_FALSE(states.unreachable(kAddress, at));
  states.lost(state, at);
  EXPECT_TRUE(states.unreachable(kAddress, at));
  states.heard(state, at);
  EXPECT_FALSE(states.unreachable(kAddress, at));
}

TEST(BrokerStatesTest, ABrokerThatLeavesIsAvoidedUntilThen) {
  BrokerStates states;
  BrokerState& state = *states.of(kAddress);
  const TimePoint at = now();
  states.on_went_away(kAddress, at + Millis(5000));
  EXPECT_TRUE(state.avoided(at + Millis(4999)));
  EXPECT_FALSE(state.avoided(at + Millis(5000)));
}

TEST(BrokerStatesTest, SilenceCountsOnlyWhileSomethingIsWaitedFor) {
  BrokerStates states;
  BrokerState& state = *states.of(kAddress);
  const TimePoint at = now();
  EXPECT_TRUE(states.look(at + Millis(60000), at).suspected.empty());
  state.begin_request(at);
  EXPECT_TRUE(states.look(at + Millis(499), at).suspected.empty());
  auto look = states.look(at + Millis(500), at);
  ASSERT_EQ(look.suspected.size(), 1U);
  EXPECT_EQ(look.to_probe.size(), 1U);
  EXPECT_TRUE(state.avoided(at + Millis(500)));
  EXPECT_FALSE(state.silent());
  // Probed once a second.
  EXPECT_TRUE(states.look(at + Millis(600), at).to_probe.empty());
  EXPECT_EQ(states.look(at + Millis(1500), at).to_probe.size(), 1U);
  states.look(at + Millis(2000), at);
  EXPECT_TRUE(state.silent());
  EXPECT_TRUE(states.silent(kAddress));
  state.end_request();
  EXPECT_TRUE(state.silent()) << "until it says anything";
  states.on_answered(kAddress, Millis(1));
  EXPECT_FALSE(state.silent());
  EXPECT_TRUE(states.all_well());
}

TEST(BrokerStatesTest, WhoseAnswersAreKnownToTakeLongIsGivenMoreTime) {
  BrokerStates states;
  BrokerState& state = *states.of(kAddress);
  const TimePoint at = now();
  state.answered(at, Millis(1200));
  state.begin_request(at);
  EXPECT_TRUE(states.look(at + Millis(2399), at).suspected.empty());
  EXPECT_EQ(states.look(at + Millis(2400), at).suspected.size(), 1U);
  EXPECT_FALSE(state.silent());
  states.look(at + Millis(4800), at);
  EXPECT_TRUE(state.silent());
  // Fast answers make up for it.
  for (int i = 0; i < 20; ++i) state.answered(at, Millis(1));
  EXPECT_EQ(state.latency(), Millis(0));
}

TEST(BrokerStatesTest, ATimeInWhichNobodyListenedIsNoSilence) {
  BrokerStates states;
  BrokerState& state = *states.of(kAddress);
  const TimePoint at = now();
  state.begin_request(at);
  const TimePoint awake = at + Millis(10000);
  EXPECT_TRUE(states.look(awake, awake).suspected.empty());
  EXPECT_EQ(states.look(awake + Millis(500), awake).suspected.size(), 1U);
}

TEST(BrokerStatesTest, ATimeoutBesideAnswersIsNoSilence) {
  BrokerStates states;
  BrokerState& state = *states.of(kAddress);
  state.answered(now(), Millis(0));
  states.on_timeout(kAddress, Millis(3000));
  EXPECT_FALSE(state.suspected());
  BrokerState& other = *states.of("127.0.0.1:1");
  states.on_timeout(other.address(), Millis(3000));
  EXPECT_TRUE(other.silent());
}

// Otherwise each later send would ask for what is known of brokers that are gone for good.
TEST(BrokerStatesTest, ABrokerThatLeftAllRoutesIsForgotten) {
  BrokerStates states;
  const auto gone = states.of(kAddress);
  states.lost(*gone);
  states.of("127.0.0.1:1");
  EXPECT_FALSE(states.all_well());
  states.retain({"127.0.0.1:1"});
  EXPECT_TRUE(states.all_well());
  // By a send that is still under way.
  states.failed(*gone);
  EXPECT_TRUE(states.all_well());
  EXPECT_NE(states.of(kAddress), gone);
}

TEST(BrokerStatesTest, TellsWhichServersFailedLately) {
  BrokerStates states;
  states.of(kAddress);
  const TimePoint before = now();
  EXPECT_FALSE(states.any_failed_since({kAddress}, before));
  Error error;
  error.kind = ErrorKind::kClosed;
  states.on_disconnected(kAddress, error);
  EXPECT_FALSE(states.any_failed_since({kAddress}, before)) << "the end of this client is no failure";
  error.kind = ErrorKind::kConnectionLost;
  states.on_disconnected(kAddress, error);
  EXPECT_TRUE(states.any_failed_since({kAddress}, before));
  EXPECT_FALSE(states.any_failed_since({"127.0.0.1:1"}, before));
}

}  // namespace

}  // namespace rocketmq
