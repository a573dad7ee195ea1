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
#include "client/countdown.h"
#include "net/waited_coroutine.h"
#include "protocol/codes.h"
#include "protocol/heartbeat.h"

namespace rocketmq {

namespace {

// After a heartbeat that some broker did not answer, the next one follows sooner.
constexpr Millis kHeartbeatRetry{1000};
// Who waits for a round looks so often whether it has ended.
constexpr Millis kRoundPoll{10};
// Every failing pull asks for a heartbeat: one round serves all of a moment.
constexpr Millis kLeastHeartbeatPause{100};
// A broker that restarts shall not be waited for much longer than it takes.
constexpr Millis kLongestReconnectPause{1000};

// For the answer to a heartbeat before a group leaves, of the time that a close waits for all of it.
constexpr Millis kLongestHeartbeat{500};

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

RemotingCommand heartbeat_request(const std::string& body) {
  RemotingCommand request = RemotingCommand::request(request_code::kHeartbeat, SerializeType::kJson);
  const ByteView bytes = as_bytes(body);
  request.body = SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  return request;
}

class HeartbeatEnd : public ResponseHandler {
 public:
  explicit HeartbeatEnd(std::function<void(const Result<RemotingCommand>&)> done) : done_(std::move(done)) {}
  void on_response(RemotingCommand response, const std::string&) override { done_(std::move(response)); }
  void on_failure(Error error) override { done_(fail(std::move(error))); }

