#include "client/route_table.h"

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

class RouteTableTest : public ::testing::Test {
 protected:
  Result<Route> get(const std::string& topic) {
    const auto found = std::make_shared<std::promise<Result<Route>>>();
    routes_.get(topic, false, 0, [found](Result<Route> route) { found->set_value(std::move(route)); });
    return found->get_future().get();
  }
  Result<bool> refresh(const std::string& topic) {
    return asio::co_spawn(client_.loop().context(), routes_.refresh(topic), asio::use_future).get();
  }
  int look_ups() { return cluster_.name_server().request_count(kRoute); }
  void fail_next(Fault fault) { cluster_.name_server().inject(kRoute, std::move(fault)); }

  MockCluster cluster_{{1, 2, 4, true}};
  ClientInstance client_{client_options(cluster_), 1};
  RouteTable& routes_ = client_.routes();
};

TEST_F(RouteTableTest, OneLookUpServesAllWhoAskMeanwhile) {
  cluster_.create_topic("orders", 3);
  std::vector<Route> found;
  // On the loop, so that none is answered before all have asked.
  client_.loop().run_and_wait([&] {
    for (int i = 0; i < 50; ++i) {
      routes_.get("orders", i % 2 == 0, 4, [&](Result<Route> route) {
        ASSERT_TRUE(route) << route.error().message;
        found.push_back(*route);
      });
    }
    EXPECT_EQ(routes_.find("orders"), nullptr);
  });
  const auto last = get("orders");
  ASSERT_TRUE(last) << last.error().message;
  client_.loop().run_and_wait([&] { EXPECT_EQ(found, std::vector<Route>(50, *last)); });
  EXPECT_EQ(look_ups(), 1);
  EXPECT_EQ((*last)->publish_queues.size(), 6U);
  EXPECT_EQ((*last)->subscribe_queues.size(), 6U);
}

TEST_F(RouteTableTest, AKnownRouteIsGivenAtOnce) {
  cluster_.create_topic("orders", 3);
  const auto route = get("orders");
  ASSERT_TRUE(route) << route.error().message;
  bool called = false;
  routes_.get("orders", true, 1, [&](const Result<Route>& known) {
    called = true;
    EXPECT_EQ(*known, *route);
  });
  EXPECT_TRUE(called);
  EXPECT_EQ(routes_.find("orders"), *route);
  EXPECT_EQ(look_ups(), 1);
}

TEST_F(RouteTableTest, AFailureNamesTheServersThatWereAsked) {
  const auto unknown = get("nothing");
  ASSERT_FALSE(unknown);
  const std::string& address = client_.name_servers().addresses().front();
  EXPECT_EQ(unknown.error().message,
            "no name server knows the topic \"nothing\" (" + address + "): check its name, or create it");
  fail_next(Fault::respond(response_code::kRequestCodeNotSupported, "no"));
  const auto refused = get("orders");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().address, address);
  EXPECT_NE(refused.error().message.find("it is no name server"), std::string::npos) << refused.error().message;
}

// A close is no failure, and many in a row are told once.
TEST_F(RouteTableTest, ARefreshThatFailsIsToldOnceInAWhile) {
  cluster_.create_topic("orders", 3);
  ASSERT_TRUE(get("orders"));
  std::atomic<int> told{0};
  set_log_sink(
      [](void* count, const LogRecord& record) {
        if (record.message.find("could not be refreshed") != std::string_view::npos) {
          ++*static_cast<std::atomic<int>*>(count);
        }
      },
      &told, LogLevel::kWarn);
  for (int i = 0; i < 5; ++i) {
    fail_next(Fault::respond(response_code::kSystemError, "no"));
    EXPECT_FALSE(refresh("orders"));
  }
  // Waits for the records that are on their way.
  set_log_sink(nullptr, nullptr, LogLevel::kOff);
  EXPECT_EQ(told, 1);
}

