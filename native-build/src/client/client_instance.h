#pragma once

#include <asio/awaitable.hpp>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/worker_pool.h"
#include "client/broker_states.h"
#include "client/broker_watch.h"
#include "client/client_options.h"
#include "client/consumer_member.h"
#include "client/group_registration.h"
#include "client/name_servers.h"
#include "client/producer_member.h"
#include "client/reachability.h"
#include "client/route_table.h"
#include "net/coroutine.h"
#include "net/event_loop.h"
#include "net/remoting_client.h"

namespace rocketmq {

// A host's name as client ids carry it: everything but letters, digits, '.', '_' and '-' becomes '_', as the
// system may give bytes of any code page, and ids go into JSON.
std::string host_label(std::string_view host_name);

// What the producers and consumers of one cluster share: the event loop, connections, routes, heartbeats.
// Held by way of ClientLease; threads "rmq-io-N" and "rmq-callback-N-K".
class ClientInstance {
 public:
  ClientInstance(ClientOptions options, int number);
  // After shutdown().
  ~ClientInstance();

  ClientInstance(const ClientInstance&) = delete;
  ClientInstance& operator=(const ClientInstance&) = delete;

  const ClientOptions& options() const { return options_; }
  const std::string& client_id() const { return client_id_; }
  EventLoop& loop() { return loop_; }
  // Runs what belongs to the users, and what waits for a disk, on threads "rmq-callback-N-K".
  WorkerPool& workers() { return workers_; }
  RemotingClient& remoting() { return *remoting_; }
  NameServers& name_servers() { return *name_servers_; }
  RouteTable& routes() { return routes_; }
  // What is known of the brokers, and who finds out.
  BrokerStates& brokers() { return *brokers_; }
  BrokerWatch& watch() { return watch_; }

  // Begins the periodic work, once. Any thread.
  void start();

  // Producers of the same group may be several; the broker is told of a group once, and of its end with the
  // last. Any thread; leaving waits at most `timeout` for the brokers' answers, and not on the loop. The member gets
  // what servers ask of the group, until it has left.
  void join_producer_group(const std::string& group, std::shared_ptr<ProducerMember> member = nullptr);
  void leave_producer_group(const std::string& group, Millis timeout, const ProducerMember* member = nullptr);
  // kConflict when the group has a live consumer here already.
  Status join_consumer_group(std::shared_ptr<ConsumerMember> member);
  // On return the member is not called any more.
  void leave_consumer_group(const std::string& group, Millis timeout);

  // On the loop: tells all brokers in use of our groups; failures are logged. False when some broker could not
  // be reached, or has not answered within a second.
  asio::awaitable<bool> send_heartbeats();
  // The same, unless the same was told to the same brokers within the last second, or is being told just now, which is
  // waited for: many who ask at once cost one round.
  asio::awaitable<void> send_new_heartbeats();
  // Asks for a heartbeat soon, as a new group or topic needs one. Any thread.
  void heartbeat_soon();
  // Whether the broker knows by which connection to reach this client's producers, and so can hand them replies. Any
  // thread.
  bool reachable_from(const std::string& address) const;
  // From now on keeps the producers reachable when a connection breaks, or one of several groups leaves. Any thread.
  void keep_reachable();

  // On the loop: any live broker that has the topic, masters first; {} where none is known.
  std::string any_broker_of(const std::string& topic) const;

  // Ends everything and joins the threads; not from one of them. Idempotent.
  void shutdown();

 private:
  asio::awaitable<void> route_loop();
  asio::awaitable<void> refresh_routes();
  asio::awaitable<void> heartbeat_loop();
  asio::awaitable<void> housekeeping_loop();
  void on_connected(const std::string& address);
  void on_disconnected(const std::string& address);
  void unregister_and_wait(const std::string& producer_group, const std::string& consumer_group, Millis timeout);
  void on_server_request(RemotingCommand request, const std::string& address,
                         std::function<void(RemotingCommand)> reply);
  std::shared_ptr<ConsumerMember> consumer(std::string_view group) const;
  std::vector<std::shared_ptr<ProducerMember>> producers() const;
  std::vector<std::shared_ptr<ConsumerMember>> consumers() const;
  void check_transaction(const RemotingCommand& request, const std::string& address);
  void take_reply(RemotingCommand request, const std::string& address,
                  const std::function<void(RemotingCommand)>& reply);
  Heartbeat heartbeat() const;

  const ClientOptions options_;
  const std::string client_id_;
  EventLoop loop_;
  WorkerPool workers_;
  const std::shared_ptr<BrokerStates> brokers_ = std::make_shared<BrokerStates>();
  std::shared_ptr<RemotingClient> remoting_;
  std::shared_ptr<NameServers> name_servers_;
  RouteTable routes_;
  BrokerWatch watch_;
  Reachability reachability_;
  std::shared_ptr<GroupRegistration> registration_;
  Pause route_pause_;
  Pause heartbeat_pause_;
  Pause housekeeping_pause_;
  // Of the members; on the loop.
  Millis shortest_housekeeping_ = ConsumerMember::kNoHousekeeping;
  std::atomic<bool> started_{false};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::map<std::string, int> producer_groups_;
  std::vector<std::shared_ptr<ProducerMember>> producers_;
  std::map<std::string, std::shared_ptr<ConsumerMember>, std::less<>> consumers_;
};

}  // namespace rocketmq
