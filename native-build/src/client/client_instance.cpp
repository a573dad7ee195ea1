#include "client/client_instance.h"

#include <algorithm>
#include <asio/ip/host_name.hpp>

#include "base/attempt.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "client/client_lease.h"
#include "client/client_thread.h"
#include "net/waited_coroutine.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

// After a heartbeat that some broker did not answer, the next one follows sooner.
constexpr Millis kHeartbeatRetry{1000};
// Every failing pull asks for a heartbeat: one round serves all of a moment.
constexpr Millis kLeastHeartbeatPause{100};
// A broker that restarts shall not be waited for much longer than it takes.
constexpr Millis kLongestReconnectPause{1000};

// Unique by construction: two processes on one host, and two clients in one process, must not share one.
std::string make_client_id(const std::string& instance_name) {
  asio::error_code ignored;
  std::string host = asio::ip::host_name(ignored);
  if (host.empty()) host = "localhost";
  std::string id = host_label(host) + "@" + std::to_string(current_process_id()) + "#" + random_hex(16);
  return instance_name.empty() ? id : id + "#" + instance_name;
}

RemotingOptions remoting_options(const ClientOptions& options) {
  RemotingOptions remoting;
  remoting.connect_timeout = options.connect_timeout;
  remoting.reconnect_max = kLongestReconnectPause;
  remoting.max_frame_bytes = options.max_frame_bytes;
  return remoting;
}

WorkerPool::Options worker_options(int number) {
  WorkerPool::Options options;
  options.name = "rmq-callback-" + std::to_string(number);
  options.on_thread_start = mark_client_thread;
  return options;
}

}  // namespace

std::string host_label(std::string_view host_name) {
  std::string label(host_name);
  for (char& c : label) {
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!kept) c = '_';
  }
  return label;
}

ClientInstance::ClientInstance(ClientOptions options, int number)
    : options_(std::move(options)),
      client_id_(make_client_id(options_.instance_name)),
      loop_("rmq-io-" + std::to_string(number)),
      workers_(worker_options(number)),
      remoting_(RemotingClient::create(loop_, remoting_options(options_))),
      name_servers_(std::make_shared<NameServers>(remoting_, options_.name_servers, options_.request_timeout)),
      routes_(loop_, name_servers_, brokers_),
      watch_(loop_, brokers_, remoting_, routes_, options_.request_timeout,
             [this](const auto& suspected, TimePoint at) {
               for (const auto& producer : producers()) {
                 try {
                   producer->on_suspected(suspected, at);
                 } catch (const std::exception& e) {
                   log(LogLevel::kError, "client", "group {} was not told which brokers are silent: {}",
                       producer->group(), e.what());
                 }
               }
             }),
      route_pause_(loop_),
      heartbeat_pause_(loop_),
      housekeeping_pause_(loop_) {
  loop_.post([] { mark_client_thread(); });
  ClientGroups groups;
  groups.client_id = client_id_;
  groups.heartbeat = [this] { return heartbeat(); };
  groups.any_producer = [this] {
    std::lock_guard lock(mutex_);
    return !producer_groups_.empty();
  };
  groups.any_consumer = [this] {
    std::lock_guard lock(mutex_);
    return !consumers_.empty();
  };
  groups.has = [this](const std::string& producer_group, const std::string& consumer_group) {
    std::lock_guard lock(mutex_);
    return producer_groups_.count(producer_group) != 0 || consumers_.count(consumer_group) != 0;
  };
  registration_ = std::make_shared<GroupRegistration>(loop_, *remoting_, routes_, reachability_,
                                                      options_.request_timeout, std::move(groups));
  remoting_->set_server_request_handler(
      [this](RemotingCommand request, const std::string& address, std::function<void(RemotingCommand)> reply) {
        on_server_request(std::move(request), address, std::move(reply));
      });
  for (const std::string& address : name_servers_->addresses()) brokers_->of(address);
  remoting_->set_peer_observer(brokers_);
  remoting_->set_connection_handlers([this](const std::string& address) { on_connected(address); },
                                     [this](const std::string& address) { on_disconnected(address); });
}

ClientInstance::~ClientInstance() { shutdown(); }

void ClientInstance::start() {
  if (started_.exchange(true)) return;
  const auto ended = [this] { return stopping_.load(); };
  // Nobody would start them another time.
  until_memory([&] { start_periodic(loop_, [this] { return route_loop(); }, ended, "route refresh"); });
  until_memory([&] { start_periodic(loop_, [this] { return heartbeat_loop(); }, ended, "heartbeats"); });
  until_memory([&] { start_periodic(loop_, [this] { return housekeeping_loop(); }, ended, "housekeeping"); });
}

asio::awaitable<void> ClientInstance::route_loop() {
  while (!stopping_) {
    co_await route_pause_.wait(options_.route_refresh_interval);
    if (stopping_) break;
    try {
      co_await refresh_routes();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "client", "the refresh of the routes failed: {}", e.what());
    }
  }
}