 private:
  const std::function<void(const Result<RemotingCommand>&)> done_;
};

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
      heartbeat_pause_(loop_) {
  loop_.post([] { mark_client_thread(); });
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

class ClientInstance::HeartbeatShare {
 public:
  HeartbeatShare(std::shared_ptr<UnderWay> all, std::string address)
      : all_(std::move(all)), address_(std::move(address)) {
    ++(*all_)[address_];
  }
  HeartbeatShare(const HeartbeatShare&) = delete;
  HeartbeatShare& operator=(const HeartbeatShare&) = delete;
  ~HeartbeatShare() {
    const auto found = all_->find(address_);
    if (--found->second == 0) all_->erase(found);
  }

 private:
  const std::shared_ptr<UnderWay> all_;
  const std::string address_;
};

void ClientInstance::start() {
  if (started_.exchange(true)) return;
  const auto ended = [this] { return stopping_.load(); };
  // Nobody would start them another time.
  until_memory([&] { start_periodic(loop_, [this] { return route_loop(); }, ended, "route refresh"); });
  until_memory([&] { start_periodic(loop_, [this] { return heartbeat_loop(); }, ended, "heartbeats"); });
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
  std::vector<std::shared_ptr<ConsumerMember>> members;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [group, users] : producer_groups_) heartbeat.producer_groups.push_back(group);
    if (!producer_groups_.empty() && reachability_.kept()) {
      heartbeat.producer_groups.emplace_back(kReplyGroup);
    }
    for (const auto& [group, member] : consumers_) members.push_back(member);
  }
  // Without our lock, as a consumer joins under its own.
  for (const auto& member : members) heartbeat.consumers.push_back(member->heartbeat());
  return heartbeat;
}

asio::awaitable<bool> ClientInstance::send_heartbeats() {
  const Heartbeat heartbeat = this->heartbeat();
  if (heartbeat.producer_groups.empty() && heartbeat.consumers.empty()) co_return true;
  // Producers talk to masters alone.
  const auto addresses = routes_.broker_addresses(heartbeat.consumers.empty());
  if (addresses.empty()) co_return true;
  const std::string body = heartbeat_to_json(heartbeat);
  const bool of_producers = !heartbeat.producer_groups.empty();
  auto countdown = std::make_shared<Countdown>(loop_, addresses.size());
  for (const std::string& address : addresses) {
    start_coroutine(
        loop_,
        [](ClientInstance* self, std::string to, std::string text, bool producers,
           std::shared_ptr<Countdown> all) -> asio::awaitable<void> {
          CountdownShare share(std::move(all));
          const bool again = producers && self->reachability_.take_turn(to, now());
          if (again) {
            co_await self->register_again(to);
          } else {
            co_await self->heartbeat_to(to, std::move(text), producers);
          }
          share.succeeded = self->remoting_->connected(to);
        }(this, address, body, of_producers, countdown),
        "heartbeat");
  }
  round_.body = body;
  round_.addresses = addresses;
  const RoundShare share(round_);
  // Each ends by its own timeout.
  while (countdown->left > 0) co_await countdown->pause.wait(options_.request_timeout);
  round_.ended = now();
  co_return countdown->failed == 0;
}

asio::awaitable<void> ClientInstance::send_new_heartbeats() {
  const Heartbeat heartbeat = this->heartbeat();
  const bool is_new = round_.body != heartbeat_to_json(heartbeat) ||
                      round_.addresses != routes_.broker_addresses(heartbeat.consumers.empty());
  const bool is_recent = round_.ended != TimePoint::min() && now() - round_.ended < kHeartbeatRetry;
  if (is_new || (round_.running == 0 && !is_recent)) {
    co_await send_heartbeats();
    co_return;
  }
  Pause pause(loop_);
  while (round_.running > 0 && !stopping_) co_await pause.wait(kRoundPoll);
}

asio::awaitable<void> ClientInstance::heartbeat_to(std::string address, std::string body, bool of_producers) {
  const HeartbeatShare share(heartbeats_under_way_, address);
  const uint64_t before = remoting_->connection_number(address);
  const auto response = co_await remoting_->call(address, heartbeat_request(body), options_.request_timeout);
  note_heartbeat(address, response, of_producers, before);
}

// `connection_number` is that of the connection when the heartbeat was sent, or 0 when there was none.
void ClientInstance::note_heartbeat(const std::string& address, const Result<RemotingCommand>& response,
                                    bool of_producers, uint64_t connection_number) {
  if (!response) {
    log(LogLevel::kDebug, "client", "the heartbeat to {} failed: {}", address, response.error().message);
  } else if (response->code != response_code::kSuccess) {
    log(LogLevel::kWarn, "client", "{} refused the heartbeat with code {}: {}", address, response->code,
        response->remark);
  } else if (of_producers) {
    const uint64_t now_open = remoting_->connection_number(address);
    // One that was replaced meanwhile carried another heartbeat, or none.
    if (connection_number == 0 || connection_number == now_open) reachability_.registered(address, now_open);
  }
}

// A message that is sent again by a new connection may be answered before the next round of heartbeats.
void ClientInstance::on_connected(const std::string& address) {
  reachability_.connected(address, now());
  if (!reachability_.kept() || stopping_) return;
  const auto& servers = name_servers_->addresses();
  if (std::find(servers.begin(), servers.end(), address) != servers.end()) return;
  const Heartbeat heartbeat = this->heartbeat();
  if (heartbeat.producer_groups.empty()) return;
  const uint64_t number = remoting_->connection_number(address);
  const auto share = std::make_shared<HeartbeatShare>(heartbeats_under_way_, address);
  remoting_->send(
      address, heartbeat_request(heartbeat_to_json(heartbeat)), now() + options_.request_timeout,
      RemotingClient::Write::kBatched,
      std::make_shared<HeartbeatEnd>([this, address, number, share](const Result<RemotingCommand>& response) {
        note_heartbeat(address, response, true, number);
      }));
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

bool ClientInstance::lives(const std::string& producer_group, const std::string& consumer_group) const {
  std::lock_guard lock(mutex_);
  return producer_groups_.count(producer_group) != 0 || consumers_.count(consumer_group) != 0;
}

// A broker works off heartbeats and departures by different threads: a heartbeat that was sent before could make a
// member of the group again of who has left, whose queues would be nobody's for two minutes.
asio::awaitable<void> ClientInstance::wait_for_heartbeats(std::string address) {
  const TimePoint deadline = now() + kLongestHeartbeat;
  Pause pause(loop_);
  while (heartbeats_under_way_->count(address) != 0 && now() < deadline) co_await pause.wait(kRoundPoll);
}

asio::awaitable<void> ClientInstance::unregister_from(std::string address, std::string producer_group,
                                                      std::string consumer_group) {
  RemotingCommand request = RemotingCommand::request(request_code::kUnregisterClient);
  request.ext_fields.add("clientID", client_id_);
  if (!producer_group.empty()) request.ext_fields.add("producerGroup", producer_group);
  if (!consumer_group.empty()) request.ext_fields.add("consumerGroup", consumer_group);
  auto response = co_await remoting_->call(address, std::move(request), options_.request_timeout);
  if (!response) {
    log(LogLevel::kInfo, "client", "{} was not told that a group leaves: {}", address, response.error().message);
  }
}

// With any producer group of a client that leaves, a broker forgets how to reach the client for replies, and learns it
// anew only of a group that it does not know yet. So a group that nobody else uses leaves and comes.
asio::awaitable<void> ClientInstance::register_again(std::string address) {
  co_await unregister_from(address, std::string(kReplyGroup), {});
  // Made only now: who has left meanwhile must not come back by it.
  const Heartbeat heartbeat = this->heartbeat();
  if (heartbeat.producer_groups.empty()) co_return;
  co_await heartbeat_to(address, heartbeat_to_json(heartbeat), true);
}

asio::awaitable<Status> ClientInstance::unregister(std::string producer_group, std::string consumer_group) {
  // Who comes again is to be told anew.
  round_.body.clear();
  std::vector<std::string> addresses = routes_.broker_addresses(false);
  const auto unconnected = std::partition(addresses.begin(), addresses.end(),
                                          [&](const std::string& address) { return remoting_->connected(address); });
  // All at once, as one that does not answer must not keep the others from learning it.
  auto countdown = std::make_shared<Countdown>(loop_, static_cast<size_t>(unconnected - addresses.begin()));
  addresses.erase(
      std::remove_if(unconnected, addresses.end(),
                     [&](const std::string& address) { return heartbeats_under_way_->count(address) == 0; }),
      addresses.end());
  for (const std::string& address : addresses) {
    // Those that are being connected to, and may get a heartbeat then, are not waited for.
    auto counted = remoting_->connected(address) ? countdown : std::make_shared<Countdown>(loop_, 1);
    start_coroutine(
        loop_,
        [](ClientInstance* self, std::string from, std::string producers, std::string consumers,
           std::shared_ptr<Countdown> all) -> asio::awaitable<void> {
          const CountdownShare share(std::move(all));
          co_await self->wait_for_heartbeats(from);
          // It may have come again meanwhile; and a broker forgets by itself who is connected no more.
          if (self->lives(producers, consumers) || !self->remoting_->connected(from)) co_return;
          co_await self->unregister_from(from, producers, consumers);
          if (!producers.empty() && self->reachability_.kept()) co_await self->register_again(from);
        }(this, address, producer_group, consumer_group, std::move(counted)),
        "unregister");
  }
  // Each ends by its own timeout.
  while (countdown->left > 0) co_await countdown->pause.wait(options_.request_timeout);
  co_return Status();
}

void ClientInstance::unregister_and_wait(const std::string& producer_group, const std::string& consumer_group,
                                         Millis timeout) {
  const auto told = start_waited(loop_, unregister(producer_group, consumer_group), "unregister");
  (void)told->wait(now() + timeout);
}

std::shared_ptr<ConsumerMember> ClientInstance::consumer(std::string_view group) const {
  std::lock_guard lock(mutex_);
  auto found = consumers_.find(group);
  return found == consumers_.end() ? nullptr : found->second;
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
    });
  });
  step("the end of the routes", [this] { routes_.close(); });
  step("the end of the connections", [this] { remoting_->close(); });
  step("the end of the callbacks' threads", [this] { workers_.stop(); });
  step("the end of the event loop", [this] { loop_.stop(); });
}

}  // namespace rocketmq
