#include <gtest/gtest.h>

#include "eventually.h"
#include "net/concurrent_server.h"
#include "net/outcome.h"
#include "net/sync_channel.h"

#ifdef __linux__
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#endif

namespace rocketmq::test {

namespace {

class TransportTest : public ::testing::Test {
 protected:
  TransportTest() {
    RemotingOptions options;
    options.longest_silence = Millis(300);
    client_ = RemotingClient::create(loop_, options);
  }
  ~TransportTest() override { client_->close(); }

  EventLoop loop_{"test-io"};
  std::shared_ptr<RemotingClient> client_;
};

}  // namespace

// One frame answers one request at most: the others lost their connection, and may have been carried out.
TEST_F(TransportTest, AMalformedFrameFailsTheRequestsThatItDoesNotAnswerAsLost) {
  ConcurrentServer server([](tcp::socket& socket) {
    for (int i = 0; i < 50; ++i) (void)read_request(socket);
    asio::write(socket, asio::buffer("this is no frame at all"));
    drain(socket);
  });
  std::vector<std::shared_ptr<Outcome>> asked;
  for (int i = 0; i < 50; ++i) asked.push_back(ask_async(*client_, server.address(), kPatience));
  for (const auto& each : asked) {
    const auto response = each->get();
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::kConnectionLost) << response.error().message;
    EXPECT_TRUE(response.error().may_be_stored);
  }
}

TEST_F(TransportTest, AnAnswerOfHttpIsToldAsOne) {
  ConcurrentServer server([](tcp::socket& socket) {
    (void)read_request(socket);
    asio::write(socket, asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n"));
    drain(socket);
  });
  const auto response = ask_async(*client_, server.address(), kPatience)->get();
  ASSERT_FALSE(response);
  EXPECT_NE(response.error().message.find(" sent an answer of HTTP: it is not the port of"), std::string::npos)
      << response.error().message;
}

// A piece now and then is a sign of life, though the frame takes long and another request times out behind it.
TEST_F(TransportTest, ALargeFrameThatComesSlowlyIsNoSilence) {
  ConcurrentServer server([](tcp::socket& socket) {
    RemotingCommand response = RemotingCommand::response_to(read_request(socket), 0, "large");
    response.body = SharedBytes(std::vector<uint8_t>(400000, 'x'));
    std::vector<uint8_t> frame;
    ASSERT_TRUE(encode_frame(response, frame));
    constexpr size_t kPiece = 20000;
    for (size_t at = 0; at < frame.size(); at += kPiece) {
      asio::write(socket, asio::buffer(frame.data() + at, std::min(kPiece, frame.size() - at)));
      std::this_thread::sleep_for(Millis(50));
    }
    drain(socket);
  });
  auto large = ask_async(*client_, server.address(), kPatience);
  auto behind = ask_async(*client_, server.address(), Millis(500));
  EXPECT_EQ(behind->get().error().kind, ErrorKind::kTimeout);
  const auto response = large->get();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body.size(), 400000U);
  EXPECT_EQ(server.accepted(), 1);
}

// What comes after it would count as its rest, for as long as it takes to be full.
TEST_F(TransportTest, AFrameWhoseLengthIsWrongSwallowsNoOthersForLong) {
  for (const int bit : {13, 20, 27}) {
    std::atomic<int> connections{0};
    ConcurrentServer server([&](tcp::socket& socket) {
      const bool first = ++connections == 1;
      for (;;) {
        std::vector<uint8_t> frame;
        ASSERT_TRUE(encode_frame(RemotingCommand::response_to(read_request(socket), 0, "served"), frame));
        if (first) frame[static_cast<size_t>(3 - bit / 8)] ^= static_cast<uint8_t>(1 << bit % 8);
        asio::write(socket, asio::buffer(frame));
      }
    });
    const auto ask_it = [&] { return ask_async(*client_, server.address(), Millis(500))->get(); };
    EXPECT_FALSE(ask_it());
    const TimePoint begin = now();
    EXPECT_TRUE(eventually([&] { return ask_it().has_value(); }));
    EXPECT_LT(now() - begin, Millis(5000));
    EXPECT_EQ(connections, 2);
  }
}

// It takes some bytes all the time, so that no single wait is long.
TEST_F(TransportTest, AServerThatReadsSlowlyCostsASynchronousCallerItsDeadlineAndNoMore) {
  std::atomic<bool> over{false};
  ConcurrentServer server([&](tcp::socket& socket) {
    std::vector<uint8_t> bytes(16384);
    while (!over) {
      (void)socket.read_some(asio::buffer(bytes));
      std::this_thread::sleep_for(Millis(5));
    }
  });
  const auto channel =
      SyncChannel::open(tcp::endpoint(kLoopback, server.port()), "server", kMaxFrameBytes, now() + kPatience);
  ASSERT_TRUE(channel);
  const std::vector<uint8_t> frame(size_t{15} * 1024 * 1024, 'x');
  const TimePoint begin = now();
  const auto response = (*channel)->exchange(1, {frame.data(), frame.size()}, begin + Millis(400));
  const auto elapsed = now() - begin;
  over = true;
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kTimeout);
  // The server has no whole frame.
  EXPECT_FALSE(response.error().may_be_stored);
  // At three megabytes a second it would be several seconds.
  EXPECT_LT(elapsed, Millis(2000));
}

TEST_F(TransportTest, AWholeRequestWithoutAnAnswerMayBeStored) {
  ConcurrentServer server(drain);
  const auto channel =
      SyncChannel::open(tcp::endpoint(kLoopback, server.port()), "server", kMaxFrameBytes, now() + kPatience);
  ASSERT_TRUE(channel);
  const std::vector<uint8_t> frame(100, 'x');
  const auto response = (*channel)->exchange(1, {frame.data(), frame.size()}, now() + Millis(100));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(response.error().may_be_stored);
}

#ifdef __linux__
TEST_F(TransportTest, NoSocketIsLeftToChildProcesses) {
  ConcurrentServer server(answer_all);
  ASSERT_TRUE(ask_async(*client_, server.address(), kPatience)->get());
  const auto own = exchange(*client_, server.address(), kPatience);
  ASSERT_TRUE(own && *own);
  int ours = 0;
  constexpr int kMostDescriptors = 1024;
  for (int fd = 0; fd < kMostDescriptors; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != server.port()) continue;
    ++ours;
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC) << fd;
  }
  EXPECT_EQ(ours, 2);
}
#endif

}  // namespace rocketmq::test
