#include <atomic>
#include <memory>
#include <thread>

#include "producer/producer_fixture.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

constexpr int32_t kSend = request_code::kSendMessageV2;

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

}  // namespace rocketmq::test