asio::awaitable<void> ClientInstance::refresh_routes() {
  const auto before = routes_.broker_addresses(false);
  co_await routes_.refresh_all();
  if (stopping_) co_return;
  auto addresses = routes_.broker_addresses(false);
  if (addresses != before) heartbeat_soon();
  addresses.insert(addresses.end(), name_servers_->addresses().begin(), name_servers_->addresses().end());
  remoting_->retain(addresses);
  brokers_->retain(addresses);
}

asio::awaitable<void> ClientInstance::heartbeat_loop() {
  Millis pause = options_.heartbeat_interval;
  while (!stopping_) {
    co_await heartbeat_pause_.wait(pause);
    if (stopping_) break;
    bool complete = false;
    try {
      complete = co_await send_heartbeats();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "client", "the heartbeats failed: {}", e.what());
    }
    if (stopping_) break;
    pause = complete ? options_.heartbeat_interval : std::min(kHeartbeatRetry, options_.heartbeat_interval);
    if (reachability_.any_doubtful(now())) pause = std::min(pause, Reachability::kRegisterAgain);
    // Not to be cut short.
    Pause rest(loop_);
    co_await rest.wait(std::min(kLeastHeartbeatPause, pause));
  }
}

// Not a timer for each: a thousand consumers would wake the process a thousand times a second.
asio::awaitable<void> ClientInstance::housekeeping_loop() {
  while (!stopping_) {
    co_await housekeeping_pause_.wait(shortest_housekeeping_);
    if (stopping_) break;
    Millis shortest = ConsumerMember::kNoHousekeeping;
    for (const auto& member : consumers()) {
      shortest = std::min(shortest, member->housekeeping_interval());
      try {
        member->housekeeping();
      } catch (const std::exception& e) {
        log(LogLevel::kError, "client", "the housekeeping of group {} failed: {}", member->group(), e.what());
      }
    }
    shortest_housekeeping_ = shortest;
  }
}

void ClientInstance::keep_reachable() {
  // Its pause may be a long one, made when nobody wanted this.
  if (reachability_.keep()) heartbeat_soon();
}

void ClientInstance::heartbeat_soon() {
  loop_.post([this] { heartbeat_pause_.interrupt(); });
}

Heartbeat ClientInstance::heartbeat() const {
  Heartbeat heartbeat;
  heartbeat.client_id = client_id_;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [group, users] : producer_groups_) heartbeat.producer_groups.push_back(group);
    if (!producer_groups_.empty() && reachability_.kept()) {
      heartbeat.producer_groups.emplace_back(kReplyGroup);
    }
  }
  // Without our lock, as a consumer joins under its own.
  for (const auto& member : consumers()) heartbeat.consumers.push_back(member->heartbeat());
  return heartbeat;
}

asio::awaitable<bool> ClientInstance::send_heartbeats() { return registration_->tell(); }

asio::awaitable<void> ClientInstance::send_new_heartbeats() { return registration_->tell_what_is_new(); }

void ClientInstance::on_connected(const std::string& address) {
  reachability_.connected(address, now());
  if (!reachability_.kept() || stopping_) return;
  const auto& servers = name_servers_->addresses();
  if (std::find(servers.begin(), servers.end(), address) != servers.end()) return;
  registration_->tell_new_connection(address);
}

// A reply may be on its way, which the broker gives to whoever is connected.
void ClientInstance::on_disconnected(const std::string& address) {
  if (reachability_.kept() && !stopping_ && reachability_.was_registered(address)) heartbeat_soon();
}

bool ClientInstance::reachable_from(const std::string& address) const {
  return reachability_.is_registered(address, remoting_->connection_number(address));
}

void ClientInstance::join_producer_group(const std::string& group, std::shared_ptr<ProducerMember> member) {
  {
    std::lock_guard lock(mutex_);
    if (member) producers_.push_back(std::move(member));
    ++producer_groups_[group];
  }
  heartbeat_soon();
}

void ClientInstance::leave_producer_group(const std::string& group, Millis timeout, const ProducerMember* member) {
  bool was_last = false;
  {
    std::lock_guard lock(mutex_);
    producers_.erase(
        std::remove_if(producers_.begin(), producers_.end(), [&](const auto& each) { return each.get() == member; }),
        producers_.end());
    auto found = producer_groups_.find(group);
    was_last = found != producer_groups_.end() && --found->second == 0;
    if (was_last) producer_groups_.erase(found);
  }
  if (was_last) unregister_and_wait(group, {}, timeout);
  // What the loop began with the member before it was taken out has ended.
  if (member != nullptr) loop_.run_and_wait([] {});
}

Status ClientInstance::join_consumer_group(std::shared_ptr<ConsumerMember> member) {
  const Millis housekeeping = member->housekeeping_interval();
  {
    std::lock_guard lock(mutex_);
    const std::string group = member->group();
    if (!consumers_.emplace(group, std::move(member)).second) {
      return fail(ErrorKind::kConflict,
                  "the consumer group \"" + group +
                      "\" has a live consumer in this client: close that one first, or give this one an "
                      "instance_name of its own");
    }
  }
  loop_.post([this, housekeeping] {
    heartbeat_pause_.interrupt();
    if (housekeeping >= shortest_housekeeping_) return;
    shortest_housekeeping_ = housekeeping;
    housekeeping_pause_.interrupt();
  });
  return {};
}

