#include "producer/transaction_fixture.h"
#include "producer/transactions.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

// Half messages and their ends.
class TransactionEndTest : public TransactionTest {};

TEST_F(TransactionEndTest, CommittedIsDeliveredAndRolledBackIsNot) {
  MockCluster cluster;
  auto running = start(client(cluster), unknown);
  const auto kept = running.producer->send_half(message("orders", "kept"), Millis(0));
  ASSERT_TRUE(kept) << kept.error().message;
  const auto dropped = running.producer->send_half(message("orders", "dropped"), Millis(0));
  ASSERT_TRUE(dropped);
  EXPECT_NE(kept->transaction, 0U);
  EXPECT_NE(kept->transaction, dropped->transaction);
  EXPECT_EQ(cluster.message_count("orders"), 0);
  EXPECT_EQ(running.producer->statistics()->open_transactions, 2);
  ASSERT_TRUE(running.producer->end_transaction(dropped->transaction, TransactionState::kRollback));
  ASSERT_TRUE(running.producer->end_transaction(kept->transaction, TransactionState::kCommit));
  ASSERT_TRUE(eventually([&] { return cluster.broker().open_transactions() == 0; }));
  const auto stored = cluster.messages("orders");
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(as_text(stored[0].body.view()), "kept");
  EXPECT_EQ(stored[0].property(property::kProducerGroup), "tellers");
  EXPECT_EQ(running.producer->statistics()->open_transactions, 0);
  // What brokers read of the requests.
  const auto sends = cluster.broker().requests(request_code::kSendMessageV2);
  ASSERT_EQ(sends.size(), 2U);
  EXPECT_EQ(sends[0].ext_fields.number("f", 0) & system_flag::kTransactionPrepared, system_flag::kTransactionPrepared);
  for (const auto& end : cluster.broker().requests(request_code::kEndTransaction)) {
    EXPECT_TRUE(end.is_one_way());
    EXPECT_EQ(end.ext_fields.text("producerGroup"), "tellers");
    EXPECT_EQ(end.ext_fields.text("fromTransactionCheck"), "false");
    EXPECT_EQ(end.ext_fields.text("bname"), "broker-0");
    EXPECT_EQ(end.ext_fields.text("topic"), "orders");
  }
}

TEST_F(TransactionEndTest, AnAsynchronousHalfTellsItsTransaction) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto running = create(client(cluster), unknown, {}, std::move(options));
  ASSERT_TRUE(running.producer->start());
  ASSERT_TRUE(running.producer->send_half_async(message("orders", "x"), Millis(0), 7));
  ASSERT_TRUE(eventually([&] { return outcomes.result(7).has_value(); }));
  const auto result = *outcomes.result(7);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_TRUE(running.producer->end_transaction(result->transaction, TransactionState::kCommit));
  EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == 1; }));
}

TEST_F(TransactionEndTest, EndsOnce) {
  MockCluster cluster;
  auto running = start(client(cluster), unknown);
  const auto half = running.producer->send_half(message("orders", "x"), Millis(0));
  ASSERT_TRUE(half);
  ASSERT_TRUE(running.producer->end_transaction(half->transaction, TransactionState::kUnknown));
  for (const auto state : {TransactionState::kUnknown, TransactionState::kCommit, TransactionState::kRollback}) {
    EXPECT_EQ(running.producer->end_transaction(half->transaction, state).error().kind, ErrorKind::kInvalidState);
  }
  EXPECT_EQ(running.producer->end_transaction(0, TransactionState::kCommit).error().kind, ErrorKind::kInvalidState);
  EXPECT_EQ(running.producer->end_transaction(999, TransactionState::kCommit).error().kind, ErrorKind::kInvalidState);
  // UNKNOWN leaves it to the check.
  EXPECT_EQ(cluster.broker().open_transactions(), 1);
  EXPECT_EQ(cluster.message_count("orders"), 0);
}

