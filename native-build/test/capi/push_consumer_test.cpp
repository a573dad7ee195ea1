#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "capi_values.h"
#include "eventually.h"
#include "mock/mock_cluster.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::test {

using mock::MockCluster;

// The modes of a push consumer, as a program in C sees them.
class PushConsumerCApiTest : public ::testing::Test {
 protected:
  struct State {
    rocketmq_push_consumer* consumer = nullptr;
    std::mutex mutex;
    std::vector<std::string> bodies;
    // By the last call.
    std::string assigned_topic;
    std::vector<std::string> assigned;
    // How many of the first batch are consumed, where something of it shall fail.
    int32_t first_success_count = -1;
    std::vector<int32_t> refused;

    size_t count() {
      std::lock_guard lock(mutex);
      return bodies.size();
    }
  };

  static rocketmq_string view(const std::string& value) { return {value.data(), static_cast<int64_t>(value.size())}; }

  static void on_messages(uint64_t context, const rocketmq_message_batch* batch) {
    auto* state = reinterpret_cast<State*>(context);
    bool first = false;
    {
      std::lock_guard lock(state->mutex);
      first = state->bodies.empty();
      for (int32_t i = 0; i < batch->count; ++i) {
        const rocketmq_message_view* message = batch->messages[i];
        state->bodies.emplace_back(reinterpret_cast<const char*>(message->body),
                                   static_cast<size_t>(message->body_length));
      }
    }
    rocketmq_acknowledgement acknowledgement{};
    acknowledgement.size = sizeof acknowledgement;
    acknowledgement.success_count = first ? state->first_success_count : -1;
    if (acknowledgement.success_count >= 0) {
      acknowledgement.suspend_ms = 9;
      state->refused.push_back(
          rocketmq_push_consumer_acknowledge(state->consumer, batch->delivery_id, &acknowledgement, nullptr));
      acknowledgement.suspend_ms = 0;
      acknowledgement.delay_level = 1;
      state->refused.push_back(
          rocketmq_push_consumer_acknowledge(state->consumer, batch->delivery_id, &acknowledgement, nullptr));
      acknowledgement.delay_level = 0;
      acknowledgement.suspend_ms = 10;
    }
    EXPECT_EQ(rocketmq_push_consumer_acknowledge(state->consumer, batch->delivery_id, &acknowledgement, nullptr),
              ROCKETMQ_OK);
  }

  static void on_queues_changed(uint64_t context, const rocketmq_string* topic, const rocketmq_queue* const* queues,
                                int32_t count) {
    auto* state = reinterpret_cast<State*>(context);
    std::lock_guard lock(state->mutex);
    state->assigned_topic = text(*topic);
    state->assigned.clear();
    for (int32_t i = 0; i < count; ++i) {
      EXPECT_EQ(queues[i]->size, sizeof *queues[i]);
      EXPECT_EQ(text(queues[i]->topic), state->assigned_topic);
      state->assigned.push_back(text(queues[i]->broker_name) + "/" + std::to_string(queues[i]->queue_id));
    }
  }

  // Before what its callbacks use.
  void TearDown() override { destroy(); }
  void destroy() {
    rocketmq_push_consumer_destroy(state_.consumer);
    state_.consumer = nullptr;
  }

  rocketmq_client_options client_options() {
    addresses_ = cluster_.name_server_addresses();
    rocketmq_client_options options{};
    options.size = sizeof options;
    options.name_servers = view(addresses_);
    return options;
  }
  rocketmq_push_consumer_options options() {
    rocketmq_push_consumer_options options{};
    options.size = sizeof options;
    options.group = view(group_);
    options.consume_from = ROCKETMQ_CONSUME_FROM_FIRST_OFFSET;
    options.on_messages = on_messages;
    options.on_queues_changed = on_queues_changed;
    options.context = reinterpret_cast<uint64_t>(&state_);
    return options;
  }
  void start(const rocketmq_push_consumer_options& options) {
    const auto client = client_options();
    rocketmq_error error{};
    error.size = sizeof error;
    ASSERT_EQ(rocketmq_push_consumer_create(&client, &options, &state_.consumer, &error), ROCKETMQ_OK) << error.message;
    const auto topic = view(topic_);
    ASSERT_EQ(rocketmq_push_consumer_subscribe(state_.consumer, &topic, ROCKETMQ_FILTER_TAG, nullptr, &error),
              ROCKETMQ_OK);
    ASSERT_EQ(rocketmq_push_consumer_start(state_.consumer, &error), ROCKETMQ_OK) << error.message;
  }
  // The message of the refusal.
  std::string refusal(const rocketmq_push_consumer_options& options) {
    const auto client = client_options();
    rocketmq_error error{};
    error.size = sizeof error;
    rocketmq_push_consumer* consumer = nullptr;
    EXPECT_EQ(rocketmq_push_consumer_create(&client, &options, &consumer, &error), ROCKETMQ_INVALID_ARGUMENT);
    EXPECT_EQ(consumer, nullptr);
    return error.message;
  }

  MockCluster cluster_;
  State state_;
  const std::string group_ = "group";
  const std::string topic_ = "orders";
  std::string addresses_;
};

