#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "capi_values.h"
#include "eventually.h"
#include "mock/mock_cluster.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::test {

namespace {

using mock::MockCluster;

// What the callbacks were given, copied.
struct Given {
  std::mutex mutex;
  std::vector<uint64_t> checks;
  std::vector<std::string> bodies;
  std::vector<uint64_t> contexts;
  std::vector<int32_t> statuses;

  template <typename Member>
  size_t count(Member member) {
    std::lock_guard lock(mutex);
    return (this->*member).size();
  }
};

void on_check(uint64_t context, const rocketmq_transaction_check* check) {
  auto* given = reinterpret_cast<Given*>(context);
  std::lock_guard lock(given->mutex);
  given->checks.push_back(check->check_id);
  const auto* body = reinterpret_cast<const char*>(check->message->body);
  given->bodies.emplace_back(body, static_cast<size_t>(check->message->body_length));
  EXPECT_EQ(text(check->transaction_id), text(check->message->message_id));
  EXPECT_EQ(text(check->message->broker_name), "broker-0");
}

void on_reply(uint64_t context, const rocketmq_reply_completion* completion) {
  auto* given = reinterpret_cast<Given*>(context);
  std::lock_guard lock(given->mutex);
  given->contexts.push_back(completion->context);
  EXPECT_NE(completion->reply == nullptr, completion->error == nullptr);
  given->statuses.push_back(completion->error == nullptr ? ROCKETMQ_OK : completion->error->status);
  if (completion->reply == nullptr) return;
  const auto* body = reinterpret_cast<const char*>(completion->reply->body);
  given->bodies.emplace_back(body, static_cast<size_t>(completion->reply->body_length));
}

}  // namespace

class TransactionCApiTest : public ::testing::Test {
 protected:
  rocketmq_producer* create(const std::string& group, const std::string& instance = "") {
    addresses_ = cluster_.name_server_addresses();
    rocketmq_client_options client{};
    client.size = sizeof client;
    client.name_servers = text(addresses_);
    client.instance_name = text(instance);
    client.heartbeat_interval_ms = 100;
    rocketmq_producer_options options{};
    options.size = sizeof options;
    options.group = text(group);
    options.send_timeout_ms = 20000;
    rocketmq_producer* producer = nullptr;
    rocketmq_error error = new_error();
    EXPECT_EQ(rocketmq_producer_create(&client, &options, &producer, &error), ROCKETMQ_OK) << error.message;
    return producer;
  }
  static rocketmq_message message(const std::string& topic, const std::string& body) {
    rocketmq_message message{};
    message.size = sizeof message;
    message.topic = text(topic);
    message.body = reinterpret_cast<const uint8_t*>(body.data());
    message.body_length = static_cast<int64_t>(body.size());
    return message;
  }

  MockCluster cluster_;
  Given given_;
  const std::string topic_ = "orders";
  std::string addresses_;
};

