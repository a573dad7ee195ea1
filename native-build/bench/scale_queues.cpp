#include "scale_queues.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "c_consumer.h"
#include "mock/mock_cluster.h"
#include "protocol/codes.h"

namespace bench {

namespace {

using rocketmq::RemotingCommand;
using rocketmq::SerializeType;

constexpr int kBrokers = 2;
constexpr char kGroup[] = "scale";
constexpr char kTopicPrefix[] = "scale-";
constexpr char kIoThreads[] = "rmq-io";
constexpr std::chrono::seconds kPatience{120};
// Less than the client waits for the answer to a pull, and longer than a rebalance is measured.
constexpr std::chrono::seconds kHold{25};
// Of one rebalance, and of the same time without one.
constexpr std::chrono::milliseconds kWindow{1500};
constexpr std::chrono::milliseconds kStep{1};
constexpr int kRebalances = 3;

// The consumer and its brokers.
class ManyQueues {
 public:
  explicit ManyQueues(const Command& command)
      : topics_(static_cast<int>(command.number("topics", 1, 100'000))),
        queues_(static_cast<int>(command.number("queues", 1, 1'000'000))),
        cluster_({1, kBrokers, 4, false}) {
    const int each = queues_ / topics_ / kBrokers;
    if (each * topics_ * kBrokers != queues_) {
      throw CommandError("queues=" + std::to_string(queues_) + " cannot be shared out evenly over " +
                         std::to_string(topics_) + " topics and " + std::to_string(kBrokers) +
                         " brokers: give a multiple of both");
    }
    cluster_.create_topics(kTopicPrefix, topics_, each);
    cluster_.name_server().record_requests(false);
    for (int i = 0; i < kBrokers; ++i) {
      auto& broker = cluster_.broker(i);
      broker.record_requests(false);
      broker.set_hold(kHold);
      // As of a consumer that was there before.
      for (int topic = 0; topic < topics_; ++topic) {
        for (int queue = 0; queue < each; ++queue) broker.set_committed_offset(kGroup, topic_name(topic), queue, 0);
      }
    }
    consumer_ = std::make_unique<CConsumer>(cluster_.name_server_addresses(), kGroup, topic_name(0),
                                            ROCKETMQ_CONSUME_FROM_LAST_OFFSET, 1, [](const rocketmq_message_batch&) {});
    for (int topic = 1; topic < topics_; ++topic) consumer_->subscribe(topic_name(topic));
  }

  // Returns once each queue is pulled from.
  void start() {
    consumer_->start();
    await_pulls();
  }

  void await_pulls() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (int held = held_pulls(); held < queues_; held = held_pulls()) {
      if (std::chrono::steady_clock::now() > deadline) {
        throw CommandError("only " + std::to_string(held) + " of " + std::to_string(queues_) +
                           " queues are pulled from after " + std::to_string(kPatience.count()) + " s");
      }
      std::this_thread::sleep_for(kStep);
    }
  }

  // What the I/O thread uses in a window that begins with `action`, and in which nothing else is due.
  template <typename Action>
  int64_t io_cpu_ns(Action action) {
    const int64_t before = thread_cpu_ns(kIoThreads);
    action();
    std::this_thread::sleep_for(kWindow);
    return thread_cpu_ns(kIoThreads) - before;
  }

  // As a broker does when a member comes or goes.
  void notify_of_members() {
    RemotingCommand notice =
        RemotingCommand::request(rocketmq::request_code::kNotifyConsumerIdsChanged, SerializeType::kJson);
    notice.flag = RemotingCommand::kOneWayFlag;
    notice.ext_fields.add("consumerGroup", kGroup);
    cluster_.broker(0).send_to_clients(notice);
  }

  int member_lists_asked() {
    int asked = 0;
    for (int i = 0; i < kBrokers; ++i) {
      asked += cluster_.broker(i).request_count(rocketmq::request_code::kGetConsumerListByGroup);
    }
    return asked;
  }

 private:
  static std::string topic_name(int topic) { return kTopicPrefix + std::to_string(topic); }

  int held_pulls() {
    int held = 0;
    for (int i = 0; i < kBrokers; ++i) held += cluster_.broker(i).held_pulls();
    return held;
  }

  const int topics_;
  const int queues_;
  rocketmq::mock::MockCluster cluster_;
  std::unique_ptr<CConsumer> consumer_;
};

}  // namespace

Json assign(const Command& command) {
  ManyQueues many(command);
  const int64_t begin = monotonic_ns();
  many.start();
  const int64_t end = monotonic_ns();
  return {{"ms", static_cast<double>(end - begin) / 1e6},
          {"io_ms", static_cast<double>(thread_cpu_ns(kIoThreads)) / 1e6}};
}

Json rebalance(const Command& command) {
  ManyQueues many(command);
  many.start();
  Json times = Json::array();
  for (int i = 0; i < kRebalances; ++i) {
    // The next rebalance, route refresh or end of a hold may fall into a window: it counts, as more than there is.
    many.await_pulls();
    const int64_t idle = many.io_cpu_ns([] {});
    const int asked = many.member_lists_asked();
    const int64_t busy = many.io_cpu_ns([&] { many.notify_of_members(); });
    if (many.member_lists_asked() == asked) throw CommandError("the consumer did not rebalance when it was notified");
    times.push_back(static_cast<double>(busy - idle) / 1e6);
  }
  return {{"io_ms", times}};
}

}  // namespace bench
