#include <thread>

#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

// Whether an error says that a broker may have stored the message.
class MayBeStoredTest : public ProducerTest {
 protected:
  MayBeStoredTest() { cluster_.create_topic("orders", 4); }

  Error failed_send(Producer& producer, Millis timeout = Millis(0)) {
    const auto receipt = producer.send(message("orders", "x"), timeout);
    EXPECT_FALSE(receipt);
    return receipt ? Error{} : receipt.error();
  }
  std::unique_ptr<Producer> connected(ProducerOptions options = {}) {
    auto producer = started(cluster_, std::move(options));
    EXPECT_TRUE(producer->send(message("orders", "warm"), Millis(20000)));
    return producer;
  }

  MockCluster cluster_;
};

TEST_F(MayBeStoredTest, ARequestThatWasWrittenAndNotAnswered) {
  auto producer = connected();
  cluster_.broker().inject(kSend, Fault::of(Fault::Kind::kDrop, -1));
  const Error error = failed_send(*producer, Millis(300));
  EXPECT_EQ(error.kind, ErrorKind::kTimeout);
  EXPECT_TRUE(error.may_be_stored);
}

TEST_F(MayBeStoredTest, AConnectionThatIsLost) {
  ProducerOptions options;
  options.max_attempts = 1;
  auto producer = connected(options);
  cluster_.broker().inject(kSend, Fault::of(Fault::Kind::kReset));
  const Error error = failed_send(*producer);
  EXPECT_EQ(error.kind, ErrorKind::kConnectionLost);
  EXPECT_TRUE(error.may_be_stored);
}

TEST_F(MayBeStoredTest, AnAnswerThatCannotBeRead) {
  ProducerOptions options;
  options.max_attempts = 1;
  auto producer = connected(options);
  cluster_.broker().inject(kSend, Fault::of(Fault::Kind::kGarbageFrame));
  const Error error = failed_send(*producer);
  EXPECT_TRUE(error.may_be_stored) << error.message;
}

TEST_F(MayBeStoredTest, AnAcknowledgementWithoutAnOffset) {
  auto producer = connected();
  cluster_.broker().inject(kSend, Fault::respond(response_code::kSuccess, {}));
  const Error error = failed_send(*producer);
  EXPECT_EQ(error.kind, ErrorKind::kProtocolError);
  EXPECT_TRUE(error.may_be_stored);
}

TEST_F(MayBeStoredTest, NotWhatWasRefused) {
  auto producer = connected();
  cluster_.broker().inject(kSend, Fault::respond(response_code::kMessageIllegal, "no"));
  const Error error = failed_send(*producer);
  EXPECT_EQ(error.kind, ErrorKind::kRejected);
  EXPECT_FALSE(error.may_be_stored);
}

TEST_F(MayBeStoredTest, ARefusalThatFollowsALostConnection) {
  auto producer = connected();
  cluster_.broker().inject(kSend, Fault::of(Fault::Kind::kReset));
  cluster_.broker().inject(kSend, Fault::respond(response_code::kMessageIllegal, "refused", -1));
  const Error error = failed_send(*producer);
  EXPECT_EQ(error.kind, ErrorKind::kRejected);
  EXPECT_EQ(error.response_code, response_code::kMessageIllegal);
  EXPECT_TRUE(error.may_be_stored);
  EXPECT_NE(error.message.find("may have stored"), std::string::npos) << error.message;
}

TEST_F(MayBeStoredTest, NotWhatNeverLeft) {
  // Without a connection of before, which may take a send though nobody reads it any more.
  auto producer = started(cluster_, {});
  cluster_.broker().stop();
  const Error error = failed_send(*producer, Millis(300));
  EXPECT_EQ(error.kind, ErrorKind::kUnreachable) << error.message;
  EXPECT_FALSE(error.may_be_stored);
}

TEST_F(MayBeStoredTest, NotWithoutARoute) {
  ProducerOptions options;
  options.send_timeout = Millis(300);
  auto producer = started(cluster_, options);
  cluster_.name_server().stop();
  EXPECT_FALSE(failed_send(*producer).may_be_stored);
}

