#include <atomic>
#include <thread>

#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::kAnyRequest;
using mock::MockCluster;

// Brokers that are slow, and such that are silent: the one kind may take all the time of a send, the other may not.
class SilentBrokerTest : public ProducerTest {
 protected:
  // So long that nothing here ends by it.
  static constexpr Millis kLong{60000};

  SilentBrokerTest() : cluster_({1, 2, 4, true}) { cluster_.create_topic("orders", 4); }

  // A message to each broker, so that both are connected.
  void warm_up(Producer& producer) {
    ASSERT_TRUE(producer.warm_up("orders"));
    ASSERT_TRUE(eventually([&] {
      EXPECT_TRUE(producer.send(message("orders", "warm"), Millis(0)));
      return cluster_.broker(0).request_count(kSend) > 0 && cluster_.broker(1).request_count(kSend) > 0;
    }));
  }

  MockCluster cluster_;
};

TEST_F(SilentBrokerTest, ABrokerThatAcknowledgesLateStoresOneCopy) {
  auto producer = started(cluster_);
  warm_up(*producer);
  const int before = cluster_.message_count("orders");
  // Longer than a third of the time, and than a broker may be silent: it still answers other requests.
  for (int i = 0; i < 2; ++i) cluster_.broker(i).inject(kSend, Fault::delayed(Millis(2300), -1));
  for (int i = 0; i < 2; ++i) {
    const auto receipt = producer->send(message("orders", "x"), Millis(6000));
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_EQ(receipt->attempts, 1);
  }
  EXPECT_EQ(cluster_.message_count("orders"), before + 2);
}

TEST_F(SilentBrokerTest, ManySendsLeaveABrokerThatIsFrozen) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster_, options);
  warm_up(*producer);
  cluster_.broker(0).inject(kAnyRequest, Fault::of(Fault::Kind::kIgnore, -1));
  // Half of them go there, which are more than leave it at once.
  constexpr uint64_t kCount = 1000;
  for (uint64_t i = 0; i < kCount; ++i) ASSERT_TRUE(producer->send_async(message("orders", "x"), kLong, i));
  EXPECT_TRUE(eventually([&] { return outcomes.count() == kCount; }));
  for (uint64_t i = 0; i < kCount; ++i) EXPECT_TRUE(*outcomes.result(i)) << (*outcomes.result(i)).error().message;
}

TEST_F(SilentBrokerTest, SendsLeaveABrokerThatIsFrozen) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster_, options);
  warm_up(*producer);
  cluster_.broker(0).inject(kAnyRequest, Fault::of(Fault::Kind::kIgnore, -1));
  constexpr uint64_t kCount = 40;
  for (uint64_t i = 0; i < kCount; ++i) ASSERT_TRUE(producer->send_async(message("orders", "x"), kLong, i));
  std::atomic<int> succeeded{0};
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      for (int sent = 0; sent < 2; ++sent) succeeded += producer->send(message("orders", "y"), kLong) ? 1 : 0;
    });
  }
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(succeeded, 8);
  // Far sooner than their deadline.
  EXPECT_TRUE(eventually([&] { return outcomes.count() == kCount; }));
  for (uint64_t i = 0; i < kCount; ++i) EXPECT_TRUE(*outcomes.result(i)) << (*outcomes.result(i)).error().message;
  // Known to be silent by now.
  for (int i = 0; i < 10; ++i) {
    const auto receipt = producer->send(message("orders", "z"), kLong);
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->broker_name, "broker-1");
    EXPECT_EQ(receipt->attempts, 1);
  }
  // It is used again once it answers.
  cluster_.broker(0).clear_faults();
  EXPECT_TRUE(eventually([&] {
    const auto receipt = producer->send(message("orders", "z"), kLong);
    return receipt && receipt->broker_name == "broker-0";
  }));
}

// While nothing is known of the silence yet, sends that are under way do not hold up the others.
TEST_F(SilentBrokerTest, NewSendsAvoidABrokerThatIsSuspected) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster_, options);
  warm_up(*producer);
  cluster_.broker(0).inject(kAnyRequest, Fault::of(Fault::Kind::kIgnore, -1));
  uint64_t context = 0;
  ASSERT_TRUE(eventually([&] {
    EXPECT_TRUE(producer->send_async(message("orders", "x"), kLong, context));
    std::this_thread::sleep_for(Millis(20));
    ++context;
    const int before = cluster_.broker(0).request_count(kSend);
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(producer->send_async(message("orders", "x"), kLong, context++));
    return cluster_.broker(1).await_requests(kSend, 1, Millis(0)) &&
           cluster_.broker(0).request_count(kSend) == before && outcomes.count() > 0;
  }));
}

TEST_F(SilentBrokerTest, AnAnswerThatComesAfterAllEndsTheSend) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster_, options);
  warm_up(*producer);
  // The one is silent for a while; the other one answers everything but messages.
  cluster_.broker(0).inject(kSend, Fault::delayed(Millis(4000), -1));
  cluster_.broker(0).inject(request_code::kGetMaxOffset, Fault::of(Fault::Kind::kIgnore, -1));
  cluster_.broker(1).inject(kSend, Fault::of(Fault::Kind::kIgnore, -1));
  for (uint64_t i = 0; i < 8; ++i) ASSERT_TRUE(producer->send_async(message("orders", "x"), kLong, i));
  const auto ended = [&](uint64_t i) { return outcomes.result(i).has_value(); };
  EXPECT_TRUE(eventually([&] {
    for (uint64_t i = 0; i < 8; ++i) {
      if (ended(i)) return true;
    }
    return false;
  }));
  for (uint64_t i = 0; i < 8; ++i) {
    if (!ended(i)) continue;
    const auto result = *outcomes.result(i);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->broker_name, "broker-0");
    EXPECT_EQ(result->attempts, 2);
  }
}

// Another queue would not be the one that was asked for.
TEST_F(SilentBrokerTest, ASendToANamedQueueWaitsForItsBroker) {
  auto producer = started(cluster_);
  warm_up(*producer);
  cluster_.broker(0).inject(kAnyRequest, Fault::of(Fault::Kind::kIgnore, -1));
  auto named = message("orders", "x");
  named.broker_name = "broker-0";
  const auto receipt = producer->send(named, Millis(3500));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(receipt.error().may_be_stored);
  EXPECT_EQ(receipt.error().attempts, 1);
}

}  // namespace rocketmq::test
