#include "producer/request_fixture.h"

namespace rocketmq::test {

using mock::MockCluster;

// How a broker finds the way to a requester, whatever becomes of their connections.
class ReplyChannelTest : public RequestTest {
 protected:
  // The reply to the only request that is stored. A broker may refuse it for as long as it does not know the requester.
  static bool reply_in_the_end(MockCluster& cluster, Producer& replier) {
    const auto request = cluster.messages(kTopic).back();
    return eventually([&] { return reply(replier, request, "pong").has_value(); });
  }
};

TEST_F(ReplyChannelTest, IsKnownAgainAfterItsConnectionBroke) {
  MockCluster cluster;
  Echo echo(prepared(cluster));
  auto producer = requester(cluster);
  for (int i = 0; i < 5; ++i) {
    const auto got = producer->request(message(kTopic, "m" + std::to_string(i)), Millis(0));
    ASSERT_TRUE(got) << i << ": " << got.error().message;
    cluster.broker().reset_connections();
    ASSERT_TRUE(eventually([&] { return cluster.broker().producers_of("requesters").empty(); }));
  }
}

// A broker forgets a client's connection with any of its producer groups that leaves.
TEST_F(ReplyChannelTest, IsKnownStillWhenAnotherGroupOfTheClientLeaves) {
  MockCluster cluster;
  Echo echo(prepared(cluster));
  auto producer = requester(cluster);
  auto leaving = requester(cluster, nullptr, {}, "others");
  ASSERT_TRUE(producer->request(message(kTopic, "before"), Millis(0)));
  ASSERT_TRUE(eventually([&] { return cluster.broker().producers_of("others").size() == 1; }));
  ASSERT_TRUE(leaving->close(Millis(0)));
  const auto got = producer->request(message(kTopic, "after"), Millis(0));
  ASSERT_TRUE(got) << got.error().message;
}

// Nothing of the client's own goes that way meanwhile.
TEST_F(ReplyChannelTest, AReplyArrivesByANewConnectionAfterTheOldOneBroke) {
  MockCluster cluster;
  Replies replies;
  auto other = replier(prepared(cluster));
  auto options = client(cluster, "requester");
  options.heartbeat_interval = std::chrono::hours(1);
  auto producer = requester(options, &replies);
  ASSERT_TRUE(producer->request_async(message(kTopic, "ping"), Millis(60000), 1));
  ASSERT_TRUE(eventually([&] { return cluster.message_count(kTopic) == 1; }));
  cluster.broker().reset_connections();
  EXPECT_TRUE(reply_in_the_end(cluster, *other));
  ASSERT_TRUE(eventually([&] { return replies.count() == 1; }));
  const auto text = replies.of(1);
  EXPECT_TRUE(text) << text.error().message;
}

TEST_F(ReplyChannelTest, AReplyArrivesAfterTheConnectionWasHalfOpen) {
  MockCluster cluster;
  Replies replies;
  prepared(cluster);
  auto options = client(cluster, "requester");
  options.heartbeat_interval = Millis(500);
  options.request_timeout = Millis(1000);
  auto producer = requester(options, &replies);
  ASSERT_TRUE(producer->request_async(message(kTopic, "ping"), Millis(60000), 1));
  ASSERT_TRUE(eventually([&] { return cluster.message_count(kTopic) == 1; }));
  const int before = cluster.broker().accepted_count();
  cluster.broker().half_open_connections();
  // Given up for its silence, which a heartbeat shows.
  ASSERT_TRUE(eventually([&] { return cluster.broker().accepted_count() > before; }));
  auto other = replier(cluster);
  EXPECT_TRUE(reply_in_the_end(cluster, *other));
  ASSERT_TRUE(eventually([&] { return replies.count() == 1; }));
  EXPECT_TRUE(replies.of(1));
}

// With the end of the old connection it forgets the client, and the new one's heartbeats tell it nothing new.
TEST_F(ReplyChannelTest, AReplyArrivesAfterTheBrokerNoticedTheHalfOpenConnection) {
  MockCluster cluster;
  Replies replies;
  prepared(cluster);
  auto options = client(cluster, "requester");
  options.heartbeat_interval = Millis(500);
  options.request_timeout = Millis(1000);
  auto producer = requester(options, &replies);
  ASSERT_TRUE(producer->request_async(message(kTopic, "ping"), Millis(60000), 1));
  ASSERT_TRUE(eventually([&] { return cluster.message_count(kTopic) == 1; }));
  const int before = cluster.broker().accepted_count();
  cluster.broker().half_open_connections();
  ASSERT_TRUE(eventually([&] { return cluster.broker().accepted_count() > before; }));
  const int heartbeats = cluster.broker().request_count(request_code::kHeartbeat);
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kHeartbeat, heartbeats + 1, kPatience));
  cluster.broker().notice_half_open_connections();
  auto other = replier(cluster);
  EXPECT_TRUE(reply_in_the_end(cluster, *other));
  ASSERT_TRUE(eventually([&] { return replies.count() == 1; }));
  EXPECT_TRUE(replies.of(1));
}

}  // namespace rocketmq::test
