#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <future>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

#include "client/client_instance.h"
#include "cluster_access.h"
#include "eventually.h"
#include "protocol/codes.h"
#include "without_memory.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class RouteLifetimeTest : public ::testing::Test {
 protected:
  Result<Route> get(const std::string& topic, bool or_default = false) {
    const auto found = std::make_shared<std::promise<Result<Route>>>();
    routes_.get(topic, or_default, 4, [found](Result<Route> route) { found->set_value(std::move(route)); });
    return found->get_future().get();
  }
  void refresh_all() { asio::co_spawn(client_.loop().context(), routes_.refresh_all(), asio::use_future).get(); }
  int look_ups() { return cluster_.name_server().request_count(kRoute); }
  TopicRoute route_to(int server, int queues = 1) {
    return {
        "", {{"mock", "broker-0", {{0, cluster_.broker(server).address()}}, false}}, {{"broker-0", queues, queues, 6}}};
  }

  MockCluster cluster_{{1, 2, 4, true}};
  ClientInstance client_{client_options(cluster_), 1};
  RouteTable& routes_ = client_.routes();
};

TEST_F(RouteLifetimeTest, ABrokersAddressIsThatOfTheQueuesOwnTopic) {
  cluster_.set_route("a", route_to(0));
  cluster_.set_route("b", route_to(1));
  ASSERT_TRUE(get("a"));
  ASSERT_TRUE(get("b"));
  EXPECT_EQ(routes_.find_master("a", "broker-0"), cluster_.broker(0).address());
  EXPECT_EQ(routes_.find_master("b", "broker-0"), cluster_.broker(1).address());
  EXPECT_EQ(routes_.find_to_read("b", "broker-0", 0).address, cluster_.broker(1).address());
  EXPECT_EQ(routes_.find_to_read("b", "broker-0", 7).address, cluster_.broker(1).address());
  // Of a topic without a route, another's serves, though not that of one which is gone.
  EXPECT_EQ(routes_.find_master("c", "broker-0"), cluster_.broker(0).address());
  cluster_.delete_topic("a");
  refresh_all();
  refresh_all();
  EXPECT_EQ(routes_.find_master("c", "broker-0"), cluster_.broker(1).address());
}

TEST_F(RouteLifetimeTest, ATopicThatIsGoneIsForgottenWhenNobodyUsesIt) {
  for (const char* topic : {"idle", "used"}) {
    cluster_.create_topic(topic, 1);
    ASSERT_TRUE(get(topic));
    cluster_.delete_topic(topic);
  }
  ASSERT_TRUE(get("never-created", true));
  for (int round = 0; round < 5; ++round) {
    EXPECT_TRUE(routes_.find("used"));
    refresh_all();
  }
  EXPECT_EQ(routes_.topics(), std::vector<std::string>{"used"});
  EXPECT_FALSE(routes_.find("idle"));
  EXPECT_FALSE(routes_.find("never-created"));
}

TEST_F(RouteLifetimeTest, ARestartedNameServerDoesNotMakeItForget) {
  cluster_.create_topic("orders", 1);
  ASSERT_TRUE(get("orders"));
  refresh_all();
  for (int i = 0; i < 3; ++i) {
    cluster_.name_server().inject(kRoute, Fault::respond(response_code::kTopicNotExist, "just started", 2));
    for (int round = 0; round < 3; ++round) refresh_all();
  }
  EXPECT_TRUE(routes_.find("orders"));
}

TEST_F(RouteLifetimeTest, WhatWasNeverFoundLeavesNothing) {
  EXPECT_FALSE(get("nowhere"));
  client_.loop().run_and_wait([] {});
  const int before = look_ups();
  // Only of what is known.
  routes_.invalidate("nowhere");
  refresh_all();
  client_.loop().run_and_wait([] {});
  EXPECT_EQ(look_ups(), before);
}

TEST_F(RouteLifetimeTest, ATopicThatIsRefusedLeavesTheOthersToBeRefreshed) {
  for (const char* topic : {"a", "b", "c"}) {
    cluster_.create_topic(topic, 1);
    ASSERT_TRUE(get(topic));
    cluster_.create_topic(topic, 2);
  }
  cluster_.name_server().inject(kRoute, Fault::respond(response_code::kSystemError, "no"));
  cluster_.name_server().inject(kRoute, Fault::respond(response_code::kSuccess, ""));
  refresh_all();
  EXPECT_EQ(routes_.find("a")->publish_queues.size(), 2U);
  EXPECT_EQ(routes_.find("b")->publish_queues.size(), 2U);
  EXPECT_EQ(routes_.find("c")->publish_queues.size(), 4U);
}

// Each failing send asks.
TEST_F(RouteLifetimeTest, OneRefreshASecondServesAllWhoAskAndTheLastOneToo) {
  cluster_.create_topic("orders", 1);
  ASSERT_TRUE(get("orders"));
  const TimePoint begin = now();
  routes_.invalidate("orders");
  ASSERT_TRUE(eventually([&] { return look_ups() == 2; }));
  cluster_.create_topic("orders", 5);
  const auto asked_again = [&] {
    routes_.invalidate("orders");
    return look_ups() > 2;
  };
  const bool too_soon = eventually(asked_again, Millis(300));
  if (now() - begin < Millis(1000)) {
    EXPECT_FALSE(too_soon);
  }
  EXPECT_TRUE(eventually([&] { return routes_.find("orders")->publish_queues.size() == 10; }));
  EXPECT_GE(now() - begin, Millis(1000));
  EXPECT_LE(look_ups(), 4);
}

// What proved stale during a refresh may be what that one brings.
TEST_F(RouteLifetimeTest, AWishDuringARefreshIsCarriedOutAfterIt) {
  cluster_.create_topic("orders", 1);
  ASSERT_TRUE(get("orders"));
  cluster_.name_server().inject(kRoute, Fault::delayed(Millis(200)));
  routes_.invalidate("orders");
  ASSERT_TRUE(cluster_.name_server().await_requests(kRoute, 2, kPatience));
  cluster_.create_topic("orders", 2);
  routes_.invalidate("orders");
  EXPECT_TRUE(eventually([&] { return routes_.find("orders")->publish_queues.size() == 4; }));
  EXPECT_EQ(look_ups(), 3);
}

TEST_F(RouteLifetimeTest, OneWhoFailsToTakeTheRouteDoesNotKeepItFromTheOthers) {
  cluster_.create_topic("orders", 1);
  const auto found = std::make_shared<std::promise<bool>>();
  client_.loop().run_and_wait([&] {
    routes_.get("orders", false, 0, [](const Result<Route>&) { throw std::runtime_error("no"); });
    routes_.get("orders", false, 0, [found](const Result<Route>& route) { found->set_value(route.has_value()); });
  });
  EXPECT_TRUE(found->get_future().get());
  EXPECT_TRUE(get("orders"));
}

TEST_F(RouteLifetimeTest, ItsEndIsToldToAllWhoWaitWithoutMemory) {
  cluster_.name_server().inject(kRoute, Fault::of(Fault::Kind::kIgnore, -1));
  constexpr int kWaiters = 6;
  std::atomic<int> closed{0};
  for (int i = 0; i < kWaiters; ++i) {
    routes_.get(i % 2 == 0 ? "a" : "b", true, 4, [&, i](const Result<Route>& route) {
      closed += !route && route.error().kind == ErrorKind::kClosed ? 1 : 0;
      if (i == 0) throw std::bad_alloc();
    });
  }
  {
    const WithoutMemory none;
    routes_.close();
  }
  EXPECT_EQ(closed, kWaiters);
}

}  // namespace rocketmq::test