TEST_F(TransactionCApiTest, ATransactionFromItsHalfToItsCheck) {
  rocketmq_producer* producer = create("tellers");
  rocketmq_error error = new_error();
  rocketmq_transaction_options options{};
  options.size = sizeof options;
  EXPECT_EQ(rocketmq_producer_set_transaction_options(producer, &options, &error), ROCKETMQ_INVALID_ARGUMENT);
  options.on_check = on_check;
  options.context = reinterpret_cast<uint64_t>(&given_);
  options.check_threads = 65;
  EXPECT_EQ(rocketmq_producer_set_transaction_options(producer, &options, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("check_threads is 65"), std::string::npos) << error.message;
  options.check_threads = 0;
  ASSERT_EQ(rocketmq_producer_set_transaction_options(producer, &options, &error), ROCKETMQ_OK) << error.message;
  ASSERT_EQ(rocketmq_producer_start(producer, &error), ROCKETMQ_OK);
  EXPECT_EQ(rocketmq_producer_set_transaction_options(producer, &options, &error), ROCKETMQ_INVALID_STATE);

  const std::string body = "hello";
  const auto outgoing = message(topic_, body);
  rocketmq_send_result result{};
  EXPECT_EQ(rocketmq_producer_send_half(producer, &outgoing, nullptr, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  // A program that was compiled before there were transactions.
  result.size = sizeof result - sizeof result.transaction;
  EXPECT_EQ(rocketmq_producer_send_half(producer, &outgoing, nullptr, &result, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, &result, &error), ROCKETMQ_OK);
  result.size = sizeof result;
  ASSERT_EQ(rocketmq_producer_send_half(producer, &outgoing, nullptr, &result, &error), ROCKETMQ_OK) << error.message;
  EXPECT_NE(result.transaction, 0U);
  EXPECT_EQ(rocketmq_producer_end_transaction(producer, result.transaction, 3, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_producer_end_transaction(producer, result.transaction, -1, &error), ROCKETMQ_INVALID_ARGUMENT);
  ASSERT_EQ(rocketmq_producer_end_transaction(producer, result.transaction, ROCKETMQ_TRANSACTION_UNKNOWN, &error),
            ROCKETMQ_OK)
      << error.message;
  EXPECT_EQ(rocketmq_producer_end_transaction(producer, result.transaction, ROCKETMQ_TRANSACTION_COMMIT, &error),
            ROCKETMQ_INVALID_STATE);

  ASSERT_TRUE(eventually([&] { return cluster_.broker().check_transactions() == 1; }));
  ASSERT_TRUE(eventually([&] { return given_.count(&Given::checks) == 1; }));
  EXPECT_EQ(given_.bodies[0], body);
  rocketmq_producer_statistics statistics{};
  statistics.size = sizeof statistics;
  ASSERT_EQ(rocketmq_producer_get_statistics(producer, &statistics, &error), ROCKETMQ_OK);
  EXPECT_EQ(statistics.pending_checks, 1);
  EXPECT_EQ(statistics.open_transactions, 0);
  EXPECT_EQ(rocketmq_producer_answer_check(producer, given_.checks[0], 7, &error), ROCKETMQ_INVALID_ARGUMENT);
  ASSERT_EQ(rocketmq_producer_answer_check(producer, given_.checks[0], ROCKETMQ_TRANSACTION_COMMIT, &error),
            ROCKETMQ_OK)
      << error.message;
  EXPECT_EQ(rocketmq_producer_answer_check(producer, given_.checks[0], ROCKETMQ_TRANSACTION_COMMIT, &error),
            ROCKETMQ_INVALID_STATE);
  EXPECT_TRUE(eventually([&] { return cluster_.message_count(topic_) == 2; }));
  rocketmq_producer_destroy(producer);
}

TEST_F(TransactionCApiTest, AProducerMayBeFreedWithChecksUnanswered) {
  rocketmq_producer* producer = create("tellers");
  rocketmq_transaction_options options{};
  options.size = sizeof options;
  options.on_check = on_check;
  options.context = reinterpret_cast<uint64_t>(&given_);
  ASSERT_EQ(rocketmq_producer_set_transaction_options(producer, &options, nullptr), ROCKETMQ_OK);
  ASSERT_EQ(rocketmq_producer_start(producer, nullptr), ROCKETMQ_OK);
  const std::string body = "hello";
  const auto outgoing = message(topic_, body);
  rocketmq_send_result result{};
  result.size = sizeof result;
  ASSERT_EQ(rocketmq_producer_send_half(producer, &outgoing, nullptr, &result, nullptr), ROCKETMQ_OK);
  ASSERT_TRUE(eventually([&] { return cluster_.broker().check_transactions() == 1; }));
  ASSERT_TRUE(eventually([&] { return given_.count(&Given::checks) == 1; }));
  rocketmq_producer_destroy(producer);
  EXPECT_EQ(cluster_.broker().open_transactions(), 1);
}

TEST_F(TransactionCApiTest, RequestsAndReplies) {
  cluster_.create_topic("mock_REPLY_TOPIC", 1);
  rocketmq_producer* requester = create("requesters", "requester");
  rocketmq_producer* replier = create("repliers", "replier");
  rocketmq_error error = new_error();
  ASSERT_EQ(rocketmq_producer_start(requester, &error), ROCKETMQ_OK);
  ASSERT_EQ(rocketmq_producer_start(replier, &error), ROCKETMQ_OK);
  const std::string body = "ping";
  const auto outgoing = message(topic_, body);
  EXPECT_EQ(rocketmq_producer_request(requester, &outgoing, nullptr, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_producer_request_async(requester, &outgoing, nullptr, 7, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_producer_set_reply_callback(requester, nullptr, 0, &error), ROCKETMQ_INVALID_ARGUMENT);
  const auto context = reinterpret_cast<uint64_t>(&given_);
  ASSERT_EQ(rocketmq_producer_set_reply_callback(requester, on_reply, context, &error), ROCKETMQ_OK);
  EXPECT_EQ(rocketmq_producer_set_reply_callback(requester, on_reply, context, &error), ROCKETMQ_INVALID_STATE);

  // Two requests, answered by hand.
  std::thread answering([&] {
    size_t answered = 0;
    ASSERT_TRUE(eventually([&] {
      const auto requests = cluster_.messages(topic_);
      if (requests.size() < 2) return false;
      for (const auto& request : requests) {
        std::string to;
        for (const auto& [name, value] : request.properties) append_property(to, name, value);
        const std::string pong = "pong";
        const std::string none;
        auto answer = message(none, pong);
        answer.reply_to = text(to);
        EXPECT_EQ(rocketmq_producer_send(replier, &answer, nullptr, nullptr, nullptr), ROCKETMQ_OK);
        ++answered;
      }
      return true;
    }));
    EXPECT_EQ(answered, 2U);
  });
  ASSERT_EQ(rocketmq_producer_request_async(requester, &outgoing, nullptr, 7, &error), ROCKETMQ_OK) << error.message;
  rocketmq_reply* reply = nullptr;
  const int32_t status = rocketmq_producer_request(requester, &outgoing, nullptr, &reply, &error);
  answering.join();
  ASSERT_EQ(status, ROCKETMQ_OK) << error.message;
  const rocketmq_message_view* view = rocketmq_reply_message(reply);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(view->body), static_cast<size_t>(view->body_length)), "pong");
  EXPECT_EQ(text(view->topic), "mock_REPLY_TOPIC");
  EXPECT_EQ(view->message_id.length, 32);
  EXPECT_EQ(view->offset_message_id.length, 0);
  rocketmq_reply_destroy(reply);
  EXPECT_EQ(rocketmq_reply_message(nullptr), nullptr);
  rocketmq_reply_destroy(nullptr);
  ASSERT_TRUE(eventually([&] { return given_.count(&Given::contexts) == 1; }));
  EXPECT_EQ(given_.contexts[0], 7U);
  EXPECT_EQ(given_.bodies[0], "pong");

  // One that nobody answers.
  ASSERT_EQ(rocketmq_producer_request_async(requester, &outgoing, nullptr, 8, &error), ROCKETMQ_OK);
  ASSERT_EQ(rocketmq_producer_close(requester, 10, &error), ROCKETMQ_OK);
  ASSERT_EQ(given_.count(&Given::contexts), 2U);
  EXPECT_EQ(given_.statuses[1], ROCKETMQ_CLOSED);
  rocketmq_producer_destroy(requester);
  rocketmq_producer_destroy(replier);
}

}  // namespace rocketmq::test
