#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "client/broker_states.h"
#include "client/name_servers.h"
#include "client/route_snapshot.h"
#include "net/event_loop.h"
#include "protocol/route.h"

namespace rocketmq {

// An address of a broker, with the id that the broker has there (0: the master).
struct BrokerAddress {
  int64_t id = 0;
  std::string address;
};

// The routes of the topics in use. A look-up that is under way is shared by all who ask meanwhile; a route
// once found stays in use while name servers are down. A topic that no name server knows and nobody uses
// any more is forgotten after some rounds of refresh_all().
class RouteTable {
 public:
  using Callback = std::function<void(Result<Route>)>;

  RouteTable(EventLoop& loop, std::shared_ptr<NameServers> name_servers,
             std::shared_ptr<BrokerStates> brokers = std::make_shared<BrokerStates>());

  // What is known now; nullptr when nothing is. Any thread, cheap.
  Route find(std::string_view topic) const;
  // The known route, or that of a look-up; `callback` runs on the loop, or at once where the route is known.
  // Any thread. A publisher that allows it (`or_default`) gets TBW102's route for a topic that does not
  // exist, limited to `default_queues` a broker by whoever asked first (or most, of those who asked together).
  void get(const std::string& topic, bool or_default, int32_t default_queues, Callback callback);
  // On the loop: looks the topic up anew; true when the route is new or changed.
  asio::awaitable<Result<bool>> refresh(std::string topic);
  // Asks for a refresh soon, for a route that proved stale: at once, or a second after the topic's last one
  // began, however many ask. Any thread.
  void invalidate(const std::string& topic);
  // The same; `done` runs on the loop once that refresh has ended, or at the end of this table.
  void refresh_soon(const std::string& topic, std::function<void()> done);
  // Whether the name servers were out of reach so lately that brokers may not have registered with them again, and a
  // topic that they do not know may exist.
  bool may_miss_topics() const;
  // On the loop: refreshes all topics in use; stops where no name server answers.
  asio::awaitable<void> refresh_all();
  // The addresses of all brokers of all routes.
  std::vector<std::string> broker_addresses(bool masters_only) const;
  // The broker's address in the topic's route, or in another's where that one does not name the broker; {}
  // where unknown.
  std::string find_master(std::string_view topic, std::string_view broker_name) const;
  // Some queue of the broker at the address, master or slave.
  std::optional<MessageQueue> any_queue_at(std::string_view address) const;
  // The same to read from: the address of another id, the lowest, where `broker_id` is not there.
  BrokerAddress find_to_read(std::string_view topic, std::string_view broker_name, int64_t broker_id) const;
  // Topics are refreshed while they are in use by a consumer, or were sent to.
  std::vector<std::string> topics() const;
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rocketmq
