#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace rocketmq {

// Is told what RemotingClient sees of the servers, by their addresses. No lock is held meanwhile; calls come from the
// event loop's thread, and of requests whose callers read the answer themselves (RemotingClient::exchange) from
// those callers' threads, several at a time. Must not block, and must not throw. What it does not need it leaves out.
class PeerObserver {
 public:
  virtual ~PeerObserver() = default;
  // Before the requests that waited for the connection are written.
  virtual void on_connected(const std::string& address) { (void)address; }
  // An attempt to connect failed; there is a pause before the next one.
  virtual void on_connect_failed(const std::string& address, const Error& error) { (void)address, (void)error; }
  // The connection is gone, whoever closed it (kClosed: this client, at its end).
  virtual void on_disconnected(const std::string& address, const Error& cause) { (void)address, (void)cause; }
  // A request's deadline passed; nothing at all was read from the server for `silence` (while connecting: since the
  // request was made).
  virtual void on_timeout(const std::string& address, Millis silence) { (void)address, (void)silence; }
  // It answered GO_AWAY: it is about to end. No new connection is made before `until`, and requests fail with
  // kUnreachable at once until then.
  virtual void on_went_away(const std::string& address, TimePoint until) { (void)address, (void)until; }
  // It answered a request, by whatever code but GO_AWAY.
  virtual void on_answered(const std::string& address, Millis took) { (void)address, (void)took; }
};

}  // namespace rocketmq
