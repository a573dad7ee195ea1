#include <atomic>
#include <thread>

#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class ProducerCloseTest : public ProducerTest {};

TEST_F(ProducerCloseTest, WaitsForSendsInFlight) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster, options);
  cluster.broker().inject(kSend, Fault::delayed(Millis(50), -1));
  for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(20000), i));
  ASSERT_TRUE(producer->close(Millis(20000)));
  EXPECT_EQ(outcomes.count(), 20U);
  for (uint64_t i = 0; i < 20; ++i) EXPECT_TRUE(*outcomes.result(i));
}

TEST_F(ProducerCloseTest, CompletesWithClosedWhatDoesNotEndInTime) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster, options);
  cluster.broker().inject(kSend, Fault::of(Fault::Kind::kIgnore, -1));
  for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(60000), i));
  std::thread waiting(
      [&] { EXPECT_EQ(producer->send(message("orders", "x"), Millis(60000)).error().kind, ErrorKind::kClosed); });
  ASSERT_TRUE(eventually([&] { return producer->statistics()->in_flight_count == 21; }));
  ASSERT_TRUE(producer->close(Millis(10)));
  waiting.join();
  ASSERT_EQ(outcomes.count(), 20U);
  for (uint64_t i = 0; i < 20; ++i) EXPECT_EQ(outcomes.result(i)->error().kind, ErrorKind::kClosed);
}

// Four callers read their answers themselves, the others wait for the loop: close must reach both.
TEST_F(ProducerCloseTest, EndsSynchronousSendsWhicheverWayTheyWait) {
  MockCluster cluster;
  auto producer = started(cluster);
  ASSERT_TRUE(producer->send(message("orders", "x"), Millis(0)));
  cluster.broker().inject(kSend, Fault::of(Fault::Kind::kIgnore, -1));
  std::vector<std::thread> callers;
  std::atomic<int> closed{0};
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      const auto receipt = producer->send(message("orders", "x"), Millis(60000));
      closed += !receipt && receipt.error().kind == ErrorKind::kClosed ? 1 : 0;
    });
  }
  ASSERT_TRUE(cluster.broker().await_requests(kSend, 9, kPatience));
  const auto begin = now();
  ASSERT_TRUE(producer->close(Millis(10)));
  EXPECT_LT(now() - begin, Millis(5000));
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(closed, 8);
}

TEST_F(ProducerCloseTest, RefusesWhatComesLater) {
  MockCluster cluster;
  auto producer = started(cluster);
  ASSERT_TRUE(producer->close(Millis(0)));
  ASSERT_TRUE(producer->close(Millis(0)));
  EXPECT_EQ(producer->send(message("orders", "x"), Millis(0)).error().kind, ErrorKind::kClosed);
  EXPECT_EQ(producer->send_async(message("orders", "x"), Millis(0), 1).error().kind, ErrorKind::kClosed);
  EXPECT_EQ(producer->send_one_way(message("orders", "x"), Millis(0)).error().kind, ErrorKind::kClosed);
  EXPECT_EQ(producer->start().error().kind, ErrorKind::kClosed);
}

TEST_F(ProducerCloseTest, StatesAreKept) {
  MockCluster cluster;
  ProducerOptions options;
  options.group = "group";
  auto producer = Producer::create(client_options(cluster), options);
  ASSERT_TRUE(producer);
  EXPECT_EQ((*producer)->send(message("orders", "x"), Millis(0)).error().kind, ErrorKind::kInvalidState);
  ASSERT_TRUE((*producer)->start());
  EXPECT_EQ((*producer)->start().error().kind, ErrorKind::kInvalidState);
}

TEST_F(ProducerCloseTest, WorksFromInsideACallback) {
  MockCluster cluster;
  Producer* self = nullptr;
  std::atomic<bool> closed{false};
  ProducerOptions options;
  options.on_sent = [&](std::vector<SendOutcome>&) {
    EXPECT_TRUE(self->close(Millis(10000)));
    EXPECT_EQ(self->send(message("orders", "x"), Millis(0)).error().kind, ErrorKind::kClosed);
    closed = true;
  };
  auto producer = started(cluster, options);
  self = producer.get();
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 1));
  ASSERT_TRUE(eventually([&] { return closed.load(); }));
}

TEST_F(ProducerCloseTest, DestroyingFromInsideACallbackIsDeferred) {
  MockCluster cluster;
  std::unique_ptr<Producer> producer;
  std::atomic<bool> destroyed{false};
  ProducerOptions options;
  options.on_sent = [&](std::vector<SendOutcome>&) {
    producer.reset();
    destroyed = true;
  };
  producer = started(cluster, options);
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 1));
  ASSERT_TRUE(eventually([&] { return destroyed.load(); }));
  ASSERT_TRUE(eventually([&] { return cluster.broker().connection_count() == 0; }));
}

TEST_F(ProducerCloseTest, ManyThreadsMayCloseWhileOthersSend) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  options.max_in_flight_count = 100000;
  auto producer = started(cluster, options);
  std::atomic<uint64_t> accepted{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; !stop; ++i) {
        if (!producer->send_async(message("orders", "x"), Millis(20000), static_cast<uint64_t>(t) << 32 | i)) break;
        ++accepted;
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return accepted > 100; }));
  std::vector<std::thread> closers;
  for (int t = 0; t < 3; ++t) closers.emplace_back([&] { EXPECT_TRUE(producer->close(Millis(20000))); });
  for (auto& closer : closers) closer.join();
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(outcomes.count(), accepted);
}

TEST_F(ProducerCloseTest, WorksWithoutAnyServer) {
  MockCluster cluster;
  cluster.name_server().stop();
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster, options);
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(60000), 1));
  ASSERT_TRUE(producer->close(Millis(10)));
  ASSERT_TRUE(outcomes.result(1));
  EXPECT_EQ(outcomes.result(1)->error().kind, ErrorKind::kClosed) << outcomes.result(1)->error().message;
}

TEST_F(ProducerCloseTest, ManyLoopsLeaveNothing) {
  MockCluster cluster;
  for (int i = 0; i < 500; ++i) {
    auto producer = started(cluster);
    ASSERT_TRUE(producer->send(message("orders", "x"), Millis(20000)));
    ASSERT_TRUE(producer->close(Millis(20000)));
  }
  EXPECT_EQ(cluster.message_count("orders"), 500);
  EXPECT_TRUE(eventually([&] { return cluster.broker().connection_count() == 0; }));
}

TEST_F(ProducerCloseTest, TwoProducersShareTheClientAndItOutlivesTheFirst) {
  MockCluster cluster;
  auto first = started(cluster);
  auto second = started(cluster);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(first->send(message("orders", "x"), Millis(0)));
  const int connections = cluster.broker().connection_count();
  ASSERT_TRUE(second->send(message("orders", "x"), Millis(0)));
  EXPECT_EQ(cluster.broker().connection_count(), connections);
  first.reset();
  EXPECT_TRUE(second->send(message("orders", "x"), Millis(0)));
}

}  // namespace rocketmq::test
