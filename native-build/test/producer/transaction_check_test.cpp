#include <thread>

#include "base/compression.h"
#include "producer/transaction_fixture.h"

namespace rocketmq::test {

using mock::MockCluster;

// What brokers ask of transactions that nobody ended.
class TransactionCheckTest : public TransactionTest {
 protected:
  static std::string half(Running& running, const std::string& body = "x") {
    const auto sent = running.producer->send_half(message("orders", body), Millis(0));
    EXPECT_TRUE(sent) << sent.error().message;
    return sent ? std::string(as_text(sent->message_id)) : "";
  }

  // A question about a message that lies nowhere.
  static RemotingCommand question(const std::string& group, int32_t system_flag, std::vector<uint8_t> body,
                                  const std::string& id = "ID1") {
    std::string properties;
    append_property(properties, property::kUniqueId, id);
    if (!group.empty()) append_property(properties, property::kProducerGroup, group);
    MessageToStore stored;
    stored.topic = "orders";
    stored.properties = properties;
    stored.body = {body.data(), body.size()};
    stored.system_flag = system_flag;
    std::vector<uint8_t> bytes;
    encode_stored_message(stored, bytes);
    RemotingCommand request = RemotingCommand::request(request_code::kCheckTransactionState, SerializeType::kJson);
    request.flag = RemotingCommand::kOneWayFlag;
    request.ext_fields.add("topic", "RMQ_SYS_TRANS_HALF_TOPIC");
    request.ext_fields.add("tranStateTableOffset", 11);
    request.ext_fields.add("commitLogOffset", 22);
    request.ext_fields.add("msgId", "ID1");
    request.ext_fields.add("transactionId", "T1");
    request.body = SharedBytes(std::move(bytes));
    return request;
  }

  static void await_producer(MockCluster& cluster, const std::string& group = "tellers") {
    ASSERT_TRUE(eventually([&] { return !cluster.broker().producers_of(group).empty(); }));
  }
};

TEST_F(TransactionCheckTest, TheCheckerDecides) {
  MockCluster cluster;
  auto running = start(client(cluster), [](const Asked& asked) -> std::optional<TransactionState> {
    if (asked.body == "commit") return TransactionState::kCommit;
    return asked.body == "rollback" ? TransactionState::kRollback : TransactionState::kUnknown;
  });
  const std::string committed = half(running, "commit");
  half(running, "rollback");
  half(running, "unknown");
  check(cluster);
  ASSERT_TRUE(eventually([&] { return cluster.broker().open_transactions() == 1 && running.count() == 3; }));
  ASSERT_EQ(cluster.message_count("orders"), 1);
  EXPECT_EQ(cluster.messages("orders")[0].message_id(), committed);
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kEndTransaction, 3, kPatience));
  for (const auto& end : cluster.broker().requests(request_code::kEndTransaction)) {
    EXPECT_EQ(end.ext_fields.text("fromTransactionCheck"), "true");
    EXPECT_EQ(end.ext_fields.text("topic"), "RMQ_SYS_TRANS_HALF_TOPIC");
    EXPECT_EQ(end.ext_fields.text("bname"), "broker-0");
  }
  EXPECT_EQ(ends(cluster, 0), 1);
  // The one that is unknown is asked about again.
  check(cluster);
  EXPECT_TRUE(eventually([&] { return running.count() == 4; }));
  for (const Asked& asked : running.all()) {
    EXPECT_EQ(asked.topic, "orders");
    EXPECT_EQ(asked.transaction_id, asked.message_id);
  }
  EXPECT_TRUE(eventually([&] { return running.producer->statistics()->pending_checks == 0; }));
}

// Nothing of the group was ever sent by the second instance: it must be known to the broker all the same.
TEST_F(TransactionCheckTest, AnotherInstanceAnswersForOneThatDied) {
  MockCluster cluster;
  auto dead = start(client(cluster, "first"), unknown);
  const std::string id = half(dead);
  ASSERT_TRUE(dead.producer->close(Millis(0)));
  ASSERT_TRUE(eventually([&] { return cluster.broker().producers_of("tellers").empty(); }));
  auto heir = start(client(cluster, "second"), [](const Asked&) { return TransactionState::kCommit; });
  check(cluster);
  ASSERT_TRUE(eventually([&] { return cluster.message_count("orders") == 1; }));
  EXPECT_EQ(cluster.messages("orders")[0].message_id(), id);
  EXPECT_EQ(dead.count(), 0U);
  EXPECT_EQ(heir.count(), 1U);
}

