#include "consumer/allocation.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "consumer/consumer_fixture.h"

namespace rocketmq::test {

using mock::MockCluster;

namespace {

std::vector<MessageQueue> some_queues(int count, const std::string& broker = "b") {
  std::vector<MessageQueue> queues;
  for (int i = 0; i < count; ++i) queues.push_back({"t", broker, i});
  return queues;
}

const std::vector<std::string> kMembers = {"a", "b", "c", "d"};

std::vector<std::vector<int>> ids_by_member(const Allocation& allocation, const std::vector<MessageQueue>& queues,
                                            const std::vector<std::string>& members = kMembers) {
  std::vector<std::vector<int>> all;
  for (const auto& member : members) {
    auto& ids = all.emplace_back();
    for (const auto& queue : allocate_queues(allocation, queues, members, member)) ids.push_back(queue.queue_id);
  }
  return all;
}

using Ids = std::vector<std::vector<int>>;

Allocation of_kind(AllocationKind kind) {
  Allocation allocation;
  allocation.kind = kind;
  return allocation;
}

}  // namespace

TEST(AllocationTest, AveragelyIsEvenAndConsecutive) {
  EXPECT_EQ(ids_by_member({}, some_queues(10)), (Ids{{0, 1, 2}, {3, 4, 5}, {6, 7}, {8, 9}}));
  EXPECT_EQ(ids_by_member({}, some_queues(2)), (Ids{{0}, {1}, {}, {}}));
}

TEST(AllocationTest, ByCircleDealsOneByOne) {
  const auto allocation = of_kind(AllocationKind::kAveragelyByCircle);
  EXPECT_EQ(ids_by_member(allocation, some_queues(10)), (Ids{{0, 4, 8}, {1, 5, 9}, {2, 6}, {3, 7}}));
  EXPECT_EQ(ids_by_member(allocation, some_queues(2)), (Ids{{0}, {1}, {}, {}}));
}

TEST(AllocationTest, ByConfigurationIsWhatWasConfiguredOfTheTopic) {
  auto allocation = of_kind(AllocationKind::kByConfiguration);
  allocation.queues = {{"t", "b", 3}, {"t", "b", 1}, {"other", "b", 0}, {"t", "elsewhere", 0}, {"t", "b", 99}};
  EXPECT_EQ(ids_by_member(allocation, some_queues(4)), (Ids{{3, 1}, {3, 1}, {3, 1}, {3, 1}}));
  // Otherwise nobody would have it.
  const std::vector<MessageQueue> retry = {{"%RETRY%g", "b", 0}};
  EXPECT_EQ(ids_by_member(allocation, retry), (Ids{{0}, {}, {}, {}}));
}

// Computed by Apache's AllocateMessageQueueConsistentHash.
TEST(AllocationTest, ConsistentHashIsThatOfApachesClient) {
  auto allocation = of_kind(AllocationKind::kConsistentHash);
  EXPECT_EQ(ids_by_member(allocation, some_queues(16)),
            (Ids{{2, 3, 6, 7, 11}, {0, 5, 12, 13}, {8, 10, 14, 15}, {1, 4, 9}}));
  allocation.virtual_nodes = 1;
  EXPECT_EQ(ids_by_member(allocation, some_queues(16)),
            (Ids{{2, 3}, {4, 5, 8, 15}, {0, 6, 7, 11}, {1, 9, 10, 12, 13, 14}}));
}

TEST(AllocationTest, ConsistentHashGivesEachQueueToOneAndMovesFew) {
  const auto allocation = of_kind(AllocationKind::kConsistentHash);
  const auto queues = some_queues(200);
  const auto four = ids_by_member(allocation, queues);
  std::vector<int> owner(queues.size(), -1);
  for (size_t member = 0; member < four.size(); ++member) {
    EXPECT_FALSE(four[member].empty());
    for (const int id : four[member]) {
      EXPECT_EQ(owner[static_cast<size_t>(id)], -1);
      owner[static_cast<size_t>(id)] = static_cast<int>(member);
    }
  }
  EXPECT_EQ(std::count(owner.begin(), owner.end(), -1), 0);
  const auto three = ids_by_member(allocation, queues, {"a", "b", "c"});
  for (size_t member = 0; member < three.size(); ++member) {
    for (const int id : three[member]) {
      const int before = owner[static_cast<size_t>(id)];
      // Only those of the member that left have moved.
      EXPECT_TRUE(before == static_cast<int>(member) || before == 3) << id;
    }
  }
}

TEST(AllocationTest, ByMachineRoomPassesOverOtherRooms) {
  auto allocation = of_kind(AllocationKind::kByMachineRoom);
  allocation.machine_rooms = {"east", "north"};
  std::vector<MessageQueue> queues = some_queues(5, "east@b1");
  for (const char* broker : {"b0", "west@b2", "east@b3@x", "@b4"}) queues.push_back({"t", broker, 50});
  // Java's split passes over empty parts at the end.
  queues.push_back({"t", "north@b5@", 60});
  EXPECT_EQ(ids_by_member(allocation, queues), (Ids{{0, 4}, {1, 60}, {2}, {3}}));
}

TEST(AllocationTest, AStrangerGetsNothing) {
  for (int32_t kind = 0; kind <= 4; ++kind) {
    auto allocation = of_kind(static_cast<AllocationKind>(kind));
    allocation.queues = some_queues(4);
    allocation.machine_rooms = {"east"};
    EXPECT_TRUE(allocate_queues(allocation, some_queues(4, "east@b"), kMembers, "stranger").empty()) << kind;
    EXPECT_TRUE(allocate_queues(allocation, {}, kMembers, "a").empty()) << kind;
    EXPECT_TRUE(allocate_queues(allocation, some_queues(4), {}, "a").empty()) << kind;
  }
}

class AllocatingGroupTest : public ConsumerTest {};

TEST_F(AllocatingGroupTest, MembersShareByEachStrategyWithoutDuplicates) {
  for (const auto kind : {AllocationKind::kAveragelyByCircle, AllocationKind::kConsistentHash}) {
    MockCluster cluster;
    cluster.create_topic(kTopic, 16);
    PushConsumerOptions options = quick();
    options.allocation.kind = kind;
    auto first = start(cluster, options, nullptr, "first");
    auto second = start(cluster, options, nullptr, "second");
    ASSERT_TRUE(eventually([&] {
      const auto a = first.consumer->statistics().assigned_queues;
      const auto b = second.consumer->statistics().assigned_queues;
      return a + b == 17 && a > 0 && b > 0;
    }));
    for (int i = 0; i < 160; ++i) cluster.broker().put(kTopic, i % 16, "m" + std::to_string(i));
    ASSERT_TRUE(eventually([&] { return first.received->count() + second.received->count() >= 160; }));
    EXPECT_EQ(first.received->distinct() + second.received->distinct(), 160U);
    EXPECT_EQ(first.received->count() + second.received->count(), 160U);
  }
}

TEST_F(AllocatingGroupTest, AConfiguredMemberHasItsQueuesAndItsRedeliveries) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 4);
  PushConsumerOptions options = quick();
  options.allocation.kind = AllocationKind::kByConfiguration;
  options.allocation.queues = {{kTopic, "broker-0", 1}, {kTopic, "broker-0", 3}};
  auto running = start(cluster, options, [](const Delivery& d) { return d.messages[0].reconsume_times == 0 ? 0 : -1; });
  for (int i = 0; i < 8; ++i) cluster.broker().put(kTopic, i % 4, "m" + std::to_string(i));
  ASSERT_TRUE(eventually([&] { return running.received->count() == 8; }));
  EXPECT_EQ(running.received->distinct(), 4U);
  for (const char* body : {"m1", "m3", "m5", "m7"}) EXPECT_EQ(running.received->count(body), 2U) << body;
  EXPECT_EQ(running.consumer->statistics().assigned_queues, 3);
}

}  // namespace rocketmq::test
