#include <gtest/gtest.h>

#include <atomic>
#include <map>
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

using mock::Fault;
using mock::MockCluster;

// A producer whose ends are taken as events.
class SentEventsTest : public ::testing::Test {
 protected:
  void SetUp() override { cluster_.create_topic("orders", 2); }
  void TearDown() override {
    rocketmq_producer_destroy(producer_);
    stop_takers();
    rocketmq_event_source_destroy(source_);
    EXPECT_EQ(rocketmq_event_queue_destroy(queue_), ROCKETMQ_OK);
  }

  void start(int32_t linger_ms = 0) {
    addresses_ = cluster_.name_server_addresses();
    rocketmq_client_options client{};
    client.size = sizeof client;
    client.name_servers = text(addresses_);
    rocketmq_producer_options options{};
    options.size = sizeof options;
    options.group = text(group_);
    options.on_sent = rocketmq_event_on_sent;
    options.on_call_ended = rocketmq_event_on_call_ended;
    options.context = source_;
    options.auto_batch_linger_ms = linger_ms;
    ASSERT_EQ(rocketmq_producer_create(&client, &options, &producer_, &error_), ROCKETMQ_OK) << error_.message;
    ASSERT_EQ(rocketmq_producer_start(producer_, &error_), ROCKETMQ_OK) << error_.message;
  }

  void send(uint64_t context) {
    rocketmq_message message{};
    message.size = sizeof message;
    message.topic = ROCKETMQ_STRING("orders");
    message.body = reinterpret_cast<const uint8_t*>("hello");
    message.body_length = 5;
    ASSERT_EQ(rocketmq_producer_send_async(producer_, &message, nullptr, context, &error_), ROCKETMQ_OK)
        << error_.message;
  }

  void note(const rocketmq_event& event) {
    std::lock_guard lock(mutex_);
    if (event.kind == ROCKETMQ_EVENT_CALL) {
      ++calls_;
      return;
    }
    const auto* sent = static_cast<const rocketmq_send_completion* const*>(event.data);
    for (int32_t i = 0; i < event.count; ++i) {
      // Reads what the library wrote, for the sanitizers too.
      const bool stored = sent[i]->result != nullptr && sent[i]->result->message_id[0] != '\0';
      EXPECT_TRUE(stored || sent[i]->error->status == ROCKETMQ_CLOSED);
      ++ended_[sent[i]->context];
    }
  }

  static rocketmq_event empty() {
    rocketmq_event event{};
    event.size = sizeof event;
    return event;
  }

  void start_takers(int count) {
    for (int i = 0; i < count; ++i) {
      takers_.emplace_back([this] {
        rocketmq_event event = empty();
        while (!stopping_) {
          rocketmq_event_queue_take(queue_, &event, 20, nullptr);
          if (event.kind == ROCKETMQ_EVENT_NONE) continue;
          note(event);
          event.handled = 1;
        }
        rocketmq_event_queue_take(queue_, &event, 0, nullptr);
      });
    }
  }
  void stop_takers() {
    stopping_ = true;
    for (std::thread& each : takers_) each.join();
    takers_.clear();
  }

  size_t ended() {
    std::lock_guard lock(mutex_);
    return ended_.size();
  }
  void expect_each_once(size_t count) {
    std::lock_guard lock(mutex_);
    EXPECT_EQ(ended_.size(), count);
    for (const auto& [context, times] : ended_) EXPECT_EQ(times, 1) << context;
  }

  // Takes on a thread of its own, as it counts as one of the library's afterwards.
  void take(rocketmq_event& event, int millis) {
    std::thread([&] { rocketmq_event_queue_take(queue_, &event, millis, nullptr); }).join();
  }

  MockCluster cluster_;
  rocketmq_event_queue* const queue_ = rocketmq_event_queue_create();
  const uint64_t source_ = rocketmq_event_source_create(queue_);
  const std::string group_ = "group";
  std::string addresses_;
  rocketmq_error error_ = new_error();
  rocketmq_producer* producer_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> takers_;
  std::mutex mutex_;
  std::map<uint64_t, int> ended_;
  int calls_ = 0;
};

}  // namespace

TEST_F(SentEventsTest, EachSendEndsOnceBesideCallsAndBatches) {
  start(1);
  start_takers(3);
  constexpr uint64_t kSends = 3000;
  const std::string topic = "orders";
  const rocketmq_string name = text(topic);
  for (uint64_t i = 1; i <= kSends; ++i) {
    send(i);
    if (i % 100 == 0) {
      ASSERT_EQ(rocketmq_producer_warm_up_async(producer_, &name, i, &error_), ROCKETMQ_OK) << error_.message;
    }
    // Within the limit of sends in flight.
    if (i % 500 == 0) {
      ASSERT_EQ(rocketmq_producer_flush(producer_, 20000, &error_), ROCKETMQ_OK) << error_.message;
    }
  }
  EXPECT_TRUE(eventually([&] { return ended() == kSends; }));
  ASSERT_EQ(rocketmq_producer_close(producer_, 20000, &error_), ROCKETMQ_OK);
  expect_each_once(kSends);
  EXPECT_EQ(calls_, 30);
}

