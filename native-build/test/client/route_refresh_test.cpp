#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <future>
#include <memory>
#include <vector>

#include "client/client_instance.h"
#include "cluster_access.h"
#include "eventually.h"
#include "protocol/codes.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class RouteRefreshTest : public ::testing::Test {
 protected:
  Route get(const std::string& topic) {
    const auto found = std::make_shared<std::promise<Result<Route>>>();
    routes_.get(topic, false, 0, [found](Result<Route> route) { found->set_value(std::move(route)); });
    const auto route = found->get_future().get();
    EXPECT_TRUE(route) << route.error().message;
    return route ? *route : nullptr;
  }
  Result<bool> refresh(const std::string& topic) {
    return asio::co_spawn(client_.loop().context(), routes_.refresh(topic), asio::use_future).get();
  }
  void refresh_all() { asio::co_spawn(client_.loop().context(), routes_.refresh_all(), asio::use_future).get(); }
  int look_ups() { return cluster_.name_server().request_count(kRoute); }
  TopicRoute::Broker broker(int index, int64_t id = 0) {
    const auto& server = cluster_.broker(index);
    return {"mock", server.name(), {{id, server.address()}}, false};
  }

  MockCluster cluster_{{1, 2, 4, true}};
  ClientInstance client_{client_options(cluster_), 1};
  RouteTable& routes_ = client_.routes();
};

TEST_F(RouteRefreshTest, TellsWhetherAnythingChanged) {
  cluster_.create_topic("orders", 3);
  EXPECT_TRUE(*refresh("orders"));
  const Route first = routes_.find("orders");
  ASSERT_TRUE(first);
  EXPECT_FALSE(*refresh("orders"));
  EXPECT_EQ(routes_.find("orders"), first);
  cluster_.create_topic("orders", 5);
  EXPECT_TRUE(*refresh("orders"));
  EXPECT_EQ(routes_.find("orders")->publish_queues.size(), 10U);
  // Who holds the old one keeps it as it was.
  EXPECT_EQ(first->publish_queues.size(), 6U);
}

TEST_F(RouteRefreshTest, ALostBrokerTakesItsQueuesAndItsAddressAlong) {
  cluster_.create_topic("orders", 2);
  ASSERT_TRUE(get("orders"));
  EXPECT_EQ(routes_.broker_addresses(true).size(), 2U);
  EXPECT_EQ(routes_.find_master("orders", "broker-1"), cluster_.broker(1).address());
  cluster_.set_route("orders", {"", {broker(0)}, {{"broker-0", 2, 2, 6}}});
  EXPECT_TRUE(*refresh("orders"));
  const Route route = routes_.find("orders");
  EXPECT_EQ(route->publish_queues, (std::vector<MessageQueue>{{"orders", "broker-0", 0}, {"orders", "broker-0", 1}}));
  EXPECT_EQ(route->subscribe_queues, route->publish_queues);
  EXPECT_EQ(routes_.broker_addresses(false), std::vector<std::string>{cluster_.broker(0).address()});
  EXPECT_EQ(routes_.find_master("orders", "broker-1"), "");
  EXPECT_EQ(routes_.find_to_read("orders", "broker-1", 0).address, "");
}

TEST_F(RouteRefreshTest, ABrokerOfAnotherTopicIsStillFound) {
  cluster_.create_topic("orders", 2);
  cluster_.create_topic("payments", 2);
  ASSERT_TRUE(get("orders"));
  ASSERT_TRUE(get("payments"));
  cluster_.set_route("orders", {"", {broker(0)}, {{"broker-0", 2, 2, 6}}});
  EXPECT_TRUE(*refresh("orders"));
  EXPECT_EQ(routes_.broker_addresses(false).size(), 2U);
  EXPECT_EQ(routes_.find_master("orders", "broker-1"), cluster_.broker(1).address());
}

