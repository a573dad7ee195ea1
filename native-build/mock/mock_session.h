#pragma once

#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "protocol/remoting_command.h"

namespace rocketmq::mock {

class MockServer;

// One connection of a client to a mock server, on the cluster's loop. Owned by its server until it is closed.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(MockServer& server, asio::ip::tcp::socket socket, int64_t number)
      : server_(server), socket_(std::move(socket)), number_(number) {}

  // Counted by the server, in the order in which it accepted.
  int64_t number() const { return number_; }
  void read();
  enum class Then { kStay, kClose, kReset };
  // From any thread.
  void send(const RemotingCommand& command);
  void send_bytes(std::vector<uint8_t> bytes, Then then = Then::kStay);

  // The rest on the loop.
  void close(bool reset);
  // Reads on, drops what it reads, and sends nothing any more.
  void black_hole();
  bool is_black_hole() const { return black_hole_; }
  // As black_hole(), and the server learns of the connection's end, whoever ends it, only by notice_end().
  void half_open();
  void notice_end();
  // What was held while the server was frozen, or had stopped reading.
  void go_on();

 private:
  void read_frame();
  void write_next();
  void write_some();

  MockServer& server_;
  asio::ip::tcp::socket socket_;
  const int64_t number_;
  std::vector<uint8_t> frame_;
  uint8_t length_[4] = {};
  std::list<std::vector<uint8_t>> output_;
  size_t written_ = 0;
  bool writing_ = false;
  bool waits_to_read_ = false;
  Then after_output_ = Then::kStay;
  bool open_ = true;
  bool black_hole_ = false;
  bool half_open_ = false;
};

}  // namespace rocketmq::mock