TEST_F(SentEventsTest, WhatWasNotHandledComesAgainAsItWas) {
  start();
  send(7);
  rocketmq_event event = empty();
  take(event, 10000);
  ASSERT_EQ(event.kind, ROCKETMQ_EVENT_SENT);
  const void* data = event.data;
  note(event);
  event.progress = 5;
  event.again_ms = 1;
  take(event, 10000);
  ASSERT_EQ(event.kind, ROCKETMQ_EVENT_SENT);
  EXPECT_EQ(event.data, data);
  EXPECT_EQ(event.count, 1);
  EXPECT_EQ(event.progress, 5);
  note(event);
  {
    std::lock_guard lock(mutex_);
    EXPECT_EQ(ended_[7], 2) << "the same one, twice";
  }
  rocketmq_producer_statistics statistics{};
  statistics.size = sizeof statistics;
  ASSERT_EQ(rocketmq_producer_get_statistics(producer_, &statistics, &error_), ROCKETMQ_OK);
  EXPECT_EQ(statistics.in_flight_count, 1) << "until it is handled";
  event.handled = 1;
  take(event, 0);
  ASSERT_EQ(rocketmq_producer_get_statistics(producer_, &statistics, &error_), ROCKETMQ_OK);
  EXPECT_EQ(statistics.in_flight_count, 0);
}

TEST_F(SentEventsTest, ACloseDoesNotWaitForAnEventThatIsHeld) {
  start();
  send(1);
  rocketmq_event held = empty();
  take(held, 10000);
  ASSERT_EQ(held.kind, ROCKETMQ_EVENT_SENT);
  send(2);
  send(3);
  ASSERT_EQ(rocketmq_producer_close(producer_, 100, &error_), ROCKETMQ_OK);
  note(held);
  held.handled = 1;
  start_takers(2);
  take(held, 0);
  if (held.kind == ROCKETMQ_EVENT_SENT) {
    note(held);
    held.handled = 1;
    take(held, 0);
  }
  EXPECT_TRUE(eventually([&] { return ended() == 3; }));
  expect_each_once(3);
}

TEST_F(SentEventsTest, WithoutItsSourceAProducerClosesAndTellsNobody) {
  start();
  for (uint64_t i = 1; i <= 100; ++i) send(i);
  rocketmq_event held = empty();
  take(held, 10000);
  rocketmq_event_source_destroy(source_);
  for (uint64_t i = 101; i <= 200; ++i) send(i);
  held.handled = 1;
  take(held, 0);
  EXPECT_EQ(held.kind, ROCKETMQ_EVENT_NONE);
  ASSERT_EQ(rocketmq_producer_flush(producer_, 20000, &error_), ROCKETMQ_OK) << error_.message;
  ASSERT_EQ(rocketmq_producer_close(producer_, 20000, &error_), ROCKETMQ_OK);
}

TEST_F(SentEventsTest, AnEventThatIsNeverGivenBackKeepsNothingOfAQueueThatIsGone) {
  auto* const queue = rocketmq_event_queue_create();
  const uint64_t source = rocketmq_event_source_create(queue);
  addresses_ = cluster_.name_server_addresses();
  rocketmq_client_options client{};
  client.size = sizeof client;
  client.name_servers = text(addresses_);
  rocketmq_producer_options options{};
  options.size = sizeof options;
  options.group = text(group_);
  options.on_sent = rocketmq_event_on_sent;
  options.context = source;
  ASSERT_EQ(rocketmq_producer_create(&client, &options, &producer_, &error_), ROCKETMQ_OK) << error_.message;
  ASSERT_EQ(rocketmq_producer_start(producer_, &error_), ROCKETMQ_OK) << error_.message;
  send(1);
  rocketmq_event held = empty();
  std::thread([&] { rocketmq_event_queue_take(queue, &held, 10000, nullptr); }).join();
  ASSERT_EQ(held.kind, ROCKETMQ_EVENT_SENT);
  rocketmq_event_source_destroy(source);
  EXPECT_EQ(rocketmq_event_queue_destroy(queue), ROCKETMQ_OK);
  // What it held has ended with it.
  EXPECT_EQ(rocketmq_producer_flush(producer_, 20000, &error_), ROCKETMQ_OK) << error_.message;
}

}  // namespace rocketmq::test