TEST_F(PushConsumerCApiTest, OrderlyConsumesInPlace) {
  cluster_.create_topic(topic_, 1);
  for (int i = 0; i < 4; ++i) cluster_.broker().put(topic_, 0, "m" + std::to_string(i));
  auto orderly = options();
  orderly.consume_mode = ROCKETMQ_ORDERLY;
  orderly.max_batch_size = 3;
  orderly.suspend_queue_ms = 30000;
  state_.first_success_count = 1;
  start(orderly);
  ASSERT_TRUE(eventually([&] { return state_.count() == 6; }));
  EXPECT_EQ(state_.bodies, (std::vector<std::string>{"m0", "m1", "m2", "m1", "m2", "m3"}));
  EXPECT_EQ(state_.refused, (std::vector<int32_t>{ROCKETMQ_INVALID_ARGUMENT, ROCKETMQ_INVALID_ARGUMENT}));
  EXPECT_TRUE(eventually([&] {
    std::lock_guard lock(state_.mutex);
    return state_.assigned_topic == topic_ && state_.assigned == std::vector<std::string>{"broker-0/0"};
  }));
  destroy();
  EXPECT_EQ(cluster_.broker().committed_offset(group_, topic_, 0), 4);
}

TEST_F(PushConsumerCApiTest, BroadcastingKeepsItsOffsetsInTheDirectory) {
  const auto directory = std::filesystem::path(::testing::TempDir()) / "rocketmq-capi-größe";
  std::filesystem::remove_all(directory);
  const std::u8string encoded = directory.u8string();
  const std::string path(encoded.begin(), encoded.end());
  cluster_.create_topic(topic_, 1);
  cluster_.broker().put(topic_, 0, "x");
  auto broadcasting = options();
  broadcasting.message_model = ROCKETMQ_BROADCASTING;
  broadcasting.consume_mode = ROCKETMQ_ORDERLY;
  broadcasting.offset_directory = view(path);
  start(broadcasting);
  ASSERT_TRUE(eventually([&] { return state_.count() == 1; }));
  destroy();
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.path().filename() == "offsets.json") ++files;
  }
  EXPECT_EQ(files, 1U);
  std::filesystem::remove_all(directory);
}

TEST_F(PushConsumerCApiTest, BadSettingsAreRefused) {
  auto bad = options();
  bad.message_model = 2;
  EXPECT_NE(refusal(bad).find("message_model is 2, outside 0 to 1"), std::string::npos);
  bad = options();
  bad.consume_mode = -1;
  EXPECT_NE(refusal(bad).find("consume_mode is -1"), std::string::npos);
  bad = options();
  bad.suspend_queue_ms = 9;
  EXPECT_NE(refusal(bad).find("suspend_queue_ms is 9, outside 10 to 30000"), std::string::npos);
  bad = options();
  bad.pull_interval_ms = 65536;
  EXPECT_NE(refusal(bad).find("pull_interval_ms is 65536, outside 1 to 65535"), std::string::npos);
  for (const int32_t messages : {-1, 6553501}) {
    bad = options();
    bad.max_cached_messages_per_topic = messages;
    EXPECT_NE(refusal(bad).find("push_consumer_options.max_cached_messages_per_topic is " + std::to_string(messages) +
                                ", outside 1 to 6553500"),
              std::string::npos);
  }
  for (const int64_t bytes : {int64_t{-1}, int64_t{107374182401}}) {
    bad = options();
    bad.max_cached_bytes_per_topic = bytes;
    EXPECT_NE(refusal(bad).find("push_consumer_options.max_cached_bytes_per_topic is " + std::to_string(bytes) +
                                ", outside 1 to 107374182400"),
              std::string::npos);
  }
  bad = options();
  bad.offset_directory = {"/tmp/\xff", 6};
  EXPECT_NE(refusal(bad).find("offset_directory"), std::string::npos);
  bad = options();
  bad.offset_directory = {"/tmp/\0", 6};
  EXPECT_NE(refusal(bad).find("offset_directory"), std::string::npos);
}

TEST_F(PushConsumerCApiTest, WithoutRedeliveryAFailedMessageIsDeadAtOnce) {
  cluster_.create_topic(topic_, 1);
  cluster_.broker().put(topic_, 0, "poison");
  auto wanted = options();
  wanted.consume_mode = ROCKETMQ_ORDERLY;
  wanted.max_reconsume_times = ROCKETMQ_NO_REDELIVERY;
  state_.first_success_count = 0;
  start(wanted);
  EXPECT_TRUE(eventually([&] { return cluster_.message_count("%DLQ%" + group_) == 1; }));
  EXPECT_EQ(state_.count(), 1u);
}

// -1 is the default, as in Apache's client: an orderly consumer tries again without limit.
TEST_F(PushConsumerCApiTest, MinusOneIsTheUsualNumberOfRedeliveries) {
  cluster_.create_topic(topic_, 1);
  cluster_.broker().put(topic_, 0, "x");
  auto wanted = options();
  wanted.consume_mode = ROCKETMQ_ORDERLY;
  wanted.max_reconsume_times = -1;
  state_.first_success_count = 0;
  start(wanted);
  EXPECT_TRUE(eventually([&] { return state_.count() == 2; }));
  EXPECT_EQ(cluster_.message_count("%DLQ%" + group_), 0);
  auto bad = options();
  bad.max_reconsume_times = -3;
  EXPECT_NE(refusal(bad).find("max_reconsume_times is -3, outside -2 to 1000000"), std::string::npos);
}

// An older caller's struct ends before the modes' settings.
TEST_F(PushConsumerCApiTest, AnOlderCallersStructTakesTheDefaults) {
  cluster_.create_topic(topic_, 1);
  cluster_.broker().put(topic_, 0, "x");
  auto older = options();
  older.size = offsetof(rocketmq_push_consumer_options, suspend_queue_ms);
  older.suspend_queue_ms = 5;
  older.offset_directory = {"/dev/null", 9};
  start(older);
  EXPECT_TRUE(eventually([&] { return state_.count() >= 1; }));
  destroy();
  EXPECT_TRUE(state_.assigned.empty());
}

}  // namespace rocketmq::test
