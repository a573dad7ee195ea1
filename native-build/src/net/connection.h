#pragma once

#include <asio/ip/tcp.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/event_loop.h"
#include "net/pending_requests.h"
#include "net/remoting_client.h"
#include "protocol/remoting_command.h"

namespace rocketmq {

class Connection;

// Called on the event loop.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  virtual void on_command(const std::shared_ptr<Connection>& connection, RemotingCommand command) = 0;
  // A command whose frame is longer than the limit: without its body, which is passed over.
  virtual void on_too_large(const std::shared_ptr<Connection>& connection, const RemotingCommand& command,
                            size_t frame_bytes) = 0;
  // Of all connections together.
  virtual int64_t pending_requests() const = 0;
  // Once, when it is closed, by whatever cause.
  virtual void on_closed(const std::shared_ptr<Connection>& connection, const Error& cause) = 0;
};

// One TCP connection to a server. Reading happens on the loop; any thread may write. Owned by RemotingClient, and by
// what reads and writes until it is closed.
class Connection : public RequestTarget, public std::enable_shared_from_this<Connection> {
 public:
  Connection(EventLoop& loop, asio::ip::tcp::socket socket, std::string address, int32_t max_frame_bytes,
             std::weak_ptr<ConnectionListener> listener);

  // On the loop, once.
  void start();
  // Any thread; of the frame nothing is used afterwards. Fails without having written a whole frame: kUnreachable when
  // closed, kTooManyRequests when the server does not read what waits already, kOutOfMemory.
  Status write(ByteView frame, RemotingClient::Write mode);
  // On the loop.
  void close(Error cause);
  // On the loop: closes it as soon as all that was given to write() is written.
  void close_when_written(Error cause);

  // It takes no new requests, and is closed once those that it has are answered. Set by RemotingClient.
  std::atomic<bool> left{false};

  const std::string& address() const { return address_; }
  const asio::ip::tcp::endpoint& endpoint() const { return endpoint_; }
  TimePoint opened() const { return opened_; }
  // Whether the server ever answered here; on the loop.
  bool answered() const { return answered_; }
  // When bytes came last, at first when it was opened; on the loop.
  TimePoint last_read() const { return last_read_; }
  // A frame of which only a part has come; on the loop.
  struct PartialFrame {
    TimePoint since{};
    size_t come = 0;
    size_t claimed = 0;
    // Of the command that it is, where so much has come.
    std::optional<int32_t> opaque;
    bool is_response = true;
    // Larger than the limit: whoever asked was told.
    bool is_passed_over = false;
  };
  std::optional<PartialFrame> partial_frame() const;

 private:
  void read();
  void on_read(size_t count);
  bool take_frames();
  bool begin_too_large(ByteView available, size_t length);
  bool refuse(ByteView available, const std::string& reason);
  void begin_large(size_t length);
  void read_large();
  void note_partial(size_t claimed);
  template <typename Action>
  void guarded(Action action);
  bool handle(const SharedBytes& frame, bool owned);
  void schedule_flush();
  void flush();
  size_t write_directly(ByteView frame);
  Error lost(const std::string& reason) const;

  EventLoop& loop_;
  asio::ip::tcp::socket socket_;
  const asio::ip::tcp::endpoint endpoint_;
  const std::string address_;
  const size_t max_frame_bytes_;
  const std::weak_ptr<ConnectionListener> listener_;
  const TimePoint opened_ = now();
  TimePoint last_read_ = opened_;
  bool answered_ = false;

  std::vector<uint8_t> input_;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::vector<uint8_t> large_;
  size_t large_read_ = 0;
  // What is still to come of a frame that is too large.
  size_t passed_over_ = 0;
  // Of a frame of which only a part has come: since when, and how long it claims to be.
  std::optional<TimePoint> partial_since_;
  size_t partial_claimed_ = 0;

  mutable std::mutex write_mutex_;
  bool open_ = true;
  bool flushing_ = false;
  // Closed once nothing is left to write.
  std::optional<Error> closing_;
  std::vector<uint8_t> output_;
  // What the loop is writing; only touched there.
  std::vector<uint8_t> writing_;
};

}  // namespace rocketmq
