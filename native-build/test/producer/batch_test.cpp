#include <thread>

#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class BatchTest : public ProducerTest {
 protected:
  static std::vector<std::string> numbers(int count) {
    std::vector<std::string> bodies;
    for (int i = 0; i < count; ++i) bodies.push_back("m" + std::to_string(i));
    return bodies;
  }
  static std::vector<OutgoingMessage> messages(std::string_view topic, const std::vector<std::string>& bodies) {
    std::vector<OutgoingMessage> all;
    for (const std::string& body : bodies) all.push_back(message(topic, body));
    return all;
  }
  // Of literals, as the messages point at their bodies.
  static std::vector<OutgoingMessage> messages(std::string_view topic, std::initializer_list<const char*> bodies) {
    std::vector<OutgoingMessage> all;
    for (const char* body : bodies) all.push_back(message(topic, body));
    return all;
  }
};

TEST_F(BatchTest, ABatchGoesInOneRequestAndEachMessageHasItsOwnResult) {
  MockCluster cluster;
  auto producer = started(cluster);
  const auto bodies = numbers(10);
  auto batch = messages("orders", bodies);
  batch[3].tag = "created";
  batch[3].flag = 7;
  const auto receipt = producer->send_batch(batch, Millis(0));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(cluster.broker(0).request_count(request_code::kSendBatchMessage), 1);
  const auto stored = cluster.messages("orders");
  ASSERT_EQ(stored.size(), 10U);
  for (size_t i = 0; i < 10; ++i) {
    const SendReceipt one = receipt_of(*receipt, i);
    EXPECT_EQ(as_text(stored[i].body.view()), bodies[i]);
    EXPECT_EQ(stored[i].queue_id, one.queue_id);
    EXPECT_EQ(stored[i].queue_offset, one.queue_offset);
    EXPECT_EQ(stored[i].message_id(), as_text(one.message_id));
    EXPECT_EQ(stored[i].offset_message_id(), one.offset_message_id.view());
  }
  EXPECT_EQ(stored[3].property("TAGS"), "created");
  EXPECT_EQ(stored[3].flag, 7);
}

TEST_F(BatchTest, WhatMayNotBeInABatchIsNamed) {
  MockCluster cluster;
  ProducerOptions options;
  options.max_message_bytes = 1000;
  auto producer = started(cluster, options);
  const auto error_of = [&](std::vector<OutgoingMessage> batch) {
    const auto receipt = producer->send_batch(batch, Millis(0));
    EXPECT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind, ErrorKind::kInvalidArgument);
    return receipt ? "" : receipt.error().message;
  };
  EXPECT_NE(error_of({}).find("no message"), std::string::npos);
  EXPECT_NE(error_of({message("a", "1"), message("b", "2")}).find("message 1 of the batch goes to the topic \"b\""),
            std::string::npos);
  auto delayed = messages("a", {"1", "2"});
  delayed[1].delay_level = 3;
  EXPECT_NE(error_of(delayed).find("is delayed"), std::string::npos);
  auto timed = messages("a", {"1"});
  timed[0].deliver_at_ms = 1;
  EXPECT_NE(error_of(timed).find("is delayed"), std::string::npos);
  EXPECT_NE(error_of({message("%RETRY%group", "1")}).find("retry topic"), std::string::npos);
  auto keys = messages("a", {"1", "2"});
  keys[0].sharding_key = "x";
  EXPECT_NE(error_of(keys).find("sharding key"), std::string::npos);
  auto queues = messages("a", {"1", "2"});
  queues[0].broker_name = "broker-0";
  EXPECT_NE(error_of(queues).find("another queue"), std::string::npos);
  auto empty = messages("a", {"1", ""});
  EXPECT_NE(error_of(empty).find("body is empty"), std::string::npos);
  const std::string half(500, 'x');
  EXPECT_NE(error_of({message("a", half), message("a", half)}).find("over the limit of 1000"), std::string::npos);
  EXPECT_EQ(cluster.broker(0).request_count(request_code::kSendBatchMessage), 0);
}

