#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "consumer/orderly_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;
using mock::MockOptions;

// A broker that does not answer harms its own queues alone.
class FrozenBrokerTest : public OrderlyConsumerTest {
 protected:
  static constexpr MockOptions kTwoBrokers{.name_servers = 1, .brokers = 2};
  static constexpr Millis kSoon{2000};

  // What was consumed of the healthy broker's queues is committed there.
  static bool committed(MockCluster& cluster, int64_t offset) {
    for (int queue = 0; queue < 4; ++queue) {
      if (cluster.broker(1).committed_offset(kGroup, kTopic, queue) != offset) return false;
    }
    return true;
  }
};

TEST_F(FrozenBrokerTest, TheOthersOffsetsAreCommittedAtTheClose) {
  MockCluster cluster(kTwoBrokers);
  cluster.create_topic(kTopic, 4);
  for (int i = 0; i < 40; ++i) cluster.broker(i % 2).put(kTopic, i / 2 % 4, "m" + std::to_string(i));
  PushConsumerOptions options = quick();
  options.persist_offset_interval = std::chrono::hours(1);
  auto running = start(cluster, options);
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().messages_consumed == 40; }));
  cluster.broker(0).freeze();
  const TimePoint begin = now();
  std::thread closing([&] { EXPECT_TRUE(running.consumer->close(Millis(1000))); });
  EXPECT_TRUE(eventually([&] { return committed(cluster, 5); }, kSoon));
  closing.join();
  EXPECT_LT(now() - begin, Millis(6000));
  cluster.broker(0).thaw();
}

TEST_F(FrozenBrokerTest, TheOthersQueuesAreUnlockedAtTheClose) {
  MockCluster cluster(kTwoBrokers);
  cluster.create_topic(kTopic, 4);
  for (int i = 0; i < 40; ++i) cluster.broker(i % 2).put(kTopic, i / 2 % 4, "m" + std::to_string(i));
  auto running = start_orderly(client(cluster), orderly());
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().messages_consumed == 40; }));
  cluster.broker(0).freeze();
  std::thread closing([&] { EXPECT_TRUE(running.consumer->close(Millis(1000))); });
  EXPECT_TRUE(eventually(
      [&] {
        for (int queue = 0; queue < 4; ++queue) {
          if (!cluster.broker(1).lock_owner(kGroup, kTopic, queue).empty()) return false;
        }
        return committed(cluster, 5);
      },
      kSoon));
  closing.join();
  cluster.broker(0).thaw();
}

TEST_F(FrozenBrokerTest, TheOthersQueuesChangeHandsAtOnce) {
  MockCluster cluster(kTwoBrokers);
  cluster.create_topic(kTopic, 4);
  PushConsumerOptions options = quick();
  // Two queues of each broker to each of two members.
  options.allocation.kind = AllocationKind::kAveragelyByCircle;
  auto first = start(cluster, options, nullptr, "first");
  ASSERT_TRUE(eventually([&] { return first.consumer->statistics().assigned_queues >= 9; }));
  cluster.broker(0).freeze();
  auto second = start(cluster, options, nullptr, "second");
  const auto has_share = [](const Running& running) { return running.consumer->statistics().assigned_queues <= 6; };
  EXPECT_TRUE(eventually([&] { return has_share(first); }, kSoon));
  for (int i = 0; i < 40; ++i) cluster.broker(1).put(kTopic, i % 4, "m" + std::to_string(i));
  EXPECT_TRUE(eventually([&] { return first.received->count() + second.received->count() == 40; }));
  EXPECT_EQ(second.received->distinct(), 20U);
  cluster.broker(0).thaw();
}

// Of a topic's queues, as the application is told of them.
class DifferentMembersTest : public FrozenBrokerTest {
 protected:
  DifferentMembersTest() : cluster_(kTwoBrokers) {
    cluster_.create_topic(kTopic, 4);
    PushConsumerOptions options = quick();
    options.on_queues_changed = [this](const std::string& topic, const std::set<MessageQueue>& queues) {
      if (topic != kTopic) return;
      if (queues.size() > queues_) ++taken_;
      queues_ = queues.size();
    };
    running_ = create(impatient(cluster_), options);
    EXPECT_TRUE(running_.consumer->start());
    EXPECT_TRUE(eventually([&] { return queues_ == 8; }));
    const auto ids = cluster_.broker(1).clients_of(kGroup);
    if (!ids.empty()) id_ = *ids.begin();
  }
  ~DifferentMembersTest() override { (void)running_.consumer->close(Millis(0)); }

