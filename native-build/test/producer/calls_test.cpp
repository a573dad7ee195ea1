#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/client_lease.h"
#include "producer/transaction_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockBroker;
using mock::MockCluster;

// Asynchronous calls that are no sends.
class CallsTest : public TransactionTest {
 protected:
  static constexpr std::string_view kHandle = "djEgb3JkZXJzIGJyb2tlci0wIDE3MDAwMDAwMDAwMDAgQUJD";  // orders, broker-0

  ProducerOptions telling(ProducerOptions options = {}) {
    options.on_call_ended = [this](const CallOutcome& outcome) {
      std::lock_guard lock(mutex_);
      ended_[outcome.context].push_back(outcome.end);
    };
    return options;
  }
  size_t ended() const {
    std::lock_guard lock(mutex_);
    size_t all = 0;
    for (const auto& [context, ends] : ended_) all += ends.size();
    return all;
  }
  Result<CallEnd> end_of(uint64_t context) const {
    EXPECT_TRUE(eventually([&] {
      std::lock_guard lock(mutex_);
      return ended_.count(context) != 0;
    })) << "call "
        << context;
    std::lock_guard lock(mutex_);
    const auto found = ended_.find(context);
    if (found == ended_.end()) return fail(ErrorKind::kInternalError, "no end");
    EXPECT_EQ(found->second.size(), 1U) << "a call must end exactly once";
    return found->second.front();
  }
  static std::vector<std::string> names_of(const std::vector<MessageQueue>& queues) {
    std::vector<std::string> names;
    for (const MessageQueue& queue : queues) {
      names.push_back(queue.topic + " " + queue.broker_name + " " + std::to_string(queue.queue_id));
    }
    return names;
  }

  mutable std::mutex mutex_;
  std::map<uint64_t, std::vector<Result<CallEnd>>> ended_;
};

TEST_F(CallsTest, EachGivesWhatItWasAskedFor) {
  MockCluster cluster;
  cluster.create_topic("orders", 2);
  auto producer = started(cluster, telling());
  ASSERT_TRUE(producer->warm_up_async("orders", 1));
  ASSERT_TRUE(producer->queues_async("orders", Millis(0), 2));
  ASSERT_TRUE(producer->recall_async("orders", kHandle, Millis(0), 3));
  EXPECT_TRUE(end_of(1));
  EXPECT_EQ(names_of(end_of(2)->queues), (std::vector<std::string>{"orders broker-0 0", "orders broker-0 1"}));
  EXPECT_EQ(end_of(3)->message_id, MockBroker::kRecalledId);
  EXPECT_EQ(*producer->recall("orders", kHandle, Millis(0)), MockBroker::kRecalledId);
  EXPECT_EQ(cluster.broker().connection_count(), 1);
}

TEST_F(CallsTest, WhatIsRefusedAtOnceNeverEnds) {
  MockCluster cluster;
  auto producer = started(cluster, telling());
  EXPECT_EQ(producer->warm_up_async("or ders", 1).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(producer->recall_async("payments", kHandle, Millis(0), 2).error().kind, ErrorKind::kInvalidArgument);
  ASSERT_TRUE(producer->close(Millis(0)));
  EXPECT_EQ(producer->queues_async("orders", Millis(0), 3).error().kind, ErrorKind::kClosed);
  auto silent = started(cluster);
  const auto refused = silent->warm_up_async("orders", 4);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("on_call_ended is not set"), std::string::npos) << refused.error().message;
  EXPECT_EQ(ended(), 0U);
}