TEST_F(MayBeStoredTest, WhatIsUnderWayWhenItsProducerIsClosed) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = connected(options);
  cluster_.broker().inject(kSend, Fault::of(Fault::Kind::kIgnore, -1));
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(60000), 1));
  ASSERT_TRUE(cluster_.broker().await_requests(kSend, 2, kPatience));
  ASSERT_TRUE(producer->close(Millis(0)));
  const auto result = outcomes.result(1);
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().kind, ErrorKind::kClosed);
  EXPECT_TRUE(result->error().may_be_stored);
}

// The caller waits for the answer by a connection of its own.
TEST_F(MayBeStoredTest, WhatIsUnderWayWhenItsProducerIsClosedWithoutItsMainConnection) {
  auto producer = connected();
  cluster_.broker().inject(kSend, Fault::of(Fault::Kind::kDrop, -1));
  Error error;
  std::thread caller([&] { error = failed_send(*producer, Millis(60000)); });
  EXPECT_TRUE(cluster_.broker().await_requests(kSend, 2, kPatience));
  EXPECT_TRUE(cluster_.broker().reset_connection(0));
  EXPECT_TRUE(producer->close(Millis(0)));
  caller.join();
  EXPECT_EQ(error.kind, ErrorKind::kClosed);
  EXPECT_TRUE(error.may_be_stored);
}

TEST_F(MayBeStoredTest, NotWhatWaitsForARouteWhenItsProducerIsClosed) {
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster_, options);
  cluster_.name_server().stop();
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(60000), 1));
  ASSERT_TRUE(producer->close(Millis(0)));
  const auto result = outcomes.result(1);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().kind, ErrorKind::kClosed);
  EXPECT_FALSE(result->error().may_be_stored);
}

TEST_F(MayBeStoredTest, ABatchAsAWhole) {
  auto producer = connected();
  cluster_.broker().inject(request_code::kSendBatchMessage, Fault::of(Fault::Kind::kDrop, -1));
  const auto receipt = producer->send_batch({message("orders", "x"), message("orders", "y")}, Millis(300));
  ASSERT_FALSE(receipt);
  EXPECT_TRUE(receipt.error().may_be_stored);
}

TEST_F(MayBeStoredTest, ARequest) {
  auto producer = connected();
  cluster_.broker().inject(kSend, Fault::of(Fault::Kind::kDrop, -1));
  const auto reply = producer->request(message("orders", "x"), Millis(500));
  ASSERT_FALSE(reply);
  EXPECT_TRUE(reply.error().may_be_stored);
}

// The receipt of a message that is stored is worth more than the failure of a better one.
class StoredReceiptTest : public MayBeStoredTest {
 protected:
  Result<SendReceipt> sent_after(int32_t status, const Fault& then) {
    ProducerOptions options;
    options.retry_not_store_ok = true;
    auto producer = connected(options);
    cluster_.broker().inject(kSend, {Fault::Kind::kStatus, status, {}, {}, 1});
    cluster_.broker().inject(kSend, then);
    return producer->send(message("orders", "x"), Millis(0));
  }
};

TEST_F(StoredReceiptTest, IsKeptWhenLaterAttemptsAreRefused) {
  const std::pair<int32_t, SendStatus> statuses[] = {
      {response_code::kFlushDiskTimeout, SendStatus::kFlushDiskTimeout},
      {response_code::kFlushSlaveTimeout, SendStatus::kFlushSlaveTimeout},
      {response_code::kSlaveNotAvailable, SendStatus::kSlaveNotAvailable}};
  for (const auto& [code, status] : statuses) {
    const auto receipt = sent_after(code, Fault::respond(response_code::kSystemBusy, "busy", 2));
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_EQ(receipt->status, status);
    EXPECT_EQ(receipt->attempts, 3);
    cluster_.broker().clear_faults();
  }
}

TEST_F(StoredReceiptTest, IsKeptWhenLaterAttemptsLoseTheirConnection) {
  const auto receipt = sent_after(response_code::kFlushSlaveTimeout, Fault::of(Fault::Kind::kReset, 2));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->status, SendStatus::kFlushSlaveTimeout);
}

}  // namespace rocketmq::test
