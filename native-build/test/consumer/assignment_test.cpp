#include <filesystem>
#include <thread>

#include "consumer/orderly_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class AssignmentTest : public OrderlyConsumerTest {};

// As after a connection that broke half: the broker lists a member for each of its connections.
TEST_F(AssignmentTest, AMemberThatIsListedTwiceHasAllQueues) {
  for (const auto kind :
       {AllocationKind::kAveragely, AllocationKind::kAveragelyByCircle, AllocationKind::kConsistentHash}) {
    MockCluster cluster;
    cluster.create_topic(kTopic, 8);
    PushConsumerOptions options = quick();
    options.allocation.kind = kind;
    auto running = start(cluster, options);
    ASSERT_TRUE(eventually([&] { return cluster.broker().clients_of(kGroup).size() == 1; }));
    const std::string id = *cluster.broker().clients_of(kGroup).begin();
    cluster.broker().set_listed_members(kGroup, std::vector<std::string>{id, id, id});
    const auto rounds = running.consumer->statistics().rebalances;
    ASSERT_TRUE(eventually([&] { return running.consumer->statistics().rebalances >= rounds + 2; }));
    EXPECT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues == 9; }));
    for (int i = 0; i < 80; ++i) cluster.broker().put(kTopic, i % 8, "m" + std::to_string(i));
    EXPECT_TRUE(eventually([&] { return running.received->distinct() == 80; }));
  }
}

TEST_F(AssignmentTest, ManyJoinsAndLeavesLoseNothing) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 8);
  const auto all = std::make_shared<Received>();
  const auto noting_all = [all](const Delivery& delivery) {
    all->add(delivery);
    return -1;
  };
  auto steady = start(cluster, quick(), noting_all, "steady");
  ASSERT_TRUE(eventually([&] { return steady.consumer->statistics().assigned_queues == 9; }));
  int sent = 0;
  for (int round = 0; round < 64; ++round) {
    auto guest = start(cluster, quick(), noting_all, "guest-" + std::to_string(round));
    for (int i = 0; i < 8; ++i, ++sent) cluster.broker().put(kTopic, sent % 8, "m" + std::to_string(sent));
    ASSERT_TRUE(guest.consumer->close(Millis(10000)));
  }
  EXPECT_TRUE(eventually([&] { return all->distinct() == static_cast<size_t>(sent); })) << all->distinct();
  EXPECT_TRUE(eventually([&] { return steady.consumer->statistics().assigned_queues == 9; }));
  EXPECT_TRUE(eventually([&] {
    int64_t committed = 0;
    for (int queue = 0; queue < 8; ++queue) committed += cluster.broker().committed_offset(kGroup, kTopic, queue);
    return committed == sent;
  }));
}

// Some of its queues would be consumed by nobody.
TEST_F(AssignmentTest, AStaticTopicIsNotConsumedButRefusedWhereThatIsKnown) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 2);
  cluster.create_topic("ordinary", 1);
  TopicRoute route = cluster.route_of(kTopic);
  route.mapping_brokers = {"broker-0"};
  cluster.set_route(kTopic, route);
  auto running = start(cluster);
  ASSERT_TRUE(running.consumer->subscribe("ordinary", "*"));
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues == 2; }));
  cluster.broker().put(kTopic, 0, "x");
  cluster.broker().put("ordinary", 0, "y");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_EQ(running.received->bodies().front(), "y");
  const Status refused = running.consumer->subscribe(kTopic, "*");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kNotSupported);
}

}  // namespace rocketmq::test