TEST_F(CallsTest, NoServerKeepsACallPastItsDeadline) {
  MockCluster cluster;
  cluster.create_topic("orders", 1);
  cluster.name_server().inject(request_code::kGetRouteByTopic, Fault::of(Fault::Kind::kIgnore, -1));
  ProducerOptions options;
  options.send_timeout = Millis(100);
  auto producer = started(cluster, telling(options));
  ASSERT_TRUE(producer->warm_up_async("orders", 1));
  ASSERT_TRUE(producer->queues_async("orders", Millis(50), 2));
  ASSERT_TRUE(producer->recall_async("orders", kHandle, Millis(50), 3));
  for (const uint64_t context : {1, 2, 3}) {
    const auto end = end_of(context);
    ASSERT_FALSE(end) << context;
    EXPECT_EQ(end.error().kind, ErrorKind::kTimeout) << end.error().message;
    EXPECT_EQ(end.error().topic, "orders");
    EXPECT_GE(end.error().elapsed_ms, 50);
    // Before the name server's request ends by itself.
    EXPECT_LT(end.error().elapsed_ms, 2900);
  }
}

TEST_F(CallsTest, AFrozenBrokerKeepsNoOtherFromBeingReached) {
  MockCluster cluster({.name_servers = 1, .brokers = 2});
  cluster.create_topic("orders", 1);
  cluster.broker(0).inject(mock::kAnyRequest, Fault::of(Fault::Kind::kIgnore, -1));
  ProducerOptions options;
  options.send_timeout = Millis(2000);
  auto producer = started(cluster, options);
  const TimePoint begin = now();
  EXPECT_TRUE(producer->warm_up("orders"));
  EXPECT_LT(millis_between(begin, now()), 1900);
  cluster.broker(1).inject(mock::kAnyRequest, Fault::of(Fault::Kind::kIgnore, -1));
  EXPECT_EQ(producer->warm_up("orders").error().kind, ErrorKind::kTimeout);
}

TEST_F(CallsTest, ATopicThatIsCreatedOnDemandIsWarmedUpToo) {
  MockCluster cluster;
  auto producer = started(cluster);
  const auto warm = producer->warm_up("orders");
  EXPECT_TRUE(warm) << warm.error().message;
}

TEST_F(CallsTest, ACloseEndsThoseThatWait) {
  MockCluster cluster;
  cluster.create_topic("orders", 1);
  // Keeps the client that they share.
  auto survivor = started(cluster);
  auto producer = started(cluster, telling());
  cluster.broker().inject(request_code::kRecallMessage, Fault::of(Fault::Kind::kIgnore, -1));
  for (uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(producer->recall_async("orders", kHandle, Millis(600000), i));
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kRecallMessage, 3, kPatience));
  ASSERT_TRUE(producer->close(Millis(0)));
  EXPECT_EQ(ended(), 3U);
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(end_of(i).error().kind, ErrorKind::kClosed);
}

TEST_F(CallsTest, WhatIsRefusedDuringACloseIsNotToldToo) {
  MockCluster cluster;
  for (int round = 0; round < 20; ++round) {
    auto running = create(client(cluster), unknown, {}, telling());
    ASSERT_TRUE(running.producer->start());
    std::set<uint64_t> accepted;
    const uint64_t first = static_cast<uint64_t>(round) * 1000000;
    std::atomic<bool> begun{false};
    std::thread caller([&] {
      for (uint64_t i = first;; ++i) {
        // Of no transaction: refused, unless a close comes first.
        const auto ended = running.producer->end_transaction_async(7, TransactionState::kCommit, i);
        if (ended) accepted.insert(i);
        begun = true;
        if (!ended && ended.error().kind == ErrorKind::kClosed) return;
      }
    });
    ASSERT_TRUE(eventually([&] { return begun.load(); }));
    ASSERT_TRUE(running.producer->close(Millis(0)));
    caller.join();
    running.producer.reset();
    std::lock_guard lock(mutex_);
    std::set<uint64_t> told;
    for (const auto& [context, ends] : ended_) {
      EXPECT_EQ(ends.size(), 1U);
      if (context >= first) told.insert(context);
    }
    EXPECT_EQ(told, accepted);
  }
}