TEST_F(BatchTest, WhatFitsIsStoredAndOneMoreIsRefused) {
  MockCluster cluster;
  ProducerOptions options;
  options.max_message_bytes = 2000;
  auto producer = started(cluster, options);
  const auto bodies = numbers(100);
  auto batch = messages("orders", bodies);
  const auto fit = producer->fit_batch(batch);
  ASSERT_TRUE(fit);
  EXPECT_GT(*fit, 5U);
  EXPECT_LT(*fit, 100U);
  batch.resize(*fit);
  EXPECT_TRUE(producer->send_batch(batch, Millis(0)));
  const std::string large(3000, 'x');
  EXPECT_EQ(*producer->fit_batch({message("orders", large)}), 0U);
  EXPECT_FALSE(producer->fit_batch({}));
}

TEST_F(BatchTest, AnAsynchronousBatchEndsOnceWithAllItsResults) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster, options);
  const auto bodies = numbers(5);
  ASSERT_TRUE(producer->send_batch_async(messages("orders", bodies), Millis(0), 7));
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 1; }));
  ASSERT_TRUE(*outcomes.result(7));
  EXPECT_EQ((*outcomes.result(7))->batch.size(), 5U);
}

TEST_F(BatchTest, ABatchIsSentAgainAsAWhole) {
  MockCluster cluster({1, 2, 4, true});
  auto producer = started(cluster);
  // One of so many goes there first.
  constexpr int kBatches = 8;
  cluster.broker(0).inject(request_code::kSendBatchMessage, Fault::respond(response_code::kSystemBusy, "busy", 1));
  const auto bodies = numbers(3);
  for (int i = 0; i < kBatches; ++i) {
    const auto receipt = producer->send_batch(messages("orders", bodies), Millis(0));
    ASSERT_TRUE(receipt) << receipt.error().message;
  }
  EXPECT_EQ(cluster.message_count("orders"), 3 * kBatches);
  EXPECT_EQ(producer->statistics()->sends_retried, 1);
}

class AutoBatchTest : public BatchTest {
 protected:
  ProducerOptions lingering(Outcomes& outcomes, Millis linger = Millis(20)) {
    ProducerOptions options;
    options.on_sent = outcomes.callback();
    options.auto_batch_linger = linger;
    options.max_in_flight_count = 10000;
    return options;
  }
  static int64_t requests(MockCluster& cluster) {
    return cluster.broker(0).request_count(request_code::kSendBatchMessage) +
           cluster.broker(0).request_count(request_code::kSendMessageV2);
  }
};

TEST_F(AutoBatchTest, SendsThatComeTogetherGoTogetherAndEndEachByItself) {
  MockCluster cluster;
  Outcomes outcomes;
  auto producer = started(cluster, lingering(outcomes));
  constexpr uint64_t kCount = 2000;
  for (uint64_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(producer->send_async(message("orders", "m" + std::to_string(i)), Millis(0), i));
  }
  ASSERT_TRUE(eventually([&] { return outcomes.count() == kCount; }));
  std::map<std::pair<int, int64_t>, std::string> by_place;
  for (const auto& stored : cluster.messages("orders")) {
    by_place[{stored.queue_id, stored.queue_offset}] = stored.message_id();
  }
  ASSERT_EQ(by_place.size(), kCount);
  for (uint64_t i = 0; i < kCount; ++i) {
    const auto receipt = *outcomes.result(i);
    ASSERT_TRUE(receipt);
    const auto place = std::make_pair(static_cast<int>(receipt->queue_id), receipt->queue_offset);
    EXPECT_EQ(by_place[place], as_text(receipt->message_id));
  }
  EXPECT_LT(requests(cluster), 200);
  EXPECT_EQ(producer->statistics()->sends_succeeded, static_cast<int64_t>(kCount));
  EXPECT_EQ(producer->statistics()->in_flight_count, 0);
}

