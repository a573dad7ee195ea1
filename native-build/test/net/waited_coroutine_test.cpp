#include "net/waited_coroutine.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "eventually.h"

namespace rocketmq::test {

namespace {

asio::awaitable<Result<std::string>> answer_after(std::shared_ptr<Pause> pause, std::string text) {
  co_await pause->wait(Millis(60000));
  co_return text;
}

asio::awaitable<Status> fail_with(std::string message) { co_return fail(ErrorKind::kUnreachable, std::move(message)); }

asio::awaitable<Status> throw_at_once() {
  throw std::runtime_error("no end");
  co_return Status();
}

}  // namespace

class WaitedCoroutineTest : public ::testing::Test {
 protected:
  ~WaitedCoroutineTest() override { loop_.stop(); }

  EventLoop loop_{"test-io"};
};

TEST_F(WaitedCoroutineTest, ItsEndIsGivenToWhoWaits) {
  auto pause = std::make_shared<Pause>(loop_);
  const auto waited = start_waited(loop_, answer_after(pause, "late"), "test");
  EXPECT_FALSE(waited->wait(now() + Millis(20)));
  loop_.run_and_wait([&] { pause->interrupt(); });
  const auto end = waited->wait(now() + kPatience);
  ASSERT_TRUE(end && *end);
  EXPECT_EQ(**end, "late");
  pause.reset();
}

TEST_F(WaitedCoroutineTest, AnEndAfterTheWaitIsOfNoUse) {
  auto pause = std::make_shared<Pause>(loop_);
  std::weak_ptr<Waited<std::string>> given;
  {
    const auto waited = start_waited(loop_, answer_after(pause, "too late"), "test");
    given = waited;
    EXPECT_FALSE(waited->wait(now()));
  }
  loop_.run_and_wait([&] { pause->interrupt(); });
  pause.reset();
  EXPECT_TRUE(eventually([&] { return given.expired(); }));
}

TEST_F(WaitedCoroutineTest, AFailureIsAnEndAndAnExceptionIsNone) {
  const auto failed = start_waited(loop_, fail_with("gone"), "test");
  const auto end = failed->wait(now() + kPatience);
  ASSERT_TRUE(end);
  ASSERT_FALSE(*end);
  EXPECT_EQ(end->error().message, "gone");
  const auto thrown = start_waited(loop_, throw_at_once(), "test");
  loop_.run_and_wait([] {});
  EXPECT_FALSE(thrown->wait(now() + Millis(20)));
}

}  // namespace rocketmq::test
