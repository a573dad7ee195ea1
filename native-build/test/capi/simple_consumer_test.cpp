#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "capi_values.h"
#include "eventually.h"
#include "mock/mock_cluster.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::test {

namespace {

using mock::MockCluster;

// What callbacks were told.
struct Told {
  std::atomic<int> calls{0};
  std::atomic<const rocketmq_received_batch*> batch{nullptr};
  std::atomic<int> failed{0};
  std::string handle;
};

void on_completed(uint64_t context, const rocketmq_simple_completion* const* completions, int32_t count) {
  auto* told = reinterpret_cast<Told*>(context);
  for (int32_t i = 0; i < count; ++i) {
    const rocketmq_simple_completion* completion = completions[i];
    EXPECT_EQ(completion->size, sizeof *completion);
    if (completion->error != nullptr) ++told->failed;
    if (completion->batch != nullptr) told->batch = completion->batch;
    if (completion->receipt_handle.length > 0) told->handle = text(completion->receipt_handle);
    ++told->calls;
  }
}

class SimpleConsumerCApiTest : public ::testing::Test {
 protected:
  rocketmq_simple_consumer* start() {
    cluster_.create_topic(topic_, 2);
    addresses_ = cluster_.name_server_addresses();
    rocketmq_client_options client{};
    client.size = sizeof client;
    client.name_servers = text(addresses_);
    rocketmq_simple_consumer_options options{};
    options.size = sizeof options;
    options.group = text(group_);
    options.on_completed = on_completed;
    options.context = reinterpret_cast<uint64_t>(&told_);
    rocketmq_simple_consumer* consumer = nullptr;
    EXPECT_EQ(rocketmq_simple_consumer_create(&client, &options, &consumer, &error_), ROCKETMQ_OK) << error_.message;
    const rocketmq_string topic = text(topic_);
    EXPECT_EQ(rocketmq_simple_consumer_subscribe(consumer, &topic, ROCKETMQ_FILTER_TAG, nullptr, &error_), ROCKETMQ_OK);
    EXPECT_EQ(rocketmq_simple_consumer_start(consumer, &error_), ROCKETMQ_OK) << error_.message;
    return consumer;
  }
  static rocketmq_receive_options how(int32_t most, int32_t await_ms = 20000) {
    rocketmq_receive_options options{};
    options.size = sizeof options;
    options.max_messages = most;
    options.await_ms = await_ms;
    return options;
  }

  MockCluster cluster_;
  Told told_;
  rocketmq_error error_ = new_error();
  const std::string topic_ = "orders";
  const std::string group_ = "billing";
  std::string addresses_;
};

}  // namespace

TEST_F(SimpleConsumerCApiTest, ReceivesAcknowledgesAndChanges) {
  rocketmq_simple_consumer* consumer = start();
  cluster_.broker().put(topic_, 0, "one", "TAGS\001t\002KEYS\001k\002");
  cluster_.broker().put(topic_, 1, "two");
  const auto options = how(8);
  const rocketmq_received_batch* batch = nullptr;
  ASSERT_EQ(rocketmq_simple_consumer_receive(consumer, &options, &batch, &error_), ROCKETMQ_OK) << error_.message;
  ASSERT_NE(batch, nullptr);
  ASSERT_EQ(batch->count, 2);
  const rocketmq_message_view& one = *batch->messages[0];
  EXPECT_EQ(one.size, sizeof one);
  EXPECT_EQ(text(one.topic), topic_);
  EXPECT_EQ(text(one.tag), "t");
  EXPECT_EQ(text(one.keys), "k");
  EXPECT_EQ(text(one.broker_name), "broker-0");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(one.body), static_cast<size_t>(one.body_length)), "one");
  EXPECT_EQ(one.property_count, 2);
  const rocketmq_string handle = one.receipt_handle;
  ASSERT_EQ(rocketmq_simple_consumer_ack(consumer, &handle, &error_), ROCKETMQ_OK) << error_.message;
  rocketmq_receipt_handle changed{};
  changed.size = sizeof changed;
  const rocketmq_string other = batch->messages[1]->receipt_handle;
  ASSERT_EQ(rocketmq_simple_consumer_change_invisible_duration(consumer, &other, 30000, &changed, &error_),
            ROCKETMQ_OK);
  EXPECT_NE(std::string(changed.text), text(other));
  const std::string new_text = changed.text;
  const rocketmq_string new_handle = text(new_text);
  ASSERT_EQ(rocketmq_simple_consumer_ack(consumer, &new_handle, &error_), ROCKETMQ_OK);
  EXPECT_EQ(cluster_.broker().invisible_count(), 0);
  const auto at_once = how(8, -1);
  const rocketmq_received_batch* none = batch;
  ASSERT_EQ(rocketmq_simple_consumer_receive(consumer, &at_once, &none, &error_), ROCKETMQ_OK);
  EXPECT_EQ(none, nullptr);
  rocketmq_simple_consumer_statistics statistics{};
  statistics.size = sizeof statistics;
  ASSERT_EQ(rocketmq_simple_consumer_get_statistics(consumer, &statistics, &error_), ROCKETMQ_OK);
  EXPECT_EQ(statistics.receives, 2);
  EXPECT_EQ(statistics.messages_received, 2);
  EXPECT_EQ(statistics.messages_acknowledged, 2);
  EXPECT_EQ(statistics.invisible_changes, 1);
  rocketmq_simple_consumer_destroy(consumer);
  // It outlives the consumer.
  EXPECT_EQ(text(one.topic), topic_);
  rocketmq_received_batch_release(batch);
  rocketmq_received_batch_release(nullptr);
}