TEST_F(RouteRefreshTest, ALostMasterLeavesTheQueuesToReadFrom) {
  TopicRoute::Broker both = broker(0);
  both.addresses[1] = cluster_.broker(1).address();
  const TopicRoute::QueueData queues{"broker-0", 1, 1, 6};
  cluster_.set_route("orders", {"", {both}, {queues}});
  ASSERT_TRUE(get("orders"));
  EXPECT_EQ(routes_.broker_addresses(true), std::vector<std::string>{cluster_.broker(0).address()});
  EXPECT_EQ(routes_.broker_addresses(false).size(), 2U);
  EXPECT_EQ(routes_.find_to_read("orders", "broker-0", 1).address, cluster_.broker(1).address());
  both.addresses.erase(0);
  cluster_.set_route("orders", {"", {both}, {queues}});
  EXPECT_TRUE(*refresh("orders"));
  EXPECT_TRUE(routes_.find("orders")->publish_queues.empty());
  EXPECT_EQ(routes_.find("orders")->subscribe_queues.size(), 1U);
  EXPECT_TRUE(routes_.broker_addresses(true).empty());
  EXPECT_EQ(routes_.find_master("orders", "broker-0"), "");
  // With an acting master, the slave takes over what is read, and stores no message.
  both.enable_acting_master = true;
  cluster_.set_route("orders", {"", {both}, {queues}});
  EXPECT_TRUE(*refresh("orders"));
  EXPECT_TRUE(routes_.find("orders")->publish_queues.empty());
  EXPECT_EQ(routes_.find_master("orders", "broker-0"), cluster_.broker(1).address());
}

TEST_F(RouteRefreshTest, InvalidatingRefreshesOnce) {
  cluster_.create_topic("orders", 2);
  ASSERT_TRUE(get("orders"));
  cluster_.create_topic("orders", 3);
  client_.loop().run_and_wait([&] {
    for (int i = 0; i < 20; ++i) routes_.invalidate("orders");
  });
  EXPECT_TRUE(eventually([&] { return routes_.find("orders")->publish_queues.size() == 6; }));
  EXPECT_EQ(look_ups(), 2);
  // Afterwards it may be refreshed again.
  EXPECT_FALSE(*refresh("orders"));
  EXPECT_EQ(look_ups(), 3);
}

TEST_F(RouteRefreshTest, ARefreshDuringAnotherLeavesItToThat) {
  cluster_.create_topic("orders", 2);
  ASSERT_TRUE(get("orders"));
  cluster_.create_topic("orders", 3);
  std::future<Result<bool>> first;
  std::future<Result<bool>> second;
  client_.loop().run_and_wait([&] {
    first = asio::co_spawn(client_.loop().context(), routes_.refresh("orders"), asio::use_future);
    second = asio::co_spawn(client_.loop().context(), routes_.refresh("orders"), asio::use_future);
  });
  EXPECT_TRUE(*first.get());
  EXPECT_FALSE(*second.get());
  EXPECT_EQ(look_ups(), 2);
}

TEST_F(RouteRefreshTest, WhatWasNeverAskedForIsNotRefreshed) {
  routes_.invalidate("orders");
  refresh_all();
  client_.loop().run_and_wait([] {});
  EXPECT_EQ(look_ups(), 0);
  EXPECT_TRUE(routes_.topics().empty());
}

TEST_F(RouteRefreshTest, AllTopicsInUseAreRefreshedThoughOneIsGone) {
  for (const char* topic : {"a", "b", "c"}) {
    cluster_.create_topic(topic, 1);
    ASSERT_TRUE(get(topic));
  }
  cluster_.delete_topic("a");
  cluster_.create_topic("b", 2);
  cluster_.create_topic("c", 3);
  refresh_all();
  EXPECT_EQ(routes_.topics(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(routes_.find("a")->publish_queues.size(), 2U);
  EXPECT_EQ(routes_.find("b")->publish_queues.size(), 4U);
  EXPECT_EQ(routes_.find("c")->publish_queues.size(), 6U);
}

// Each further topic would only wait for the same.
TEST_F(RouteRefreshTest, WithoutANameServerOnlyOneTopicIsTried) {
  for (const char* topic : {"a", "b", "c"}) {
    cluster_.create_topic(topic, 1);
    ASSERT_TRUE(get(topic));
  }
  cluster_.name_server().inject(kRoute, Fault::of(Fault::Kind::kReset, -1));
  refresh_all();
  EXPECT_EQ(look_ups(), 4);
}

}  // namespace rocketmq::test
