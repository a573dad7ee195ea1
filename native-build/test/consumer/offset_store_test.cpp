#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <filesystem>
#include <future>

#include "client/client_lease.h"
#include "cluster_access.h"
#include "consumer/broker_offset_store.h"
#include "consumer/file_offset_store.h"
#include "consumer/names.h"
#include "consumer/offset_committer.h"
#include "consumer/offset_requests.h"
#include "consumer/start_offset.h"
#include "eventually.h"
#include "mock/mock_cluster.h"
#include "protocol/codes.h"
#include "protocol/names.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

namespace {

// Two brokers, and a client that knows the route of kTopic.
class OffsetStoreTest : public ::testing::Test {
 protected:
  void begin(int queues, Millis request_timeout = kPatience) {
    cluster_.create_topic(kTopic, queues);
    ClientOptions options = client_options(cluster_);
    options.request_timeout = request_timeout;
    lease_.emplace(ClientLease::acquire(options));
    const auto found = std::make_shared<std::promise<Result<Route>>>();
    (*lease_)->routes().get(kTopic, false, 4, [found](Result<Route> route) { found->set_value(std::move(route)); });
    ASSERT_TRUE(found->get_future().get());
  }
  ClientInstance& client() { return **lease_; }
  template <typename Value>
  Value run(asio::awaitable<Value> coroutine) {
    return asio::co_spawn(client().loop().context(), std::move(coroutine), asio::use_future).get();
  }
  Result<int64_t> start_of(const MessageQueue& queue, StartPolicy policy, bool appeared_later = false) {
    BrokerOffsetStore store(client(), kGroup, policy.from == ConsumeFrom::kLastOffset);
    return run(find_start_offset(client(), store, policy, queue, appeared_later, [] { return false; }));
  }

  MockCluster cluster_{{1, 2, 4, true}};
  std::optional<ClientLease> lease_;
  const MessageQueue queue_{kTopic, "broker-0", 1};
};

}  // namespace

TEST_F(OffsetStoreTest, TheMasterKeepsWhatAGroupCommits) {
  begin(4);
  BrokerOffsetStore store(client(), kGroup, false);
  EXPECT_EQ(run(store.read(queue_)).value(), std::optional<int64_t>());
  EXPECT_TRUE(run(store.write(queue_, 42)));
  EXPECT_EQ(cluster_.broker(0).committed_offset(kGroup, kTopic, 1), 42);
  EXPECT_EQ(cluster_.broker(1).committed_offset(kGroup, kTopic, 1), -1);
  EXPECT_EQ(run(store.read(queue_)).value(), std::optional<int64_t>(42));
}

TEST_F(OffsetStoreTest, ASlaveTellsOffsetsAndKeepsNone) {
  begin(4);
  cluster_.broker(0).set_committed_offset(kGroup, kTopic, 1, 7);
  cluster_.set_route(kTopic,
                     {"", {{"mock", "broker-0", {{1, cluster_.broker(0).address()}}, false}}, {{"broker-0", 4, 4, 6}}});
  ASSERT_TRUE(run(client().routes().refresh(kTopic)));
  BrokerOffsetStore store(client(), kGroup, false);
  EXPECT_EQ(run(store.read(queue_)).value(), std::optional<int64_t>(7));
  const Status written = run(store.write(queue_, 8));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::kUnreachable);
  EXPECT_NE(written.error().message.find("broker-0"), std::string::npos) << written.error().message;
  EXPECT_EQ(cluster_.broker(0).committed_offset(kGroup, kTopic, 1), 7);
}

TEST_F(OffsetStoreTest, ARefusalAndAnOffsetThatIsNoneAreErrors) {
  begin(4);
  BrokerOffsetStore store(client(), kGroup, false);
  cluster_.broker(0).inject(request_code::kUpdateConsumerOffset, Fault::respond(1, "no"));
  const Status refused = run(store.write(queue_, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kRejected);
  EXPECT_EQ(refused.error().response_code, 1);
  cluster_.broker(0).inject(request_code::kQueryConsumerOffset, Fault::respond(0, "without an offset"));
  const auto nothing = run(store.read(queue_));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::kProtocolError);
}

// In sequence, the frozen broker's offsets alone would take many times the request's timeout.
TEST_F(OffsetStoreTest, AFrozenBrokerKeepsNoOtherFromItsOffsets) {
  constexpr int kQueues = 1000;
  begin(kQueues);
  cluster_.broker(1).inject(mock::kAnyRequest, Fault::of(Fault::Kind::kIgnore, -1));
  const auto store = std::make_shared<BrokerOffsetStore>(client(), kGroup, false);
  OffsetCommitter committer(client().loop(), store, {std::chrono::hours(1), 64});
  const TimePoint begun = now();
  client().loop().run_and_wait([&] {
    for (int i = 0; i < kQueues; ++i) {
      committer.note({kTopic, "broker-1", i}, 5);
      committer.note({kTopic, "broker-0", i}, 5);
    }
  });
  auto flushed =
      asio::co_spawn(client().loop().context(), committer.flush(begun + std::chrono::hours(1)), asio::use_future);
  ASSERT_TRUE(cluster_.broker(0).await_requests(request_code::kUpdateConsumerOffset, kQueues, kPatience / 2));
  std::cout << "1,000 offsets of the healthy broker: " << millis_between(begun, now()) << " ms\n";
  ASSERT_TRUE(eventually([&] { return cluster_.broker(0).committed_offset(kGroup, kTopic, kQueues - 1) == 5; }));
  for (int i = 0; i < kQueues; ++i) EXPECT_EQ(cluster_.broker(0).committed_offset(kGroup, kTopic, i), 5);
  EXPECT_EQ(flushed.wait_for(Millis(0)), std::future_status::timeout);
  EXPECT_LE(cluster_.broker(1).request_count(request_code::kUpdateConsumerOffset), 64);
  client().loop().run_and_wait([&] { committer.close(); });
  flushed.get();
}

