#include "producer/send_operation.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <stdexcept>
#include <thread>

#include "producer/batch_encoder.h"
#include "producer/producer_fixture.h"
#include "without_memory.h"

namespace rocketmq::test {

using mock::MockCluster;

namespace {

// Stands in for a producer, and lets a test do something where the operation asks for its parts.
class Owner : public SendOwner {
 public:
  explicit Owner(ClientInstance& client) : client_(client), selector_(client.brokers(), false) {
    options_.group = "group";
  }
  ClientInstance& client() override {
    if (on_client) on_client();
    return client_;
  }
  const ProducerOptions& options() const override {
    if (on_options) on_options();
    return options_;
  }
  const QueueSelector& selector() const override { return selector_; }
  void on_retry() override {}
  void on_finished(std::shared_ptr<SendOperation> operation) override {
    fail_next_allocations(0);
    std::lock_guard lock(mutex_);
    ended_ = std::move(operation);
    ++ends_;
    changed_.notify_all();
  }
  // Once, as the operation keeps its owner; nullptr when nothing has ended in time.
  std::shared_ptr<SendOperation> await_end() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return ends_ > 0; });
    EXPECT_LE(ends_, 1) << "a send must end exactly once";
    return std::move(ended_);
  }

  std::function<void()> on_client;
  std::function<void()> on_options;

 private:
  ClientInstance& client_;
  ProducerOptions options_;
  const QueueSelector selector_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<SendOperation> ended_;
  int ends_ = 0;
};

class SendOperationTest : public ::testing::Test {
 protected:
  SendOperationTest() : client_(client_options(cluster_), 1) {
    cluster_.create_topic("orders", 1);
    std::promise<Result<Route>> found;
    client_.routes().get("orders", true, 4, [&](Result<Route> route) { found.set_value(std::move(route)); });
    EXPECT_TRUE(found.get_future().get());
  }
  ~SendOperationTest() override { client_.shutdown(); }

  static std::shared_ptr<SendOperation> make(std::shared_ptr<Owner> owner) {
    // A batch, as its receipt needs memory.
    BatchEncoder encoder(owner->options());
    EXPECT_TRUE(encoder.add(message("orders", "x")));
    EXPECT_TRUE(encoder.add(message("orders", "y")));
    return std::make_shared<SendOperation>(std::move(owner), encoder.finish(), QueueWish{}, SendOperation::Mode::kAsync,
                                           0, now(), now() + 4 * kPatience, false);
  }
  static Error closed() {
    Error error;
    error.kind = ErrorKind::kClosed;
    return error;
  }
  // What comes behind all that was sent before by the same connection.
  void send_another() {
    auto owner = std::make_shared<Owner>(client_);
    make(owner)->start();
    const auto ended = owner->await_end();
    ASSERT_TRUE(ended);
    ASSERT_TRUE(ended->result()) << ended->result().error().message;
  }

  MockCluster cluster_;
  ClientInstance client_;
};

}  // namespace

TEST_F(SendOperationTest, AnAnswerThatCannotBeTakenForWantOfMemoryEndsIt) {
  send_another();
  for (int failures = 1; failures <= 8; ++failures) {
    auto owner = std::make_shared<Owner>(client_);
    auto operation = make(owner);
    // Asked for by the operation on the loop once the answer is there.
    owner->on_options = [&, once = std::make_shared<std::atomic<bool>>(false)] {
      if (client_.loop().is_current() && !once->exchange(true)) fail_next_allocations(failures);
    };
    operation->start();
    const auto ended = owner->await_end();
    ASSERT_TRUE(ended) << failures;
    ASSERT_FALSE(ended->result()) << failures;
    EXPECT_TRUE(ended->result().error().may_be_stored) << failures;
  }
}

TEST_F(SendOperationTest, AnEndThatCannotBeHandledTellsThatTheMessageIsStored) {
  auto owner = std::make_shared<Owner>(client_);
  auto operation = make(owner);
  operation->on_end = [](Result<SendReceipt>&) { throw std::runtime_error("meant to fail"); };
  operation->start();
  const auto ended = owner->await_end();
  ASSERT_TRUE(ended);
  ASSERT_FALSE(ended->result());
  EXPECT_EQ(ended->result().error().kind, ErrorKind::kInternalError);
  EXPECT_TRUE(ended->result().error().may_be_stored);
}

// It waits for its connection, which others of the client open all the same.
TEST_F(SendOperationTest, OneThatIsAbortedBeforeItIsWrittenDoesNotLeave) {
  auto owner = std::make_shared<Owner>(client_);
  auto operation = make(owner);
  client_.loop().run_and_wait([&] {
    operation->start();
    operation->abort(closed());
  });
  const auto ended = owner->await_end();
  ASSERT_TRUE(ended);
  send_another();
  EXPECT_EQ(cluster_.message_count("orders"), 2) << "those of the other one";
  EXPECT_FALSE(ended->result().error().may_be_stored);
}

TEST_F(SendOperationTest, OneThatIsAbortedInsideItsStartLeavesNothing) {
  send_another();
  for (int step = 1; step <= 5; ++step) {
    const int before = cluster_.message_count("orders");
    auto owner = std::make_shared<Owner>(client_);
    auto operation = make(owner);
    const auto abort = [&] { client_.loop().run_and_wait([&] { operation->abort(closed()); }); };
    int asked = 0;
    owner->on_client = [&] {
      if (!client_.loop().is_current() && ++asked == step) abort();
    };
    operation->start();
    abort();
    const auto ended = owner->await_end();
    ASSERT_TRUE(ended);
    owner->on_client = nullptr;
    send_another();
    const bool stored = cluster_.message_count("orders") > before + 2;
    EXPECT_TRUE(ended->result() || ended->result().error().may_be_stored || !stored) << step;
    EXPECT_FALSE(client_.brokers().of(cluster_.broker().address())->waited_for()) << step;
  }
}

// As it happens while a caller's own thread has the answer.
TEST_F(SendOperationTest, OneThatIsAbortedWithItsAnswerTellsThatItMayBeStored) {
  send_another();
  auto owner = std::make_shared<Owner>(client_);
  auto operation = make(owner);
  owner->on_options = [&, once = std::make_shared<std::atomic<bool>>(false)] {
    if (client_.loop().is_current() && !once->exchange(true)) operation->abort(closed());
  };
  operation->start();
  const auto ended = owner->await_end();
  ASSERT_TRUE(ended);
  ASSERT_FALSE(ended->result());
  EXPECT_TRUE(ended->result().error().may_be_stored);
}

}  // namespace rocketmq::test
