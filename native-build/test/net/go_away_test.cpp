#include <gtest/gtest.h>

#include "eventually.h"
#include "net/concurrent_server.h"
#include "net/outcome.h"
#include "net/peer_observer.h"
#include "protocol/codes.h"

namespace rocketmq::test {

namespace {

void answer_code(tcp::socket& socket, const RemotingCommand& request, int32_t code) {
  const RemotingCommand response = RemotingCommand::response_to(request, code, "told");
  std::vector<uint8_t> frame;
  ASSERT_TRUE(encode_frame(response, frame));
  asio::write(socket, asio::buffer(frame));
}

class Told : public PeerObserver {
 public:
  void on_connected(const std::string&) override { ++connected; }
  void on_connect_failed(const std::string&, const Error&) override { ++refused; }
  void on_disconnected(const std::string&, const Error&) override { ++disconnected; }
  void on_timeout(const std::string&, Millis of) override {
    ++timeouts;
    silence = of.count();
  }
  void on_went_away(const std::string&, TimePoint) override { ++went_away; }
  void on_answered(const std::string&, Millis) override { ++answered; }

  std::atomic<int> connected{0};
  std::atomic<int> refused{0};
  std::atomic<int> disconnected{0};
  std::atomic<int> timeouts{0};
  std::atomic<int> went_away{0};
  std::atomic<int> answered{0};
  std::atomic<int64_t> silence{-1};
};

class GoAwayTest : public ::testing::Test {
 protected:
  GoAwayTest() { make_client(Millis(500)); }
  ~GoAwayTest() override { client_->close(); }
  void make_client(Millis pause) {
    if (client_) client_->close();
    RemotingOptions options;
    options.go_away_pause = pause;
    client_ = RemotingClient::create(loop_, options);
    told_ = std::make_shared<Told>();
    client_->set_peer_observer(told_);
  }

  std::atomic<bool> leaving_{false};
  ConcurrentServer server_{[this](tcp::socket& socket) {
    for (;;) {
      const RemotingCommand request = read_request(socket);
      answer_code(socket, request, leaving_ ? response_code::kGoAway : response_code::kSuccess);
    }
  }};
  EventLoop loop_{"test-io"};
  std::shared_ptr<Told> told_;
  std::shared_ptr<RemotingClient> client_;
};

}  // namespace

// Each answer that says so would else open the next connection.
TEST_F(GoAwayTest, OpensAFewConnectionsHoweverManyRequestsAreMade) {
  ASSERT_TRUE(ask_async(*client_, server_.address(), kPatience)->get());
  leaving_ = true;
  const TimePoint end = now() + Millis(2000);
  std::atomic<int> refused{0};
  std::vector<std::thread> senders;
  for (int i = 0; i < 8; ++i) {
    senders.emplace_back([&] {
      while (now() < end) {
        std::vector<std::shared_ptr<Outcome>> asked;
        for (int k = 0; k < 8; ++k) asked.push_back(ask_async(*client_, server_.address(), kPatience));
        (void)exchange(*client_, server_.address(), kPatience);
        for (const auto& each : asked) {
          const auto response = each->get();
          if (response) continue;
          EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable) << response.error().message;
          EXPECT_FALSE(response.error().may_be_stored);
          ++refused;
        }
        std::this_thread::sleep_for(Millis(1));
      }
    });
  }
  for (auto& sender : senders) sender.join();
  EXPECT_GT(refused, 0);
  // The first, one at once, one for each half of a second; four for synchronous requests before.
  EXPECT_LE(server_.accepted(), 1 + 1 + 4 + 4);
  EXPECT_TRUE(eventually([&] { return server_.open() <= 1; })) << server_.open();
  leaving_ = false;
  EXPECT_TRUE(eventually([&] {
    const auto response = ask_async(*client_, server_.address(), kPatience)->get();
    return response && response->code == response_code::kSuccess;
  }));
  EXPECT_TRUE(eventually([&] { return server_.open() == 1; })) << server_.open();
  EXPECT_GE(told_->went_away, 2);
}

