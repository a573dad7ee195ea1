#pragma once

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <optional>

#include "cluster_access.h"
#include "eventually.h"
#include "mock/mock_cluster.h"
#include "producer/producer.h"
#include "protocol/codes.h"
#include "protocol/message.h"

namespace rocketmq::test {

// Collects what comes back of asynchronous sends.
class Outcomes {
 public:
  SendCallback callback() {
    return [this](std::vector<SendOutcome>& outcomes) {
      std::lock_guard lock(mutex_);
      for (auto& outcome : outcomes) ended_[outcome.context].push_back(outcome.result);
    };
  }
  size_t count() const {
    std::lock_guard lock(mutex_);
    size_t all = 0;
    for (const auto& [context, results] : ended_) all += results.size();
    return all;
  }
  // Of the one send with this context.
  std::optional<Result<SendReceipt>> result(uint64_t context) const {
    std::lock_guard lock(mutex_);
    auto found = ended_.find(context);
    if (found == ended_.end()) return std::nullopt;
    EXPECT_EQ(found->second.size(), 1U) << "a send must end exactly once";
    return found->second.front();
  }

 private:
  mutable std::mutex mutex_;
  std::map<uint64_t, std::vector<Result<SendReceipt>>> ended_;
};

class ProducerTest : public ::testing::Test {
 protected:
  // With a short timeout for sends that are meant to fail.
  std::unique_ptr<Producer> started(const mock::MockCluster& cluster, ProducerOptions options = {}) {
    if (options.group.empty()) options.group = "group";
    // Slow machines must not turn successes into timeouts; tests of failures set their own.
    if (options.send_timeout == ProducerOptions().send_timeout) options.send_timeout = Millis(30000);
    auto producer = Producer::create(client_options(cluster), std::move(options));
    EXPECT_TRUE(producer) << producer.error().message;
    EXPECT_TRUE((*producer)->start());
    return std::move(*producer);
  }
};

}  // namespace rocketmq::test