TEST_F(TransactionCheckTest, TheSearchForBrokersOutlivesADeadNameServer) {
  MockCluster cluster;
  cluster.name_server().stop();
  auto running = start(client(cluster), unknown);
  EXPECT_TRUE(cluster.broker().producers_of("tellers").empty());
  cluster.name_server().start();
  EXPECT_TRUE(eventually([&] { return !cluster.broker().producers_of("tellers").empty(); }));
}

TEST_F(TransactionCheckTest, ACheckerThatThrowsLeavesItUnknown) {
  MockCluster cluster;
  auto running = start(client(cluster), [](const Asked& asked) -> std::optional<TransactionState> {
    if (asked.body == "number") throw 42;
    throw std::runtime_error("the database is gone");
  });
  half(running, "number");
  half(running, "exception");
  check(cluster);
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kEndTransaction, 2, kPatience));
  EXPECT_EQ(ends(cluster, 0), 2);
  EXPECT_EQ(cluster.broker().open_transactions(), 2);
  EXPECT_EQ(running.producer->statistics()->pending_checks, 0);
}

TEST_F(TransactionCheckTest, MayBeAnsweredLaterAndOnce) {
  MockCluster cluster;
  auto running = start(client(cluster), [](const Asked&) { return std::nullopt; });
  half(running);
  check(cluster);
  ASSERT_TRUE(eventually([&] { return running.count() == 1; }));
  EXPECT_EQ(running.producer->statistics()->pending_checks, 1);
  const uint64_t id = running.all()[0].id;
  ASSERT_TRUE(running.producer->answer_check(id, TransactionState::kCommit));
  EXPECT_EQ(running.producer->answer_check(id, TransactionState::kCommit).error().kind, ErrorKind::kInvalidState);
  EXPECT_EQ(running.producer->answer_check(4711, TransactionState::kCommit).error().kind, ErrorKind::kInvalidState);
  EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == 1; }));
}

// A broker stores the message anew for each question: the one answer must go to where it lies then.
TEST_F(TransactionCheckTest, AQuestionAskedAgainMeanwhileMovesTheAnswer) {
  MockCluster cluster;
  auto running = start(client(cluster), [](const Asked&) { return std::nullopt; });
  half(running);
  check(cluster);
  ASSERT_TRUE(eventually([&] { return running.count() == 1; }));
  for (int i = 0; i < 3; ++i) check(cluster);
  // Behind the questions on the same connection.
  ASSERT_TRUE(running.producer->send_one_way(message("others", "y"), Millis(20000)));
  const int beats = cluster.broker().request_count(request_code::kHeartbeat);
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kHeartbeat, beats + 2, kPatience));
  ASSERT_TRUE(running.producer->answer_check(running.all()[0].id, TransactionState::kCommit));
  EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == 1; }));
  EXPECT_EQ(running.count(), 1U);
}

TEST_F(TransactionCheckTest, OnesThatHangDoNotStopTheOthers) {
  MockCluster cluster;
  std::atomic<bool> release{false};
  TransactionOptions options;
  options.check_threads = 2;
  options.check_timeout = Millis(100);
  auto running = start(
      client(cluster),
      [&](const Asked& asked) -> std::optional<TransactionState> {
        if (asked.body != "hang") return TransactionState::kCommit;
        while (!release) std::this_thread::sleep_for(Millis(1));
        return std::nullopt;
      },
      options);
  for (int i = 0; i < 4; ++i) half(running, "hang");
  check(cluster);
  ASSERT_TRUE(eventually([&] { return running.count() >= 2; }));
  half(running, "good");
  // The broker asks again and again; the threads that hang are replaced one after the other.
  ASSERT_TRUE(eventually([&] {
    cluster.broker().check_transactions();
    std::this_thread::sleep_for(Millis(20));
    return cluster.message_count("orders") >= 1;
  }));
  EXPECT_EQ(as_text(cluster.messages("orders")[0].body.view()), "good");
  release = true;
}

