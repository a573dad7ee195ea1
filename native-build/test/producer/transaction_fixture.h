#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "producer/producer_fixture.h"

namespace rocketmq::test {

// What a checker was asked.
struct Asked {
  uint64_t id = 0;
  std::string message_id;
  std::string topic;
  std::string body;
  std::string transaction_id;
};

class TransactionTest : public ProducerTest {
 protected:
  // Answers inside the callback; nullopt: not at all.
  using Decide = std::function<std::optional<TransactionState>(const Asked& asked)>;

  struct Running {
    std::shared_ptr<std::vector<Asked>> asked = std::make_shared<std::vector<Asked>>();
    std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
    std::shared_ptr<std::atomic<Producer*>> self = std::make_shared<std::atomic<Producer*>>(nullptr);
    std::unique_ptr<Producer> producer;

    std::vector<Asked> all() const {
      std::lock_guard lock(*mutex);
      return *asked;
    }
    size_t count() const { return all().size(); }
  };

  static ClientOptions client(const mock::MockCluster& cluster, const std::string& instance = "") {
    ClientOptions options = client_options(cluster);
    options.instance_name = instance;
    options.heartbeat_interval = Millis(200);
    return options;
  }

  static Running create(const ClientOptions& client, const Decide& decide, TransactionOptions options = {},
                        ProducerOptions producer_options = {}, const std::string& group = "tellers") {
    Running running;
    options.on_check = [asked = running.asked, mutex = running.mutex, self = running.self,
                        decide](TransactionCheck& check) {
      const Asked one{check.id, check.message.message_id(), std::string(check.message.topic),
                      std::string(as_text(check.message.body.view())), check.transaction_id};
      {
        std::lock_guard lock(*mutex);
        asked->push_back(one);
      }
      if (const auto state = decide(one)) {
        EXPECT_TRUE(self->load()->answer_check(check.id, *state));
      }
    };
    producer_options.group = group;
    producer_options.send_timeout = Millis(20000);
    auto producer = Producer::create(client, std::move(producer_options));
    EXPECT_TRUE(producer) << producer.error().message;
    running.producer = std::move(*producer);
    running.self->store(running.producer.get());
    EXPECT_TRUE(running.producer->set_transaction_options(std::move(options)));
    return running;
  }

  static Running start(const ClientOptions& client, const Decide& decide, TransactionOptions options = {}) {
    Running running = create(client, decide, std::move(options));
    EXPECT_TRUE(running.producer->start());
    return running;
  }

  static std::optional<TransactionState> unknown(const Asked&) { return TransactionState::kUnknown; }

  // Once the broker knows a producer of the group whom it can ask.
  static void check(mock::MockCluster& cluster, const std::string& group = "tellers") {
    ASSERT_TRUE(eventually([&] { return !cluster.broker().producers_of(group).empty(); }));
    EXPECT_GT(cluster.broker().check_transactions(), 0);
  }

  static int ends(mock::MockCluster& cluster, int32_t commit_or_rollback) {
    int count = 0;
    for (const auto& request : cluster.broker().requests(request_code::kEndTransaction)) {
      count += request.ext_fields.number("commitOrRollback", -1) == commit_or_rollback ? 1 : 0;
    }
    return count;
  }
};

}  // namespace rocketmq::test
