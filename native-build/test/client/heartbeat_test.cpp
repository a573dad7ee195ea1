#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>

#include "client/client_instance.h"
#include "cluster_access.h"
#include "eventually.h"
#include "protocol/codes.h"

namespace rocketmq::test {

using mock::MockCluster;

class HeartbeatRoundsTest : public ::testing::Test {
 protected:
  ClientInstance& start(const ClientOptions& options) {
    client_ = std::make_unique<ClientInstance>(options, 1);
    const auto found = std::make_shared<std::promise<void>>();
    client_->routes().get("orders", true, 4, [found](const auto&) { found->set_value(); });
    found->get_future().get();
    client_->start();
    return *client_;
  }
  // Sends none but those that are asked for.
  ClientInstance& start_seldom() {
    ClientOptions options = client_options(cluster_);
    options.heartbeat_interval = std::chrono::hours(1);
    return start(options);
  }
  // The next request of that code is carried out so much later.
  void inject_late(int32_t request_code, Millis delay) {
    mock::Fault late = mock::Fault::of(mock::Fault::Kind::kLate);
    late.delay = delay;
    cluster_.broker(0).inject(request_code, late);
  }
  bool send_heartbeats() {
    return asio::co_spawn(client_->loop().context(), client_->send_heartbeats(), asio::use_future).get();
  }

  MockCluster cluster_{{1, 2, 4, true}};
  std::unique_ptr<ClientInstance> client_;
};

TEST_F(HeartbeatRoundsTest, ADeadBrokerDoesNotMultiplyThem) {
  ClientInstance& client = start_seldom();
  cluster_.broker(1).stop();
  client.join_producer_group("group");
  ASSERT_TRUE(cluster_.broker(0).await_requests(kHeartbeat, 1, kPatience));
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(send_heartbeats());
  const int before = cluster_.broker(0).request_count(kHeartbeat);
  // The dead one is tried every second.
  EXPECT_FALSE(cluster_.broker(0).await_requests(kHeartbeat, before + 5, Millis(2500)));
  EXPECT_GT(cluster_.broker(0).request_count(kHeartbeat), before);
}

TEST_F(HeartbeatRoundsTest, ManyWhoAskAtOnceGetFew) {
  ClientInstance& client = start_seldom();
  client.join_producer_group("group");
  ASSERT_TRUE(cluster_.broker(0).await_requests(kHeartbeat, 1, kPatience));
  EXPECT_FALSE(eventually(
      [&] {
        client.heartbeat_soon();
        return cluster_.broker(0).request_count(kHeartbeat) > 12;
      },
      Millis(1000)));
  EXPECT_GT(cluster_.broker(0).request_count(kHeartbeat), 1);
}

class QuietMember : public ConsumerMember {
 public:
  explicit QuietMember(std::string group = "group") : group_(std::move(group)) {}
  const std::string& group() const override { return group_; }
  ConsumerHeartbeat heartbeat() const override { return {group_, false, false, "CONSUME_FROM_LAST_OFFSET", {}}; }
  void rebalance_soon() override {}
  bool handle_request(const RemotingCommand&, std::function<void(RemotingCommand)>) override { return false; }

 private:
  const std::string group_;
};

// Each tells of all groups: as many as there are members would grow with their square.
TEST_F(HeartbeatRoundsTest, AThousandMembersThatStartTogetherShareAFew) {
  ClientOptions options = client_options(cluster_);
  options.heartbeat_interval = std::chrono::hours(1);
  options.request_timeout = Millis(6000);
  ClientInstance& client = start(options);
  cluster_.broker(0).inject(kHeartbeat, mock::Fault::delayed(Millis(20), -1));
  // It delays what is told to the others by nothing.
  cluster_.broker(1).inject(kHeartbeat, mock::Fault::of(mock::Fault::Kind::kIgnore, -1));
  std::vector<std::future<bool>> told;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(client.join_consumer_group(std::make_shared<QuietMember>("group-" + std::to_string(i))));
    told.push_back(asio::co_spawn(client.loop().context(), client.send_heartbeats(), asio::use_future));
  }
  EXPECT_TRUE(eventually([&] { return cluster_.broker(0).clients_of("group-999").size() == 1; }, Millis(6000)));
  for (auto& each : told) static_cast<void>(each.get());
  // As many rounds, of ten requests each, as fit into the time in which the members join.
  EXPECT_LT(cluster_.broker(0).request_count(kHeartbeat), 400);
  EXPECT_LT(cluster_.broker(1).request_count(kHeartbeat), 50);
}

// Each request of the round would wait for its own timeout.
TEST_F(HeartbeatRoundsTest, ASilentBrokerIsAskedForTheFirstOfManyAlone) {
  ClientOptions options = client_options(cluster_);
  options.heartbeat_interval = std::chrono::hours(1);
  options.request_timeout = Millis(2000);
  ClientInstance& client = start(options);
  for (int i = 0; i < 250; ++i) {
    ASSERT_TRUE(client.join_consumer_group(std::make_shared<QuietMember>("group-" + std::to_string(i))));
  }
  ASSERT_TRUE(send_heartbeats());
  const int before = cluster_.broker(0).request_count(kHeartbeat);
  cluster_.broker(0).inject(kHeartbeat, mock::Fault::of(mock::Fault::Kind::kIgnore, 1));
  // Not before the broker has been told of all groups.
  EXPECT_FALSE(send_heartbeats());
  EXPECT_FALSE(cluster_.broker(0).await_requests(kHeartbeat, before + 2, Millis(200)));
  EXPECT_TRUE(send_heartbeats());
  EXPECT_EQ(cluster_.broker(0).request_count(kHeartbeat), before + 4);
}