  MockCluster cluster_;
  std::atomic<size_t> queues_{0};
  std::atomic<int> taken_{0};
  std::string id_;
  Running running_;
};

TEST_F(DifferentMembersTest, AllThatAnyBrokerListsCount) {
  cluster_.broker(0).set_listed_members(kGroup, {{id_, "another"}});
  ASSERT_TRUE(eventually([&] { return queues_ == 4; }));
  taken_ = 0;
  // Whichever of them answers first.
  const int64_t rounds = running_.consumer->statistics().rebalances;
  ASSERT_TRUE(eventually([&] { return running_.consumer->statistics().rebalances >= rounds + 10; }));
  EXPECT_EQ(taken_, 0);
  cluster_.broker(0).set_listed_members(kGroup, std::nullopt);
  EXPECT_TRUE(eventually([&] { return queues_ == 8; }));
}

TEST_F(DifferentMembersTest, OneThatIsGoneIsNotWaitedForWithAFrozenBroker) {
  for (int broker = 0; broker < 2; ++broker) cluster_.broker(broker).set_listed_members(kGroup, {{id_, "another"}});
  ASSERT_TRUE(eventually([&] { return queues_ == 4; }));
  cluster_.broker(0).freeze();
  cluster_.broker(1).set_listed_members(kGroup, {{id_}});
  EXPECT_TRUE(eventually([&] { return queues_ == 8; }));
  cluster_.broker(0).thaw();
}

TEST_F(FrozenBrokerTest, AConsumeTimeoutIsNotLate) {
  MockCluster cluster(kTwoBrokers);
  cluster.create_topic(kTopic, 1);
  PushConsumerOptions options = quick();
  options.consume_timeout = Millis(300);
  std::atomic<bool> first{true};
  auto running = start(cluster, options, [&](const Delivery&) { return first.exchange(false) ? kLater : -1; });
  ASSERT_TRUE(eventually([&] { return running.consumer->statistics().assigned_queues >= 2; }));
  cluster.broker(0).put(kTopic, 0, "x");
  cluster.broker(1).freeze();
  EXPECT_TRUE(eventually([&] { return running.received->count("x") == 2; }, Millis(5000)));
  cluster.broker(1).thaw();
}

#ifdef __linux__
TEST(ManyConsumersTest, ThreadsDoNotGrowWithTheirNumber) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "x");
  constexpr int kConsumers = 64;
  std::atomic<int> received{0};
  std::vector<std::unique_ptr<PushConsumer>> consumers;
  for (int i = 0; i < kConsumers; ++i) {
    PushConsumerOptions options;
    options.group = "group-" + std::to_string(i);
    options.consume_from = ConsumeFrom::kFirstOffset;
    options.on_queues_changed = [](const std::string&, const std::set<MessageQueue>&) {};
    options.on_delivery = [&](Delivery&) { ++received; };
    auto consumer = PushConsumer::create(client_options(cluster), std::move(options));
    ASSERT_TRUE(consumer);
    ASSERT_TRUE((*consumer)->subscribe(kTopic, "*"));
    ASSERT_TRUE((*consumer)->start());
    consumers.push_back(std::move(*consumer));
  }
  EXPECT_TRUE(eventually([&] { return received == kConsumers; }));
  int threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    threads += name.rfind("rmq-", 0) == 0 ? 1 : 0;
  }
  EXPECT_LE(threads, 16);
}
#endif

TEST(ManyQueuesTest, AreAssignedSoon) {
  MockCluster cluster;
  cluster.broker().record_requests(false);
  cluster.name_server().record_requests(false);
  constexpr int kTopics = 1000;
  cluster.create_topics("topic-", kTopics, 10);
  PushConsumerOptions options;
  options.group = kGroup;
  options.consume_from = ConsumeFrom::kFirstOffset;
  options.on_delivery = [](Delivery&) {};
  auto consumer = PushConsumer::create(client_options(cluster), std::move(options));
  ASSERT_TRUE(consumer);
  for (int i = 0; i < kTopics; ++i) ASSERT_TRUE((*consumer)->subscribe("topic-" + std::to_string(i), "*"));
  const TimePoint begin = now();
  ASSERT_TRUE((*consumer)->start());
  ASSERT_TRUE(eventually([&] { return (*consumer)->statistics().assigned_queues >= kTopics * 10; }));
  // 2 s on a machine of its own.
  const auto took = std::chrono::duration_cast<Millis>(now() - begin);
  RecordProperty("assigned_in_ms", std::to_string(took.count()));
  EXPECT_LT(took, Millis(10000));
}

}  // namespace rocketmq::test
