#include "consumer/push/pull.h"

#include "consumer/consumer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class PullTest : public ConsumerTest {
 protected:
  static std::vector<RemotingCommand> pulls(MockCluster& cluster) {
    auto all = cluster.broker().requests(request_code::kPullMessage);
    std::erase_if(all, [](const auto& pull) { return pull.ext_fields.text("topic") != kTopic; });
    return all;
  }
};

// A frame beyond the limit would end the connection, and come again with the next pull.
TEST_F(PullTest, AnAnswerFitsTheLeastLimitOfFrames) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  const std::string largest(size_t{4} * 1024 * 1024, 'l');
  const std::string wide = "wide\001" + std::string(32000, 'w') + "\002";
  cluster.broker().put(kTopic, 0, largest, wide);
  for (int i = 0; i < 8; ++i) cluster.broker().put(kTopic, 0, std::string(size_t{1} * 1024 * 1024, 'm'));
  auto options = client(cluster);
  options.max_frame_bytes = kLeastFrameLimit;
  auto running = create(options, quick());
  ASSERT_TRUE(running.consumer->start());
  ASSERT_TRUE(eventually([&] { return running.received->count() == 9; }));
  EXPECT_EQ(running.received->bodies().front(), largest);
  EXPECT_EQ(cluster.broker().accepted_count(), 1);
}

TEST_F(PullTest, MessagesBelowTheAskedOffsetAreLeftOut) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 6; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  cluster.broker().set_committed_offset(kGroup, kTopic, 0, 3);
  // Of the retry topic's queue, which is empty, too.
  cluster.broker().inject(request_code::kPullMessage, Fault::below_offset(3, 2));
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() >= 3; }));
  EXPECT_FALSE(eventually([&] { return running.received->count() > 3; }, Millis(200)));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"m3", "m4", "m5"}));
}

TEST_F(PullTest, ABrokerThatAnswersWithNothingAtOnceIsNotAskedWithoutPause) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().inject(request_code::kPullMessage, Fault::of(Fault::Kind::kNotMoving, -1));
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return pulls(cluster).size() >= 3; }));
  const size_t before = pulls(cluster).size();
  EXPECT_FALSE(eventually([&] { return pulls(cluster).size() > before + 30; }, Millis(1000)));
  cluster.broker().clear_faults();
  cluster.broker().put(kTopic, 0, "x");
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
}

TEST_F(PullTest, TheSubscriptionGoesAlongOnlyWhereTheBrokerDoesNotKnowIt) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto running = start(cluster, quick(), nullptr, "", "a || b");
  for (int i = 0; i < 20; ++i) {
    cluster.broker().put(kTopic, 0, "m" + std::to_string(i), "TAGS\001a\002");
    ASSERT_TRUE(eventually([&] { return running.received->count() == static_cast<size_t>(i + 1); }));
  }
  const auto all = pulls(cluster);
  const auto with = std::count_if(all.begin(), all.end(),
                                  [](const auto& pull) { return (pull.ext_fields.number("sysFlag", 0) & 4) != 0; });
  EXPECT_LT(static_cast<size_t>(with), all.size());
  // And after a refusal it does.
  cluster.broker().inject(request_code::kPullMessage, Fault::respond(response_code::kSubscriptionNotExist, "", 1));
  cluster.broker().put(kTopic, 0, "x", "TAGS\001b\002");
  cluster.broker().put(kTopic, 0, "y", "TAGS\001b\002");
  EXPECT_TRUE(eventually([&] { return running.received->count() == 22; }));
}

TEST_F(PullTest, ADamagedMessageIsAskedForAgainAndNeverDelivered) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (const char* body : {"before", "damaged", "after"}) cluster.broker().put(kTopic, 0, body);
  ASSERT_TRUE(cluster.broker().corrupt(kTopic, 0, 1));
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"before", "after"}));
  const auto all = pulls(cluster);
  const auto again = std::count_if(all.begin(), all.end(),
                                   [](const auto& pull) { return pull.ext_fields.number("queueOffset", -1) == 1; });
  EXPECT_GE(again, 2);
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 3; }));
}

