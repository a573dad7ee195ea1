#include "producer/send_policy.h"

#include <gtest/gtest.h>

#include "protocol/codes.h"

namespace rocketmq {

namespace {

TEST(SendPolicyTest, SynchronousSendsRepeatTheCodesOfApachesClientAndThoseThatANewRouteMends) {
  for (const int32_t code : {1, 2, 14, 16, 17, 204, 205, 29, 501}) {
    EXPECT_TRUE(judge_refusal(code, {}, false, std::nullopt).again) << code;
  }
  for (const int32_t code : {13, 215, 3, 604}) {
    EXPECT_FALSE(judge_refusal(code, {}, false, std::nullopt).again) << code;
  }
}

TEST(SendPolicyTest, AsynchronousSendsRepeatNoRefusalButOfABrokerThatLeaves) {
  for (const int32_t code : {1, 2, 14, 16, 17, 204, 205, 29, 501, 215}) {
    EXPECT_FALSE(judge_refusal(code, {}, true, std::nullopt).again) << code;
  }
  EXPECT_TRUE(judge_refusal(response_code::kGoAway, {}, true, std::nullopt).again);
}

TEST(SendPolicyTest, TheUsersCodesTakeThePlaceOfTheDefault) {
  const std::vector<int32_t> codes{215};
  EXPECT_TRUE(judge_refusal(215, {}, true, codes).again);
  EXPECT_TRUE(judge_refusal(215, {}, false, codes).again);
  EXPECT_FALSE(judge_refusal(2, {}, false, codes).again);
  EXPECT_FALSE(judge_refusal(2, {}, false, std::vector<int32_t>{}).again);
}

TEST(SendPolicyTest, TellsARouteThatIsStaleFromABrokerThatFails) {
  EXPECT_TRUE(judge_refusal(1, "request queueId[7] is illegal", false, std::nullopt).wrong_queue);
  EXPECT_FALSE(judge_refusal(1, "the disk is full", false, std::nullopt).wrong_queue);
  EXPECT_TRUE(judge_refusal(1, "the disk is full", false, std::nullopt).topic_fails);
  EXPECT_TRUE(judge_refusal(29, {}, false, std::nullopt).wrong_queue);
  for (const int32_t code : {1, 14, 16, 17, 29, 501}) {
    EXPECT_TRUE(judge_refusal(code, {}, true, std::nullopt).stale_route) << code;
  }
  EXPECT_TRUE(judge_refusal(14, {}, false, std::nullopt).broker_fails);
  // A wrong message says nothing of the broker.
  const Refusal illegal = judge_refusal(13, {}, false, std::nullopt);
  EXPECT_FALSE(illegal.broker_fails || illegal.topic_fails || illegal.stale_route);
}

TEST(SendPolicyTest, AnAttemptIsGivenUpForSilenceOrForTheLastQuarterOfItsTime) {
  const TimePoint at = now();
  const TimePoint deadline = at + Millis(4000);
  EXPECT_FALSE(may_give_up(at, deadline, at + Millis(2999), false));
  EXPECT_TRUE(may_give_up(at, deadline, at + Millis(3000), false));
  EXPECT_TRUE(may_give_up(at, deadline, at + Millis(2000), true));
}

TEST(SendPolicyTest, PausesGrowUpToALimit) {
  for (int32_t pauses = 0; pauses < 100; ++pauses) {
    const Millis pause = pause_before(pauses);
    EXPECT_GE(pause, Millis(10));
    EXPECT_LT(pause, Millis(750));
  }
}

}  // namespace

}  // namespace rocketmq
