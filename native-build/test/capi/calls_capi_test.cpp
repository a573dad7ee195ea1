#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "capi_values.h"
#include "eventually.h"
#include "mock/mock_cluster.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::test {

namespace {

using mock::MockBroker;
using mock::MockCluster;

// How calls ended, copied.
struct CallEnds {
  struct One {
    int32_t status = ROCKETMQ_OK;
    std::string message_id;
    std::vector<std::string> queues;
  };
  std::mutex mutex;
  std::map<uint64_t, One> by_context;

  size_t count() {
    std::lock_guard lock(mutex);
    return by_context.size();
  }
};

void on_call_ended(uint64_t context, const rocketmq_call_completion* completion) {
  auto* ends = reinterpret_cast<CallEnds*>(context);
  CallEnds::One one;
  if (completion->error != nullptr) one.status = completion->error->status;
  one.message_id = text(completion->message_id);
  EXPECT_EQ(completion->queues == nullptr, completion->queue_count == 0);
  for (int32_t i = 0; i < completion->queue_count; ++i) {
    one.queues.push_back(text(completion->queues[i]->broker_name) + " " +
                         std::to_string(completion->queues[i]->queue_id));
  }
  std::lock_guard lock(ends->mutex);
  EXPECT_TRUE(ends->by_context.emplace(completion->context, one).second);
}

}  // namespace

class CallsCApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.create_topic("orders", 2);
    addresses_ = cluster_.name_server_addresses();
    rocketmq_client_options client{};
    client.size = sizeof client;
    client.name_servers = text(addresses_);
    client.instance_name = text(instance_);
    rocketmq_producer_options options{};
    options.size = sizeof options;
    options.group = text(group_);
    options.send_timeout_ms = 20000;
    options.context = reinterpret_cast<uint64_t>(&ends_);
    options.on_call_ended = on_call_ended;
    ASSERT_EQ(rocketmq_producer_create(&client, &options, &producer_, &error_), ROCKETMQ_OK) << error_.message;
  }
  void TearDown() override { rocketmq_producer_destroy(producer_); }

  MockCluster cluster_;
  CallEnds ends_;
  const std::string group_ = "callers";
  const std::string instance_ = "calls";
  const std::string topic_ = "orders";
  const std::string handle_ = "djEgb3JkZXJzIGJyb2tlci0wIDE3MDAwMDAwMDAwMDAgQUJD";  // orders, broker-0
  std::string addresses_;
  rocketmq_error error_ = new_error();
  rocketmq_producer* producer_ = nullptr;
};