TEST_F(OffsetStoreTest, AQueueBeginsWhereItsOffsetIsStored) {
  begin(4);
  cluster_.broker(0).set_committed_offset(kGroup, kTopic, 1, 9);
  for (const auto from : {ConsumeFrom::kLastOffset, ConsumeFrom::kFirstOffset, ConsumeFrom::kTimestamp}) {
    EXPECT_EQ(start_of(queue_, {from, 0}, true).value(), 9);
  }
}

TEST_F(OffsetStoreTest, WithoutAStoredOneThePolicyCounts) {
  begin(4);
  for (int i = 0; i < 6; ++i) cluster_.broker(0).put(kTopic, 1, "m" + std::to_string(i));
  // A queue that has lost its first message is not young.
  cluster_.broker(0).trim(kTopic, 1, 2);
  EXPECT_EQ(start_of(queue_, {ConsumeFrom::kLastOffset, 0}).value(), 6);
  EXPECT_EQ(start_of(queue_, {ConsumeFrom::kFirstOffset, 0}).value(), 2);
  EXPECT_EQ(start_of(queue_, {ConsumeFrom::kTimestamp, wall_clock_ms() + 3600000}).value(), 6);
  EXPECT_EQ(start_of(queue_, {ConsumeFrom::kTimestamp, 1}).value(), 2);
  // One that came after the member loses nothing; a timestamp holds for it, too.
  EXPECT_EQ(start_of(queue_, {ConsumeFrom::kLastOffset, 0}, true).value(), 2);
  EXPECT_EQ(start_of(queue_, {ConsumeFrom::kTimestamp, wall_clock_ms() + 3600000}, true).value(), 6);
}

TEST_F(OffsetStoreTest, RedeliveriesBeginAtTheBeginning) {
  begin(4);
  const std::string retry = retry_topic(kGroup);
  cluster_.create_topic(retry, 1);
  ASSERT_TRUE(run(client().routes().refresh(retry)));
  cluster_.broker(0).put(retry, 0, "x");
  cluster_.broker(0).put(retry, 0, "y");
  cluster_.broker(0).trim(retry, 0, 1);
  EXPECT_EQ(start_of({retry, "broker-0", 0}, {ConsumeFrom::kLastOffset, 0}).value(), 0);
}

TEST_F(OffsetStoreTest, NothingIsAskedOnceTheConsumerHasEnded) {
  begin(4);
  BrokerOffsetStore store(client(), kGroup, false);
  const auto start = run(find_start_offset(client(), store, {}, queue_, false, [] { return true; }));
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().kind, ErrorKind::kClosed);
  EXPECT_EQ(cluster_.broker(0).request_count(request_code::kGetMaxOffset), 0);
}

TEST_F(OffsetStoreTest, AMemberOfABroadcastKeepsItsOffsetsInAFile) {
  begin(4);
  const auto directory = std::filesystem::path(::testing::TempDir()) / "rocketmq-file-offset-store";
  std::filesystem::remove_all(directory);
  std::vector<std::function<void()>> tasks;
  {
    auto file = *LocalOffsets::open(directory, "one", kGroup);
    FileOffsetStore store(file, kGroup, [&](std::function<void()> task) { tasks.push_back(std::move(task)); });
    EXPECT_EQ(run(store.read(queue_)).value(), std::optional<int64_t>());
    EXPECT_TRUE(run(store.write(queue_, 3)));
    EXPECT_EQ(run(store.read(queue_)).value(), std::optional<int64_t>(3));
    EXPECT_FALSE(std::filesystem::exists(file->file()));
    store.save_soon();
    ASSERT_EQ(tasks.size(), 1U);
    tasks.front()();
    file->close();
  }
  auto file = *LocalOffsets::open(directory, "one", kGroup);
  EXPECT_EQ(file->find(queue_), 3);
  EXPECT_EQ(file->queues(), std::vector<MessageQueue>{queue_});
  file->close();
  std::filesystem::remove_all(directory);
}

TEST(QueueArrivalsTest, WhatWasNotThereFirstCameLater) {
  QueueArrivals arrivals;
  const MessageQueue first{"t", "b", 0};
  const MessageQueue second{"t", "b", 1};
  // Nothing is known of the topic yet.
  EXPECT_FALSE(arrivals.appeared_later(first));
  arrivals.note_queues("t", {first});
  EXPECT_FALSE(arrivals.appeared_later(first));
  EXPECT_TRUE(arrivals.appeared_later(second));
  arrivals.note_queues("t", {first, second});
  EXPECT_TRUE(arrivals.appeared_later(second));
  arrivals.forget("t");
  arrivals.note_queues("t", {first, second});
  EXPECT_FALSE(arrivals.appeared_later(second));
  // A topic that is made after its subscription.
  arrivals.note_missing("u");
  arrivals.note_queues("u", {{"u", "b", 0}});
  EXPECT_TRUE(arrivals.appeared_later({"u", "b", 0}));
}

}  // namespace rocketmq::test
