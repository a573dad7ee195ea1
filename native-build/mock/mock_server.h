#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "mock/faults.h"
#include "mock/mock_session.h"
#include "protocol/remoting_command.h"

namespace rocketmq::mock {

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

  // Faults of single requests.
  void inject(int32_t request_code, Fault fault);
  void clear_faults();

  // Faults of the server (mock_server_faults.cpp).
  // As a process that is stopped: connections are accepted and requests read, and nothing is done or sent before
  // thaw(), which makes up for it.
  void freeze();
  void thaw();
  // Nothing is read any more, so that clients cannot write once the socket's buffers are full.
  void stop_reading();
  void resume_reading();
  // What every connection writes in a second at most; 0: as much as it can.
  void limit_writing(size_t bytes_per_second);

  // Faults of connections: of the one with this place among those that are open, the oldest being 0, or of all. False
  // where there is none.
  bool reset_connection(int index);
  bool black_hole_connection(int index);
  void reset_connections();
  void black_hole_connections();
  // As of a client whose end of the connections is gone without a word: nothing comes or goes any more, and the server
  // keeps them until it notices.
  void half_open_connections();
  void notice_half_open_connections();
  // Sends bytes as they are to every connection.
  void send_to_all(const std::vector<uint8_t>& bytes);

  int connection_count() const;
  // Ended ones included.
  int accepted_count() const;
  int request_count(int32_t request_code) const;
  // What was recorded. Without recording, requests are still counted: for tests of very many.
  std::vector<RemotingCommand> requests(int32_t request_code) const;
  void record_requests(bool on);
  // False when there are fewer than `count` at the end of `timeout`.
  bool await_requests(int32_t request_code, int count, std::chrono::milliseconds timeout) const;
  // What clients answered to the requests of this opaque that were sent to them.
  std::vector<RemotingCommand> responses(int32_t opaque) const;

 protected:
  using Reply = std::function<void(RemotingCommand)>;
  // On the loop, under the cluster's mutex. One-way requests get a reply that goes nowhere.
  virtual void handle(const std::shared_ptr<Session>& session, const RemotingCommand& request, Reply reply) = 0;
  virtual void on_disconnect(Session*) {}

  asio::io_context& loop_;
  std::recursive_mutex& mutex_;

 private:
  friend class Session;
  struct ActiveFault {
    Fault fault;
    std::optional<TimePoint> until;
  };
  void accept();
  void on_request(const std::shared_ptr<Session>& session, RemotingCommand request);
  void carry_out(const std::shared_ptr<Session>& session, const RemotingCommand& request);
  void on_response(RemotingCommand response);
  void on_closed(Session& session);
  std::optional<Fault> next_fault(int32_t request_code);
  void misbehave(const std::shared_ptr<Session>& session, const RemotingCommand& request, const Fault& fault);
  void run_on_loop(const std::function<void()>& task) const;
  std::vector<std::shared_ptr<Session>> open_sessions() const;
  bool with_session(int index, const std::function<void(Session&)>& action);

  uint16_t port_ = 0;
  std::unique_ptr<asio::ip::tcp::acceptor> acceptor_;
  int64_t accepted_ = 0;
  std::map<int64_t, std::shared_ptr<Session>> sessions_;
  std::map<int32_t, std::list<ActiveFault>> faults_;
  bool recording_ = true;
  std::vector<RemotingCommand> requests_;
  std::unordered_map<int32_t, int> counts_;
  std::unordered_map<int32_t, std::vector<RemotingCommand>> responses_;
  mutable std::condition_variable_any arrived_;
  // On the loop.
  bool frozen_ = false;
  bool reading_ = true;
  size_t write_rate_ = 0;
  std::list<std::pair<std::shared_ptr<Session>, RemotingCommand>> held_requests_;
};

}  // namespace rocketmq::mock
