#include <gtest/gtest.h>
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <atomic>
#include <string>
#include <vector>

#include "capi_values.h"
#include "eventually.h"
#include "mock/mock_cluster.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::test {

using mock::MockCluster;

struct Completed {
  std::atomic<int> succeeded{0};
  std::atomic<int> failed{0};
};

void on_sent(uint64_t context, const rocketmq_send_completion* const* completions, int32_t count) {
  auto* completed = reinterpret_cast<Completed*>(context);
  for (int32_t i = 0; i < count; ++i) {
    (completions[i]->result != nullptr ? completed->succeeded : completed->failed)++;
  }
}

class CApiTest : public ::testing::Test {
 protected:
  rocketmq_client_options client_options() {
    addresses_ = cluster_.name_server_addresses();
    rocketmq_client_options options{};
    options.size = sizeof options;
    options.name_servers = text(addresses_);
    return options;
  }
  rocketmq_producer* start_producer() {
    const auto client = client_options();
    rocketmq_producer_options options{};
    options.size = sizeof options;
    options.group = text(group_);
    options.on_sent = on_sent;
    options.context = reinterpret_cast<uint64_t>(&completed_);
    rocketmq_producer* producer = nullptr;
    rocketmq_error error = new_error();
    EXPECT_EQ(rocketmq_producer_create(&client, &options, &producer, &error), ROCKETMQ_OK) << error.message;
    EXPECT_EQ(rocketmq_producer_start(producer, &error), ROCKETMQ_OK) << error.message;
    return producer;
  }
  rocketmq_message message() {
    rocketmq_message message{};
    message.size = sizeof message;
    message.topic = text(topic_);
    message.body = reinterpret_cast<const uint8_t*>("hello");
    message.body_length = 5;
    return message;
  }

  MockCluster cluster_;
  Completed completed_;
  const std::string group_ = "group";
  const std::string topic_ = "orders";
  std::string addresses_;
};

// What is not there yet must not look as if it were: messages would go unprotected.
TEST_F(CApiTest, CredentialsNamespaceAndTlsAreRefused) {
  for (int what = 0; what < 4; ++what) {
    rocketmq_client_options client = client_options();
    if (what == 0) client.access_key = ROCKETMQ_STRING("key");
    if (what == 1) client.secret_key = ROCKETMQ_STRING("secret");
    if (what == 2) client.namespace_name = ROCKETMQ_STRING("tenant");
    if (what == 3) client.tls = 1;
    rocketmq_producer_options options{};
    options.size = sizeof options;
    options.group = text(group_);
    rocketmq_producer* producer = nullptr;
    rocketmq_error error = new_error();
    EXPECT_EQ(rocketmq_producer_create(&client, &options, &producer, &error), ROCKETMQ_NOT_SUPPORTED) << what;
    EXPECT_EQ(producer, nullptr);
    EXPECT_FALSE(std::string(error.message).empty());
  }
}

// What is not filled in would look like an answer.
TEST_F(CApiTest, AForgottenSizeIsRefusedBeforeAnythingIsDone) {
  rocketmq_producer* producer = start_producer();
  rocketmq_message outgoing = message();
  outgoing.topic = ROCKETMQ_STRING("orders");
  rocketmq_error error = new_error();
  rocketmq_send_result result{};
  EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, &result, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(error.message), "result.size is 0: set it to sizeof(the struct)");
  const rocketmq_message* messages[] = {&outgoing};
  rocketmq_send_result* results[] = {&result};
  EXPECT_EQ(rocketmq_producer_send_batch(producer, messages, 1, nullptr, results, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(error.message), "results[0].size is 0: set it to sizeof(the struct)");
  rocketmq_producer_statistics statistics{};
  EXPECT_EQ(rocketmq_producer_get_statistics(producer, &statistics, &error), ROCKETMQ_INVALID_ARGUMENT);
  error = {};
  EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(cluster_.message_count("orders"), 0);
  rocketmq_producer_destroy(producer);
}

