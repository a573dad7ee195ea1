#include "consumer/simple/simple_consumer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

// What name servers do not tell holds up nothing that is known.
class SimpleRouteTest : public SimpleConsumerTest {
 protected:
  // Longer than any test waits.
  static ClientOptions patient(const MockCluster& cluster) {
    ClientOptions client = client_options(cluster);
    client.request_timeout = std::chrono::hours(1);
    return client;
  }
  Result<SimpleResult> receive_beside(SimpleConsumer& consumer, const ReceiveOptions& options) {
    const size_t before = ends_->count();
    EXPECT_TRUE(consumer.receive_async(options, before));
    EXPECT_TRUE(eventually([&] { return ends_->count() > before; }));
    if (ends_->count() <= before) return fail(ErrorKind::kInternalError, "it has not ended");
    return std::move(ends_->all[before].second);
  }
};

TEST_F(SimpleRouteTest, ATopicWithoutARouteHoldsUpNoReceiveOfOthers) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto consumer = start(patient(cluster));
  EXPECT_TRUE(receive(*consumer, how(1, Millis(0))).empty());
  cluster.name_server().inject(kRoute, Fault::of(Fault::Kind::kIgnore, -1));
  for (const char* topic : {"alpha", "zulu"}) ASSERT_TRUE(consumer->subscribe(*make_tag_subscription(topic, "*")));
  for (int i = 0; i < 3; ++i) {
    cluster.broker().put(kTopic, 0, "x");
    const auto received = receive_beside(*consumer, how(1, Millis(60000)));
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_EQ(received->messages.size(), 1U);
  }
  // Once each, however many receives there were.
  EXPECT_EQ(cluster.name_server().request_count(kRoute), 3);
}

TEST_F(SimpleRouteTest, WithoutAnyRouteAReceiveEndsInItsTime) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.name_server().inject(kRoute, Fault::of(Fault::Kind::kIgnore, -1));
  auto consumer = start(patient(cluster));
  for (const Millis await : {Millis(0), Millis(100)}) {
    const auto received = receive_beside(*consumer, how(1, await));
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().kind, ErrorKind::kUnreachable);
    EXPECT_NE(received.error().message.find("route"), std::string::npos) << received.error().message;
  }
}

TEST_F(SimpleRouteTest, WhoWaitsForMessagesSeesARouteThatComesMeanwhile) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.create_topic("zulu", 1);
  cluster.broker().put("zulu", 0, "x");
  auto consumer = start(cluster);
  EXPECT_TRUE(receive(*consumer, how(1, Millis(0))).empty());
  cluster.name_server().inject(kRoute, Fault::delayed(Millis(300)));
  ASSERT_TRUE(consumer->subscribe(*make_tag_subscription("zulu", "*")));
  const auto begin = now();
  const auto received = receive_beside(*consumer, how(1, Millis(60000)));
  ASSERT_TRUE(received) << received.error().message;
  ASSERT_EQ(received->messages.size(), 1U);
  EXPECT_EQ(received->messages[0].handle.topic, "zulu");
  // Less than a broker holds a request.
  EXPECT_LT(now() - begin, Millis(14000));
}

}  // namespace rocketmq::test