TEST_F(TransactionEndTest, ARefusedHalfBeginsNothing) {
  MockCluster cluster;
  auto running = start(client(cluster), unknown);
  cluster.broker().inject(request_code::kSendMessageV2, Fault::respond(response_code::kMessageIllegal, "no", -1));
  const auto half = running.producer->send_half(message("orders", "x"), Millis(0));
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(half.error().response_code, response_code::kMessageIllegal);
  EXPECT_EQ(running.producer->statistics()->open_transactions, 0);
  EXPECT_EQ(cluster.broker().request_count(request_code::kEndTransaction), 0);
}

TEST_F(TransactionEndTest, AHalfThatIsNotSafeIsRolledBack) {
  for (const int32_t code :
       {response_code::kFlushDiskTimeout, response_code::kFlushSlaveTimeout, response_code::kSlaveNotAvailable}) {
    MockCluster cluster;
    auto running = start(client(cluster), unknown);
    Fault fault = Fault::of(Fault::Kind::kStatus);
    fault.code = code;
    cluster.broker().inject(request_code::kSendMessageV2, fault);
    const auto half = running.producer->send_half(message("orders", "x"), Millis(0));
    ASSERT_TRUE(half) << half.error().message;
    EXPECT_NE(half->status, SendStatus::kOk);
    EXPECT_EQ(half->transaction, 0U);
    EXPECT_TRUE(eventually([&] { return cluster.broker().open_transactions() == 0; })) << code;
    EXPECT_EQ(ends(cluster, system_flag::kTransactionRollback), 1);
    EXPECT_EQ(running.producer->end_transaction(half->transaction, TransactionState::kCommit).error().kind,
              ErrorKind::kInvalidState);
  }
}

TEST_F(TransactionEndTest, AHalfWithoutItsPlaceIsAProtocolError) {
  const auto transactions = std::make_shared<Transactions>("tellers", TransactionOptions());
  const auto half = transactions->prepare(message("orders", "x"));
  ASSERT_TRUE(half);
  for (const std::string id :
       {"", "0", "7F00000100002A9F", "7F00000100002A9FZZZZZZZZZZZZZZZZ", "7F00000100002A9FFFFFFFFFFFFFFFFF"}) {
    SendReceipt receipt;
    receipt.broker_name = "broker-0";
    receipt.offset_message_id = id;
    Result<SendReceipt> result = receipt;
    transactions->when_sent (**half)(result);
    if (id == "7F00000100002A9F") {
      // Sixteen digits are an offset, whatever comes before them.
      EXPECT_TRUE(result);
      continue;
    }
    ASSERT_FALSE(result) << id;
    EXPECT_EQ(result.error().kind, ErrorKind::kProtocolError);
  }
  EXPECT_EQ(transactions->open(), 1);
}

TEST_F(TransactionEndTest, WhatNoTransactionCanHaveIsRefused) {
  MockCluster cluster;
  auto running = start(client(cluster), unknown);
  auto delayed = message("orders", "x");
  delayed.delay_level = 3;
  auto timed = message("orders", "x");
  timed.deliver_at_ms = wall_clock_ms() + 1000;
  auto reply = message("", "x");
  reply.reply_to = "CLUSTER\001c\002";
  for (const auto& each : {delayed, timed, reply}) {
    const auto half = running.producer->send_half(each, Millis(0));
    ASSERT_FALSE(half);
    EXPECT_EQ(half.error().kind, ErrorKind::kInvalidArgument) << half.error().message;
  }
  EXPECT_EQ(cluster.broker().request_count(request_code::kSendMessageV2), 0);
}

TEST_F(TransactionEndTest, NeedsAChecker) {
  MockCluster cluster;
  auto producer = started(cluster);
  const auto half = producer->send_half(message("orders", "x"), Millis(0));
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().kind, ErrorKind::kInvalidState);
  EXPECT_NE(half.error().message.find("checker"), std::string::npos) << half.error().message;
  EXPECT_EQ(producer->end_transaction(1, TransactionState::kCommit).error().kind, ErrorKind::kInvalidState);
  EXPECT_EQ(producer->answer_check(1, TransactionState::kCommit).error().kind, ErrorKind::kInvalidState);
  TransactionOptions late;
  late.on_check = [](TransactionCheck&) {};
  EXPECT_EQ(producer->set_transaction_options(late).error().kind, ErrorKind::kInvalidState);
  ASSERT_TRUE(producer->close(Millis(0)));
  EXPECT_EQ(producer->set_transaction_options(late).error().kind, ErrorKind::kClosed);
}