TEST_F(CApiTest, SendsInEveryWay) {
  rocketmq_producer* producer = start_producer();
  const auto outgoing = message();
  rocketmq_send_result result{};
  result.size = sizeof result;
  ASSERT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, &result, nullptr), ROCKETMQ_OK);
  EXPECT_EQ(std::string(result.message_id).size(), 32U);
  EXPECT_EQ(std::string(result.broker_name), "broker-0");
  ASSERT_EQ(rocketmq_producer_send_async(producer, &outgoing, nullptr, 7, nullptr), ROCKETMQ_OK);
  ASSERT_EQ(rocketmq_producer_send_one_way(producer, &outgoing, nullptr, nullptr), ROCKETMQ_OK);
  ASSERT_EQ(rocketmq_producer_close(producer, 10000, nullptr), ROCKETMQ_OK);
  EXPECT_EQ(completed_.succeeded, 1);
  EXPECT_TRUE(eventually([&] { return cluster_.message_count("orders") == 3; }));
  rocketmq_producer_statistics statistics{};
  statistics.size = sizeof statistics;
  ASSERT_EQ(rocketmq_producer_get_statistics(producer, &statistics, nullptr), ROCKETMQ_OK);
  EXPECT_EQ(statistics.sends_succeeded, 2);
  rocketmq_producer_destroy(producer);
}

TEST_F(CApiTest, ConsumesAndAcknowledges) {
  struct State {
    rocketmq_push_consumer* consumer = nullptr;
    std::atomic<int> received{0};
  } state;
  cluster_.create_topic(topic_, 4);
  cluster_.broker().put(topic_, 0, "one", "TAGS\001t\002KEYS\001k\002");
  const auto client = client_options();
  rocketmq_push_consumer_options options{};
  options.size = sizeof options;
  options.group = text(group_);
  options.consume_from = ROCKETMQ_CONSUME_FROM_FIRST_OFFSET;
  options.context = reinterpret_cast<uint64_t>(&state);
  options.on_messages = [](uint64_t context, const rocketmq_message_batch* batch) {
    auto* self = reinterpret_cast<State*>(context);
    ASSERT_EQ(batch->count, 1);
    const rocketmq_message_view* view = batch->messages[0];
    EXPECT_EQ(std::string(view->topic.data, static_cast<size_t>(view->topic.length)), "orders");
    EXPECT_EQ(std::string(view->tag.data, static_cast<size_t>(view->tag.length)), "t");
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(view->body), static_cast<size_t>(view->body_length)), "one");
    EXPECT_EQ(view->property_count, 2);
    EXPECT_EQ(rocketmq_push_consumer_acknowledge(self->consumer, batch->delivery_id, nullptr, nullptr), ROCKETMQ_OK);
    ++self->received;
  };
  rocketmq_error error = new_error();
  ASSERT_EQ(rocketmq_push_consumer_create(&client, &options, &state.consumer, &error), ROCKETMQ_OK) << error.message;
  const auto topic = text(topic_);
  ASSERT_EQ(rocketmq_push_consumer_subscribe(state.consumer, &topic, ROCKETMQ_FILTER_TAG, nullptr, &error),
            ROCKETMQ_OK);
  EXPECT_EQ(rocketmq_push_consumer_subscribe(state.consumer, &topic, ROCKETMQ_FILTER_SQL92, nullptr, nullptr),
            ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_push_consumer_subscribe(state.consumer, &topic, 9, nullptr, nullptr), ROCKETMQ_INVALID_ARGUMENT);
  ASSERT_EQ(rocketmq_push_consumer_start(state.consumer, &error), ROCKETMQ_OK) << error.message;
  EXPECT_TRUE(eventually([&] { return state.received == 1; }));
  rocketmq_push_consumer_destroy(state.consumer);
}

