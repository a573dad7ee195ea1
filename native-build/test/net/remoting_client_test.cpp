#include "net/remoting_client.h"

#include <gtest/gtest.h>

#include <asio.hpp>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "eventually.h"
#include "net/outcome.h"
#include "net/scripted_server.h"

namespace rocketmq::test {

namespace {

class RemotingClientTest : public ::testing::Test {
 protected:
  RemotingClientTest() {
    RemotingOptions options;
    options.reconnect_first = Millis(10000);
    options.reconnect_max = Millis(10000);
    client_ = RemotingClient::create(loop_, options);
  }
  ~RemotingClientTest() override { client_->close(); }

  Result<RemotingCommand> ask(const std::string& address, Millis timeout = kPatience) {
    auto outcome = std::make_shared<Outcome>();
    client_->send(address, RemotingCommand::request(105), now() + timeout, RemotingClient::Write::kDirect, outcome);
    return outcome->get();
  }

  EventLoop loop_{"test-io"};
  std::shared_ptr<RemotingClient> client_;
};

}  // namespace

TEST_F(RemotingClientTest, AHostNameIsLookedUp) {
  ScriptedServer server(kLoopback, answer_all);
  const auto response = ask("localhost:" + std::to_string(server.port()));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->remark, "served");
}

TEST_F(RemotingClientTest, AnIPv6LiteralIsReached) {
  std::unique_ptr<ScriptedServer> server;
  try {
    server = std::make_unique<ScriptedServer>(asio::ip::make_address("::1"), answer_all);
  } catch (const asio::system_error& error) {
    GTEST_SKIP() << "this machine has no IPv6: " << error.what();
  }
  const auto response = ask("[::1]:" + std::to_string(server->port()));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->remark, "served");
}

TEST_F(RemotingClientTest, AHostNameThatDoesNotExistIsNamed) {
  const auto response = ask("no-such-host.invalid:9876");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_NE(response.error().message.find("no-such-host.invalid"), std::string::npos) << response.error().message;
}

TEST_F(RemotingClientTest, ARefusedConnectionIsNotTriedAgainBeforeTheBackOffEnds) {
  uint16_t port = 0;
  {
    asio::io_context context;
    port = tcp::acceptor(context, tcp::endpoint(kLoopback, 0)).local_endpoint().port();
  }
  const std::string address = "127.0.0.1:" + std::to_string(port);
  EXPECT_EQ(ask(address).error().kind, ErrorKind::kUnreachable);
  // A server is there now: during the back-off nobody asks it.
  asio::io_context context;
  tcp::acceptor acceptor(context, tcp::endpoint(kLoopback, port));
  acceptor.non_blocking(true);
  const auto again = ask(address);
  EXPECT_EQ(again.error().kind, ErrorKind::kUnreachable);
  EXPECT_NE(again.error().message.find(address), std::string::npos) << again.error().message;
  asio::error_code error;
  tcp::socket socket(context);
  acceptor.accept(socket, error);
  EXPECT_EQ(error, asio::error::would_block);
}

TEST_F(RemotingClientTest, AnAnswerToAnUnknownRequestIsPassedOver) {
  ScriptedServer server(kLoopback, [](tcp::socket& socket) {
    const RemotingCommand request = read_request(socket);
    answer(socket, request, "stray", 1000);
    answer(socket, request, "served");
    drain(socket);
  });
  const auto response = ask("127.0.0.1:" + std::to_string(server.port()));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->remark, "served");
}

TEST_F(RemotingClientTest, ASilentServerCostsTheDeadline) {
  ScriptedServer server(kLoopback, drain);
  const auto begin = now();
  const auto response = ask("127.0.0.1:" + std::to_string(server.port()), Millis(200));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kTimeout);
  EXPECT_GE(now() - begin, Millis(200));
}

