#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mock/faults.h"
#include "protocol/remoting_command.h"

namespace rocketmq::mock {

class Session;

// A server of the remoting protocol that records its requests, and fails on demand. Its sockets live on the
// cluster's loop; the public functions may be called from any other thread.
class MockServer {
 public:
  MockServer(asio::io_context& loop, std::recursive_mutex& mutex);
  virtual ~MockServer() = default;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Closes the listener and all connections; start() listens on the same port again.
  void stop();
  void start();
  // RST to every connection.
  void reset_connections();

  void inject(int32_t request_code, Fault fault);
  void clear_faults();

  int connection_count() const;
  int request_count(int32_t request_code) const;
  std::vector<RemotingCommand> requests(int32_t request_code) const;
  // False when there are fewer than `count` at the end of `timeout`.
  bool await_requests(int32_t request_code, int count, std::chrono::milliseconds timeout) const;
  // What clients answered to the requests of this opaque that were sent to them.
  std::vector<RemotingCommand> responses(int32_t opaque) const;
  // Sends bytes as they are to every connection.
  void send_to_all(const std::vector<uint8_t>& bytes);

 protected:
  using Reply = std::function<void(RemotingCommand)>;
  // On the loop, under the cluster's mutex. One-way requests get a reply that goes nowhere.
  virtual void handle(const std::shared_ptr<Session>& session, const RemotingCommand& request, Reply reply) = 0;
  virtual void on_disconnect(Session*) {}

  asio::io_context& loop_;
  std::recursive_mutex& mutex_;

 private:
  friend class Session;
  void accept();
  void on_request(const std::shared_ptr<Session>& session, RemotingCommand request);
  void on_response(RemotingCommand response);
  std::optional<Fault> next_fault(int32_t request_code);
  void misbehave(const std::shared_ptr<Session>& session, const RemotingCommand& request, const Fault& fault);
  void run_on_loop(const std::function<void()>& task);

  uint16_t port_ = 0;
  std::unique_ptr<asio::ip::tcp::acceptor> acceptor_;
  std::set<std::shared_ptr<Session>> sessions_;
  std::map<int32_t, std::list<Fault>> faults_;
  std::vector<RemotingCommand> requests_;
  std::vector<RemotingCommand> responses_;
  mutable std::condition_variable_any arrived_;
};

// One connection of a client.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(MockServer& server, asio::ip::tcp::socket socket) : server_(server), socket_(std::move(socket)) {}
  void read();
  void send(const RemotingCommand& command);
  void send_bytes(std::vector<uint8_t> bytes, bool then_close = false);
  void close(bool reset);

 private:
  void write_next();

  MockServer& server_;
  asio::ip::tcp::socket socket_;
  std::vector<uint8_t> frame_;
  uint8_t length_[4] = {};
  std::list<std::vector<uint8_t>> output_;
  bool close_after_output_ = false;
  bool open_ = true;
};

}  // namespace rocketmq::mock