TEST_F(PullTest, AMessageThatWasDamagedOnItsWayIsDelivered) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (const char* body : {"before", "damaged", "after"}) cluster.broker().put(kTopic, 0, body);
  ASSERT_TRUE(cluster.broker().corrupt(kTopic, 0, 1));
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  // The same bits once more.
  ASSERT_TRUE(cluster.broker().corrupt(kTopic, 0, 1));
  ASSERT_TRUE(eventually([&] { return running.received->count() >= 2; }));
  EXPECT_TRUE(eventually([&] { return running.received->bodies().back() == "after"; }));
}

// The number of the next offset is all that says so, and no checksum protects it.
TEST_F(PullTest, NoMessageIsPassedOverForTheWordOfOneAnswer) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 100; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  for (int i = 100; i < 200; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i), "TAGS\001other\002");
  for (int i = 200; i < 250; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  cluster.broker().inject(request_code::kPullMessage, Fault::skipping(40));
  auto running = start(cluster);
  ASSERT_TRUE(eventually([&] { return running.received->count() >= 60; }));
  cluster.broker().inject(request_code::kPullMessage, Fault::skipping(40));
  ASSERT_TRUE(eventually([&] { return running.received->count() >= 250; }));
  EXPECT_EQ(running.received->count(), 250U);
}

TEST_F(PullTest, WhatTheBrokerFilteredIsPassedOver) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 100; ++i) cluster.broker().put(kTopic, 0, "m", i % 10 == 0 ? "TAGS\001a\002" : "TAGS\001b\002");
  cluster.broker().inject(request_code::kPullMessage, Fault::skipping(-3));
  auto running = start(cluster, quick(), nullptr, "", "a");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 10; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 100; }));
  EXPECT_LT(pulls(cluster).size(), 10U);
}

TEST_F(PullTest, ABrokerMovesAQueueThatIsBeyondItsEnd) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 10; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  cluster.broker().set_committed_offset(kGroup, kTopic, 0, 4000);
  // Of the retry topic's queue, which is empty, too.
  cluster.broker().inject(request_code::kPullMessage, Fault::skipping(3, 2));
  auto running = start(cluster);
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 10; }));
  cluster.broker().put(kTopic, 0, "next");
  EXPECT_TRUE(eventually([&] { return running.received->count("next") == 1; }));
}

// The broker says so in one answer, and then no more.
TEST_F(PullTest, AnOperatorMovesAQueueByOneAnswer) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < 10; ++i) cluster.broker().put(kTopic, 0, "m" + std::to_string(i));
  auto options = quick();
  options.pull_suspend_timeout = Millis(100);
  auto running = start(cluster, options);
  ASSERT_TRUE(eventually([&] { return running.received->count() == 10; }));
  cluster.broker().reset_offset(kGroup, kTopic, 0, 4);
  EXPECT_TRUE(eventually([&] { return running.received->count() == 16; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 10; }));
  // To where it is, too: what was pulled before is given up.
  cluster.broker().reset_offset(kGroup, kTopic, 0, 10);
  cluster.broker().put(kTopic, 0, "next");
  EXPECT_TRUE(eventually([&] { return running.received->count("next") == 1; }));
  EXPECT_EQ(running.received->count(), 17U);
}

// What a redelivery needs does not fit beside the message's own properties.
TEST_F(PullTest, AMessageWithoutRoomForARedeliveryGoesToTheDeadLetters) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  const std::string wide = "wide\001" + std::string(32700, 'w') + "\002";
  cluster.broker().put(kTopic, 0, "wide", wide);
  cluster.broker().put(kTopic, 0, "next");
  cluster.broker().inject(request_code::kConsumerSendMessageBack,
                          Fault::respond(response_code::kSystemError, "too long", -1));
  auto running = start(cluster, quick(), [](const Delivery& delivery) {
    return as_text(delivery.messages[0].body.view()) == "wide" ? 0 : -1;
  });
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 2; }));
  const auto dead = cluster.messages(dead_letter_topic(kGroup));
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(as_text(dead[0].body.view()), "wide");
  EXPECT_EQ(running.received->count("wide"), 1U);
}

}  // namespace rocketmq::test
