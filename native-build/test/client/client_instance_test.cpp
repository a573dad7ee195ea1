#include "client/client_instance.h"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <future>
#include <memory>
#include <new>

#include "cluster_access.h"
#include "eventually.h"
#include "protocol/codes.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

constexpr int32_t kUnregister = request_code::kUnregisterClient;

class Member : public ConsumerMember {
 public:
  const std::string& group() const override { return group_; }
  ConsumerHeartbeat heartbeat() const override {
    ++heartbeats;
    return {group_, false, false, "CONSUME_FROM_LAST_OFFSET", {}};
  }
  void rebalance_soon() override { ++rebalances; }
  bool handle_request(const RemotingCommand&, std::function<void(RemotingCommand)>) override {
    ++requests;
    return true;
  }

  mutable std::atomic<int> heartbeats{0};
  std::atomic<int> rebalances{0};
  std::atomic<int> requests{0};

 private:
  const std::string group_ = "group";
};

class Producing : public ProducerMember {
 public:
  explicit Producing(bool fails) : fails_(fails) {}
  const std::string& group() const override { return group_; }
  bool check_transaction(const RemotingCommand&, StoredMessage&, const std::string&) override { return false; }
  bool take_reply(const std::shared_ptr<const RemotingCommand>&) override { return false; }
  void on_suspected(const std::vector<std::shared_ptr<BrokerState>>&, TimePoint) override {
    ++told;
    if (fails_) throw std::bad_alloc();
  }

  std::atomic<int> told{0};

 private:
  const bool fails_;
  const std::string group_ = "group";
};

class ClientInstanceTest : public ::testing::Test {
 protected:
  // Begins with the route of "orders", and no periodic work of its own accord.
  ClientInstance& start(ClientOptions options) {
    client_ = std::make_unique<ClientInstance>(options, 1);
    const auto found = std::make_shared<std::promise<Result<Route>>>();
    client_->routes().get("orders", true, 4, [found](Result<Route> route) { found->set_value(std::move(route)); });
    EXPECT_TRUE(found->get_future().get());
    client_->start();
    return *client_;
  }
  ClientOptions options() const {
    ClientOptions options = client_options(cluster_);
    options.heartbeat_interval = std::chrono::hours(1);
    options.route_refresh_interval = std::chrono::hours(1);
    return options;
  }
  void send_heartbeats() {
    static_cast<void>(asio::co_spawn(client_->loop().context(), client_->send_heartbeats(), asio::use_future).get());
  }
  Heartbeat last_heartbeat(int broker) {
    return *parse_heartbeat(as_text(cluster_.broker(broker).requests(kHeartbeat).back().body.view()));
  }

  MockCluster cluster_{{1, 2, 4, true}};
  std::unique_ptr<ClientInstance> client_;
};

TEST_F(ClientInstanceTest, BrokersLearnOfAProducerGroupOnceAndOfItsEndWithTheLast) {
  ClientInstance& client = start(options());
  client.join_producer_group("group");
  ASSERT_TRUE(cluster_.broker(0).await_requests(kHeartbeat, 1, kPatience));
  ASSERT_TRUE(cluster_.broker(1).await_requests(kHeartbeat, 1, kPatience));
  EXPECT_EQ(last_heartbeat(0).client_id, client.client_id());
  client.join_producer_group("group");
  send_heartbeats();
  EXPECT_EQ(last_heartbeat(0).producer_groups, std::vector<std::string>{"group"});
  client.leave_producer_group("group", kPatience);
  EXPECT_EQ(cluster_.broker(0).request_count(kUnregister), 0);
  client.leave_producer_group("group", kPatience);
  for (int broker = 0; broker < 2; ++broker) {
    const auto told = cluster_.broker(broker).requests(kUnregister);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].ext_fields.text("clientID"), client.client_id());
    EXPECT_EQ(told[0].ext_fields.text("producerGroup"), "group");
  }
  client.leave_producer_group("group", kPatience);
  EXPECT_EQ(cluster_.broker(0).request_count(kUnregister), 1);
}

TEST_F(ClientInstanceTest, ALeavingGroupDoesNotWaitForASilentBroker) {
  ClientOptions patient = options();
  patient.request_timeout = kPatience;
  ClientInstance& client = start(patient);
  client.join_producer_group("group");
  ASSERT_TRUE(cluster_.broker(1).await_requests(kHeartbeat, 1, kPatience));
  for (int broker = 0; broker < 2; ++broker) {
    cluster_.broker(broker).inject(kUnregister, Fault::of(Fault::Kind::kIgnore, -1));
  }
  const TimePoint begin = now();
  client.leave_producer_group("group", Millis(1));
  client.shutdown();
  EXPECT_LT(now() - begin, kPatience);
}

TEST_F(ClientInstanceTest, ASilentBrokerKeepsNoOtherFromLearningThatAGroupLeaves) {
  ClientOptions patient = options();
  patient.request_timeout = 4 * kPatience;
  for (int silent = 0; silent < 2; ++silent) {
    ClientInstance& client = start(patient);
    client.join_producer_group("group");
    for (int broker = 0; broker < 2; ++broker) {
      ASSERT_TRUE(cluster_.broker(broker).await_requests(kHeartbeat, silent + 1, kPatience));
    }
    cluster_.broker(silent).inject(kUnregister, Fault::of(Fault::Kind::kIgnore, -1));
    cluster_.broker(1 - silent).clear_faults();
    client.leave_producer_group("group", Millis(1));
    EXPECT_TRUE(eventually([&] { return cluster_.broker(1 - silent).producers_of("group").empty(); }));
    client.shutdown();
  }
}

