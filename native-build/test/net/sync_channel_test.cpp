#include "net/sync_channel.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "eventually.h"
#include "net/scripted_server.h"
#include "net/sync_pool.h"
#include "without_memory.h"

namespace rocketmq::test {

namespace {

class SyncChannelTest : public ::testing::Test {
 protected:
  static std::shared_ptr<SyncChannel> open(const ScriptedServer& server) {
    auto channel =
        SyncChannel::open(tcp::endpoint(kLoopback, server.port()), "server", kMaxFrameBytes, now() + kPatience);
    EXPECT_TRUE(channel);
    return *channel;
  }
  static Result<RemotingCommand> ask(SyncChannel& channel, int32_t opaque, Millis timeout = kPatience,
                                     size_t body = 0) {
    RemotingCommand request = RemotingCommand::request(105);
    request.opaque = opaque;
    request.body = SharedBytes(std::vector<uint8_t>(body, 'x'));
    std::vector<uint8_t> frame;
    EXPECT_TRUE(encode_frame(request, frame));
    return channel.exchange(opaque, {frame.data(), frame.size()}, now() + timeout);
  }
};

}  // namespace

TEST_F(SyncChannelTest, AnswersComeOneAfterTheOther) {
  ScriptedServer server(kLoopback, answer_all);
  const auto channel = open(server);
  for (int32_t i = 1; i <= 100; ++i) {
    const auto response = ask(*channel, i, kPatience, i % 10 == 0 ? 1000000 : 10);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->opaque, i);
    EXPECT_EQ(response->remark, "served");
  }
  EXPECT_TRUE(channel->is_quiet());
}

TEST_F(SyncChannelTest, WhatBelongsToNobodyIsPassedOver) {
  ScriptedServer server(kLoopback, [](tcp::socket& socket) {
    const RemotingCommand request = read_request(socket);
    answer(socket, request, "stray", 1000);
    RemotingCommand notice = RemotingCommand::request(40);
    std::vector<uint8_t> frame;
    EXPECT_TRUE(encode_frame(notice, frame));
    asio::write(socket, asio::buffer(frame));
    answer(socket, request, std::string(100000, 'a'));
    drain(socket);
  });
  const auto response = ask(*open(server), 7);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->remark.size(), 100000U);
}

TEST_F(SyncChannelTest, SilenceCostsTheDeadlineAndNoMore) {
  ScriptedServer server(kLoopback, drain);
  for (const Millis timeout : {Millis(30), Millis(250)}) {
    const auto channel = open(server);
    const auto begin = now();
    const auto response = ask(*channel, 1, timeout);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::kTimeout);
    EXPECT_GE(now() - begin, timeout);
    channel->interrupt();
  }
}

TEST_F(SyncChannelTest, AServerThatDoesNotReadCostsTheDeadline) {
  std::promise<void> done;
  ScriptedServer server(kLoopback, [&](tcp::socket&) { done.get_future().wait(); });
  EXPECT_EQ(ask(*open(server), 1, Millis(300), 15000000).error().kind, ErrorKind::kTimeout);
  done.set_value();
}

TEST_F(SyncChannelTest, AnInterruptEndsTheWait) {
  std::promise<void> asked;
  ScriptedServer server(kLoopback, [&](tcp::socket& socket) {
    (void)read_request(socket);
    asked.set_value();
    drain(socket);
  });
  const auto channel = open(server);
  std::thread interrupting([&] {
    asked.get_future().wait();
    channel->interrupt();
  });
  EXPECT_EQ(ask(*channel, 1).error().kind, ErrorKind::kConnectionLost);
  interrupting.join();
  EXPECT_FALSE(channel->is_quiet());
}

TEST_F(SyncChannelTest, GarbageAndFramesOverTheLimitAreErrors) {
  for (const std::vector<uint8_t>& bytes : {std::vector<uint8_t>{0x7f, 0xff, 0xff, 0xff},
                                            {0, 0, 0, 0},
                                            {0, 0, 0, 100, 0},
                                            {0, 0, 0, 8, 0, 0x7f, 0xff, 0xff, 1, 2, 3, 4},
                                            {}}) {
    ScriptedServer server(kLoopback, [&](tcp::socket& socket) {
      (void)read_request(socket);
      asio::write(socket, asio::buffer(bytes));
      socket.shutdown(tcp::socket::shutdown_send);
      drain(socket);
    });
    const auto channel = open(server);
    const auto response = ask(*channel, 1);
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().kind == ErrorKind::kProtocolError ||
                response.error().kind == ErrorKind::kConnectionLost)
        << response.error().message;
    channel->interrupt();
  }
}

// A server that lets nobody in, and says nothing: the system itself would wait for minutes.
TEST_F(SyncChannelTest, AnOpenTakesNoLongerThanItsDeadline) {
  asio::io_context context;
  tcp::acceptor full(context);
  full.open(tcp::v4());
  full.bind(tcp::endpoint(kLoopback, 0));
  full.listen(1);
  std::vector<std::unique_ptr<tcp::socket>> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(std::make_unique<tcp::socket>(context));
    waiting.back()->open(tcp::v4());
    waiting.back()->non_blocking(true);
    waiting.back()->async_connect(full.local_endpoint(), [](asio::error_code) {});
  }
  context.poll();
  std::vector<std::shared_ptr<SyncChannel>> opened;
  const auto begin = now();
  for (int i = 0; i < 4; ++i) {
    auto channel = SyncChannel::open(full.local_endpoint(), "full", kMaxFrameBytes, now() + Millis(100));
    if (channel) {
      opened.push_back(*channel);
    } else {
      EXPECT_EQ(channel.error().kind, ErrorKind::kUnreachable);
    }
  }
  EXPECT_LT(now() - begin, Millis(5000));
}

TEST_F(SyncChannelTest, NobodyThereIsUnreachable) {
  uint16_t port = 0;
  {
    asio::io_context context;
    port = tcp::acceptor(context, tcp::endpoint(kLoopback, 0)).local_endpoint().port();
  }
  const auto channel = SyncChannel::open(tcp::endpoint(kLoopback, port), "nobody", kMaxFrameBytes, now() + kPatience);
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().kind, ErrorKind::kUnreachable);
}

TEST_F(SyncChannelTest, APoolTakesThemBackWithoutMemory) {
  ScriptedServer server(kLoopback, drain);
  SyncPool pool;
  std::vector<std::shared_ptr<SyncChannel>> lent;
  const auto borrow = [&] {
    return pool.borrow(tcp::endpoint(kLoopback, server.port()), "server", kMaxFrameBytes, now() + kPatience);
  };
  while (auto channel = borrow()) lent.push_back(std::move(channel));
  ASSERT_FALSE(lent.empty());
  const size_t count = lent.size();
  {
    const WithoutMemory none;
    for (auto& channel : lent) pool.give_back(std::move(channel), true);
  }
  lent.clear();
  while (auto channel = borrow()) lent.push_back(std::move(channel));
  EXPECT_EQ(lent.size(), count);
}

}  // namespace rocketmq::test
