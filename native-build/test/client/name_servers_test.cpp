#include "client/name_servers.h"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <future>
#include <memory>

#include "client/client_instance.h"
#include "cluster_access.h"
#include "eventually.h"
#include "protocol/codes.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class NameServersTest : public ::testing::Test {
 protected:
  NameServersTest() {
    ClientOptions options = client_options(cluster_);
    options.request_timeout = kTimeout;
    client_ = std::make_unique<ClientInstance>(options, 1);
    cluster_.create_topic("orders", 4);
  }
  Result<RemotingCommand> ask() {
    RemotingCommand request = RemotingCommand::request(kRoute, SerializeType::kJson);
    request.ext_fields.add("topic", "orders");
    return asio::co_spawn(client_->loop().context(), client_->name_servers().call(std::move(request)), asio::use_future)
        .get();
  }
  int asked(int server) { return cluster_.name_server(server).request_count(kRoute); }
  // Asks once, and tells which server got it: the first one is chosen by chance.
  int first_asked() {
    EXPECT_TRUE(ask());
    EXPECT_EQ(asked(0) + asked(1), 1);
    return asked(0) == 1 ? 0 : 1;
  }

  // Half of it is a silent server's share, the other half must do for an answer on a slow machine.
  static constexpr Millis kTimeout{5000};
  MockCluster cluster_{{2, 1, 4, true}};
  std::unique_ptr<ClientInstance> client_;
};

TEST_F(NameServersTest, OneServerGetsAllRequestsWhileItAnswers) {
  const int used = first_asked();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(ask());
  EXPECT_EQ(asked(used), 21);
  EXPECT_EQ(asked(1 - used), 0);
}

// Not ready, or without what the other one has.
TEST_F(NameServersTest, WhereOneRefusesTheOtherIsAskedAndKept) {
  int used = first_asked();
  for (const int32_t code : {response_code::kSystemError, response_code::kTopicNotExist, int32_t{12345}}) {
    cluster_.name_server(used).inject(kRoute, Fault::respond(code, "not ready", -1));
    const auto response = ask();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->code, response_code::kSuccess);
    const int before = asked(used);
    EXPECT_TRUE(ask());
    EXPECT_EQ(asked(used), before);
    cluster_.name_server(used).clear_faults();
    used = 1 - used;
  }
}

TEST_F(NameServersTest, WhereAllRefuseThatItDoesNotExistTellsMost) {
  for (const int unknown : {0, 1}) {
    cluster_.name_server(unknown).inject(kRoute, Fault::respond(response_code::kTopicNotExist, "no such topic"));
    cluster_.name_server(1 - unknown).inject(kRoute, Fault::respond(response_code::kSystemError, "not ready"));
    const auto response = ask();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->code, response_code::kTopicNotExist);
    EXPECT_EQ(response->remark, "no such topic");
  }
}

// Garbage in a frame that is whole.
TEST_F(NameServersTest, AnAnswerThatCannotBeReadIsAFailureOfThatServer) {
  for (const int server : {0, 1}) {
    cluster_.name_server(server).inject(kRoute, Fault::respond(response_code::kSuccess, "no body", -1));
    for (int i = 0; i < 3; ++i) {
      const std::string topic = "topic-" + std::to_string(server) + std::to_string(i);
      cluster_.create_topic(topic, 4);
      std::promise<Result<Route>> found;
      client_->routes().get(topic, false, 4, [&](Result<Route> route) { found.set_value(std::move(route)); });
      const auto route = found.get_future().get();
      ASSERT_TRUE(route) << route.error().message;
    }
    cluster_.name_server(server).clear_faults();
  }
}

TEST_F(NameServersTest, WhenOneIsDownTheOtherIsAskedAndKept) {
  const int used = first_asked();
  cluster_.name_server(used).stop();
  const auto response = ask();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->code, response_code::kSuccess);
  EXPECT_EQ(asked(1 - used), 1);
  // It comes back, but nobody is in need of it.
  cluster_.name_server(used).start();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(ask());
  EXPECT_EQ(asked(1 - used), 6);
  EXPECT_EQ(asked(used), 1);
}

TEST_F(NameServersTest, ASilentOneLeavesTheOtherHalfOfTheTime) {
  const int used = first_asked();
  cluster_.name_server(used).inject(kRoute, Fault::of(Fault::Kind::kIgnore, -1));
  const TimePoint begin = now();
  const auto response = ask();
  const auto elapsed = now() - begin;
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->code, response_code::kSuccess);
  EXPECT_GE(elapsed, kTimeout / 2);
  EXPECT_LT(elapsed, kTimeout);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(ask());
  EXPECT_EQ(asked(used), 2);
  EXPECT_EQ(asked(1 - used), 6);
}

TEST_F(NameServersTest, ABrokenAnswerIsAFailureOfThatServer) {
  int used = first_asked();
  for (const Fault::Kind kind :
       {Fault::Kind::kReset, Fault::Kind::kClose, Fault::Kind::kHalfFrame, Fault::Kind::kGarbage}) {
    cluster_.name_server(used).inject(kRoute, Fault::of(kind));
    const auto response = ask();
    ASSERT_TRUE(response) << response.error().message;
    used = 1 - used;
  }
}

TEST_F(NameServersTest, WhenAllAreDownTheErrorNamesEach) {
  for (int i = 0; i < 2; ++i) cluster_.name_server(i).stop();
  const auto response = ask();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable) << response.error().message;
  EXPECT_EQ(response.error().response_code, -1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(response.error().message.find(cluster_.name_server(i).address()), std::string::npos)
        << response.error().message;
  }
}

TEST_F(NameServersTest, WhenAllAreSilentTheWholeTakesOneTimeoutAndTheNextBeginsWithAnother) {
  const int used = first_asked();
  for (int i = 0; i < 2; ++i) cluster_.name_server(i).inject(kRoute, Fault::of(Fault::Kind::kIgnore));
  const auto response = ask();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kTimeout) << response.error().message;
  EXPECT_GE(response.error().elapsed_ms, kTimeout.count() - 1);
  EXPECT_LT(response.error().elapsed_ms, kTimeout.count() + kTimeout.count() / 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(response.error().message.find(cluster_.name_server(i).address()), std::string::npos)
        << response.error().message;
  }
  EXPECT_TRUE(ask());
  EXPECT_EQ(asked(used), 2);
  EXPECT_EQ(asked(1 - used), 2);
}

TEST_F(NameServersTest, AClosedClientAsksNoFurtherServer) {
  const int used = first_asked();
  client_->remoting().close();
  const auto response = ask();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kClosed);
  EXPECT_EQ(asked(used), 1);
  EXPECT_EQ(asked(1 - used), 0);
}

}  // namespace rocketmq::test
