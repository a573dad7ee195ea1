#pragma once

#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "protocol/remoting_command.h"

namespace rocketmq {

// A connection for one request at a time, whose caller reads the answer itself: without another thread in between, a
// synchronous send takes hardly longer than its round trip. One thread at a time, besides interrupt().
class SyncChannel {
 public:
  // Closes the connection.
  ~SyncChannel();
  static Result<std::shared_ptr<SyncChannel>> open(const asio::ip::tcp::endpoint& endpoint, const std::string& address,
                                                   int32_t max_frame_bytes, TimePoint deadline);
  SyncChannel(const SyncChannel&) = delete;
  SyncChannel& operator=(const SyncChannel&) = delete;

  // Writes a frame that carries `opaque` and waits for its response. After a failure the channel is of no use any
  // more: kUnreachable (nothing was written), kConnectionLost, kTimeout, kProtocolError; may_be_stored where the whole
  // frame was written.
  Result<RemotingCommand> exchange(int32_t opaque, ByteView frame, TimePoint deadline);
  // Nothing came meanwhile, the end of the connection least of all.
  bool is_quiet();
  // Any thread: ends an exchange that waits, with kConnectionLost.
  void interrupt();

 private:
  SyncChannel(asio::ip::tcp::socket::native_handle_type socket, std::string address, int32_t max_frame_bytes);
  enum class Io { kDone, kLost, kLate };
  Io send_all(ByteView bytes, TimePoint deadline, size_t* sent);
  // Some bytes more behind what is there.
  Io receive(TimePoint deadline);
  Result<size_t> receive_frame(TimePoint deadline);
  Result<RemotingCommand> receive_response(int32_t opaque, TimePoint deadline);
  Error failure(ErrorKind kind, const std::string& reason) const;
  std::string connect(const asio::ip::tcp::endpoint& endpoint, TimePoint deadline) const;

  const std::string address_;
  const size_t max_frame_bytes_;
  // The system's own, as one of Asio's needs three more descriptors and has no connect with a deadline.
  const asio::ip::tcp::socket::native_handle_type socket_;
  std::vector<uint8_t> input_;
  size_t received_ = 0;
  std::string reason_;
};

}  // namespace rocketmq
