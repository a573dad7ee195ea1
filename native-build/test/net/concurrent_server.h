#pragma once

#include <atomic>
#include <list>

#include "net/scripted_server.h"

namespace rocketmq::test {

// A server that does with each of its connections, at once and each in a thread of its own, what the test says, and
// counts them.
class ConcurrentServer {
 public:
  using Script = std::function<void(tcp::socket&)>;

  explicit ConcurrentServer(Script script)
      : acceptor_(context_, tcp::endpoint(kLoopback, 0)), script_(std::move(script)) {
    thread_ = std::thread([this] { accept_all(); });
  }
  ~ConcurrentServer() {
    asio::error_code ignored;
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      for (auto& each : sessions_) each.socket.shutdown(tcp::socket::shutdown_both, ignored);
    }
    tcp::socket(context_).connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
    for (auto& each : sessions_) each.thread.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // All that were ever made.
  int accepted() const { return accepted_; }
  int open() const { return open_; }

 private:
  struct Session {
    explicit Session(asio::io_context& context) : socket(context) {}
    tcp::socket socket;
    std::thread thread;
  };

  void accept_all() {
    for (;;) {
      asio::error_code error;
      tcp::socket socket(context_);
      acceptor_.accept(socket, error);
      std::lock_guard lock(mutex_);
      if (stopping_ || error) return;
      ++accepted_;
      ++open_;
      Session& session = sessions_.emplace_back(context_);
      session.socket = std::move(socket);
      session.thread = std::thread([this, &session] { serve(session); });
    }
  }
  void serve(Session& session) {
    try {
      script_(session.socket);
    } catch (const asio::system_error&) {
      // The client went away.
    }
    --open_;
    asio::error_code ignored;
    std::lock_guard lock(mutex_);
    session.socket.shutdown(tcp::socket::shutdown_both, ignored);
  }

  asio::io_context context_;
  tcp::acceptor acceptor_;
  const Script script_;
  std::mutex mutex_;
  std::list<Session> sessions_;
  std::atomic<int> accepted_{0};
  std::atomic<int> open_{0};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rocketmq::test
