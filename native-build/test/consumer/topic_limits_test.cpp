#include <array>
#include <memory>
#include <string>
#include <vector>

#include "consumer/consumer_fixture.h"
#include "consumer/push/queue_state_machine.h"

namespace rocketmq::test {

using mock::MockCluster;

namespace {

using Kind = QueueAction::Kind;

constexpr int64_t kPerMessage = 10;

// A queue whose broker always has one more message.
class EndlessQueue {
 public:
  explicit EndlessQueue(const QueueSettings& settings) : machine_({"t", "b", 0}, settings, nullptr) {
    machine_.start(at_);
    note_actions();
    machine_.start_found(found_id_, 0, at_);
    note_actions();
  }

  // Answers pulls as long as there are any, but no more than there could be.
  int64_t fill() {
    for (int i = 0; i < 5000 && pull_id_ != 0; ++i) {
      std::vector<StoredMessage> messages(1);
      messages[0].queue_offset = next_;
      messages[0].body = SharedBytes(std::vector<uint8_t>(kPerMessage));
      const uint64_t answered = std::exchange(pull_id_, 0);
      machine_.pulled(answered, std::move(messages), ++next_, at_);
      note_actions();
    }
    return next_;
  }

  bool pulls() const { return pull_id_ != 0; }
  bool wakes_by_itself() const { return machine_.wake_at(at_) != TimePoint::max(); }

  void share_grew() {
    machine_.share_grew(at_);
    note_actions();
  }

  // The oldest message is consumed.
  void finish_one() {
    const auto taken = machine_.cache()->take(1, at_);
    ASSERT_EQ(taken.size(), 1U);
    const std::vector<int64_t> offsets{taken[0].queue_offset};
    machine_.finished(*machine_.cache(), offsets, at_);
    note_actions();
  }

 private:
  void note_actions() {
    std::array<QueueAction, 16> actions;
    const size_t count = machine_.take_actions(actions);
    for (size_t i = 0; i < count; ++i) {
      if (actions[i].kind == Kind::kFindStart) found_id_ = actions[i].id;
      if (actions[i].kind == Kind::kPull) pull_id_ = actions[i].id;
    }
  }

  const TimePoint at_{std::chrono::hours(1)};
  QueueStateMachine machine_;
  uint64_t found_id_ = 0;
  uint64_t pull_id_ = 0;
  int64_t next_ = 0;
};

struct Limited {
  explicit Limited(int64_t queues) {
    share->queues = queues;
    settings.share = share;
  }
  std::shared_ptr<TopicShare> share = std::make_shared<TopicShare>();
  QueueSettings settings;
};

}  // namespace

TEST(TopicLimitsTest, AreSharedEvenlyAmongTheQueues) {
  for (const int64_t queues : {1, 2, 3}) {
    Limited by_count(queues);
    by_count.settings.most_messages_of_topic = 60;
    EXPECT_EQ(EndlessQueue(by_count.settings).fill(), 60 / queues);
    Limited by_bytes(queues);
    by_bytes.settings.most_bytes_of_topic = 60 * kPerMessage;
    EXPECT_EQ(EndlessQueue(by_bytes.settings).fill(), 60 / queues);
  }
}

TEST(TopicLimitsTest, LeaveEachQueueOneMessageAtLeast) {
  for (const int64_t queues : {1, 2, 3}) {
    Limited by_count(queues);
    by_count.settings.most_messages_of_topic = 1;
    EXPECT_EQ(EndlessQueue(by_count.settings).fill(), 1);
    Limited by_bytes(queues);
    by_bytes.settings.most_bytes_of_topic = 1;
    EXPECT_EQ(EndlessQueue(by_bytes.settings).fill(), 1);
  }
}

TEST(TopicLimitsTest, CountBesideThoseOfTheQueue) {
  Limited greater(2);
  greater.settings.most_messages = 7;
  greater.settings.most_messages_of_topic = 60;
  greater.settings.most_bytes_of_topic = 1000 * kPerMessage;
  EXPECT_EQ(EndlessQueue(greater.settings).fill(), 7);
  Limited none(2);
  EXPECT_EQ(EndlessQueue(none.settings).fill(), none.settings.most_messages);
}

// Before the queue itself is counted, say.
TEST(TopicLimitsTest, AreAQueuesOwnWhereNoneIsCounted) {
  Limited alone(0);
  alone.settings.most_messages_of_topic = 60;
  EXPECT_EQ(EndlessQueue(alone.settings).fill(), 60);
}

// Nothing else would: its own messages may take long.
TEST(TopicLimitsTest, AFullQueueGoesOnWhenItsShareGrows) {
  Limited three(3);
  three.settings.most_messages_of_topic = 60;
  EndlessQueue queue(three.settings);
  EXPECT_EQ(queue.fill(), 20);
  EXPECT_FALSE(queue.wakes_by_itself());
  queue.share_grew();
  EXPECT_FALSE(queue.pulls());
  three.share->queues = 2;
  queue.share_grew();
  EXPECT_TRUE(queue.pulls());
  EXPECT_EQ(queue.fill(), 30);
}

TEST(TopicLimitsTest, AQueueWhoseShareShrankPullsNothingUntilItHoldsLess) {
  Limited one(1);
  one.settings.most_messages_of_topic = 6;
  EndlessQueue queue(one.settings);
  EXPECT_EQ(queue.fill(), 6);
  one.share->queues = 2;
  for (int held = 5; held >= 3; --held) {
    queue.finish_one();
    EXPECT_FALSE(queue.pulls()) << held;
  }
  queue.finish_one();
  EXPECT_TRUE(queue.pulls());
}

class LimitedConsumerTest : public ConsumerTest {
 protected:
  static constexpr int kQueues = 4;
  static constexpr int kInEach = 100;

