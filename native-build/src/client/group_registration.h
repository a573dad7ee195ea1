#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "client/countdown.h"
#include "client/reachability.h"
#include "client/route_table.h"
#include "net/event_loop.h"
#include "net/remoting_client.h"
#include "protocol/heartbeat.h"

namespace rocketmq {

// What a client has to tell of.
struct ClientGroups {
  std::string client_id;
  std::function<Heartbeat()> heartbeat;
  std::function<bool()> any_producer;
  std::function<bool()> any_consumer;
  // Whether one of the two is there, perhaps again.
  std::function<bool(const std::string& producer_group, const std::string& consumer_group)> has;
};

// Tells brokers of a client's groups, by heartbeats, and of those that leave.
//
// A heartbeat tells of all groups. So of each broker one is under way at a time, and who asks meanwhile shares the next
// one: a thousand consumers that start together cost a few, not a thousand long ones. A broker that is silent delays
// what is told to itself alone.
//
// Owned by ClientInstance, and kept by its coroutines. On the event loop.
class GroupRegistration : public std::enable_shared_from_this<GroupRegistration> {
 public:
  // All must live as long as the loop runs.
  GroupRegistration(EventLoop& loop, RemotingClient& remoting, RouteTable& routes, Reachability& reachability,
                    Millis request_timeout, ClientGroups groups);

  // Tells all brokers in use of what there is now; failures are logged. False when some broker could not be reached, or
  // has not answered within a second.
  asio::awaitable<bool> tell();
  // The same, save for brokers that were told it within the last second, or are just being told, which is waited for.
  asio::awaitable<void> tell_what_is_new();
  // That a group has left, or two: {} for none. Ends when those brokers have answered that are connected. What must
  // follow of it goes on: a heartbeat that was under way may arrive later.
  asio::awaitable<Status> tell_departure(std::string producer_group, std::string consumer_group);
  // At once, as a message that a new connection sends again may be answered before the next heartbeat.
  void tell_new_connection(const std::string& address);

 private:
  // What is told; the same object for the same groups, as long as nobody asks anew.
  struct Told {
    // The first one has the producers. None where there is nobody.
    std::vector<SharedBytes> bodies;
    bool of_producers = false;
  };
  using Share = std::shared_ptr<CountdownShare>;
  // Of one broker that a heartbeat is under way to.
  struct Lane {
    std::shared_ptr<const Told> under_way;
    std::vector<Share> sharing;
    // Of the next one.
    std::vector<Share> waiting;
  };
  struct Last {
    std::shared_ptr<const Told> told;
    TimePoint at = TimePoint::min();
  };
  // However it ends.
  struct LaneEnd;
  class UnderWay;
  bool any_before(const std::string& address, uint64_t number) const;

  std::vector<std::string> addresses() const;
  std::shared_ptr<const Told> what_is_told();
  void join_next(const std::string& address, Share share);
  static asio::awaitable<void> run_lane(std::shared_ptr<GroupRegistration> self, std::string address);
  static asio::awaitable<bool> tell_one(std::shared_ptr<GroupRegistration> self, std::string address,
                                        std::shared_ptr<const Told> told);
  static asio::awaitable<bool> send_all(std::shared_ptr<GroupRegistration> self, std::string address,
                                        std::shared_ptr<const Told> told);
  static asio::awaitable<void> await_answers(std::shared_ptr<GroupRegistration> self, std::string address,
                                             uint64_t before, TimePoint deadline);
  static asio::awaitable<Status> send_heartbeat(std::shared_ptr<GroupRegistration> self, std::string address,
                                                SharedBytes body, bool of_producers);
  static asio::awaitable<bool> register_again(std::shared_ptr<GroupRegistration> self, std::string address);
  static asio::awaitable<void> unregister(std::shared_ptr<GroupRegistration> self, std::string address,
                                          std::string producer_group, std::string consumer_group);
  static asio::awaitable<void> leave(std::shared_ptr<GroupRegistration> self, std::string address,
                                     std::string producer_group, std::string consumer_group, uint64_t before,
                                     Share share);
  static asio::awaitable<void> unregister_unless_back(std::shared_ptr<GroupRegistration> self, std::string address,
                                                      std::string producer_group, std::string consumer_group);
  void note_answer(const std::string& address, const Result<RemotingCommand>& response, bool of_producers,
                   uint64_t connection_number);

  EventLoop& loop_;
  RemotingClient& remoting_;
  RouteTable& routes_;
  Reachability& reachability_;
  const Millis request_timeout_;
  const ClientGroups groups_;
  // Whoever asks begins a new one: what was made for the one before may lack what is asked for.
  uint64_t asked_ = 0;
  uint64_t made_for_ = 0;
  std::shared_ptr<const Told> made_;
  std::map<std::string, Lane> lanes_;
  std::map<std::string, Last> last_;
  // How long it took to make the last one.
  SteadyClock::duration making_{0};
  // Numbers of the heartbeats, and departures; those that were not answered yet by address, in order.
  uint64_t last_number_ = 0;
  std::map<std::string, std::set<uint64_t>> under_way_;
};

}  // namespace rocketmq