TEST_F(AutoBatchTest, SynchronousSendsOfSeveralThreadsGoTogether) {
  MockCluster cluster;
  Outcomes outcomes;
  auto producer = started(cluster, lingering(outcomes, Millis(50)));
  std::vector<std::thread> threads;
  std::atomic<int> stored{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto receipt = producer->send(message("orders", "m" + std::to_string(i)), Millis(0));
      if (receipt) ++stored;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stored, 8);
  EXPECT_EQ(cluster.message_count("orders"), 8);
  EXPECT_EQ(outcomes.count(), 0U);
}

TEST_F(AutoBatchTest, ACallbackMaySendSynchronously) {
  MockCluster cluster;
  ProducerOptions options;
  options.auto_batch_linger = Millis(5);
  std::atomic<int> ended{0};
  Producer* used = nullptr;
  options.on_sent = [&](std::vector<SendOutcome>& outcomes) {
    if (ended == 0) {
      EXPECT_TRUE(used->send(message("orders", "inside"), Millis(0)));
    }
    ended += static_cast<int>(outcomes.size());
  };
  auto producer = started(cluster, options);
  used = producer.get();
  ASSERT_TRUE(producer->send_async(message("orders", "m"), Millis(0), 1));
  EXPECT_TRUE(eventually([&] { return ended == 1; }));
  EXPECT_EQ(cluster.message_count("orders"), 2);
}

// More than one callback is told of, as they ended while the one before it was busy.
TEST_F(AutoBatchTest, ManyEndsAtOnceKeepTheirOwnResults) {
  MockCluster cluster;
  constexpr uint64_t kCount = 4000;
  std::map<uint64_t, std::string> ids;
  std::atomic<size_t> ended{0};
  ProducerOptions options;
  options.auto_batch_linger = Millis(1);
  options.max_in_flight_count = kCount;
  options.on_sent = [&](std::vector<SendOutcome>& outcomes) {
    EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == kCount; }));
    for (const auto& outcome : outcomes) {
      ids.emplace(outcome.context, outcome.result ? as_text(outcome.result->message_id) : "failed");
    }
    ended += outcomes.size();
  };
  auto producer = started(cluster, options);
  for (uint64_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(producer->send_async(message("orders", std::to_string(i)), Millis(0), i));
  }
  ASSERT_TRUE(eventually([&] { return ended == kCount; }));
  ASSERT_EQ(ids.size(), kCount);
  for (const auto& stored : cluster.messages("orders")) {
    EXPECT_EQ(ids[std::stoull(std::string(as_text(stored.body.view())))], stored.message_id());
  }
}

TEST_F(AutoBatchTest, AFullBatchDoesNotWait) {
  MockCluster cluster;
  Outcomes outcomes;
  auto options = lingering(outcomes, Millis(60000));
  options.auto_batch_max_count = 10;
  auto producer = started(cluster, options);
  for (uint64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(producer->send_async(message("orders", "m"), Millis(0), i));
  }
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 20; }));
  EXPECT_EQ(cluster.broker(0).request_count(request_code::kSendBatchMessage), 2);
}

TEST_F(AutoBatchTest, WhatCannotGoWithOthersGoesByItself) {
  MockCluster cluster;
  Outcomes outcomes;
  auto options = lingering(outcomes, Millis(60000));
  options.auto_batch_max_bytes = 1000;
  options.compress_threshold_bytes = -1;
  auto producer = started(cluster, options);
  auto delayed = message("orders", "later");
  delayed.delay_level = 1;
  ASSERT_TRUE(producer->send_async(delayed, Millis(0), 1));
  const std::string large(2000, 'x');
  ASSERT_TRUE(producer->send_async(message("orders", large), Millis(0), 2));
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 2; }));
  EXPECT_EQ(cluster.broker(0).request_count(request_code::kSendMessageV2), 2);
  EXPECT_EQ(cluster.broker(0).request_count(request_code::kSendBatchMessage), 0);
}