TEST_F(CApiTest, NullsAndBadStructsAreArguments) {
  rocketmq_error error = new_error();
  rocketmq_producer* producer = nullptr;
  auto client = client_options();
  rocketmq_producer_options options{};
  options.size = sizeof options;
  options.group = text(group_);
  EXPECT_EQ(rocketmq_producer_create(nullptr, &options, &producer, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("client_options"), std::string::npos);
  EXPECT_EQ(rocketmq_producer_create(&client, &options, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  options.size = 0;
  EXPECT_EQ(rocketmq_producer_create(&client, &options, &producer, &error), ROCKETMQ_INVALID_ARGUMENT);
  options.size = sizeof options;
  options.max_attempts = 99;
  EXPECT_EQ(rocketmq_producer_create(&client, &options, &producer, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("max_attempts is 99, outside 1 to 16"), std::string::npos);
  options.max_attempts = 0;
  // Too few for a message of 4 MiB with its properties.
  client.max_frame_bytes = 4 * 1024 * 1024;
  EXPECT_EQ(rocketmq_producer_create(&client, &options, &producer, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("client_options.max_frame_bytes is 4194304, outside 4325376 to 16777216"),
            std::string::npos)
      << error.message;
  client.max_frame_bytes = 0;
  client.tls = 1;
  EXPECT_EQ(rocketmq_producer_create(&client, &options, &producer, &error), ROCKETMQ_NOT_SUPPORTED);
  EXPECT_EQ(rocketmq_producer_start(nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_producer_send(nullptr, nullptr, nullptr, nullptr, nullptr), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_push_consumer_start(nullptr, nullptr), ROCKETMQ_INVALID_ARGUMENT);
  rocketmq_producer_destroy(nullptr);
  rocketmq_push_consumer_destroy(nullptr);

  producer = start_producer();
  auto outgoing = message();
  outgoing.topic.length = -1;
  EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  outgoing = message();
  outgoing.body = nullptr;
  EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  outgoing = message();
  outgoing.property_count = 1;
  EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_producer_close(producer, -1, &error), ROCKETMQ_INVALID_ARGUMENT);
  rocketmq_producer_destroy(producer);
}

// A caller compiled against an older, shorter struct is served as far as it knows.
TEST_F(CApiTest, OlderStructsAreServed) {
  rocketmq_producer* producer = start_producer();
  auto outgoing = message();
  outgoing.size = offsetof(rocketmq_message, properties);
  outgoing.property_count = 1000;
  rocketmq_send_result result{};
  result.size = offsetof(rocketmq_send_result, offset_message_id);
  result.offset_message_id[0] = '?';
  EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, &result, nullptr), ROCKETMQ_OK);
  EXPECT_EQ(std::string(result.message_id).size(), 32U);
  EXPECT_EQ(result.offset_message_id[0], '?');
  rocketmq_producer_destroy(producer);
}

TEST_F(CApiTest, LogRecordsReachTheCallback) {
  static std::atomic<int> records{0};
  records = 0;
  const auto callback = [](uint64_t context, const rocketmq_log_record* record) {
    EXPECT_EQ(context, 5U);
    EXPECT_GE(record->level, ROCKETMQ_LOG_DEBUG);
    EXPECT_GT(record->layer.length, 0);
    ++records;
  };
  ASSERT_EQ(rocketmq_set_log_callback(callback, 5, ROCKETMQ_LOG_DEBUG, nullptr), ROCKETMQ_OK);
  rocketmq_producer* producer = start_producer();
  const auto outgoing = message();
  EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, nullptr, nullptr), ROCKETMQ_OK);
  EXPECT_TRUE(eventually([] { return records > 0; }));
  rocketmq_producer_destroy(producer);
  ASSERT_EQ(rocketmq_set_log_callback(nullptr, 0, ROCKETMQ_LOG_OFF, nullptr), ROCKETMQ_OK);
  EXPECT_EQ(rocketmq_set_log_callback(callback, 0, 6, nullptr), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_set_log_level(-1, nullptr), ROCKETMQ_INVALID_ARGUMENT);
}

#ifndef _WIN32
// Threads do not survive a fork: the child gets an error in place of a hang, and may create objects of its own.
TEST_F(CApiTest, ObjectsOfTheParentAreRefusedAfterAFork) {
  rocketmq_producer* producer = start_producer();
  const auto outgoing = message();
  ASSERT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, nullptr, nullptr), ROCKETMQ_OK);
  const pid_t child = fork();
  if (child == 0) {
    rocketmq_producer_statistics statistics{};
    statistics.size = sizeof statistics;
    const bool refused =
        rocketmq_producer_send(producer, &outgoing, nullptr, nullptr, nullptr) == ROCKETMQ_INVALID_STATE &&
        rocketmq_producer_send_async(producer, &outgoing, nullptr, 1, nullptr) == ROCKETMQ_INVALID_STATE &&
        rocketmq_producer_get_statistics(producer, &statistics, nullptr) == ROCKETMQ_INVALID_STATE &&
        rocketmq_producer_close(producer, 0, nullptr) == ROCKETMQ_INVALID_STATE;
    rocketmq_producer_destroy(producer);
    _exit(refused ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, nullptr, nullptr, nullptr), ROCKETMQ_OK);
  rocketmq_producer_destroy(producer);
}
#endif

TEST(CApiNamesTest, StatusesAndTheVersionHaveTexts) {
  EXPECT_STREQ(rocketmq_status_name(ROCKETMQ_TIMEOUT), "TIMEOUT");
  EXPECT_STREQ(rocketmq_status_name(ROCKETMQ_INTERNAL_ERROR), "INTERNAL_ERROR");
  EXPECT_STREQ(rocketmq_status_name(12345), "UNKNOWN");
  EXPECT_STREQ(rocketmq_version(), "0.1.0");
}