// Its queues would be nobody's.
TEST_F(HeartbeatRoundsTest, WhoLeavesWhileOneIsUnderWayIsNoMemberAfterwards) {
  ClientInstance& client = start_seldom();
  inject_late(kHeartbeat, Millis(200));
  ASSERT_TRUE(client.join_consumer_group(std::make_shared<QuietMember>()));
  ASSERT_TRUE(cluster_.broker(0).await_requests(kHeartbeat, 1, kPatience));
  client.leave_consumer_group("group", kPatience);
  EXPECT_TRUE(cluster_.broker(0).clients_of("group").empty());
  EXPECT_FALSE(eventually([&] { return !cluster_.broker(0).clients_of("group").empty(); }, Millis(400)));
}

TEST_F(HeartbeatRoundsTest, WhoLeavesWhileALongOneIsUnderWayIsNoMemberInTheEnd) {
  ClientInstance& client = start_seldom();
  inject_late(kHeartbeat, Millis(1200));
  ASSERT_TRUE(client.join_consumer_group(std::make_shared<QuietMember>()));
  ASSERT_TRUE(cluster_.broker(0).await_requests(kHeartbeat, 1, kPatience));
  client.leave_consumer_group("group", Millis(1000));
  // The broker was told at once, and once more when it had answered.
  ASSERT_TRUE(cluster_.broker(0).await_requests(request_code::kUnregisterClient, 2, kPatience));
  EXPECT_TRUE(eventually([&] { return cluster_.broker(0).clients_of("group").empty(); }));
}

TEST_F(HeartbeatRoundsTest, WhoComesAgainBeforeTheDepartureArrivesStays) {
  ClientInstance& client = start_seldom();
  ASSERT_TRUE(client.join_consumer_group(std::make_shared<QuietMember>()));
  ASSERT_TRUE(eventually([&] { return cluster_.broker(0).clients_of("group").size() == 1; }));
  inject_late(request_code::kUnregisterClient, Millis(300));
  client.leave_consumer_group("group", Millis(50));
  ASSERT_TRUE(cluster_.broker(0).await_requests(request_code::kUnregisterClient, 1, kPatience));
  const int before = cluster_.broker(0).request_count(kHeartbeat);
  ASSERT_TRUE(client.join_consumer_group(std::make_shared<QuietMember>()));
  ASSERT_TRUE(cluster_.broker(0).await_requests(kHeartbeat, before + 2, kPatience));
  EXPECT_TRUE(eventually([&] { return cluster_.broker(0).clients_of("group").size() == 1; }));
}

TEST_F(HeartbeatRoundsTest, WhoComesAgainAtOnceIsToldOf) {
  ClientInstance& client = start_seldom();
  const auto tell = [&] {
    asio::co_spawn(client.loop().context(), client.send_new_heartbeats(), asio::use_future).get();
  };
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(client.join_consumer_group(std::make_shared<QuietMember>()));
    tell();
    EXPECT_EQ(cluster_.broker(0).clients_of("group").size(), 1U);
    client.leave_consumer_group("group", kPatience);
    EXPECT_TRUE(cluster_.broker(0).clients_of("group").empty());
  }
}

class FailingMember : public ConsumerMember {
 public:
  const std::string& group() const override { return group_; }
  ConsumerHeartbeat heartbeat() const override {
    if (++heartbeats == 1) throw std::runtime_error("no heartbeat");
    return {group_, false, false, "CONSUME_FROM_LAST_OFFSET", {}};
  }
  void rebalance_soon() override {}
  bool handle_request(const RemotingCommand&, std::function<void(RemotingCommand)>) override { return false; }

  mutable std::atomic<int> heartbeats{0};

 private:
  const std::string group_ = "group";
};

TEST_F(HeartbeatRoundsTest, OneThatFailsIsNotTheLast) {
  ClientOptions options = client_options(cluster_);
  options.heartbeat_interval = Millis(50);
  ClientInstance& client = start(options);
  const auto member = std::make_shared<FailingMember>();
  ASSERT_TRUE(client.join_consumer_group(member));
  EXPECT_TRUE(eventually([&] { return cluster_.broker(0).clients_of("group").size() == 1; }));
  EXPECT_GE(member->heartbeats, 2);
  client.leave_consumer_group("group", kPatience);
}

TEST(HostLabelTest, HasOnlyWhatEveryServerReadsAlike) {
  EXPECT_EQ(host_label("Build-7.example_1"), "Build-7.example_1");
  EXPECT_EQ(host_label("B\xfcro PC"), "B_ro_PC");
  EXPECT_EQ(host_label("a@b#c\"d"), "a_b_c_d");
  EXPECT_EQ(host_label(std::string_view("a\0b", 3)), "a_b");
}

}  // namespace rocketmq::test