TEST_F(TransactionEndTest, StaysOpenWhenTheBrokerIsGoneAndIsCheckedWhenItIsBack) {
  MockCluster cluster;
  auto running = start(client(cluster), [](const Asked&) { return TransactionState::kCommit; });
  const auto first = running.producer->send_half(message("orders", "first"), Millis(0));
  const auto second = running.producer->send_half(message("orders", "second"), Millis(0));
  ASSERT_TRUE(first && second);
  cluster.broker().stop();
  ASSERT_TRUE(eventually([&] { return cluster.broker().connection_count() == 0; }));
  for (int i = 0; i < 2; ++i) {
    const auto end = running.producer->end_transaction(first->transaction, TransactionState::kCommit);
    // The first attempt may still meet the connection that is about to break.
    if (end && i == 0) continue;
    ASSERT_FALSE(end);
    EXPECT_TRUE(end.error().kind == ErrorKind::kUnreachable || end.error().kind == ErrorKind::kConnectionLost ||
                end.error().kind == ErrorKind::kInvalidState)
        << end.error().message;
  }
  cluster.broker().start();
  check(cluster);
  EXPECT_TRUE(eventually([&] { return cluster.message_count("orders") == 2; }));
  EXPECT_GE(running.count(), 2U);
}

TEST_F(TransactionEndTest, AnEndThatFailedMayBeRepeated) {
  MockCluster cluster;
  auto running = start(client(cluster), unknown);
  const auto half = running.producer->send_half(message("orders", "x"), Millis(0));
  ASSERT_TRUE(half);
  cluster.broker().stop();
  // Until the connection is known to be gone, and no other can be made.
  ASSERT_TRUE(eventually([&] {
    const auto other = running.producer->send_one_way(message("orders", "y"), Millis(50));
    return !other;
  }));
  const auto failed = running.producer->end_transaction(half->transaction, TransactionState::kCommit);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kUnreachable) << failed.error().message;
  EXPECT_NE(failed.error().message.find(as_text(half->message_id)), std::string::npos);
  EXPECT_EQ(running.producer->statistics()->open_transactions, 1);
  cluster.broker().start();
  ASSERT_TRUE(eventually(
      [&] { return running.producer->end_transaction(half->transaction, TransactionState::kCommit).has_value(); }));
  EXPECT_TRUE(eventually([&] { return cluster.broker().open_transactions() == 0; }));
}

TEST_F(TransactionEndTest, AfterTheCloseNothingGoes) {
  MockCluster cluster;
  auto running = start(client(cluster), unknown);
  const auto half = running.producer->send_half(message("orders", "x"), Millis(0));
  ASSERT_TRUE(half);
  ASSERT_TRUE(running.producer->close(Millis(0)));
  EXPECT_EQ(running.producer->end_transaction(half->transaction, TransactionState::kCommit).error().kind,
            ErrorKind::kClosed);
  EXPECT_EQ(running.producer->send_half(message("orders", "x"), Millis(0)).error().kind, ErrorKind::kClosed);
  EXPECT_EQ(cluster.broker().open_transactions(), 1);
}

// What is committed just before the close must not be lost with the connection.
TEST_F(TransactionEndTest, ACommitJustBeforeTheCloseArrives) {
  MockCluster cluster;
  for (int i = 0; i < 50; ++i) {
    auto running = start(client(cluster), unknown);
    const auto half = running.producer->send_half(message("orders", "x"), Millis(0));
    ASSERT_TRUE(half);
    ASSERT_TRUE(running.producer->end_transaction(half->transaction, TransactionState::kCommit));
    ASSERT_TRUE(running.producer->close(Millis(20000)));
  }
  EXPECT_EQ(cluster.message_count("orders"), 50);
}

}  // namespace rocketmq::test