int32_t last_queue(uint64_t context, const rocketmq_message* message, const rocketmq_queue* const* queues,
                   int32_t count) {
  EXPECT_EQ(std::string(message->topic.data, static_cast<size_t>(message->topic.length)), "orders");
  EXPECT_EQ(queues[count - 1]->queue_id, count - 1);
  return context == 0 ? count - 1 : static_cast<int32_t>(context);
}

TEST_F(CApiTest, ASelectorChoosesTheQueueAndAPlaceThatIsNoneIsAnError) {
  rocketmq_producer* producer = start_producer();
  const auto outgoing = message();
  rocketmq_send_options options{};
  options.size = sizeof options;
  options.select = last_queue;
  rocketmq_send_result result{};
  result.size = sizeof result;
  rocketmq_error error = new_error();
  ASSERT_EQ(rocketmq_producer_send(producer, &outgoing, &options, &result, &error), ROCKETMQ_OK) << error.message;
  EXPECT_EQ(result.queue_id, 3);
  ASSERT_EQ(rocketmq_producer_send_one_way(producer, &outgoing, &options, &error), ROCKETMQ_OK) << error.message;
  ASSERT_EQ(rocketmq_producer_send_async(producer, &outgoing, &options, 0, &error), ROCKETMQ_OK) << error.message;
  EXPECT_TRUE(eventually([&] { return completed_.succeeded == 1 && cluster_.messages("orders").size() == 3; }));
  for (const auto& stored : cluster_.messages("orders")) EXPECT_EQ(stored.queue_id, 3);
  for (const int64_t place : {int64_t{4}, int64_t{-1}}) {
    options.select_context = static_cast<uint64_t>(place);
    EXPECT_EQ(rocketmq_producer_send(producer, &outgoing, &options, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
    EXPECT_NE(std::string(error.message).find("outside 0 to 3"), std::string::npos) << error.message;
  }
  rocketmq_producer_destroy(producer);
}

TEST_F(CApiTest, QueuesAreListed) {
  rocketmq_producer* producer = start_producer();
  rocketmq_error error = new_error();
  const rocketmq_string topic = text(topic_);
  const rocketmq_queue_list* list = nullptr;
  ASSERT_EQ(rocketmq_producer_get_queues(producer, &topic, 0, &list, &error), ROCKETMQ_OK) << error.message;
  ASSERT_EQ(list->count, 4);
  EXPECT_EQ(std::string(list->queues[2]->broker_name.data, static_cast<size_t>(list->queues[2]->broker_name.length)),
            "broker-0");
  EXPECT_EQ(list->queues[2]->queue_id, 2);
  rocketmq_queue_list_destroy(list);
  rocketmq_queue_list_destroy(nullptr);
  EXPECT_EQ(rocketmq_producer_get_queues(producer, &topic, 0, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  rocketmq_producer_destroy(producer);
}

TEST_F(CApiTest, BatchesHaveAResultForEachMessage) {
  rocketmq_producer* producer = start_producer();
  rocketmq_error error = new_error();
  const auto first = message();
  auto second = message();
  const rocketmq_message* batch[] = {&first, &second};
  rocketmq_send_result results[2]{};
  results[0].size = results[1].size = sizeof results[0];
  rocketmq_send_result* const pointers[] = {&results[0], &results[1]};
  int32_t fit = 0;
  ASSERT_EQ(rocketmq_producer_fit_batch(producer, batch, 2, &fit, &error), ROCKETMQ_OK) << error.message;
  EXPECT_EQ(fit, 2);
  ASSERT_EQ(rocketmq_producer_send_batch(producer, batch, 2, nullptr, pointers, &error), ROCKETMQ_OK) << error.message;
  EXPECT_EQ(results[1].queue_offset, results[0].queue_offset + 1);
  EXPECT_STRNE(results[0].message_id, results[1].message_id);
  ASSERT_EQ(rocketmq_producer_send_batch_async(producer, batch, 2, nullptr, 7, &error), ROCKETMQ_OK) << error.message;
  EXPECT_TRUE(eventually([&] { return completed_.succeeded == 1; }));
  EXPECT_EQ(rocketmq_producer_send_batch(producer, nullptr, 0, nullptr, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  batch[1] = nullptr;
  EXPECT_EQ(rocketmq_producer_send_batch(producer, batch, 2, nullptr, nullptr, &error), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("message 1 of the batch"), std::string::npos) << error.message;
  rocketmq_producer_destroy(producer);
}

}  // namespace rocketmq::test
