#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster_access.h"
#include "consumer/names.h"
#include "consumer/simple/simple_consumer.h"
#include "eventually.h"
#include "mock/mock_cluster.h"
#include "protocol/codes.h"
#include "protocol/names.h"

namespace rocketmq::test {

class SimpleConsumerTest : public ::testing::Test {
 protected:
  // The ends of asynchronous calls.
  struct Ends {
    void add(std::vector<SimpleOutcome>& outcomes) {
      std::lock_guard lock(mutex);
      for (SimpleOutcome& each : outcomes) all.emplace_back(each.context, std::move(each.result));
    }
    size_t count() const {
      std::lock_guard lock(mutex);
      return all.size();
    }
    mutable std::mutex mutex;
    std::vector<std::pair<uint64_t, Result<SimpleResult>>> all;
  };

  // Subscribed to kTopic, and started.
  std::unique_ptr<SimpleConsumer> start(const mock::MockCluster& cluster, const std::string& expression = "*",
                                        const std::string& instance = "") {
    ClientOptions client = client_options(cluster);
    client.instance_name = instance;
    client.heartbeat_interval = Millis(200);
    return start(client, expression);
  }

  std::unique_ptr<SimpleConsumer> start(const ClientOptions& client, const std::string& expression = "*") {
    SimpleConsumerOptions options;
    options.group = kGroup;
    options.on_completed = [ends = ends_](std::vector<SimpleOutcome>& outcomes) { ends->add(outcomes); };
    auto consumer = SimpleConsumer::create(client, std::move(options));
    EXPECT_TRUE(consumer);
    EXPECT_TRUE((*consumer)->subscribe(*make_tag_subscription(kTopic, expression)));
    EXPECT_TRUE((*consumer)->start());
    return std::move(*consumer);
  }

  static ReceiveOptions how(int32_t most, Millis await = Millis(20000), Millis invisible = Millis(60000)) {
    ReceiveOptions options;
    options.max_messages = most;
    options.await = await;
    options.invisible = invisible;
    return options;
  }

  static std::vector<PoppedMessage> receive(SimpleConsumer& consumer, const ReceiveOptions& options) {
    auto received = consumer.receive(options);
    EXPECT_TRUE(received) << received.error().message;
    return received ? std::move(received->messages) : std::vector<PoppedMessage>();
  }

  static std::string body(const PoppedMessage& message) { return std::string(as_text(message.message.body.view())); }

  static std::set<std::string> bodies(const std::vector<PoppedMessage>& messages) {
    std::set<std::string> all;
    for (const auto& each : messages) all.insert(body(each));
    return all;
  }

  std::shared_ptr<Ends> ends_ = std::make_shared<Ends>();
};

}  // namespace rocketmq::test
