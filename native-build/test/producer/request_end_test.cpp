#include <atomic>
#include <future>
#include <memory>
#include <new>
#include <thread>

#include "client/client_lease.h"
#include "producer/producer_fixture.h"
#include "without_memory.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

// How requests end that get no reply.
class RequestEndTest : public ProducerTest {
 protected:
  // Whose options keep `witness`, as long as there is anything of it.
  std::unique_ptr<Producer> requester(const MockCluster& cluster, ReplyCallback callback,
                                      const std::shared_ptr<int>& witness = nullptr) {
    ProducerOptions options;
    options.group = "requesters";
    options.send_timeout = Millis(30000);
    options.on_sent = [witness](std::vector<SendOutcome>&) {};
    auto producer = Producer::create(client_options(cluster), std::move(options));
    EXPECT_TRUE(producer && (*producer)->set_reply_callback(std::move(callback)));
    EXPECT_TRUE((*producer)->start());
    return std::move(*producer);
  }
};

TEST_F(RequestEndTest, ACallbackThatDoesNotReturnKeepsItsProducer) {
  MockCluster cluster;
  cluster.broker().inject(kSend, Fault::respond(response_code::kMessageIllegal, "no", -1));
  std::atomic<bool> release{false};
  std::atomic<bool> blocked{false};
  auto witness = std::make_shared<int>();
  const std::weak_ptr<int> alive = witness;
  auto producer = requester(
      cluster,
      [&](const ReplyOutcome&) {
        blocked = true;
        while (!release) std::this_thread::sleep_for(Millis(1));
      },
      std::exchange(witness, nullptr));
  ASSERT_TRUE(producer->request_async(message("orders", "x"), Millis(0), 1));
  ASSERT_TRUE(eventually([&] { return blocked.load(); }));
  producer.reset();
  EXPECT_FALSE(alive.expired()) << "what follows the callback is the producer's";
  release = true;
  EXPECT_TRUE(eventually([&] { return alive.expired(); }));
}

// Wherever the memory for one runs out: it is refused and leaves nothing, or ends once.
TEST_F(RequestEndTest, WithoutMemoryItIsRefusedAsAWhole) {
  MockCluster cluster;
  constexpr int kMost = 150;
  std::atomic<int> ended[kMost] = {};
  auto producer = requester(cluster, [&](const ReplyOutcome& outcome) { ++ended[outcome.context]; });
  ASSERT_TRUE(producer->warm_up("orders"));
  bool refused[kMost] = {};
  for (int others = 0; others < kMost; ++others) {
    fail_allocation_after(others);
    try {
      const auto begun = producer->request_async(message("orders", "x"), Millis(60000), static_cast<uint64_t>(others));
      refused[others] = !begun;
    } catch (const std::bad_alloc&) {
      refused[others] = true;
    }
    fail_allocation_after(-1);
  }
  EXPECT_TRUE(refused[0]);
  EXPECT_FALSE(refused[kMost - 1]);
  ASSERT_TRUE(producer->close(Millis(0)));
  for (int i = 0; i < kMost; ++i) EXPECT_EQ(ended[i], refused[i] ? 0 : 1) << i;
  EXPECT_EQ(producer->statistics()->in_flight_count, 0);
}

TEST_F(RequestEndTest, ATimerThatCannotBeSetForWantOfMemoryIsSetLater) {
  MockCluster cluster;
  constexpr int kMost = 4;
  std::atomic<int> timed_out[kMost] = {};
  auto producer = requester(cluster, [&](const ReplyOutcome& outcome) {
    timed_out[outcome.context] += !outcome.reply && outcome.reply.error().kind == ErrorKind::kTimeout ? 1 : 0;
  });
  ASSERT_TRUE(producer->warm_up("orders"));
  const auto lease = ClientLease::acquire(client_options(cluster));
  EventLoop& loop = lease->loop();
  int failures = 0;
  for (int others = 0; others < kMost; ++others) {
    std::promise<void> rests;
    std::promise<void> goes_on;
    loop.post([&rests, until = goes_on.get_future().share()] {
      rests.set_value();
      until.wait();
    });
    rests.get_future().wait();
    EXPECT_TRUE(producer->request_async(message("orders", "x"), Millis(100), static_cast<uint64_t>(others)));
    // The timer is set on this thread in place of the loop's, as asio has no memory in reserve here.
    fail_allocation_after(others);
    EXPECT_NO_THROW(loop.context().poll_one());
    if (allocations_before_failure < 0) ++failures;
    fail_allocation_after(-1);
    goes_on.set_value();
    EXPECT_TRUE(eventually([&] { return timed_out[others] == 1; })) << others;
  }
  EXPECT_GT(failures, 0);
}

TEST_F(RequestEndTest, WithoutMemoryASendIsRefusedAsAWhole) {
  MockCluster cluster;
  Outcomes outcomes;
  ProducerOptions options;
  options.on_sent = outcomes.callback();
  auto producer = started(cluster, options);
  ASSERT_TRUE(producer->warm_up("orders"));
  constexpr uint64_t kMost = 60;
  bool refused[kMost] = {};
  for (uint64_t others = 0; others < kMost; ++others) {
    fail_allocation_after(static_cast<int>(others));
    try {
      refused[others] = !producer->send_async(message("orders", "x"), Millis(0), others);
    } catch (const std::bad_alloc&) {
      refused[others] = true;
    }
    fail_allocation_after(-1);
  }
  ASSERT_TRUE(producer->close(kPatience));
  for (uint64_t i = 0; i < kMost; ++i) EXPECT_EQ(outcomes.result(i).has_value(), !refused[i]) << i;
  EXPECT_EQ(producer->statistics()->in_flight_count, 0);
}

}  // namespace rocketmq::test