void ClientInstance::leave_consumer_group(const std::string& group, Millis timeout) {
  std::shared_ptr<ConsumerMember> leaving;
  {
    std::lock_guard lock(mutex_);
    auto found = consumers_.find(group);
    if (found == consumers_.end()) return;
    leaving = std::move(found->second);
    consumers_.erase(found);
  }
  unregister_and_wait({}, group, timeout);
  // What the loop began with the member before it was taken out has ended.
  loop_.run_and_wait([] {});
}

void ClientInstance::unregister_and_wait(const std::string& producer_group, const std::string& consumer_group,
                                         Millis timeout) {
  const auto told = start_waited(loop_, registration_->tell_departure(producer_group, consumer_group), "departure");
  (void)told->wait(now() + timeout);
}

std::shared_ptr<ConsumerMember> ClientInstance::consumer(std::string_view group) const {
  std::lock_guard lock(mutex_);
  auto found = consumers_.find(group);
  return found == consumers_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<ConsumerMember>> ClientInstance::consumers() const {
  std::vector<std::shared_ptr<ConsumerMember>> members;
  std::lock_guard lock(mutex_);
  members.reserve(consumers_.size());
  for (const auto& [group, member] : consumers_) members.push_back(member);
  return members;
}

std::vector<std::shared_ptr<ProducerMember>> ClientInstance::producers() const {
  std::lock_guard lock(mutex_);
  return producers_;
}

void ClientInstance::check_transaction(const RemotingCommand& request, const std::string& address) {
  auto message = decode_stored_message(request.body);
  if (!message) {
    log(LogLevel::kWarn, "client", "{} asks for the state of a transaction whose message cannot be read: {}", address,
        message.error().message);
    return;
  }
  const std::string group(message->property(property::kProducerGroup));
  for (const auto& producer : producers()) {
    if (producer->group() == group && producer->check_transaction(request, *message, address)) return;
  }
  // As Apache's client: the broker asks again, perhaps another client of the group.
  log(LogLevel::kInfo, "client", "{} asks for the state of transaction {}, whose group \"{}\" has no checker here",
      address, request.ext_fields.text("transactionId"), group);
}

void ClientInstance::take_reply(RemotingCommand request, const std::string& address,
                                const std::function<void(RemotingCommand)>& reply) {
  // Also for one that nobody waits for any more: the broker would only make the replier send it again.
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  const auto shared = std::make_shared<const RemotingCommand>(std::move(request));
  bool taken = false;
  for (const auto& producer : producers()) taken = taken || producer->take_reply(shared);
  if (!taken) log(LogLevel::kDebug, "client", "dropped a reply from {} that no request waits for", address);
  reply(std::move(response));
}

void ClientInstance::on_server_request(RemotingCommand request, const std::string& address,
                                       std::function<void(RemotingCommand)> reply) {
  if (request.code == request_code::kCheckTransactionState) return check_transaction(request, address);
  if (request.code == request_code::kPushReplyMessageToClient) return take_reply(std::move(request), address, reply);
  std::string_view group = request.ext_fields.text("consumerGroup");
  if (group.empty()) group = request.ext_fields.text("group");
  auto member = consumer(group);
  if (request.code == request_code::kNotifyConsumerIdsChanged) {
    log(LogLevel::kInfo, "client", "{} tells that the members of group \"{}\" changed", address, group);
    if (member) member->rebalance_soon();
    return;
  }
  const auto refusal = RemotingCommand::response_to(
      request, member || group.empty() ? response_code::kRequestCodeNotSupported : response_code::kSystemError,
      member || group.empty() ? "this client does not answer the request code " + std::to_string(request.code)
                              : "this client has no consumer of group \"" + std::string(group) + "\"");
  if (member && member->handle_request(request, reply)) return;
  log(LogLevel::kWarn, "client", "refused the request {} of {}: {}", request.code, address, refusal.remark);
  reply(refusal);
}

std::string ClientInstance::any_broker_of(const std::string& topic) const {
  const Route route = routes_.find(topic);
  if (!route) return {};
  std::string any;
  for (const auto& broker : route->route.brokers) {
    const std::string master(route->route.master_address(broker.name));
    if (!master.empty() && remoting_->connected(master)) return master;
    if (any.empty()) any = master;
    for (const auto& [id, address] : broker.addresses) {
      if (any.empty()) any = address;
    }
  }
  return any;
}

void ClientInstance::shutdown() {
  if (stopping_.exchange(true)) return;
  const auto step = [this](const char* what, const auto& action) { attempt("client", what, client_id_, action); };
  step("the end of the periodic work", [this] {
    loop_.run_and_wait([this] {
      watch_.stop();
      route_pause_.interrupt();
      heartbeat_pause_.interrupt();
      housekeeping_pause_.interrupt();
    });
  });
  step("the end of the routes", [this] { routes_.close(); });
  step("the end of the connections", [this] { remoting_->close(); });
  step("the end of the callbacks' threads", [this] { workers_.stop(); });
  step("the end of the event loop", [this] { loop_.stop(); });
}

}  // namespace rocketmq
