#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace rocketmq {

// By which it is registered anew; a name that Apache's client has in all its heartbeats, too. Checks of transactions
// and other clients know other groups.
inline constexpr std::string_view kReplyGroup = "CLIENT_INNER_PRODUCER";

// By which connections the brokers can hand replies to this client's producers. Any thread.
//
// A broker keeps one connection for each client id: the one by which a producer group came that it did not know of that
// connection. When another connection that ever was the client's ends, it forgets the client's altogether, and further
// heartbeats by the connection that it knows do not make good for it. Of a connection that is half-open it sees the end
// only after its own 120 s without a word. So for that time after a connection took the place of another the client is
// registered anew again and again.
class Reachability {
 public:
  static constexpr Millis kRegisterAgain{5000};

  // From now on the producers are kept reachable; true the first time.
  bool keep() { return !kept_.exchange(true); }
  bool kept() const { return kept_; }

  // A new connection is open.
  void connected(const std::string& address, TimePoint at);
  // A heartbeat of the producers was answered by that connection.
  void registered(const std::string& address, uint64_t connection);
  bool is_registered(const std::string& address, uint64_t connection) const;
  bool was_registered(const std::string& address) const;
  // Whether some broker may forget the client for the sake of an old connection.
  bool any_doubtful(TimePoint at) const;
  // Whether it is to be registered anew now; then not again for kRegisterAgain.
  bool take_turn(const std::string& address, TimePoint at);

 private:
  struct Broker {
    uint64_t connection = 0;
    TimePoint doubtful_until = TimePoint::min();
    TimePoint next_turn = TimePoint::min();
  };
  std::atomic<bool> kept_{false};
  mutable std::mutex mutex_;
  // By address; those that were registered with.
  std::map<std::string, Broker> brokers_;
};

}  // namespace rocketmq
