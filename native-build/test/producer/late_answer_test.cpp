#include <atomic>
#include <memory>

#include "client/client_lease.h"
#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

// A producer that is closed before its answers come, while another one keeps the client they share alive.
class LateAnswerTest : public ProducerTest {
 protected:
  // Sends into the silence, and closes.
  void close_with_sends_in_flight(const Fault& fault) {
    Outcomes outcomes;
    ProducerOptions options;
    options.on_sent = outcomes.callback();
    options.attempt_timeout = Millis(200);
    auto survivor = started(cluster_);
    ASSERT_TRUE(survivor->send(message("orders", "x"), Millis(0)));
    auto closed = started(cluster_, options);
    cluster_.broker().inject(kSend, fault);
    for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(closed->send_async(message("orders", "x"), Millis(60000), i));
    ASSERT_TRUE(cluster_.broker().await_requests(kSend, 6, kPatience));
    ASSERT_TRUE(closed->close(Millis(0)));
    EXPECT_EQ(outcomes.count(), 5U);
    closed.reset();
    // By the end of this one, all late answers and deadlines have passed.
    cluster_.broker().clear_faults();
    cluster_.broker().inject(kSend, Fault::delayed(Millis(500)));
    EXPECT_TRUE(survivor->send(message("orders", "y"), Millis(0)));
    EXPECT_EQ(outcomes.count(), 5U);
  }

  MockCluster cluster_;
};

TEST_F(LateAnswerTest, ADeadlineAfterTheCloseIsPassedOver) {
  close_with_sends_in_flight(Fault::of(Fault::Kind::kIgnore, -1));
}

TEST_F(LateAnswerTest, AnAnswerAfterTheCloseIsPassedOver) {
  close_with_sends_in_flight(Fault::delayed(Millis(150), -1));
}

TEST_F(LateAnswerTest, AWarmUpMayOutliveItsProducer) {
  auto survivor = started(cluster_);
  ASSERT_TRUE(survivor->send(message("orders", "x"), Millis(0)));
  cluster_.name_server().inject(request_code::kGetRouteByTopic, Fault::delayed(Millis(300)));
  ProducerOptions options;
  options.send_timeout = Millis(50);
  auto closed = started(cluster_, options);
  EXPECT_EQ(closed->warm_up("slow").error().kind, ErrorKind::kTimeout);
  closed.reset();
  // Behind the slow one, at the same name server.
  EXPECT_TRUE(survivor->warm_up("slow"));
}

// Nor does what it asks the brokers keep the client's threads.
TEST_F(LateAnswerTest, AWarmUpThatIsGivenUpLetsTheClientGo) {
  cluster_.broker().inject(mock::kAnyRequest, Fault::of(Fault::Kind::kIgnore, -1));
  std::weak_ptr<ClientInstance> client;
  ProducerOptions options;
  options.send_timeout = Millis(100);
  {
    auto lease = ClientLease::acquire(client_options(cluster_));
    client = lease.instance();
    auto producer = started(cluster_, options);
    lease.release();
    EXPECT_EQ(producer->warm_up("orders").error().kind, ErrorKind::kTimeout);
  }
  EXPECT_TRUE(client.expired());
}

// The usual way to keep N in flight: the completion sends the next one.
TEST_F(LateAnswerTest, ACompletionMaySendTheNextOneAtTheLimit) {
  ProducerOptions options;
  options.max_in_flight_count = 1;
  std::atomic<Producer*> sender{nullptr};
  std::atomic<int> succeeded{0};
  std::atomic<int> refused{0};
  options.on_sent = [&](std::vector<SendOutcome>& outcomes) {
    for (const auto& outcome : outcomes) {
      succeeded += outcome.result ? 1 : 0;
      if (outcome.context == 0) continue;
      refused += sender.load()->send_async(message("orders", "x"), Millis(0), outcome.context - 1) ? 0 : 1;
    }
  };
  auto producer = started(cluster_, options);
  sender = producer.get();
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 9));
  EXPECT_TRUE(eventually([&] { return succeeded + refused == 10; }));
  EXPECT_EQ(refused, 0);
}

TEST_F(LateAnswerTest, UnlimitedSendsAreNotCounted) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  options.max_in_flight_count = 1;
  auto producer = started(cluster_, options);
  cluster_.broker().inject(kSend, Fault::delayed(Millis(200), -1));
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 0));
  for (uint64_t i = 1; i < 10; ++i) EXPECT_TRUE(producer->send_async(message("orders", "x"), Millis(0), i, false));
  EXPECT_EQ(producer->send_async(message("orders", "x"), Millis(0), 99).error().kind, ErrorKind::kTooManyRequests);
  EXPECT_TRUE(eventually([&] { return outcomes.count() == 10; }));
}

}  // namespace rocketmq::test