// Its answer is dropped, and it keeps neither the producer nor the client.
TEST_F(CallsTest, OneThatWasGivenUpLetsTheClientGo) {
  MockCluster cluster;
  cluster.create_topic("orders", 1);
  cluster.broker().inject(request_code::kRecallMessage, Fault::of(Fault::Kind::kIgnore, -1));
  std::weak_ptr<ClientInstance> client;
  {
    auto lease = ClientLease::acquire(client_options(cluster));
    client = lease.instance();
    auto producer = started(cluster, telling());
    lease.release();
    ASSERT_TRUE(producer->recall_async("orders", kHandle, Millis(600000), 1));
    ASSERT_TRUE(cluster.broker().await_requests(request_code::kRecallMessage, 1, kPatience));
  }
  EXPECT_EQ(end_of(1).error().kind, ErrorKind::kClosed);
  EXPECT_TRUE(client.expired());
}

TEST_F(CallsTest, ACallbackThatBlocksHoldsUpItsOwnProducerAlone) {
  MockCluster cluster;
  cluster.create_topic("orders", 1);
  std::promise<void> release;
  ProducerOptions blocking;
  blocking.on_call_ended = [until = release.get_future().share()](const CallOutcome&) { until.wait(); };
  auto blocked = started(cluster, blocking);
  auto other = started(cluster, telling());
  ASSERT_TRUE(blocked->queues_async("orders", Millis(0), 1));
  for (uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(other->queues_async("orders", Millis(0), i));
  EXPECT_TRUE(eventually([&] { return ended() == 10; }));
  release.set_value();
}

TEST_F(CallsTest, ATransactionIsEndedWithoutWaiting) {
  MockCluster cluster;
  auto running = create(client(cluster), unknown, {}, telling());
  ASSERT_TRUE(running.producer->start());
  const auto half = running.producer->send_half(message("orders", "x"), Millis(0));
  ASSERT_TRUE(half) << half.error().message;
  ASSERT_TRUE(running.producer->end_transaction_async(half->transaction, TransactionState::kCommit, 7));
  EXPECT_TRUE(end_of(7));
  EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == 1; }));
  const auto again = running.producer->end_transaction_async(half->transaction, TransactionState::kCommit, 8);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kInvalidState);
  // It does not count any more.
  ASSERT_TRUE(running.producer->close(Millis(60000)));
  EXPECT_EQ(ended(), 1U);
}

TEST_F(CallsTest, ATransactionWhoseEndFailedStaysOpen) {
  MockCluster cluster;
  auto running = create(client(cluster), unknown, {}, telling());
  ASSERT_TRUE(running.producer->start());
  const auto half = running.producer->send_half(message("orders", "x"), Millis(0));
  ASSERT_TRUE(half) << half.error().message;
  cluster.broker().stop();
  // Once it is noticed, as until then a one-way request goes to a connection that breaks.
  ASSERT_TRUE(eventually([&] { return !running.producer->warm_up("orders"); }));
  ASSERT_TRUE(running.producer->end_transaction_async(half->transaction, TransactionState::kCommit, 1));
  const auto end = end_of(1);
  ASSERT_FALSE(end);
  EXPECT_NE(end.error().message.find("end it again"), std::string::npos) << end.error().message;
  EXPECT_EQ(running.producer->statistics()->open_transactions, 1);
  cluster.broker().start();
  EXPECT_TRUE(eventually(
      [&] { return running.producer->end_transaction(half->transaction, TransactionState::kCommit).has_value(); }));
}

class FlushTest : public ProducerTest {};

TEST_F(FlushTest, BatchesThatWaitGoAtOnce) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  options.auto_batch_linger = Millis(60000);
  auto producer = started(cluster, options);
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(producer->send_async(message("orders", "m"), Millis(0), i));
  // A batch that waits goes by itself after half of its timeout, 15 s.
  ASSERT_TRUE(producer->flush(Millis(5000)));
  // Told, too.
  EXPECT_EQ(outcomes.count(), 5U);
  EXPECT_EQ(cluster.broker().request_count(request_code::kSendBatchMessage), 1);
}

