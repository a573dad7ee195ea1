#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/event_loop.h"
#include "protocol/remoting_command.h"

namespace rocketmq {

class PeerObserver;
class SyncChannel;

struct RemotingOptions {
  Millis connect_timeout{3000};
  // Back-off between attempts to connect to an address that failed: doubles from first to max, with jitter
  // of -25 % to +50 %. A request that comes during the back-off fails at once with kUnreachable telling
  // the last error; the first request after it tries again.
  Millis reconnect_first{50};
  Millis reconnect_max{5000};
  int32_t max_frame_bytes = kMaxFrameBytes;
  // A server that answered GO_AWAY is connected to anew at once, and again after so long at the earliest.
  Millis go_away_pause{3000};
  // A connection on which a request timed out, and nothing at all came for so long, is given up.
  Millis longest_silence{5000};
};

// Receives the end of one request: exactly one of the two calls, once, on the event loop's thread (on_failure
// also on the caller's own thread, before send() returns). Must not block. Where one of them throws, on_failure comes
// once more.
class ResponseHandler {
 public:
  virtual ~ResponseHandler() = default;
  virtual void on_response(RemotingCommand response, const std::string& address) = 0;
  virtual void on_failure(Error error) = 0;
};

// Requests that servers send to us. Runs on the event loop; must not block. `reply` may be called once, later,
// from any thread, and does nothing for one-way requests or when the connection is gone.
using ServerRequestHandler = std::function<void(RemotingCommand request, const std::string& address,
                                                std::function<void(RemotingCommand)> reply)>;

// Connections to servers by address ("host:port"), one each, opened on demand and kept; requests are matched
// with responses by opaque.
//
// Writing: a caller's thread encodes, and writes to the socket itself when nothing else waits to be written
// (`Write::kDirect`), so that a synchronous request costs no thread hop on the way out. With kBatched the
// frame is queued and the event loop writes all that queued up at once. A few more connections to a server serve
// exchange(), whose callers read the answers themselves.
class RemotingClient : public std::enable_shared_from_this<RemotingClient> {
 public:
  enum class Write { kDirect, kBatched };

  static std::shared_ptr<RemotingClient> create(EventLoop& loop, RemotingOptions options);
  ~RemotingClient();

  // Any thread. `deadline` covers connecting, writing and waiting. kTimeout, kUnreachable (not connected:
  // nothing was sent), kConnectionLost (may have been sent), kProtocolError, kClosed, kOutOfMemory; may_be_stored says
  // whether the request may have reached the server.
  // A GO_AWAY response closes the connection for new requests; those in flight go on, and the connection is closed
  // with the end of the last one. While no new one may be made, requests fail with kUnreachable at once.
  void send(const std::string& address, const RemotingCommand& request, TimePoint deadline, Write write,
            std::shared_ptr<ResponseHandler> handler);
  // The number by which a request and its response are matched.
  int32_t next_opaque();
  // The same for a frame that carries `opaque`; of the frame nothing is used after the call.
  void send_frame(const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline, Write write,
                  std::shared_ptr<ResponseHandler> handler);
  // Takes back one that still waits for its connection: it is not written, and its handler learns of no end. False
  // where it has ended, or may have been written.
  bool withdraw(int32_t opaque);
  // On the caller's own thread: writes the frame to a connection that nobody else uses, and waits for the answer
  // itself. nullopt, and nothing done, where there is none: all of them are in use, or the server is not connected yet.
  // `begun` is given the channel, by which the wait can be interrupted, and at the end nullptr. Failures as of send().
  std::optional<Result<RemotingCommand>> exchange(const std::string& address, int32_t opaque, ByteView frame,
                                                  TimePoint deadline,
                                                  const std::function<void(std::shared_ptr<SyncChannel>)>& begun);
  // One-way: the handler-less twin; `done` gets ok when the frame was handed to the connection.
  void send_one_way(const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline,
                    std::function<void(Status)> done);

  // On the event loop only: for coroutines. What GO_AWAY answers is sent once more over a new connection.
  asio::awaitable<Result<RemotingCommand>> call(std::string address, RemotingCommand request, Millis timeout);
  // Fire and forget for a request that has the one-way flag.
  void call_one_way(const std::string& address, RemotingCommand request);

  // Before the first request.
  void set_server_request_handler(ServerRequestHandler handler);
  // Called on the loop. `connected`: for each new connection, before the requests that waited for it are written: what
  // it sends to the address comes first. `disconnected`: for each connection that is gone, whoever closed it. Before
  // the first request.
  using ConnectionHandler = std::function<void(const std::string& address)>;
  void set_connection_handlers(ConnectionHandler connected, ConnectionHandler disconnected);
  // Before the first request.
  void set_peer_observer(std::shared_ptr<PeerObserver> observer);

  // Closes the connections to addresses that are not in `keep`. Any thread.
  void retain(const std::vector<std::string>& keep);
  // True while a connection to it is open.
  bool connected(const std::string& address) const;
  // The number of the open connection, which no other one had or will have; 0 while there is none.
  uint64_t connection_number(const std::string& address) const;
  // Any thread: fails every pending request with kClosed and closes the connections; later requests fail with
  // kClosed. On return, from another thread than the loop's, no handler runs any more. Idempotent.
  void close();

 private:
  struct Impl;
  explicit RemotingClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rocketmq
