#include <future>
#include <new>
#include <thread>

#include "base/worker_pool.h"
#include "consumer/consumer_fixture.h"
#include "consumer/push/dispatcher.h"
#include "without_memory.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class ConsumerCloseTest : public ConsumerTest {};

TEST_F(ConsumerCloseTest, ManyThreadsMayCloseAtOnce) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  auto running = start(cluster, quick(), [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  std::vector<std::thread> closing;
  for (int i = 0; i < 4; ++i) {
    closing.emplace_back([&] {
      EXPECT_TRUE(running.consumer->close(Millis(30000)));
      // Closed for each of them.
      EXPECT_EQ(running.consumer->suspend().error().kind, ErrorKind::kClosed);
      EXPECT_TRUE(cluster.broker().clients_of(kGroup).empty());
    });
  }
  EXPECT_TRUE(running.consumer->acknowledge(running.received->ids().front(), -1, 0));
  for (auto& thread : closing) thread.join();
  EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, 0), 1);
}

// More batches than are settled in one turn of the loop.
TEST_F(ConsumerCloseTest, AllThatWasAcknowledgedIsSettled) {
  constexpr int kCount = 600;
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  for (int i = 0; i < kCount; ++i) cluster.broker().put(kTopic, 0, "x");
  PushConsumerOptions options = quick();
  options.max_outstanding_batches = kCount;
  auto running = start(cluster, options, [](const Delivery&) { return kLater; });
  ASSERT_TRUE(eventually([&] { return running.received->count() == kCount; }));
  for (const uint64_t id : running.received->ids()) EXPECT_TRUE(running.consumer->acknowledge(id, -1, 0));
  EXPECT_TRUE(running.consumer->close(Millis(30000)));
  EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, 0), kCount);
}

TEST_F(ConsumerCloseTest, ACallbackThatDoesNotReturnDoesNotHoldUpTheClose) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  cluster.broker().put(kTopic, 0, "y");
  std::promise<void> gate;
  std::promise<std::string> body;
  auto running = start(cluster, quick(), [&body, go_on = gate.get_future().share()](const Delivery& delivery) {
    go_on.wait();
    body.set_value(std::string(as_text(delivery.messages[0].body.view())));
    return kLater;
  });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  ASSERT_TRUE(running.consumer->close(Millis(50)));
  EXPECT_TRUE(cluster.broker().clients_of(kGroup).empty());
  // Waits for some seconds, as the callback might use it.
  running.consumer.reset();
  gate.set_value();
  EXPECT_EQ(body.get_future().get(), "x");
  // The thread ends with all that it held, and begins no other callback.
  EXPECT_TRUE(eventually([&] { return running.received.use_count() == 1; }));
  EXPECT_EQ(running.received->count(), 1U);
}

TEST_F(ConsumerCloseTest, CloseWaitsForACallbackThatReturnsInTime) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  std::promise<void> gate;
  auto running = start(cluster, quick(), [go_on = gate.get_future().share()](const Delivery&) {
    go_on.wait();
    return -1;
  });
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  std::thread closing([&] { EXPECT_TRUE(running.consumer->close(Millis(30000))); });
  ASSERT_TRUE(eventually([&] { return running.consumer->suspend().error().kind == ErrorKind::kClosed; }));
  gate.set_value();
  closing.join();
  EXPECT_EQ(cluster.broker().committed_offset(kGroup, kTopic, 0), 1);
}

// The first close's timeout counts, though destroying closes as well.
TEST_F(ConsumerCloseTest, DestroyingInsideACallbackDoesNotCutTheCloseShort) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  cluster.broker().inject(request_code::kConsumerSendMessageBack, Fault::delayed(Millis(500)));
  PushConsumerOptions options = quick();
  options.persist_offset_interval = std::chrono::hours(1);
  std::promise<std::unique_ptr<PushConsumer>> handed_over;
  std::promise<std::string> body;
  auto running = start(cluster, options, [&](const Delivery& delivery) {
    auto consumer = handed_over.get_future().get();
    EXPECT_TRUE(consumer->acknowledge(delivery.id, 0, 0));
    EXPECT_TRUE(consumer->close(Millis(30000)));
    consumer.reset();
    // The batch stays until the callback returns.
    body.set_value(std::string(as_text(delivery.messages[0].body.view())));
    return kLater;
  });
  const std::weak_ptr<Received> received = running.received;
  handed_over.set_value(std::move(running.consumer));
  running.received.reset();
  ASSERT_TRUE(eventually([&] { return received.expired(); }));
  EXPECT_EQ(body.get_future().get(), "x");
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 1; }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().connection_count() == 0; }));
}

TEST(DispatcherTest, ADeliveryIsOutstandingUntilAllOfItsAcknowledgementIsDone) {
  PushConsumerOptions options;
  std::promise<uint64_t> given;
  options.on_delivery = [&](Delivery& delivery) { given.set_value(delivery.id); };
  WorkerPool workers({.name = "test"});
  int ended = 0;
  Dispatcher dispatcher(options, [&] { ++ended; });
  dispatcher.start(workers);
  const auto queue = std::make_shared<ProcessQueue>(MessageQueue{"orders", "broker-0", 0}, false, nullptr);
  queue->add(std::vector<StoredMessage>(1), 1);
  queue->open(TimePoint::max());
  dispatcher.schedule(queue);
  const uint64_t id = given.get_future().get();
  const auto record = dispatcher.claim(id);
  ASSERT_TRUE(record);
  EXPECT_EQ(dispatcher.claim(id), nullptr);
  EXPECT_TRUE(dispatcher.take_expired(TimePoint::max(), true).empty());
  dispatcher.end(record);
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(dispatcher.wait_idle(now()));
  EXPECT_EQ(dispatcher.take_ended(), record);
  dispatcher.release(record);
  EXPECT_TRUE(dispatcher.wait_idle(now()));
  EXPECT_EQ(dispatcher.claim(id), nullptr);
  dispatcher.stop();
  EXPECT_TRUE(dispatcher.wait_callbacks(now() + kPatience));
}

TEST(DispatcherTest, WhatHasExpiredIsNotLostForWantOfMemory) {
  PushConsumerOptions options;
  options.max_batch_size = 1;
  options.on_delivery = [](Delivery&) {};
  WorkerPool workers({.name = "test"});
  Dispatcher dispatcher(options, [] {});
  dispatcher.start(workers);
  const auto queue = std::make_shared<ProcessQueue>(MessageQueue{"orders", "broker-0", 0}, false, nullptr);
  constexpr size_t kCount = 3;
  std::vector<StoredMessage> messages(kCount);
  for (size_t i = 0; i < kCount; ++i) messages[i].queue_offset = static_cast<int64_t>(i);
  queue->add(std::move(messages), 1);
  queue->open(TimePoint::max());
  dispatcher.schedule(queue);
  ASSERT_TRUE(eventually([&] { return dispatcher.outstanding() == kCount; }));
  const TimePoint later = now() + options.consume_timeout + Millis(1000);
  std::vector<Dispatcher::Record> expired;
  for (int others = 0; expired.empty(); ++others) {
    fail_allocation_after(others);
    try {
      expired = dispatcher.take_expired(later, true);
    } catch (const std::bad_alloc&) {
      // As told.
    }
    fail_allocation_after(-1);
    ASSERT_LT(others, 10);
  }
  EXPECT_EQ(expired.size(), kCount);
  for (const auto& record : expired) dispatcher.release(record);
  dispatcher.stop();
  EXPECT_TRUE(dispatcher.wait_callbacks(now() + kPatience));
}

}  // namespace rocketmq::test
