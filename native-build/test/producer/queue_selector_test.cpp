#include "producer/queue_selector.h"

#include <gtest/gtest.h>

#include <map>

namespace rocketmq {

namespace {

class QueueSelectorTest : public ::testing::Test {
 protected:
  Route route_of(const std::vector<int32_t>& queues_of_brokers) {
    TopicRoute route;
    for (size_t i = 0; i < queues_of_brokers.size(); ++i) {
      const std::string name = "broker-" + std::to_string(i);
      TopicRoute::Broker broker;
      broker.name = name;
      broker.addresses[0] = address(i);
      route.brokers.push_back(broker);
      route.queues.push_back({name, queues_of_brokers[i], queues_of_brokers[i], 6});
    }
    return make_snapshot("orders", route, states_);
  }
  static std::string address(size_t broker) { return "127.0.0.1:" + std::to_string(10000 + broker); }

  // How often each queue is chosen.
  std::map<std::pair<std::string, int32_t>, int> chosen(const RouteSnapshot& route, int times,
                                                        const QueueWish& wish = {}, TimePoint at = now()) {
    std::map<std::pair<std::string, int32_t>, int> counts;
    for (int i = 0; i < times; ++i) {
      const auto queue = selector_.select("orders", route, wish, at);
      EXPECT_TRUE(queue);
      if (queue) ++counts[{(*queue)->broker_name, (*queue)->queue_id}];
    }
    return counts;
  }

  BrokerStates states_;
  QueueSelector selector_{states_, false};
};

TEST_F(QueueSelectorTest, QueuesTakeTurns) {
  const Route route = route_of({4, 2});
  for (const auto& [queue, count] : chosen(*route, 600)) EXPECT_EQ(count, 100) << queue.first << queue.second;
}

// The share of the broker that is down must not go to the queue beside its own.
TEST_F(QueueSelectorTest, TheQueuesThatAreLeftHaveEqualShares) {
  for (const auto& brokers : {std::vector<int32_t>{4, 4}, {8, 4, 2}, {1, 7}, {4, 4, 4}}) {
    const Route route = route_of(brokers);
    const TimePoint at = now();
    states_.lost(*states_.of(address(0)), at);
    int32_t left = 0;
    for (size_t i = 1; i < brokers.size(); ++i) left += brokers[i];
    const auto counts = chosen(*route, 4000 * left, {}, at);
    EXPECT_EQ(counts.size(), static_cast<size_t>(left));
    for (const auto& [queue, count] : counts) {
      EXPECT_NE(queue.first, "broker-0");
      EXPECT_NEAR(count, 4000, 400) << queue.first << " " << queue.second;
    }
  }
}

TEST_F(QueueSelectorTest, TopicsThatTakeTurnsUseAllTheirQueues) {
  const Route one = route_of({2, 2});
  const Route other = route_of({2, 2});
  std::map<const MessageQueue*, int> counts;
  for (int i = 0; i < 40; ++i) {
    for (const Route& route : {one, other}) ++counts[*selector_.select("orders", *route, {})];
  }
  EXPECT_EQ(counts.size(), 8U);
}

TEST_F(QueueSelectorTest, AnotherAttemptGoesToAnotherBroker) {
  const Route route = route_of({4, 4});
  QueueWish wish;
  wish.last_broker = "broker-1";
  for (const auto& [queue, count] : chosen(*route, 100, wish)) EXPECT_EQ(queue.first, "broker-0");
}

TEST_F(QueueSelectorTest, OfBrokersThatAreAllAvoidedTheSilentOneComesLast) {
  const Route route = route_of({4, 4});
  const TimePoint at = now();
  states_.lost(*states_.of(address(0)), at);
  states_.of(address(1))->begin_request(at);
  states_.look(at + Millis(600), at);
  ASSERT_TRUE(states_.of(address(1))->suspected());
  for (const auto& [queue, count] : chosen(*route, 100)) EXPECT_EQ(queue.first, "broker-0");
}

TEST_F(QueueSelectorTest, ABrokerThatRefusesOneTopicTakesOthers) {
  const Route refused = route_of({1, 1});
  const Route other = route_of({1, 1});
  refused->note_refusal(*refused->publish_brokers[0], now());
  EXPECT_EQ(chosen(*refused, 100).size(), 1U);
  EXPECT_EQ(chosen(*other, 100).size(), 2U);
  refused->note_success(*refused->publish_brokers[0]);
  EXPECT_EQ(chosen(*refused, 100).size(), 2U);
}

TEST_F(QueueSelectorTest, AnActingMasterIsNoBrokerToSendTo) {
  TopicRoute route;
  TopicRoute::Broker broker;
  broker.name = "broker-0";
  broker.addresses[1] = address(0);
  broker.enable_acting_master = true;
  route.brokers.push_back(broker);
  route.queues.push_back({"broker-0", 4, 4, 6});
  EXPECT_EQ(route.master_address("broker-0"), address(0)) << "for what is read";
  const Route snapshot = make_snapshot("orders", route, states_);
  EXPECT_TRUE(snapshot->publish_queues.empty());
  EXPECT_EQ(selector_.select("orders", *snapshot, {}).error().kind, ErrorKind::kUnreachable);
}

}  // namespace

}  // namespace rocketmq