TEST_F(RouteTableTest, AFailureIsToldToAllWhoWaitAndNotKept) {
  std::vector<Error> failures;
  client_.loop().run_and_wait([&] {
    for (int i = 0; i < 10; ++i) {
      routes_.get("orders", false, 0, [&](const Result<Route>& route) {
        ASSERT_FALSE(route);
        failures.push_back(route.error());
      });
    }
  });
  ASSERT_TRUE(eventually([&] {
    size_t count = 0;
    client_.loop().run_and_wait([&] { count = failures.size(); });
    return count == 10;
  }));
  EXPECT_EQ(look_ups(), 1);
  for (const Error& failure : failures) {
    EXPECT_EQ(failure.kind, ErrorKind::kTopicNotFound);
    EXPECT_EQ(failure.topic, "orders");
    EXPECT_EQ(failure.response_code, response_code::kTopicNotExist);
  }
  cluster_.create_topic("orders", 1);
  EXPECT_TRUE(get("orders"));
  EXPECT_EQ(look_ups(), 2);
}

struct Failure {
  const char* name;
  Fault fault;
  ErrorKind expected;
};

class RouteFailureTest : public RouteTableTest, public ::testing::WithParamInterface<Failure> {};

TEST_P(RouteFailureTest, IsToldAndLeavesTheSnapshotInUse) {
  cluster_.create_topic("orders", 3);
  cluster_.create_topic("payments", 3);
  const auto route = get("orders");
  ASSERT_TRUE(route) << route.error().message;
  fail_next(GetParam().fault);
  const auto refreshed = refresh("orders");
  ASSERT_FALSE(refreshed);
  EXPECT_EQ(refreshed.error().kind, GetParam().expected) << refreshed.error().message;
  EXPECT_EQ(refreshed.error().topic, "orders");
  EXPECT_EQ(routes_.find("orders"), *route);
  EXPECT_EQ(*get("orders"), *route);
  fail_next(GetParam().fault);
  const auto first = get("payments");
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, GetParam().expected) << first.error().message;
  EXPECT_EQ(first.error().topic, "payments");
  EXPECT_EQ(routes_.topics(), std::vector<std::string>{"orders"});
  // Not always at once, as connections that break without an answer are not opened again for a moment.
  EXPECT_TRUE(eventually([&] { return get("payments").has_value(); }));
  EXPECT_FALSE(*refresh("orders"));
}

INSTANTIATE_TEST_SUITE_P(
    All, RouteFailureTest,
    ::testing::Values(Failure{"UnknownTopic", Fault::respond(response_code::kTopicNotExist, "just started"),
                              ErrorKind::kTopicNotFound},
                      Failure{"Refusal", Fault::respond(response_code::kSystemError, "no"), ErrorKind::kRejected},
                      Failure{"NoRouteInTheAnswer", Fault::respond(response_code::kSuccess, ""),
                              ErrorKind::kProtocolError},
                      Failure{"Garbage", Fault::of(Fault::Kind::kGarbage), ErrorKind::kProtocolError},
                      Failure{"LostConnection", Fault::of(Fault::Kind::kReset), ErrorKind::kConnectionLost}),
    [](const auto& info) { return info.param.name; });

TEST_F(RouteTableTest, WithoutANameServerTheSnapshotStaysInUse) {
  cluster_.create_topic("orders", 3);
  const auto route = get("orders");
  ASSERT_TRUE(route) << route.error().message;
  cluster_.name_server().stop();
  EXPECT_FALSE(refresh("orders"));
  EXPECT_EQ(routes_.find("orders"), *route);
  const auto missing = get("payments");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find(cluster_.name_server().address()), std::string::npos);
}

TEST_F(RouteTableTest, CloseEndsWhatWaitsAndRefusesWhatComes) {
  fail_next(Fault::of(Fault::Kind::kIgnore, -1));
  const auto waiting = std::make_shared<std::promise<Result<Route>>>();
  routes_.get("orders", true, 4, [waiting](Result<Route> route) { waiting->set_value(std::move(route)); });
  ASSERT_TRUE(cluster_.name_server().await_requests(kRoute, 1, kPatience));
  routes_.close();
  const auto ended = waiting->get_future().get();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, ErrorKind::kClosed);
  EXPECT_EQ(get("orders").error().kind, ErrorKind::kClosed);
  EXPECT_FALSE(*refresh("orders"));
  routes_.invalidate("orders");
  client_.shutdown();
  EXPECT_EQ(look_ups(), 1);
}

}  // namespace rocketmq::test
