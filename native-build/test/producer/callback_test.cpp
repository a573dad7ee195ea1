#include <atomic>
#include <stdexcept>
#include <thread>

#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

// What callbacks do harms their own producer alone.
class ProducerCallbackTest : public ProducerTest {
 protected:
  static ProducerOptions told_by(SendCallback callback) {
    ProducerOptions options;
    options.on_sent = std::move(callback);
    return options;
  }
};

TEST_F(ProducerCallbackTest, OneThatBlocksHoldsUpNoOtherProducer) {
  MockCluster cluster;
  std::atomic<bool> release{false};
  std::atomic<int> blocked{0};
  auto blocking = started(cluster, told_by([&](std::vector<SendOutcome>&) {
                            ++blocked;
                            while (!release) std::this_thread::sleep_for(Millis(1));
                          }));
  Outcomes outcomes[2];
  std::unique_ptr<Producer> others[2];
  for (int i = 0; i < 2; ++i) others[i] = started(cluster, told_by(outcomes[i].callback()));
  ASSERT_TRUE(blocking->send_async(message("orders", "x"), Millis(0), 1));
  ASSERT_TRUE(eventually([&] { return blocked == 1; }));
  for (uint64_t context = 0; context < 200; ++context) {
    for (auto& other : others) ASSERT_TRUE(other->send_async(message("orders", "x"), Millis(0), context));
  }
  for (const auto& each : outcomes) EXPECT_TRUE(eventually([&] { return each.count() == 200; }));
  EXPECT_EQ(blocked, 1);
  release = true;
}

// Its callback frees places, so that there is always more to tell.
TEST_F(ProducerCallbackTest, OneThatIsNeverWithoutWorkHoldsUpNoOtherProducer) {
  MockCluster cluster;
  std::atomic<bool> stop{false};
  Producer* self = nullptr;
  std::atomic<int> told{0};
  auto busy = started(cluster, told_by([&](std::vector<SendOutcome>& outcomes) {
                        for (size_t i = 0; i < outcomes.size() && !stop; ++i) {
                          (void)self->send_async(message("orders", "x"), Millis(0), 1);
                        }
                        told += static_cast<int>(outcomes.size());
                      }));
  self = busy.get();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(busy->send_async(message("orders", "x"), Millis(0), 1));
  Outcomes outcomes;
  auto other = started(cluster, told_by(outcomes.callback()));
  for (uint64_t context = 0; context < 20; ++context) {
    ASSERT_TRUE(other->send_async(message("orders", "x"), Millis(0), context));
    EXPECT_TRUE(eventually([&] { return outcomes.count() == context + 1; }));
  }
  const int before = told;
  EXPECT_TRUE(eventually([&] { return told > before; }));
  stop = true;
  ASSERT_TRUE(busy->close(kPatience));
}

TEST_F(ProducerCallbackTest, OneThatThrowsIsGivenTheNextCompletions) {
  MockCluster cluster;
  std::atomic<int> called{0};
  auto producer = started(cluster, told_by([&](std::vector<SendOutcome>&) {
                            if (called.fetch_add(1) % 2 == 0) throw std::runtime_error("meant to fail");
                            throw 1;
                          }));
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 1));
    ASSERT_TRUE(eventually([&] { return called == i; }));
  }
  ASSERT_TRUE(producer->close(kPatience));
  EXPECT_EQ(producer->statistics()->in_flight_count, 0);
}

TEST_F(ProducerCallbackTest, OneThatDoesNotReturnKeepsCloseNoLongerThanItsTimeout) {
  MockCluster cluster;
  std::atomic<bool> release{false};
  std::atomic<size_t> told{0};
  auto producer = started(cluster, told_by([&](std::vector<SendOutcome>& outcomes) {
                            told += outcomes.size();
                            while (!release) std::this_thread::sleep_for(Millis(1));
                          }));
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 1));
  ASSERT_TRUE(eventually([&] { return told == 1; }));
  cluster.broker().inject(request_code::kSendMessageV2, Fault::of(Fault::Kind::kIgnore, -1));
  for (uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(60000), i));
  const auto begin = now();
  ASSERT_TRUE(producer->close(Millis(100)));
  EXPECT_LT(now() - begin, Millis(15000));
  EXPECT_EQ(told, 1U);
  // Every accepted send ends once all the same.
  release = true;
  EXPECT_TRUE(eventually([&] { return told == 11; }));
}

TEST_F(ProducerCallbackTest, OneThatDoesNotReturnKeepsTheFreeingNoLongerThanSomeSeconds) {
  MockCluster cluster;
  std::atomic<bool> release{false};
  std::atomic<bool> returned{false};
  auto producer = started(cluster, told_by([&](std::vector<SendOutcome>&) {
                            while (!release) std::this_thread::sleep_for(Millis(1));
                            returned = true;
                          }));
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 1));
  producer.reset();
  EXPECT_FALSE(returned);
  release = true;
  EXPECT_TRUE(eventually([&] { return returned.load(); }));
}

TEST_F(ProducerCallbackTest, OneThatBlocksHoldsUpNoSynchronousSend) {
  MockCluster cluster;
  std::atomic<bool> release{false};
  std::atomic<bool> blocked{false};
  auto producer = started(cluster, told_by([&](std::vector<SendOutcome>&) {
                            blocked = true;
                            while (!release) std::this_thread::sleep_for(Millis(1));
                          }));
  ASSERT_TRUE(producer->send_async(message("orders", "x"), Millis(0), 1));
  ASSERT_TRUE(eventually([&] { return blocked.load(); }));
  EXPECT_TRUE(producer->send(message("orders", "x"), kPatience));
  release = true;
}

}  // namespace rocketmq::test