TEST_F(GoAwayTest, TheFirstOneIsFollowedByANewConnectionAtOnce) {
  make_client(kPatience);
  ASSERT_TRUE(ask_async(*client_, server_.address(), kPatience)->get());
  leaving_ = true;
  EXPECT_EQ(ask_async(*client_, server_.address(), kPatience)->get()->code, response_code::kGoAway);
  leaving_ = false;
  const auto response = ask_async(*client_, server_.address(), kPatience)->get();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->code, response_code::kSuccess);
  EXPECT_EQ(server_.accepted(), 2);
  // Another one soon after that is not.
  leaving_ = true;
  EXPECT_EQ(ask_async(*client_, server_.address(), kPatience)->get()->code, response_code::kGoAway);
  leaving_ = false;
  const TimePoint begin = now();
  const auto refused = ask_async(*client_, server_.address(), kPatience)->get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnreachable);
  EXPECT_NE(refused.error().message.find("GO_AWAY"), std::string::npos) << refused.error().message;
  EXPECT_LT(now() - begin, kPatience / 2);
}

// What is under way on the connection that is left still ends by its answer, and then the connection is closed.
TEST_F(GoAwayTest, AConnectionIsClosedWithItsLastAnswer) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  ConcurrentServer slow([gone](tcp::socket& socket) {
    const RemotingCommand first = read_request(socket);
    const RemotingCommand second = read_request(socket);
    answer_code(socket, second, response_code::kGoAway);
    gone.wait();
    answer_code(socket, first, response_code::kSuccess);
    drain(socket);
  });
  auto first = ask_async(*client_, slow.address(), kPatience);
  auto second = ask_async(*client_, slow.address(), kPatience);
  EXPECT_EQ(second->get()->code, response_code::kGoAway);
  EXPECT_FALSE(client_->connected(slow.address()));
  EXPECT_EQ(slow.open(), 1);
  go.set_value();
  const auto response = first->get();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->code, response_code::kSuccess);
  EXPECT_TRUE(eventually([&] { return slow.open() == 0; }));
  EXPECT_TRUE(eventually([&] { return told_->disconnected == 1; }));
}

// One that waits for an answer that never comes is closed at its deadline.
TEST_F(GoAwayTest, AConnectionIsClosedWithItsLastTimeout) {
  ConcurrentServer silent([](tcp::socket& socket) {
    (void)read_request(socket);
    answer_code(socket, read_request(socket), response_code::kGoAway);
    drain(socket);
  });
  auto first = ask_async(*client_, silent.address(), Millis(300));
  EXPECT_EQ(ask_async(*client_, silent.address(), kPatience)->get()->code, response_code::kGoAway);
  const auto late = first->get();
  EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(late.error().may_be_stored);
  EXPECT_TRUE(eventually([&] { return silent.open() == 0; }));
}

// A caller's own connection says it for the main one.
TEST_F(GoAwayTest, ItHoldsForAllConnectionsToTheServer) {
  ASSERT_TRUE(ask_async(*client_, server_.address(), kPatience)->get());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(exchange(*client_, server_.address(), kPatience));
  ASSERT_EQ(server_.open(), 2);
  leaving_ = true;
  const auto response = exchange(*client_, server_.address(), kPatience);
  ASSERT_TRUE(response && *response);
  EXPECT_EQ((*response)->code, response_code::kGoAway);
  EXPECT_FALSE(client_->connected(server_.address()));
  EXPECT_TRUE(eventually([&] { return server_.open() == 0; }));
  leaving_ = false;
  ASSERT_TRUE(ask_async(*client_, server_.address(), kPatience)->get());
  // Whether it stays is not known yet.
  EXPECT_FALSE(exchange(*client_, server_.address(), kPatience));
}

TEST_F(GoAwayTest, TheObserverIsToldOfAllElse) {
  ASSERT_TRUE(ask_async(*client_, server_.address(), kPatience)->get());
  ASSERT_TRUE(exchange(*client_, server_.address(), kPatience));
  EXPECT_EQ(told_->connected, 1);
  EXPECT_EQ(told_->answered, 2);
  client_->retain({});
  EXPECT_TRUE(eventually([&] { return told_->disconnected == 1; }));
  uint16_t nobody = 0;
  {
    asio::io_context context;
    nobody = tcp::acceptor(context, tcp::endpoint(kLoopback, 0)).local_endpoint().port();
  }
  EXPECT_FALSE(ask_async(*client_, "127.0.0.1:" + std::to_string(nobody), kPatience)->get());
  EXPECT_EQ(told_->refused, 1);
  ConcurrentServer silent(drain);
  const auto late = ask_async(*client_, silent.address(), Millis(200))->get();
  EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(told_->timeouts, 1);
  EXPECT_GE(told_->silence, 190);
}

}  // namespace rocketmq::test