TEST_F(TransactionCheckTest, CloseDoesNotWaitForOneThatHangs) {
  MockCluster cluster;
  std::atomic<bool> release{false};
  std::atomic<bool> returned{false};
  auto running = start(client(cluster), [&](const Asked&) -> std::optional<TransactionState> {
    while (!release) std::this_thread::sleep_for(Millis(1));
    returned = true;
    return std::nullopt;
  });
  half(running);
  check(cluster);
  ASSERT_TRUE(eventually([&] { return running.count() == 1; }));
  const auto begin = now();
  ASSERT_TRUE(running.producer->close(Millis(100)));
  EXPECT_GE(now() - begin, Millis(100));
  EXPECT_LT(now() - begin, Millis(5000));
  EXPECT_EQ(running.producer->answer_check(running.all()[0].id, TransactionState::kCommit).error().kind,
            ErrorKind::kClosed);
  release = true;
  EXPECT_TRUE(eventually([&] { return returned.load(); }));
}

TEST_F(TransactionCheckTest, CloseWaitsForOnesThatAnswer) {
  MockCluster cluster;
  std::atomic<bool> closing{false};
  auto running = start(client(cluster), [&](const Asked&) -> std::optional<TransactionState> {
    while (!closing) std::this_thread::sleep_for(Millis(1));
    std::this_thread::sleep_for(Millis(50));
    return TransactionState::kCommit;
  });
  half(running);
  check(cluster);
  ASSERT_TRUE(eventually([&] { return running.count() == 1; }));
  std::thread closer([&] { EXPECT_TRUE(running.producer->close(kPatience)); });
  // The close has begun.
  ASSERT_TRUE(eventually([&] {
    const auto refused = running.producer->send_one_way(message("others", "y"), Millis(0));
    return !refused && refused.error().kind == ErrorKind::kClosed;
  }));
  closing = true;
  closer.join();
  EXPECT_EQ(cluster.broker().open_transactions(), 0);
}

TEST_F(TransactionCheckTest, CloseFromInsideACheckIsDeferred) {
  MockCluster cluster;
  std::atomic<Producer*> self{nullptr};
  std::atomic<bool> closed{false};
  auto running = start(client(cluster), [&](const Asked&) {
    EXPECT_TRUE(self.load()->close(kPatience));
    closed = true;
    return TransactionState::kCommit;
  });
  self = running.producer.get();
  half(running);
  check(cluster);
  ASSERT_TRUE(eventually([&] { return closed.load(); }));
  // Waits for the one above.
  EXPECT_TRUE(running.producer->close(Millis(0)));
  EXPECT_EQ(cluster.broker().open_transactions(), 0);
}

TEST_F(TransactionCheckTest, TooManyAreDropped) {
  MockCluster cluster;
  std::atomic<bool> release{false};
  TransactionOptions options;
  options.check_threads = 1;
  options.max_pending_checks = 3;
  auto running = start(
      client(cluster),
      [&](const Asked&) {
        while (!release) std::this_thread::sleep_for(Millis(1));
        return TransactionState::kCommit;
      },
      options);
  for (int i = 0; i < 10; ++i) half(running, "m" + std::to_string(i));
  check(cluster);
  ASSERT_TRUE(eventually([&] { return running.producer->statistics()->pending_checks == 3; }));
  release = true;
  // The rest when they are asked about again.
  ASSERT_TRUE(eventually([&] {
    cluster.broker().check_transactions();
    std::this_thread::sleep_for(Millis(10));
    return cluster.message_count("orders") == 10;
  }));
}

