#pragma once

#include <asio/awaitable.hpp>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/broker_states.h"
#include "client/route_table.h"
#include "net/coroutine.h"
#include "net/event_loop.h"
#include "net/remoting_client.h"

namespace rocketmq {

// Looks at the brokers ten times a second while anything is sent, to find out soon which of them are silent: it asks
// those for a sign of life, and tells who sends to them. Owned by ClientInstance; works on the event loop.
class BrokerWatch {
 public:
  // On the loop, at each look while some are suspected.
  using Tell = std::function<void(const std::vector<std::shared_ptr<BrokerState>>& suspected, TimePoint at)>;

  BrokerWatch(EventLoop& loop, std::shared_ptr<BrokerStates> states, std::shared_ptr<RemotingClient> remoting,
              RouteTable& routes, Millis probe_timeout, Tell tell);

  // Something is waited for. Any thread; cheap while the watch is awake.
  void wake() {
    if (!awake_.load() && !awake_.exchange(true)) start();
  }
  // On the loop: asks a broker for anything, only to learn whether it answers.
  asio::awaitable<bool> probe(std::string address, Millis timeout);
  // On the loop, once, before that ends.
  void stop();

 private:
  void start();
  asio::awaitable<void> watch();
  asio::awaitable<void> probe_suspected(std::shared_ptr<BrokerState> state);

  EventLoop& loop_;
  const std::shared_ptr<BrokerStates> states_;
  const std::shared_ptr<RemotingClient> remoting_;
  RouteTable& routes_;
  const Millis probe_timeout_;
  const Tell tell_;
  Pause pause_;
  std::atomic<bool> awake_{false};
  bool stopped_ = false;
};

}  // namespace rocketmq