TEST_F(ClientInstanceTest, AProducerThatCannotBeToldOfASilentBrokerKeepsNoOtherFromIt) {
  ClientInstance& client = start(options());
  const auto failing = std::make_shared<Producing>(true);
  const auto other = std::make_shared<Producing>(false);
  client.join_producer_group("group", failing);
  client.join_producer_group("group", other);
  ASSERT_TRUE(cluster_.broker(0).await_requests(kHeartbeat, 1, kPatience));
  cluster_.broker(0).freeze();
  const auto state = client.brokers().of(cluster_.broker(0).address());
  state->begin_request(now());
  client.watch().wake();
  EXPECT_TRUE(eventually([&] { return failing->told > 0 && other->told > 0; }));
  state->end_request();
  client.leave_producer_group("group", Millis(1), failing.get());
  client.leave_producer_group("group", Millis(1), other.get());
}

TEST_F(ClientInstanceTest, HeartbeatsArePeriodic) {
  ClientOptions often = options();
  often.heartbeat_interval = Millis(10);
  start(often).join_producer_group("group");
  EXPECT_TRUE(cluster_.broker(0).await_requests(kHeartbeat, 5, kPatience));
  EXPECT_TRUE(cluster_.broker(1).await_requests(kHeartbeat, 5, kPatience));
}

TEST_F(ClientInstanceTest, ABrokerThatMissedAHeartbeatGetsOneSoon) {
  ClientInstance& client = start(options());
  cluster_.broker(1).stop();
  client.join_producer_group("group");
  send_heartbeats();
  cluster_.broker(1).start();
  EXPECT_TRUE(cluster_.broker(1).await_requests(kHeartbeat, 1, kPatience));
}

TEST_F(ClientInstanceTest, OnlyConsumersHaveToDoWithSlaves) {
  TopicRoute::Broker both{"mock", "broker-0", {}, false};
  for (int id = 0; id < 2; ++id) both.addresses[id] = cluster_.broker(id).address();
  cluster_.set_route("orders", {"", {both}, {{"broker-0", 1, 1, 6}}});
  ClientInstance& client = start(options());
  client.join_producer_group("producers");
  send_heartbeats();
  EXPECT_GE(cluster_.broker(0).request_count(kHeartbeat), 1);
  EXPECT_EQ(cluster_.broker(1).request_count(kHeartbeat), 0);
  ASSERT_TRUE(client.join_consumer_group(std::make_shared<Member>()));
  send_heartbeats();
  ASSERT_GE(cluster_.broker(1).request_count(kHeartbeat), 1);
  ASSERT_EQ(last_heartbeat(1).consumers.size(), 1U);
  EXPECT_EQ(last_heartbeat(1).consumers[0].group, "group");
}

TEST_F(ClientInstanceTest, AConsumerGroupHasOneMemberAtATime) {
  ClientInstance& client = start(options());
  ASSERT_TRUE(client.join_consumer_group(std::make_shared<Member>()));
  const auto second = client.join_consumer_group(std::make_shared<Member>());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
  EXPECT_NE(second.error().message.find("\"group\""), std::string::npos) << second.error().message;
  client.leave_consumer_group("group", kPatience);
  EXPECT_TRUE(client.join_consumer_group(std::make_shared<Member>()));
}

TEST_F(ClientInstanceTest, WhatBrokersAskReachesTheMemberUntilItLeaves) {
  ClientInstance& client = start(options());
  const auto member = std::make_shared<Member>();
  ASSERT_TRUE(client.join_consumer_group(member));
  // The brokers tell of the new member.
  EXPECT_TRUE(eventually([&] { return member->rebalances >= 2; }));
  RemotingCommand request = RemotingCommand::request(request_code::kGetConsumerRunningInfo);
  request.ext_fields.add("consumerGroup", "another");
  cluster_.broker(0).send_to_clients(request);
  request.ext_fields = {};
  request.ext_fields.add("consumerGroup", "group");
  cluster_.broker(0).send_to_clients(request);
  EXPECT_TRUE(eventually([&] { return member->requests >= 1; }));
  EXPECT_EQ(member->requests, 1);
  client.leave_consumer_group("group", kPatience);
  const int heartbeats = member->heartbeats;
  EXPECT_EQ(cluster_.broker(0).requests(kUnregister).back().ext_fields.text("consumerGroup"), "group");
  EXPECT_TRUE(cluster_.broker(0).clients_of("group").empty());
  send_heartbeats();
  EXPECT_EQ(member->heartbeats, heartbeats);
}

TEST_F(ClientInstanceTest, ABrokerThatLeftTheRouteIsDisconnectedAndANewOneGreeted) {
  ClientOptions often = options();
  often.route_refresh_interval = Millis(10);
  const TopicRoute::Broker first{"mock", "broker-0", {{0, cluster_.broker(0).address()}}, false};
  const TopicRoute::Broker second{"mock", "broker-1", {{0, cluster_.broker(1).address()}}, false};
  cluster_.set_route("orders", {"", {first}, {{"broker-0", 1, 1, 6}}});
  start(often).join_producer_group("group");
  ASSERT_TRUE(cluster_.broker(0).await_requests(kHeartbeat, 1, kPatience));
  EXPECT_EQ(cluster_.broker(1).connection_count(), 0);
  cluster_.set_route("orders", {"", {second}, {{"broker-1", 1, 1, 6}}});
  EXPECT_TRUE(cluster_.broker(1).await_requests(kHeartbeat, 1, kPatience));
  EXPECT_TRUE(eventually([&] { return cluster_.broker(0).connection_count() == 0; }));
}

}  // namespace rocketmq::test