// A peer that vanished without a word: the requests time out, and the next ones get a new connection.
TEST_F(RemotingClientTest, AConnectionThatFellSilentIsReplaced) {
  std::atomic<int> connections{0};
  ScriptedServer server(kLoopback, [&](tcp::socket& socket) {
    if (++connections == 1) return drain(socket);
    answer_all(socket);
  });
  const std::string address = "127.0.0.1:" + std::to_string(server.port());
  RemotingOptions options;
  options.reconnect_first = Millis(1);
  options.longest_silence = Millis(100);
  auto client = RemotingClient::create(loop_, options);
  const auto ask_it = [&](Millis timeout) {
    auto outcome = std::make_shared<Outcome>();
    client->send(address, RemotingCommand::request(105), now() + timeout, RemotingClient::Write::kDirect, outcome);
    return outcome->get();
  };
  EXPECT_EQ(ask_it(Millis(200)).error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(eventually([&] { return ask_it(kPatience).has_value(); }));
  EXPECT_EQ(connections, 2);
  client->close();
}

// A server's answer ends none of the requests that went to another one.
TEST_F(RemotingClientTest, AnAnswerOfAnotherServerIsPassedOver) {
  std::promise<int32_t> opaque;
  ScriptedServer silent(kLoopback, [&](tcp::socket& socket) {
    opaque.set_value(read_request(socket).opaque);
    drain(socket);
  });
  auto outcome = std::make_shared<Outcome>();
  client_->send("127.0.0.1:" + std::to_string(silent.port()), RemotingCommand::request(105), now() + Millis(500),
                RemotingClient::Write::kDirect, outcome);
  const int32_t other = opaque.get_future().get();
  ScriptedServer forger(kLoopback, [&](tcp::socket& socket) {
    RemotingCommand request = read_request(socket);
    answer(socket, request, "forged", other - request.opaque);
    answer(socket, request, "served");
    drain(socket);
  });
  EXPECT_EQ(ask("127.0.0.1:" + std::to_string(forger.port()))->remark, "served");
  EXPECT_EQ(outcome->get().error().kind, ErrorKind::kTimeout);
}

// What a server may send in place of an answer, and what the request gets.
struct Garbage {
  const char* name;
  std::vector<uint8_t> bytes;
};

class GarbageTest : public RemotingClientTest, public ::testing::WithParamInterface<Garbage> {};

TEST_P(GarbageTest, EndsTheRequestAndTheConnection) {
  ScriptedServer server(kLoopback, [](tcp::socket& socket) {
    (void)read_request(socket);
    asio::write(socket, asio::buffer(GetParam().bytes));
    socket.shutdown(tcp::socket::shutdown_send);
    drain(socket);
  });
  const std::string address = "127.0.0.1:" + std::to_string(server.port());
  const auto response = ask(address);
  ASSERT_FALSE(response);
  EXPECT_TRUE(response.error().kind == ErrorKind::kProtocolError || response.error().kind == ErrorKind::kConnectionLost)
      << response.error().message;
  EXPECT_TRUE(eventually([&] { return !client_->connected(address); }));
}

INSTANTIATE_TEST_SUITE_P(
    All, GarbageTest,
    ::testing::Values(Garbage{"NothingAtAll", {}}, Garbage{"HalfALength", {0, 0}},
                      Garbage{"HalfAFrame", {0, 0, 0, 100, 0, 0}},
                      Garbage{"AFrameOverTheLimit", {0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1}},
                      Garbage{"ANegativeLength", {0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}},
                      Garbage{"AHeaderBeyondItsFrame", {0, 0, 0, 8, 0, 0x7f, 0xff, 0xff, 1, 2, 3, 4}},
                      Garbage{"NotRemoting", {'H', 'T', 'T', 'P', '/', '1', '.', '1', ' ', '4', '0', '0'}}),
    [](const auto& info) { return info.param.name; });

TEST_F(RemotingClientTest, CloseEndsWhatIsPending) {
  ScriptedServer server(kLoopback, drain);
  auto outcome = std::make_shared<Outcome>();
  client_->send("127.0.0.1:" + std::to_string(server.port()), RemotingCommand::request(105), now() + kPatience,
                RemotingClient::Write::kBatched, outcome);
  client_->close();
  EXPECT_EQ(outcome->get().error().kind, ErrorKind::kClosed);
  EXPECT_EQ(ask("127.0.0.1:1").error().kind, ErrorKind::kClosed);
}

}  // namespace rocketmq::test
