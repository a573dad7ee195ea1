#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/event_loop.h"
#include "net/peer_observer.h"
#include "net/pending_requests.h"
#include "net/remoting_client.h"
#include "net/sync_pool.h"

namespace rocketmq {

// What RemotingClient is behind its interface: the channels by address, and the requests that wait. Owned by
// RemotingClient and by what it has under way on the loop. Public functions of it are called from any thread;
// connections are opened, answered, left and closed on the loop.
struct RemotingClient::Impl : ConnectionListener, std::enable_shared_from_this<RemotingClient::Impl> {
  // A request that waits for its connection.
  struct Waiting {
    int32_t opaque;
    std::vector<uint8_t> frame;
    bool one_way;
  };

  // What there is of one server.
  struct Channel {
    // For the requests, which outlive a channel.
    std::shared_ptr<const std::string> address;
    std::shared_ptr<Connection> connection;
    uint64_t connection_number = 0;
    // Made when it is needed.
    std::shared_ptr<SyncPool> sync_pool;
    bool connecting = false;
    std::vector<Waiting> waiting;
    // No connection is opened before.
    TimePoint retry_at;
    Millis pause{0};
    std::string last_error;
    // When a server that goes away again may be tried again, at the earliest.
    TimePoint after_next_leave;
    // It went away a while ago at most: no connections besides the main one until then.
    TimePoint sync_pool_from;
  };

  Impl(EventLoop& event_loop, RemotingOptions remoting_options)
      : loop(event_loop), options(remoting_options), timer(event_loop.context()) {}

  // `frame` carries `opaque`.
  void submit(const std::string& address, ByteView frame, int32_t opaque, TimePoint deadline, Write mode, bool one_way,
              const std::shared_ptr<ResponseHandler>& handler);
  std::optional<Result<RemotingCommand>> exchange(const std::string& address, int32_t opaque, ByteView frame,
                                                  TimePoint deadline,
                                                  const std::function<void(std::shared_ptr<SyncChannel>)>& begun);
  void retain(const std::vector<std::string>& keep);
  void close_all();

  void on_command(const std::shared_ptr<Connection>& connection, RemotingCommand command) override;
  void on_too_large(const std::shared_ptr<Connection>& connection, const RemotingCommand& command,
                    size_t frame_bytes) override;
  int64_t pending_requests() const override { return pending.count(); }
  void on_closed(const std::shared_ptr<Connection>& connection, const Error& cause) override;

  EventLoop& loop;
  const RemotingOptions options;
  PendingRequests pending;
  std::atomic<int32_t> next_opaque{1};
  mutable std::mutex mutex;
  std::map<std::string, Channel, std::less<>> channels;
  ServerRequestHandler server_request_handler;
  ConnectionHandler connected_handler;
  ConnectionHandler disconnected_handler;
  // Set before the first request, so that it is read without the lock.
  std::shared_ptr<PeerObserver> observer;
  bool closed = false;

 private:
  // Under the lock.
  Channel& channel_of(const std::string& address);
  static void end_pool(Channel& channel);
  // No request connects to it for a while. Needs no memory.
  void back_off(Channel& channel, const std::string& reason) noexcept;

  std::shared_ptr<Connection> accept(const std::string& address, ByteView frame, int32_t opaque, TimePoint deadline,
                                     bool one_way, const std::shared_ptr<ResponseHandler>& handler, Error& refused,
                                     bool& added);
  void write(const std::shared_ptr<Connection>& connection, int32_t opaque, ByteView frame, Write mode, bool one_way);
  asio::awaitable<void> connect(std::string address);
  void connected(const std::string& address, asio::ip::tcp::socket socket);
  void connect_failed(const std::string& address, const Error& error);
  void on_server_request(const std::shared_ptr<Connection>& connection, RemotingCommand request);
  // GO_AWAY came by `pool`'s connection, or by the main one where it is nullptr; on any thread.
  void went_away(const std::string& address, const SyncPool* pool, const Connection* connection);
  void close_left(const std::shared_ptr<Connection>& connection, bool unwritten_too);
  void arm_timer();
  void arm_timer_on_loop(TimePoint at);
  void expire();
  void time_out(const PendingRequests::Request& request);
  std::shared_ptr<Connection> connection_of(const PendingRequests::Request& request);
  void replace_if_stuck(const std::shared_ptr<Connection>& connection);
  bool replace_if_silent(const PendingRequests::Request& request, const std::shared_ptr<Connection>& connection);
  void tell_exchange(const std::string& address, const SyncPool& pool, TimePoint begin,
                     const Result<RemotingCommand>& response);

  asio::steady_timer timer;
  uint64_t last_connection_number = 0;
  // Connections that take no new requests, but whose last ones are still answered.
  std::vector<std::shared_ptr<Connection>> leaving;
};

}  // namespace rocketmq