  static void fill(MockCluster& cluster) {
    cluster.create_topic(kTopic, kQueues);
    for (int i = 0; i < kQueues * kInEach; ++i) cluster.broker().put(kTopic, i % kQueues, "m" + std::to_string(i));
  }

  // 10 messages for each of 4 queues, 20 for each of 2; a pull brings 4.
  static PushConsumerOptions limited() {
    PushConsumerOptions options = quick();
    options.max_cached_messages_per_topic = 40;
    options.pull_batch_size = 4;
    options.max_outstanding_batches = 1;
    return options;
  }
};

// A pull that begins below the share of 10 ends at 12.
TEST_F(LimitedConsumerTest, HoldsNoMoreThanTheLimitAndAPullForEachQueue) {
  MockCluster cluster;
  fill(cluster);
  auto running = start(cluster, limited(), [](const Delivery&) { return kLater; });
  const auto cached = [&] { return running.consumer->statistics().cached_messages; };
  ASSERT_TRUE(eventually([&] { return cached() >= 48; }));
  EXPECT_FALSE(eventually([&] { return cached() > 48; }, Millis(200)));
  // Acknowledged one after the other, all of it comes.
  size_t done = 0;
  ASSERT_TRUE(eventually([&] {
    for (const auto ids = running.received->ids(); done < ids.size(); ++done) {
      EXPECT_TRUE(running.consumer->acknowledge(ids[done], -1, 0));
    }
    EXPECT_LE(cached(), 52);
    return done == kQueues * kInEach;
  }));
}

TEST_F(LimitedConsumerTest, CountsTheBytesOfATopicToo) {
  MockCluster cluster;
  cluster.create_topic(kTopic, kQueues);
  const std::string body(100, 'x');
  for (int i = 0; i < kQueues * kInEach; ++i) cluster.broker().put(kTopic, i % kQueues, body);
  PushConsumerOptions options = limited();
  options.max_cached_messages_per_topic = 0;
  options.max_cached_bytes_per_topic = 4000;
  auto running = start(cluster, options, [](const Delivery&) { return kLater; });
  const auto cached = [&] { return running.consumer->statistics().cached_bytes; };
  ASSERT_TRUE(eventually([&] { return cached() >= 4800; }));
  EXPECT_FALSE(eventually([&] { return cached() > 4800; }, Millis(200)));
}

// Also while its listener is busy with something that does not end.
TEST_F(LimitedConsumerTest, GoesOnWithTheQueuesThatItKeepsWhenAnotherMemberComes) {
  MockCluster cluster;
  fill(cluster);
  const auto later = [](const Delivery&) { return kLater; };
  auto first = start(cluster, limited(), later, "first");
  const auto statistics = [&] { return first.consumer->statistics(); };
  ASSERT_TRUE(eventually([&] { return statistics().cached_messages == 48; }));
  auto second = start(cluster, limited(), later, "second");
  // Two of the topic, and perhaps the one of the retry topic.
  ASSERT_TRUE(eventually([&] { return statistics().assigned_queues <= 3; }));
  EXPECT_TRUE(eventually([&] { return statistics().cached_messages == 40; })) << statistics().cached_messages;
  EXPECT_FALSE(eventually([&] { return statistics().cached_messages != 40; }, Millis(200)))
      << statistics().cached_messages;
}

}  // namespace rocketmq::test
