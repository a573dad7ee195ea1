#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cluster_access.h"
#include "consumer/names.h"
#include "consumer/push_consumer.h"
#include "eventually.h"
#include "mock/mock_cluster.h"
#include "protocol/codes.h"
#include "protocol/names.h"

namespace rocketmq::test {

// What a consumer was given, in the order of delivery.
class Received {
 public:
  void add(const Delivery& delivery) {
    std::lock_guard lock(mutex_);
    for (const auto& message : delivery.messages) {
      bodies_.emplace_back(as_text(message.body.view()));
      topics_.emplace_back(message.topic);
      reconsume_times_.push_back(message.reconsume_times);
    }
    batches_.push_back(delivery.messages.size());
    ids_.push_back(delivery.id);
  }
  size_t count() const {
    std::lock_guard lock(mutex_);
    return bodies_.size();
  }
  size_t count(const std::string& body) const {
    std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count(bodies_.begin(), bodies_.end(), body));
  }
  size_t distinct() const {
    std::lock_guard lock(mutex_);
    return std::set<std::string>(bodies_.begin(), bodies_.end()).size();
  }
  std::vector<std::string> bodies() const {
    std::lock_guard lock(mutex_);
    return bodies_;
  }
  std::vector<std::string> topics() const {
    std::lock_guard lock(mutex_);
    return topics_;
  }
  std::vector<int32_t> reconsume_times() const {
    std::lock_guard lock(mutex_);
    return reconsume_times_;
  }
  std::vector<size_t> batches() const {
    std::lock_guard lock(mutex_);
    return batches_;
  }
  std::vector<uint64_t> ids() const {
    std::lock_guard lock(mutex_);
    return ids_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> bodies_;
  std::vector<std::string> topics_;
  std::vector<int32_t> reconsume_times_;
  std::vector<size_t> batches_;
  std::vector<uint64_t> ids_;
};

// How many of a batch to acknowledge (-1: all), or kLater.
inline constexpr int32_t kLater = -100;

class ConsumerTest : public ::testing::Test {
 protected:
  struct Running {
    std::shared_ptr<Received> received = std::make_shared<Received>();
    // Set before start; the callback acknowledges through it.
    std::shared_ptr<std::atomic<PushConsumer*>> self = std::make_shared<std::atomic<PushConsumer*>>(nullptr);
    std::unique_ptr<PushConsumer> consumer;
  };

  static PushConsumerOptions quick() {
    PushConsumerOptions options;
    options.group = kGroup;
    options.consume_from = ConsumeFrom::kFirstOffset;
    options.rebalance_interval = Millis(200);
    options.persist_offset_interval = Millis(20);
    options.pull_suspend_timeout = Millis(2000);
    return options;
  }

  static ClientOptions client(const mock::MockCluster& cluster, const std::string& instance = "") {
    ClientOptions client = client_options(cluster);
    client.instance_name = instance;
    client.heartbeat_interval = Millis(200);
    return client;
  }

  // `decide` says how many of a batch are consumed. Not started, subscribed to kTopic.
  static Running create(const ClientOptions& client, PushConsumerOptions options,
                        std::function<int32_t(const Delivery&)> decide = nullptr, const std::string& expression = "*") {
    Running running;
    options.on_delivery = [received = running.received, self = running.self, decide](Delivery& delivery) {
      received->add(delivery);
      const int32_t consumed = decide ? decide(delivery) : -1;
      if (consumed == kLater) return;
      PushConsumer* consumer = self->load();
      EXPECT_TRUE(consumer->acknowledge(delivery.id, consumed, 0));
    };
    auto consumer = PushConsumer::create(client, std::move(options));
    EXPECT_TRUE(consumer) << consumer.error().message;
    running.consumer = std::move(*consumer);
    running.self->store(running.consumer.get());
    EXPECT_TRUE(running.consumer->subscribe(kTopic, expression));
    return running;
  }

  static Running start(const mock::MockCluster& cluster, PushConsumerOptions options = quick(),
                       std::function<int32_t(const Delivery&)> decide = nullptr, const std::string& instance = "",
                       const std::string& expression = "*") {
    Running running = create(client(cluster, instance), std::move(options), std::move(decide), expression);
    EXPECT_TRUE(running.consumer->start());
    return running;
  }

  static void put(mock::MockCluster& cluster, int first, int count, const std::string& properties = {}) {
    for (int i = first; i < first + count; ++i) {
      cluster.broker(i % cluster.broker_count()).put(kTopic, i % 4, "m" + std::to_string(i), properties);
    }
  }
};

}  // namespace rocketmq::test