TEST_F(FlushTest, WaitsForWhatWasAcceptedBeforeAndNothingElse) {
  MockCluster cluster;
  // A thread that begins to flush late finds both sends: so more than one try, of which every one would fail that waits
  // for everything.
  bool flushed = false;
  for (int i = 0; i < 10 && !flushed; ++i) {
    cluster.broker().clear_faults();
    Outcomes outcomes;
    ProducerOptions options;
    options.on_sent = outcomes.callback();
    auto producer = started(cluster, options);
    ASSERT_TRUE(producer->flush(Millis(0)));
    ASSERT_TRUE(producer->send(message("orders", "known"), Millis(0)));
    cluster.broker().inject(kSend, Fault::delayed(Millis(200)));
    cluster.broker().inject(kSend, Fault::of(Fault::Kind::kIgnore, -1));
    ASSERT_TRUE(producer->send_async(message("orders", "slow"), Millis(0), 1));
    std::thread later([&] {
      std::this_thread::sleep_for(Millis(50));
      EXPECT_TRUE(producer->send_async(message("orders", "never answered"), Millis(60000), 2));
    });
    flushed = producer->flush(Millis(1000)).has_value();
    later.join();
    if (flushed) {
      EXPECT_TRUE(outcomes.result(1));
    }
    const auto late = producer->flush(Millis(50));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, ErrorKind::kTimeout) << late.error().message;
    ASSERT_TRUE(producer->close(Millis(0)));
    EXPECT_EQ(producer->flush(Millis(0)).error().kind, ErrorKind::kClosed);
  }
  EXPECT_TRUE(flushed);
}

TEST_F(FlushTest, InsideACallbackItIsRefused) {
  MockCluster cluster;
  std::atomic<Producer*> self{nullptr};
  std::promise<ErrorKind> refused;
  ProducerOptions options;
  options.on_sent = [&](std::vector<SendOutcome>&) {
    const auto flushed = self.load()->flush(Millis(0));
    refused.set_value(flushed ? ErrorKind::kOk : flushed.error().kind);
  };
  auto producer = started(cluster, options);
  self = producer.get();
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 1));
  auto told = refused.get_future();
  ASSERT_EQ(told.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(told.get(), ErrorKind::kInvalidState);
}

class PriorityTest : public ProducerTest {};

TEST_F(PriorityTest, GoesWithTheMessage) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  options.auto_batch_linger = Millis(60000);
  auto producer = started(cluster, options);
  auto urgent = message("orders", "x");
  urgent.priority = 0;
  // By itself, as brokers look at no priority of a batch.
  ASSERT_TRUE(producer->send(urgent, Millis(0)));
  urgent.priority = 7;
  ASSERT_TRUE(producer->send(urgent, Millis(0)));
  const auto stored = cluster.messages("orders");
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_NE(stored[0].property("_SYS_MSG_PRIORITY_"), stored[1].property("_SYS_MSG_PRIORITY_"));
  for (const auto& each : stored) {
    EXPECT_TRUE(each.property("_SYS_MSG_PRIORITY_") == "0" || each.property("_SYS_MSG_PRIORITY_") == "7");
  }
}

TEST_F(PriorityTest, WhatWouldLoseItIsRefused) {
  MockCluster cluster;
  auto producer = started(cluster);
  const auto urgent = [] {
    auto message = test::message("orders", "x");
    message.priority = 1;
    return message;
  };
  std::vector<OutgoingMessage> wrong(5, urgent());
  wrong[0].priority = -1;
  wrong[1].delay_level = 1;
  wrong[2].deliver_at_ms = 1;
  wrong[3].sharding_key = "k";
  wrong[4].broker_name = "broker-0";
  for (const auto& each : wrong) {
    const auto sent = producer->send(each, Millis(0));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, ErrorKind::kInvalidArgument);
    EXPECT_NE(sent.error().message.find("priority"), std::string::npos) << sent.error().message;
  }
  const auto batch = producer->send_batch(std::vector<OutgoingMessage>(1, urgent()), Millis(0));
  ASSERT_FALSE(batch);
  EXPECT_NE(batch.error().message.find("priority"), std::string::npos) << batch.error().message;
}

}  // namespace rocketmq::test