TEST_F(SimpleConsumerCApiTest, TellsTheEndOfEachAsynchronousCall) {
  rocketmq_simple_consumer* consumer = start();
  const auto options = how(8);
  ASSERT_EQ(rocketmq_simple_consumer_receive_async(consumer, &options, 1, &error_), ROCKETMQ_OK);
  cluster_.broker().put(topic_, 0, "one");
  ASSERT_TRUE(eventually([&] { return told_.calls == 1; }));
  const rocketmq_received_batch* batch = told_.batch;
  ASSERT_NE(batch, nullptr);
  rocketmq_string handle = batch->messages[0]->receipt_handle;
  ASSERT_EQ(rocketmq_simple_consumer_change_invisible_duration_async(consumer, &handle, 30000, 2, &error_),
            ROCKETMQ_OK);
  ASSERT_TRUE(eventually([&] { return told_.calls == 2; }));
  handle = text(told_.handle);
  ASSERT_EQ(rocketmq_simple_consumer_ack_async(consumer, &handle, 3, &error_), ROCKETMQ_OK);
  ASSERT_TRUE(eventually([&] { return told_.calls == 3; }));
  EXPECT_EQ(told_.failed, 0);
  EXPECT_EQ(cluster_.broker().invisible_count(), 0);
  rocketmq_received_batch_release(batch);
  ASSERT_EQ(rocketmq_simple_consumer_receive_async(consumer, nullptr, 4, &error_), ROCKETMQ_OK);
  ASSERT_EQ(rocketmq_simple_consumer_close(consumer, 1000, &error_), ROCKETMQ_OK);
  EXPECT_EQ(told_.calls, 4);
  EXPECT_EQ(told_.failed, 1);
  rocketmq_simple_consumer_destroy(consumer);
}

TEST_F(SimpleConsumerCApiTest, RefusesBadArguments) {
  rocketmq_simple_consumer* consumer = start();
  const rocketmq_received_batch* batch = nullptr;
  auto options = how(1025);
  EXPECT_EQ(rocketmq_simple_consumer_receive(consumer, &options, &batch, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(error_.message),
            "receive_options.max_messages is 1025, outside 1 to 1024: 0 takes the default, 32");
  options = how(1);
  options.invisible_ms = 999;
  EXPECT_EQ(rocketmq_simple_consumer_receive_async(consumer, &options, 1, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_simple_consumer_receive(consumer, nullptr, nullptr, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_simple_consumer_receive(nullptr, nullptr, &batch, &error_), ROCKETMQ_INVALID_ARGUMENT);
  const std::string nonsense = "nonsense";
  const rocketmq_string handle = text(nonsense);
  EXPECT_EQ(rocketmq_simple_consumer_ack(consumer, &handle, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error_.message).find("receipt handle"), std::string::npos);
  EXPECT_EQ(rocketmq_simple_consumer_ack(consumer, nullptr, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_simple_consumer_change_invisible_duration_async(consumer, &handle, 43200001, 1, &error_),
            ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(error_.message), "invisible_ms is 43200001, outside 1000 to 43200000 (12 h)");
  const rocketmq_string topic = text(topic_);
  EXPECT_EQ(rocketmq_simple_consumer_subscribe(consumer, &topic, 7, nullptr, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_simple_consumer_subscribe(consumer, &topic, ROCKETMQ_FILTER_SQL92, nullptr, &error_),
            ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(told_.calls, 0);
  rocketmq_simple_consumer_destroy(consumer);
  rocketmq_simple_consumer_destroy(nullptr);
  rocketmq_simple_consumer_options bad{};
  bad.size = sizeof bad;
  bad.group = text(group_);
  bad.consume_from = ROCKETMQ_CONSUME_FROM_TIMESTAMP;
  rocketmq_client_options client{};
  client.size = sizeof client;
  client.name_servers = text(addresses_);
  EXPECT_EQ(rocketmq_simple_consumer_create(&client, &bad, &consumer, &error_), ROCKETMQ_INVALID_ARGUMENT);
}

}  // namespace rocketmq::test
