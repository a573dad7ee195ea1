#include <future>
#include <thread>

#include "base/thread.h"
#include "consumer/consumer_fixture.h"

namespace rocketmq::test {

using mock::MockCluster;

class QueueNotifierTest : public ConsumerTest {
 protected:
  // What was told last of each topic, and how often of any.
  struct Told {
    std::mutex mutex;
    std::map<std::string, std::set<MessageQueue>> queues;
    int calls = 0;
    std::string thread;

    size_t count(const std::string& topic) {
      std::lock_guard lock(mutex);
      auto found = queues.find(topic);
      return found == queues.end() ? SIZE_MAX : found->second.size();
    }
  };

  static QueuesCallback noting(std::shared_ptr<Told> told) {
    return [told](const std::string& topic, const std::set<MessageQueue>& queues) {
      std::lock_guard lock(told->mutex);
      told->queues[topic] = queues;
      told->thread = current_thread_name();
      ++told->calls;
    };
  }
};

TEST_F(QueueNotifierTest, TellsOfEachChangeOnAWorkerThread) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  cluster.create_topic("more", 1);
  auto told = std::make_shared<Told>();
  PushConsumerOptions options = quick();
  options.on_queues_changed = noting(told);
  auto first = start(cluster, options, nullptr, "first");
  ASSERT_TRUE(eventually([&] { return told->count(kTopic) == 4; }));
  EXPECT_EQ(told->thread.rfind("rmq-callback-", 0), 0U) << told->thread;
  EXPECT_EQ(told->queues[kTopic].begin()->broker_name, "broker-0");
  {
    auto second = start(cluster, quick(), nullptr, "second");
    ASSERT_TRUE(eventually([&] { return told->count(kTopic) == 2; }));
  }
  ASSERT_TRUE(eventually([&] { return told->count(kTopic) == 4; }));
  ASSERT_TRUE(first.consumer->subscribe("more", "*"));
  ASSERT_TRUE(eventually([&] { return told->count("more") == 1; }));
  ASSERT_TRUE(first.consumer->unsubscribe("more"));
  ASSERT_TRUE(eventually([&] { return told->count("more") == 0; }));
  // Nothing is told twice, nor is the retry topic told of.
  EXPECT_EQ(told->calls, 5);
  EXPECT_EQ(told->count(retry_topic(kGroup)), SIZE_MAX);
}

TEST_F(QueueNotifierTest, ACallbackMayThrowAndMayClose) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  std::atomic<PushConsumer*> self{nullptr};
  std::atomic<bool> closed{false};
  PushConsumerOptions options = quick();
  options.on_queues_changed = [&](const std::string& topic, const std::set<MessageQueue>&) {
    if (topic == "more") {
      EXPECT_TRUE(self.load()->close(Millis(10000)));
      closed = true;
    }
    throw std::runtime_error("on purpose");
  };
  Running running = create(client(cluster), options);
  self = running.consumer.get();
  ASSERT_TRUE(running.consumer->start());
  cluster.create_topic("more", 1);
  ASSERT_TRUE(running.consumer->subscribe("more", "*"));
  ASSERT_TRUE(eventually([&] { return closed.load(); }));
  EXPECT_TRUE(running.consumer->close(Millis(10000)));
  EXPECT_TRUE(cluster.broker().clients_of(kGroup).empty());
}

TEST_F(QueueNotifierTest, ACallbackThatDoesNotReturnHoldsUpNeitherTheConsumerNorItsClose) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  put(cluster, 0, 8);
  std::promise<void> gate;
  std::promise<void> inside;
  auto go_on = gate.get_future().share();
  PushConsumerOptions options = quick();
  options.on_queues_changed = [&inside, go_on, first = std::make_shared<std::atomic<bool>>(true)](
                                  const std::string&, const std::set<MessageQueue>&) {
    if (first->exchange(false)) inside.set_value();
    go_on.wait();
  };
  auto running = start(cluster, options);
  inside.get_future().wait();
  ASSERT_TRUE(eventually([&] { return running.received->count() == 8; }));
  ASSERT_TRUE(running.consumer->close(Millis(50)));
  gate.set_value();
}

}  // namespace rocketmq::test
