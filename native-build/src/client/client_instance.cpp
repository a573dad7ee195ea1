#include "client/client_instance.h"

#include <algorithm>
#include <asio/ip/host_name.hpp>
#include <condition_variable>

#include "base/log.h"
#include "base/random.h"
#include "base/thread.h"
#include "client/client_lease.h"
#include "protocol/codes.h"
#include "protocol/heartbeat.h"

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

// Lets several coroutines of the loop be waited for by one.
struct Countdown {
  Countdown(EventLoop& loop, size_t count) : left(count), pause(loop) {}
  void done() {
    if (--left == 0) pause.interrupt();
  }
  size_t left;
  size_t failed = 0;
  Pause pause;
};

// Counts down when it goes, as an exception must not leave the others waiting.
struct CountdownShare {
  explicit CountdownShare(std::shared_ptr<Countdown> countdown) : all(std::move(countdown)) {}
  CountdownShare(const CountdownShare&) = delete;
  CountdownShare& operator=(const CountdownShare&) = delete;
  ~CountdownShare() {
    if (!succeeded) ++all->failed;
    all->done();
  }
  const std::shared_ptr<Countdown> all;
  bool succeeded = false;
};

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
      callbacks_("rmq-callback-" + std::to_string(number)),
      remoting_(RemotingClient::create(loop_, remoting_options(options_))),
      name_servers_(std::make_shared<NameServers>(remoting_, options_.name_servers, options_.request_timeout)),
      routes_(loop_, name_servers_),
      route_pause_(loop_),
      heartbeat_pause_(loop_) {
  loop_.post([] { mark_client_thread(); });
  callbacks_.post([] { mark_client_thread(); });
  remoting_->set_server_request_handler(
      [this](RemotingCommand request, const std::string& address, std::function<void(RemotingCommand)> reply) {
        on_server_request(std::move(request), address, std::move(reply));
      });
}

ClientInstance::~ClientInstance() { shutdown(); }

void ClientInstance::start() {
  if (started_.exchange(true)) return;
  start_coroutine(loop_, route_loop(), "route refresh");
  start_coroutine(loop_, heartbeat_loop(), "heartbeats");
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
    // Not to be cut short.
    Pause rest(loop_);
    co_await rest.wait(std::min(kLeastHeartbeatPause, pause));
  }
}

void ClientInstance::heartbeat_soon() {
  loop_.post([this] { heartbeat_pause_.interrupt(); });
}

asio::awaitable<bool> ClientInstance::send_heartbeats() {
  Heartbeat heartbeat;
  heartbeat.client_id = client_id_;
  std::vector<std::shared_ptr<ConsumerMember>> members;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [group, users] : producer_groups_) heartbeat.producer_groups.push_back(group);
    for (const auto& [group, member] : consumers_) members.push_back(member);
  }
  // Without our lock, as a consumer joins under its own.
  for (const auto& member : members) heartbeat.consumers.push_back(member->heartbeat());
  if (heartbeat.producer_groups.empty() && heartbeat.consumers.empty()) co_return true;
  // Producers talk to masters alone.
  const auto addresses = routes_.broker_addresses(heartbeat.consumers.empty());
  if (addresses.empty()) co_return true;
  const std::string body = heartbeat_to_json(heartbeat);
  auto countdown = std::make_shared<Countdown>(loop_, addresses.size());
  for (const std::string& address : addresses) {
    start_coroutine(
        loop_,
        [](ClientInstance* self, std::string to, std::string text,
           std::shared_ptr<Countdown> all) -> asio::awaitable<void> {
          CountdownShare share(std::move(all));
          co_await self->heartbeat_to(to, std::move(text));
          share.succeeded = self->remoting_->connected(to);
        }(this, address, body, countdown),
        "heartbeat");
  }
  // Each ends by its own timeout.
  while (countdown->left > 0) co_await countdown->pause.wait(options_.request_timeout);
  co_return countdown->failed == 0;
}

asio::awaitable<void> ClientInstance::heartbeat_to(std::string address, std::string body) {
  RemotingCommand request = RemotingCommand::request(request_code::kHeartbeat, SerializeType::kJson);
  const ByteView bytes = as_bytes(body);
  request.body = SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  auto response = co_await remoting_->call(address, std::move(request), options_.request_timeout);
  if (!response) {
    log(LogLevel::kDebug, "client", "the heartbeat to {} failed: {}", address, response.error().message);
  } else if (response->code != response_code::kSuccess) {
    log(LogLevel::kWarn, "client", "{} refused the heartbeat with code {}: {}", address, response->code,
        response->remark);
  }
}

void ClientInstance::join_producer_group(const std::string& group) {
  {
    std::lock_guard lock(mutex_);
    ++producer_groups_[group];
  }
  heartbeat_soon();
}

void ClientInstance::leave_producer_group(const std::string& group, Millis timeout) {
  {
    std::lock_guard lock(mutex_);
    auto found = producer_groups_.find(group);
    if (found == producer_groups_.end() || --found->second > 0) return;
    producer_groups_.erase(found);
  }
  unregister_and_wait(group, {}, timeout);
}

Status ClientInstance::join_consumer_group(std::shared_ptr<ConsumerMember> member) {
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
  heartbeat_soon();
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

asio::awaitable<void> ClientInstance::unregister(std::string producer_group, std::string consumer_group) {
  for (const std::string& address : routes_.broker_addresses(false)) {
    if (!remoting_->connected(address)) continue;
    RemotingCommand request = RemotingCommand::request(request_code::kUnregisterClient);
    request.ext_fields.add("clientID", client_id_);
    if (!producer_group.empty()) request.ext_fields.add("producerGroup", producer_group);
    if (!consumer_group.empty()) request.ext_fields.add("consumerGroup", consumer_group);
    auto response = co_await remoting_->call(address, std::move(request), options_.request_timeout);
    if (!response) {
      log(LogLevel::kInfo, "client", "{} was not told that a group leaves: {}", address, response.error().message);
    }
  }
}

void ClientInstance::unregister_and_wait(const std::string& producer_group, const std::string& consumer_group,
                                         Millis timeout) {
  struct Done {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  auto done = std::make_shared<Done>();
  start_coroutine(
      loop_,
      [](ClientInstance* self, std::string producers, std::string consumers,
         std::shared_ptr<Done> ended) -> asio::awaitable<void> {
        co_await self->unregister(std::move(producers), std::move(consumers));
        std::lock_guard lock(ended->mutex);
        ended->done = true;
        ended->changed.notify_all();
      }(this, producer_group, consumer_group, done),
      "unregister");
  std::unique_lock lock(done->mutex);
  done->changed.wait_for(lock, timeout, [&] { return done->done; });
}

std::shared_ptr<ConsumerMember> ClientInstance::consumer(std::string_view group) const {
  std::lock_guard lock(mutex_);
  auto found = consumers_.find(group);
  return found == consumers_.end() ? nullptr : found->second;
}

void ClientInstance::on_server_request(RemotingCommand request, const std::string& address,
                                       std::function<void(RemotingCommand)> reply) {
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
  loop_.run_and_wait([this] {
    route_pause_.interrupt();
    heartbeat_pause_.interrupt();
  });
  routes_.close();
  remoting_->close();
  callbacks_.stop();
  loop_.stop();
}

}  // namespace rocketmq
