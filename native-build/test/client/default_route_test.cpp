#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <future>
#include <memory>
#include <vector>

#include "client/client_instance.h"
#include "cluster_access.h"
#include "protocol/codes.h"

namespace rocketmq::test {

using mock::MockCluster;
using mock::MockOptions;

constexpr int kQueuesOfDefault = 8;

class DefaultRouteTest : public ::testing::Test {
 protected:
  using Answer = std::future<Result<Route>>;

  explicit DefaultRouteTest(bool auto_create = true)
      : cluster_({1, 2, kQueuesOfDefault, auto_create}), client_(client_options(cluster_), 1) {}

  Answer ask(bool or_default, int32_t default_queues) {
    const auto found = std::make_shared<std::promise<Result<Route>>>();
    client_.routes().get("orders", or_default, default_queues,
                         [found](Result<Route> route) { found->set_value(std::move(route)); });
    return found->get_future();
  }
  Result<Route> get(bool or_default, int32_t default_queues = 4) { return ask(or_default, default_queues).get(); }
  Result<bool> refresh() {
    return asio::co_spawn(client_.loop().context(), client_.routes().refresh("orders"), asio::use_future).get();
  }
  std::vector<std::string> topics_asked() {
    std::vector<std::string> topics;
    for (const auto& request : cluster_.name_server().requests(kRoute)) {
      topics.emplace_back(request.ext_fields.text("topic"));
    }
    return topics;
  }

  MockCluster cluster_;
  ClientInstance client_;
};

TEST_F(DefaultRouteTest, HasTheTopicsNameAndNoMoreQueuesThanAskedFor) {
  const auto route = get(true, 3);
  ASSERT_TRUE(route) << route.error().message;
  const std::vector<MessageQueue> expected = {{"orders", "broker-0", 0}, {"orders", "broker-0", 1},
                                              {"orders", "broker-0", 2}, {"orders", "broker-1", 0},
                                              {"orders", "broker-1", 1}, {"orders", "broker-1", 2}};
  EXPECT_EQ((*route)->publish_queues, expected);
  EXPECT_EQ((*route)->subscribe_queues, expected);
  EXPECT_EQ(topics_asked(), (std::vector<std::string>{"orders", "TBW102"}));
}

TEST_F(DefaultRouteTest, HasNoMoreQueuesThanTheDefaultTopic) {
  const auto route = get(true, 100);
  ASSERT_TRUE(route) << route.error().message;
  EXPECT_EQ((*route)->publish_queues.size(), 2U * kQueuesOfDefault);
}

TEST_F(DefaultRouteTest, IsNotLookedUpForATopicThatExists) {
  cluster_.create_topic("orders", 6);
  const auto route = get(true, 3);
  ASSERT_TRUE(route) << route.error().message;
  EXPECT_EQ((*route)->publish_queues.size(), 12U);
  EXPECT_EQ(topics_asked(), std::vector<std::string>{"orders"});
}

TEST_F(DefaultRouteTest, IsNotLookedUpForWhoDoesNotWantIt) {
  const auto route = get(false);
  ASSERT_FALSE(route);
  EXPECT_EQ(route.error().kind, ErrorKind::kTopicNotFound);
  EXPECT_EQ(topics_asked(), std::vector<std::string>{"orders"});
}

TEST_F(DefaultRouteTest, IsNoAnswerToAFailureOtherThanAMissingTopic) {
  cluster_.name_server().inject(kRoute, mock::Fault::respond(response_code::kSystemError, "no"));
  const auto route = get(true);
  ASSERT_FALSE(route);
  EXPECT_EQ(route.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(topics_asked(), std::vector<std::string>{"orders"});
}

TEST_F(DefaultRouteTest, IsGivenOnlyToThoseOfOneLookUpWhoWantIt) {
  Answer wants;
  Answer does_not;
  client_.loop().run_and_wait([&] {
    does_not = ask(false, 0);
    wants = ask(true, 2);
  });
  const auto given = wants.get();
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ((*given)->publish_queues.size(), 4U);
  const auto refused = does_not.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kTopicNotFound);
  EXPECT_EQ(topics_asked(), (std::vector<std::string>{"orders", "TBW102"}));
}

TEST_F(DefaultRouteTest, IsKeptForPublishersAndNotForOthers) {
  const auto first = get(true);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(*get(true), *first);
  EXPECT_EQ(topics_asked().size(), 2U);
  EXPECT_EQ(get(false).error().kind, ErrorKind::kTopicNotFound);
  EXPECT_EQ(topics_asked().size(), 3U);
  // That the topic is still missing takes nothing from the publishers.
  EXPECT_EQ(*get(true), *first);
  EXPECT_EQ(refresh().error().kind, ErrorKind::kTopicNotFound);
  EXPECT_EQ(*get(true), *first);
}

TEST_F(DefaultRouteTest, FollowsTheDefaultTopic) {
  ASSERT_TRUE(get(true, 1));
  TopicRoute smaller = cluster_.route_of("TBW102");
  std::erase_if(smaller.brokers, [](const auto& broker) { return broker.name == "broker-0"; });
  std::erase_if(smaller.queues, [](const auto& queues) { return queues.broker_name == "broker-0"; });
  cluster_.set_route("TBW102", smaller);
  EXPECT_EQ(refresh().error().kind, ErrorKind::kTopicNotFound);
  const std::vector<MessageQueue> expected = {{"orders", "broker-1", 0}};
  EXPECT_EQ(client_.routes().find("orders")->publish_queues, expected);
}

TEST_F(DefaultRouteTest, GivesWayToTheTopicsOwn) {
  ASSERT_TRUE(get(true, kQueuesOfDefault));
  // As many queues as the default has, so that only the kind of the route changes.
  cluster_.create_topic("orders", kQueuesOfDefault, 7);
  const auto refreshed = refresh();
  ASSERT_TRUE(refreshed) << refreshed.error().message;
  EXPECT_TRUE(*refreshed);
  EXPECT_FALSE(*refresh());
  const size_t before = topics_asked().size();
  EXPECT_TRUE(get(false));
  EXPECT_EQ(topics_asked().size(), before);
}

class NoDefaultRouteTest : public DefaultRouteTest {
 protected:
  NoDefaultRouteTest() : DefaultRouteTest(false) {}
};

TEST_F(NoDefaultRouteTest, TheErrorIsThatOfTheTopicItself) {
  const auto route = get(true);
  ASSERT_FALSE(route);
  EXPECT_EQ(route.error().kind, ErrorKind::kTopicNotFound);
  EXPECT_EQ(route.error().topic, "orders");
  EXPECT_NE(route.error().message.find("orders"), std::string::npos) << route.error().message;
}

}  // namespace rocketmq::test