TEST_F(AutoBatchTest, ALingerBeyondTheTimeoutLeavesTimeToSend) {
  MockCluster cluster;
  Outcomes outcomes;
  auto producer = started(cluster, lingering(outcomes, Millis(60000)));
  ASSERT_TRUE(producer->send_async(message("orders", "long"), Millis(60000), 1));
  ASSERT_TRUE(producer->send_async(message("orders", "short"), Millis(4000), 2));
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 1; }));
  EXPECT_TRUE(*outcomes.result(2));
  ASSERT_TRUE(producer->close(Millis(30000)));
  EXPECT_TRUE(*outcomes.result(1));
}

TEST_F(AutoBatchTest, AMessageThatIsRefusedDoesNotHurtItsBatch) {
  MockCluster cluster;
  Outcomes outcomes;
  auto producer = started(cluster, lingering(outcomes));
  ASSERT_TRUE(producer->send_async(message("orders", "good"), Millis(0), 1));
  auto bad = message("orders", "bad");
  bad.tag = "a\x01";
  const auto refused = producer->send_async(bad, Millis(0), 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidArgument);
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 1; }));
  EXPECT_TRUE(*outcomes.result(1));
  EXPECT_EQ(cluster.message_count("orders"), 1);
}

TEST_F(AutoBatchTest, AFailureIsToldToEachMember) {
  MockCluster cluster;
  Outcomes outcomes;
  auto producer = started(cluster, lingering(outcomes));
  cluster.broker(0).inject(request_code::kSendBatchMessage, Fault::respond(response_code::kMessageIllegal, "no", -1));
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(producer->send_async(message("orders", "m"), Millis(0), i));
  ASSERT_TRUE(eventually([&] { return outcomes.count() == 5; }));
  for (uint64_t i = 0; i < 5; ++i) EXPECT_EQ(outcomes.result(i)->error().remark, "no");
  EXPECT_EQ(producer->statistics()->sends_failed, 5);
}

TEST_F(AutoBatchTest, CloseSendsWhatWaits) {
  MockCluster cluster;
  Outcomes outcomes;
  auto producer = started(cluster, lingering(outcomes, Millis(60000)));
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(producer->send_async(message("orders", "m"), Millis(0), i));
  ASSERT_TRUE(producer->close(Millis(30000)));
  EXPECT_EQ(outcomes.count(), 5U);
  for (uint64_t i = 0; i < 5; ++i) EXPECT_TRUE(*outcomes.result(i));
  EXPECT_EQ(cluster.message_count("orders"), 5);
}

TEST_F(AutoBatchTest, CloseWithoutTimeEndsEverySendOnce) {
  MockCluster cluster;
  Outcomes outcomes;
  auto producer = started(cluster, lingering(outcomes, Millis(60000)));
  cluster.broker(0).inject(request_code::kSendBatchMessage, Fault::of(Fault::Kind::kIgnore, -1));
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(producer->send_async(message("orders", "m"), Millis(0), i));
  ASSERT_TRUE(producer->close(Millis(0)));
  EXPECT_EQ(outcomes.count(), 5U);
  for (uint64_t i = 0; i < 5; ++i) EXPECT_EQ(outcomes.result(i)->error().kind, ErrorKind::kClosed);
}

TEST_F(AutoBatchTest, SendsRaceWithTheClose) {
  MockCluster cluster;
  Outcomes outcomes;
  auto producer = started(cluster, lingering(outcomes, Millis(1)));
  std::atomic<uint64_t> accepted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 100000; ++i) {
        const auto sent = producer->send_async(message("orders", "m"), Millis(0), static_cast<uint64_t>(t) << 32 | i);
        if (sent) {
          ++accepted;
        } else if (sent.error().kind == ErrorKind::kClosed) {
          return;
        }
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return outcomes.count() > 100; }));
  ASSERT_TRUE(producer->close(Millis(30000)));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(outcomes.count(), accepted);
}

}  // namespace rocketmq::test
