#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "producer/producer_fixture.h"

namespace rocketmq::test {

// Collects the ends of asynchronous requests.
class Replies {
 public:
  ReplyCallback callback() {
    return [this](const ReplyOutcome& outcome) {
      std::lock_guard lock(mutex_);
      ended_.emplace(outcome.context, outcome.reply
                                          ? Result<std::string>(std::string(as_text(outcome.reply->body.view())))
                                          : Result<std::string>(fail(outcome.reply.error())));
    };
  }
  size_t count() const {
    std::lock_guard lock(mutex_);
    return ended_.size();
  }
  Result<std::string> of(uint64_t context) const {
    std::lock_guard lock(mutex_);
    EXPECT_EQ(ended_.count(context), 1U) << "a request must end exactly once";
    auto found = ended_.find(context);
    return found == ended_.end() ? fail(ErrorKind::kInternalError, "none") : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::multimap<uint64_t, Result<std::string>> ended_;
};

class RequestTest : public ProducerTest {
 protected:
  static constexpr const char* kTopic = "orders";

  static mock::MockCluster& prepared(mock::MockCluster& cluster) {
    cluster.create_topic("mock_REPLY_TOPIC", 1);
    return cluster;
  }

  static ClientOptions client(const mock::MockCluster& cluster, const std::string& instance) {
    ClientOptions options = client_options(cluster);
    options.instance_name = instance;
    return options;
  }

  static std::unique_ptr<Producer> requester(const mock::MockCluster& cluster, Replies* replies = nullptr,
                                             ProducerOptions options = {}, const std::string& group = "requesters") {
    options.group = group;
    return requester(client(cluster, "requester"), replies, std::move(options));
  }

  static std::unique_ptr<Producer> requester(const ClientOptions& client, Replies* replies,
                                             ProducerOptions options = {}) {
    if (options.group.empty()) options.group = "requesters";
    if (options.send_timeout == ProducerOptions().send_timeout) options.send_timeout = Millis(30000);
    auto producer = Producer::create(client, std::move(options));
    EXPECT_TRUE(producer) << producer.error().message;
    if (replies != nullptr) {
      EXPECT_TRUE((*producer)->set_reply_callback(replies->callback()));
    }
    EXPECT_TRUE((*producer)->start());
    return std::move(*producer);
  }

  static std::unique_ptr<Producer> replier(const mock::MockCluster& cluster) {
    ProducerOptions options;
    options.group = "repliers";
    options.send_timeout = Millis(30000);
    auto producer = Producer::create(client(cluster, "replier"), std::move(options));
    EXPECT_TRUE(producer && (*producer)->start());
    return std::move(*producer);
  }

  static std::string properties_of(const StoredMessage& message) {
    std::string encoded;
    for (const auto& [name, value] : message.properties) append_property(encoded, name, value);
    return encoded;
  }

  static Result<SendReceipt> reply(Producer& producer, const StoredMessage& request, std::string_view body) {
    const std::string to = properties_of(request);
    auto answer = message("", body);
    answer.reply_to = to;
    return producer.send(answer, Millis(0));
  }

  // Answers each stored request once, with its own text and "!", until destroyed.
  class Echo {
   public:
    explicit Echo(mock::MockCluster& cluster, int times = 1) : producer_(replier(cluster)) {
      thread_ = std::thread([this, &cluster, times] {
        std::set<std::string> answered;
        while (!stop_) {
          for (const auto& request : cluster.messages(kTopic)) {
            if (!answered.insert(request.message_id()).second) continue;
            const std::string text = std::string(as_text(request.body.view())) + "!";
            for (int i = 0; i < times; ++i) {
              const auto sent = reply(*producer_, request, text);
              EXPECT_TRUE(sent) << sent.error().message;
            }
          }
          std::this_thread::sleep_for(Millis(1));
        }
      });
    }
    ~Echo() {
      stop_ = true;
      thread_.join();
    }

   private:
    std::unique_ptr<Producer> producer_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
  };
};

}  // namespace rocketmq::test