TEST_F(TransactionCheckTest, CompressedBodiesAreUnpacked) {
  const std::string text(10000, 'a');
  const std::pair<CompressionType, int32_t> types[] = {{CompressionType::kZlib, system_flag::kCompressionZlib},
                                                       {CompressionType::kZlib, 0},
                                                       {CompressionType::kLz4, system_flag::kCompressionLz4},
                                                       {CompressionType::kZstd, system_flag::kCompressionZstd}};
  MockCluster cluster;
  auto running = start(client(cluster), [](const Asked&) { return TransactionState::kCommit; });
  await_producer(cluster);
  size_t count = 0;
  for (const auto& [type, flag] : types) {
    auto packed = compress(type, as_bytes(text), 3);
    ASSERT_TRUE(packed);
    cluster.broker().send_to_clients(question("tellers", system_flag::kCompressed | flag, *packed));
    ++count;
    ASSERT_TRUE(eventually([&] { return running.count() == count; }));
    EXPECT_EQ(running.all().back().body, text);
    EXPECT_EQ(running.all().back().transaction_id, "T1");
    ASSERT_TRUE(eventually([&] { return running.producer->statistics()->pending_checks == 0; }));
  }
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kEndTransaction, static_cast<int>(count), kPatience));
  const auto ends = cluster.broker().requests(request_code::kEndTransaction);
  ASSERT_EQ(ends.size(), count);
  EXPECT_EQ(ends[0].ext_fields.number("tranStateTableOffset", 0), 11);
  EXPECT_EQ(ends[0].ext_fields.number("commitLogOffset", 0), 22);
  EXPECT_EQ(ends[0].ext_fields.text("msgId"), "ID1");
  EXPECT_EQ(ends[0].ext_fields.text("transactionId"), "T1");
}

TEST_F(TransactionCheckTest, WhatCannotBeReadIsPassedOver) {
  MockCluster cluster;
  auto running = start(client(cluster), [](const Asked&) { return TransactionState::kCommit; });
  await_producer(cluster);
  const std::vector<uint8_t> body{'x'};
  auto corrupt = question("tellers", system_flag::kCompressed | system_flag::kCompressionZlib, body);
  auto unplaced = question("tellers", 0, body);
  unplaced.ext_fields = {};
  auto cut = question("tellers", 0, body);
  cut.body = cut.body.slice(0, 30);
  auto empty = question("tellers", 0, body);
  empty.body = {};
  for (const auto& each : {corrupt, unplaced, cut, empty, question("strangers", 0, body), question("", 0, body)}) {
    cluster.broker().send_to_clients(each);
  }
  // Another message, as the questions about one are taken together.
  cluster.broker().send_to_clients(question("tellers", 0, body, "ID2"));
  ASSERT_TRUE(cluster.broker().await_requests(request_code::kEndTransaction, 1, kPatience));
  EXPECT_EQ(running.count(), 1U);
  EXPECT_TRUE(eventually([&] { return running.producer->statistics()->pending_checks == 0; }));
}

TEST_F(TransactionCheckTest, AProducerWithoutACheckerIsNotAsked) {
  MockCluster cluster;
  ProducerOptions options;
  options.group = "tellers";
  auto plain = Producer::create(client(cluster), options);
  ASSERT_TRUE(plain && (*plain)->start());
  auto running = start(client(cluster), [](const Asked&) { return TransactionState::kCommit; });
  half(running);
  check(cluster);
  EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == 1; }));
  EXPECT_EQ(running.count(), 1U);
}

TEST_F(TransactionCheckTest, RunsOnANamedThread) {
  MockCluster cluster;
  std::string thread;
  auto running = start(client(cluster), [&](const Asked&) {
    thread = current_thread_name();
    return TransactionState::kCommit;
  });
  half(running);
  check(cluster);
  ASSERT_TRUE(eventually([&] { return cluster.message_count("orders") == 1; }));
  EXPECT_EQ(thread, "rmq-check-1");
}

TEST_F(TransactionCheckTest, AThreadThatCannotBeStartedIsTriedAgain) {
  MockCluster cluster;
  std::atomic<int> failures{2};
  TransactionOptions options;
  options.thread_starter = [&](std::string name, std::function<void()> body) {
    if (failures-- > 0) throw std::runtime_error("no more threads");
    return start_thread(std::move(name), std::move(body));
  };
  auto running = start(client(cluster), [](const Asked&) { return TransactionState::kCommit; }, options);
  for (int i = 0; i < 4; ++i) half(running, "m" + std::to_string(i));
  check(cluster);
  EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == 4; }));
  EXPECT_EQ(running.count(), 4U);
}

}  // namespace rocketmq::test