TEST_F(CallsCApiTest, EachTellsItsEnd) {
  ASSERT_EQ(rocketmq_producer_start(producer_, &error_), ROCKETMQ_OK) << error_.message;
  const rocketmq_string topic = text(topic_);
  const rocketmq_string handle = text(handle_);
  ASSERT_EQ(rocketmq_producer_warm_up_async(producer_, &topic, 1, &error_), ROCKETMQ_OK) << error_.message;
  ASSERT_EQ(rocketmq_producer_get_queues_async(producer_, &topic, 0, 2, &error_), ROCKETMQ_OK) << error_.message;
  ASSERT_EQ(rocketmq_producer_recall_async(producer_, &topic, &handle, 0, 3, &error_), ROCKETMQ_OK) << error_.message;
  ASSERT_TRUE(eventually([&] { return ends_.count() == 3; }));
  EXPECT_EQ(ends_.by_context[1].status, ROCKETMQ_OK);
  EXPECT_EQ(ends_.by_context[2].queues, (std::vector<std::string>{"broker-0 0", "broker-0 1"}));
  EXPECT_EQ(ends_.by_context[3].message_id, MockBroker::kRecalledId);

  EXPECT_EQ(rocketmq_producer_recall_async(producer_, &topic, &handle, -1, 4, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_producer_recall_async(producer_, &topic, nullptr, 0, 4, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_producer_end_transaction_async(producer_, 1, ROCKETMQ_TRANSACTION_COMMIT, 4, &error_),
            ROCKETMQ_INVALID_STATE);
  EXPECT_EQ(rocketmq_producer_warm_up_async(nullptr, &topic, 4, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(ends_.count(), 3U);
}

TEST_F(CallsCApiTest, QueuesThatAreNotKnownNeedNotBeWaitedFor) {
  ASSERT_EQ(rocketmq_producer_start(producer_, &error_), ROCKETMQ_OK) << error_.message;
  const rocketmq_string topic = text(topic_);
  const rocketmq_queue_list* list = nullptr;
  ASSERT_EQ(rocketmq_producer_get_queues(producer_, &topic, -1, &list, &error_), ROCKETMQ_OK) << error_.message;
  EXPECT_EQ(list, nullptr);
  EXPECT_EQ(rocketmq_producer_get_queues(producer_, &topic, -2, &list, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_EQ(rocketmq_producer_get_queues_async(producer_, &topic, -1, 1, &error_), ROCKETMQ_INVALID_ARGUMENT);
  for (const int32_t timeout_ms : {20000, -1}) {
    ASSERT_EQ(rocketmq_producer_get_queues(producer_, &topic, timeout_ms, &list, &error_), ROCKETMQ_OK)
        << error_.message;
    ASSERT_NE(list, nullptr);
    EXPECT_EQ(list->count, 2);
    rocketmq_queue_list_destroy(list);
  }
}

TEST_F(CallsCApiTest, ARecallGivesTheIdOfTheMessage) {
  ASSERT_EQ(rocketmq_producer_start(producer_, &error_), ROCKETMQ_OK) << error_.message;
  const rocketmq_string topic = text(topic_);
  const rocketmq_string handle = text(handle_);
  rocketmq_recall_result result{};
  EXPECT_EQ(rocketmq_producer_recall(producer_, &topic, &handle, 0, &result, &error_), ROCKETMQ_INVALID_ARGUMENT);
  result.size = sizeof result;
  ASSERT_EQ(rocketmq_producer_recall(producer_, &topic, &handle, 0, &result, &error_), ROCKETMQ_OK) << error_.message;
  EXPECT_EQ(result.message_id, MockBroker::kRecalledId);
  EXPECT_EQ(rocketmq_producer_recall(producer_, &topic, &handle, 0, nullptr, &error_), ROCKETMQ_OK);
}

TEST_F(CallsCApiTest, AFlushWaitsWithinItsTime) {
  EXPECT_EQ(rocketmq_producer_flush(producer_, 0, &error_), ROCKETMQ_INVALID_STATE);
  ASSERT_EQ(rocketmq_producer_start(producer_, &error_), ROCKETMQ_OK) << error_.message;
  EXPECT_EQ(rocketmq_producer_flush(producer_, 0, &error_), ROCKETMQ_OK) << error_.message;
  EXPECT_EQ(rocketmq_producer_flush(producer_, 600001, &error_), ROCKETMQ_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error_.message).find("timeout_ms is 600001"), std::string::npos) << error_.message;
}

TEST_F(CallsCApiTest, BrokersKnowTheClientByItsId) {
  rocketmq_client_id id{};
  id.size = sizeof id;
  EXPECT_EQ(rocketmq_producer_get_client_id(producer_, &id, &error_), ROCKETMQ_INVALID_STATE);
  ASSERT_EQ(rocketmq_producer_start(producer_, &error_), ROCKETMQ_OK) << error_.message;
  ASSERT_EQ(rocketmq_producer_get_client_id(producer_, &id, &error_), ROCKETMQ_OK) << error_.message;
  EXPECT_TRUE(std::string(id.text).ends_with("#calls")) << id.text;
  const rocketmq_string topic = text(topic_);
  ASSERT_EQ(rocketmq_producer_warm_up(producer_, &topic, &error_), ROCKETMQ_OK) << error_.message;
  ASSERT_TRUE(eventually([&] { return cluster_.broker().producers_of(group_).count(id.text) == 1; }));
}

TEST_F(CallsCApiTest, AProducerThatWasNeverStartedHasNoIdAfterItsClose) {
  ASSERT_EQ(rocketmq_producer_close(producer_, 0, &error_), ROCKETMQ_OK) << error_.message;
  rocketmq_client_id id{};
  id.size = sizeof id;
  EXPECT_EQ(rocketmq_producer_get_client_id(producer_, &id, &error_), ROCKETMQ_CLOSED);
}

TEST_F(CallsCApiTest, APriorityIsAskedForByItsFlag) {
  ASSERT_EQ(rocketmq_producer_start(producer_, &error_), ROCKETMQ_OK) << error_.message;
  const std::string body = "x";
  rocketmq_message message{};
  message.size = sizeof message;
  message.topic = text(topic_);
  message.body = reinterpret_cast<const uint8_t*>(body.data());
  message.body_length = 1;
  message.priority = 3;
  message.has_priority = 2;
  EXPECT_EQ(rocketmq_producer_send(producer_, &message, nullptr, nullptr, &error_), ROCKETMQ_INVALID_ARGUMENT);
  message.has_priority = 1;
  ASSERT_EQ(rocketmq_producer_send(producer_, &message, nullptr, nullptr, &error_), ROCKETMQ_OK) << error_.message;
  message.has_priority = 0;
  ASSERT_EQ(rocketmq_producer_send(producer_, &message, nullptr, nullptr, &error_), ROCKETMQ_OK) << error_.message;
  int with_priority = 0;
  for (const auto& stored : cluster_.messages(topic_)) with_priority += stored.property("_SYS_MSG_PRIORITY_") == "3";
  EXPECT_EQ(with_priority, 1);
}

}  // namespace rocketmq::test
