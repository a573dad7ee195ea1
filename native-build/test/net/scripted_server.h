#pragma once

#include <gtest/gtest.h>

#include <asio.hpp>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "protocol/remoting_command.h"

namespace rocketmq::test {

using asio::ip::tcp;

// A server in a thread of its own that takes one connection at a time and does with it what the test says.
class ScriptedServer {
 public:
  using Script = std::function<void(tcp::socket&)>;

  ScriptedServer(const asio::ip::address& address, Script script)
      : acceptor_(context_, tcp::endpoint(address, 0)), script_(std::move(script)) {
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    asio::error_code ignored;
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      if (current_) current_->shutdown(tcp::socket::shutdown_both, ignored);
    }
    // Wakes a blocking accept.
    tcp::socket(context_).connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void serve() {
    for (;;) {
      asio::error_code error;
      tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      {
        std::lock_guard lock(mutex_);
        if (stopping_ || error) return;
        current_ = &socket;
      }
      try {
        script_(socket);
      } catch (const asio::system_error&) {
        // The client went away.
      }
      std::lock_guard lock(mutex_);
      current_ = nullptr;
    }
  }

  asio::io_context context_;
  tcp::acceptor acceptor_;
  const Script script_;
  std::mutex mutex_;
  tcp::socket* current_ = nullptr;
  bool stopping_ = false;
  std::thread thread_;
};

inline RemotingCommand read_request(tcp::socket& socket) {
  uint8_t length[4];
  asio::read(socket, asio::buffer(length));
  std::vector<uint8_t> frame(static_cast<size_t>(length[0]) << 24 | length[1] << 16 | length[2] << 8 | length[3]);
  asio::read(socket, asio::buffer(frame));
  auto request = decode_frame(SharedBytes(std::move(frame)));
  EXPECT_TRUE(request);
  return *request;
}

inline void answer(tcp::socket& socket, const RemotingCommand& request, const std::string& remark,
                   int32_t opaque_shift = 0) {
  RemotingCommand response = RemotingCommand::response_to(request, 0, remark);
  response.opaque += opaque_shift;
  std::vector<uint8_t> frame;
  ASSERT_TRUE(encode_frame(response, frame));
  asio::write(socket, asio::buffer(frame));
}

// Until the client closes the connection.
inline void drain(tcp::socket& socket) {
  std::vector<uint8_t> bytes(4096);
  asio::error_code error;
  while (!error) (void)socket.read_some(asio::buffer(bytes), error);
}

inline const auto kLoopback = asio::ip::make_address("127.0.0.1");

inline void answer_all(tcp::socket& socket) {
  for (;;) answer(socket, read_request(socket), "served");
}

}  // namespace rocketmq::test
