#pragma once

#include "consumer/consumer_fixture.h"
#include "protocol/json.h"

namespace rocketmq::test {

// What orderly consumers of a test were given, of all of them together.
class OrderedRun {
 public:
  // For the callback, around what it does with a batch.
  void begin(const Delivery& delivery) {
    std::lock_guard lock(mutex_);
    if (!running_.insert(delivery.queue).second) overlap_ = true;
    for (const auto& message : delivery.messages) {
      auto& offsets = first_deliveries_[delivery.queue];
      if (std::find(offsets.begin(), offsets.end(), message.queue_offset) == offsets.end()) {
        offsets.push_back(message.queue_offset);
      }
    }
  }
  void end(const Delivery& delivery) {
    std::lock_guard lock(mutex_);
    running_.erase(delivery.queue);
  }
  size_t distinct() const {
    size_t count = 0;
    std::lock_guard lock(mutex_);
    for (const auto& [queue, offsets] : first_deliveries_) count += offsets.size();
    return count;
  }
  // Whether two batches of one queue were out at once.
  bool overlap() const {
    std::lock_guard lock(mutex_);
    return overlap_;
  }
  bool in_order() const {
    std::lock_guard lock(mutex_);
    return std::all_of(first_deliveries_.begin(), first_deliveries_.end(),
                       [](const auto& each) { return std::is_sorted(each.second.begin(), each.second.end()); });
  }

 private:
  mutable std::mutex mutex_;
  std::set<MessageQueue> running_;
  std::map<MessageQueue, std::vector<int64_t>> first_deliveries_;
  bool overlap_ = false;
};

class OrderlyConsumerTest : public ConsumerTest {
 protected:
  static PushConsumerOptions orderly() {
    PushConsumerOptions options = quick();
    options.orderly = true;
    options.max_reconsume_times = INT32_MAX;
    options.suspend_queue_time = Millis(20);
    options.lock_interval = Millis(100);
    options.consume_threads = 4;
    return options;
  }

  static ClientOptions impatient(const mock::MockCluster& cluster, const std::string& instance = "") {
    ClientOptions options = client(cluster, instance);
    options.request_timeout = Millis(300);
    options.route_refresh_interval = Millis(50);
    return options;
  }

  static Running start_orderly(const ClientOptions& client, PushConsumerOptions options,
                               std::function<int32_t(const Delivery&)> decide = nullptr) {
    Running running = create(client, std::move(options), std::move(decide));
    EXPECT_TRUE(running.consumer->start());
    return running;
  }

  // Consumes all, and notes what it sees.
  static std::function<int32_t(const Delivery&)> noting(std::shared_ptr<OrderedRun> run) {
    return [run](const Delivery& delivery) {
      run->begin(delivery);
      std::this_thread::sleep_for(Millis(1));
      run->end(delivery);
      return -1;
    };
  }

  static size_t pulls_of_topic(mock::MockBroker& broker) {
    const auto pulls = broker.requests(request_code::kPullMessage);
    return static_cast<size_t>(std::count_if(pulls.begin(), pulls.end(),
                                             [](const auto& pull) { return pull.ext_fields.text("topic") == kTopic; }));
  }

  // What the consumer tells operators of a queue of kTopic on the first broker.
  static Json told_of_queue(mock::MockCluster& cluster, int queue) {
    const Json info = running_info(cluster);
    for (const auto& [key, value] : info["mqTable"].items()) {
      const auto name = parse_json(key);
      if (name && json_text(*name, "topic") == kTopic && json_number(*name, "queueId", -1) == queue) return value;
    }
    return Json::object();
  }

  static Json running_info(mock::MockCluster& cluster) {
    static std::atomic<int32_t> opaque{2000000};
    RemotingCommand request = RemotingCommand::request(request_code::kGetConsumerRunningInfo, SerializeType::kJson);
    request.opaque = ++opaque;
    request.ext_fields.add("consumerGroup", kGroup);
    cluster.broker().send_to_clients(request);
    EXPECT_TRUE(eventually([&] { return !cluster.broker().responses(request.opaque).empty(); }));
    const auto responses = cluster.broker().responses(request.opaque);
    auto parsed = responses.empty() ? std::nullopt : parse_json(as_text(responses.front().body.view()));
    EXPECT_TRUE(parsed);
    return parsed ? *parsed : Json::object();
  }
};

}  // namespace rocketmq::test
