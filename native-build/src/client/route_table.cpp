#include "client/route_table.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "net/call.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

// The topic whose queues a topic takes over that brokers create on demand.
constexpr const char* kDefaultTopic = "TBW102";

struct Waiter {
  bool or_default;
  int32_t default_queues;
  RouteTable::Callback callback;
};

struct Entry {
  Route route;
  // The route is TBW102's: the topic did not exist when it was looked up.
  bool is_default = false;
  bool looking_up = false;
  bool refreshing = false;
  std::vector<Waiter> waiters;
};

Route make_snapshot(const std::string& topic, TopicRoute route) {
  auto snapshot = std::make_shared<RouteSnapshot>();
  snapshot->publish_queues = publish_queues(topic, route);
  snapshot->subscribe_queues = subscribe_queues(topic, route);
  snapshot->route = std::move(route);
  return snapshot;
}

TopicRoute limit_queues(TopicRoute route, int32_t queues) {
  for (auto& data : route.queues) {
    data.read_queues = std::min(data.read_queues, queues);
    data.write_queues = std::min(data.write_queues, queues);
  }
  return route;
}

bool topic_unknown(const Result<TopicRoute>& route) {
  return !route && route.error().kind == ErrorKind::kTopicNotFound;
}

}  // namespace

struct RouteTable::State : std::enable_shared_from_this<RouteTable::State> {
  State(EventLoop& event_loop, std::shared_ptr<NameServers> servers)
      : loop(event_loop), name_servers(std::move(servers)) {}

  asio::awaitable<Result<TopicRoute>> fetch(std::string topic);
  asio::awaitable<void> look_up(std::string topic);
  void finish(const std::string& topic, const Result<TopicRoute>& route, const Result<TopicRoute>& fallback);

  EventLoop& loop;
  const std::shared_ptr<NameServers> name_servers;
  mutable std::mutex mutex;
  std::map<std::string, Entry, std::less<>> entries;
  bool closed = false;
};

asio::awaitable<Result<TopicRoute>> RouteTable::State::fetch(std::string topic) {
  RemotingCommand request = RemotingCommand::request(request_code::kGetRouteByTopic, SerializeType::kJson);
  request.ext_fields.add("topic", topic);
  request.ext_fields.add("acceptStandardJsonOnly", true);
  auto response = co_await name_servers->call(std::move(request));
  if (!response) {
    Error error = response.error();
    error.topic = topic;
    co_return fail(std::move(error));
  }
  if (response->code == response_code::kSuccess) {
    auto route = parse_route(as_text(response->body.view()));
    if (!route) route.error().topic = topic;
    co_return route;
  }
  Error error;
  const bool unknown = response->code == response_code::kTopicNotExist;
  error.kind = unknown ? ErrorKind::kTopicNotFound : ErrorKind::kRejected;
  error.message = unknown ? "no name server knows the topic \"" + topic + "\""
                          : "the name server refused the route of topic \"" + topic + "\" with code " +
                                std::to_string(response->code);
  error.response_code = response->code;
  error.remark = response->remark;
  error.topic = topic;
  co_return fail(std::move(error));
}

asio::awaitable<void> RouteTable::State::look_up(std::string topic) {
  auto self = shared_from_this();
  auto route = co_await fetch(topic);
  Result<TopicRoute> fallback = fail(ErrorKind::kTopicNotFound, "");
  bool wanted = false;
  if (topic_unknown(route)) {
    std::lock_guard lock(mutex);
    for (const Waiter& waiter : entries[topic].waiters) wanted = wanted || waiter.or_default;
  }
  if (wanted) fallback = co_await fetch(kDefaultTopic);
  finish(topic, route, fallback);
}

void RouteTable::State::finish(const std::string& topic, const Result<TopicRoute>& route,
                               const Result<TopicRoute>& fallback) {
  std::vector<Waiter> waiters;
  Route found;
  Route found_default;
  {
    std::lock_guard lock(mutex);
    Entry& entry = entries[topic];
    entry.looking_up = false;
    waiters.swap(entry.waiters);
    if (route) {
      found = make_snapshot(topic, *route);
      entry.route = found;
      entry.is_default = false;
    } else if (fallback) {
      int32_t queues = 0;
      for (const Waiter& waiter : waiters) queues = std::max(queues, waiter.default_queues);
      found_default = make_snapshot(topic, limit_queues(*fallback, queues));
      entry.route = found_default;
      entry.is_default = true;
    }
  }
  for (Waiter& waiter : waiters) {
    if (found) {
      waiter.callback(found);
    } else if (found_default && waiter.or_default) {
      waiter.callback(found_default);
    } else {
      waiter.callback(fail(route.error()));
    }
  }
}

RouteTable::RouteTable(EventLoop& loop, std::shared_ptr<NameServers> name_servers)
    : state_(std::make_shared<State>(loop, std::move(name_servers))) {}

Route RouteTable::find(std::string_view topic) const {
  std::lock_guard lock(state_->mutex);
  auto found = state_->entries.find(topic);
  return found == state_->entries.end() ? nullptr : found->second.route;
}

void RouteTable::get(const std::string& topic, bool or_default, int32_t default_queues, Callback callback) {
  Route known;
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->closed) {
      Entry& entry = state_->entries[topic];
      if (entry.route && (or_default || !entry.is_default)) {
        known = entry.route;
      } else {
        entry.waiters.push_back({or_default, default_queues, std::move(callback)});
        if (entry.looking_up) return;
        entry.looking_up = true;
        start_coroutine(state_->loop, state_->look_up(topic), "route look-up");
        return;
      }
    }
  }
  if (known) {
    callback(known);
  } else {
    callback(fail(ErrorKind::kClosed, "the client is closed"));
  }
}

asio::awaitable<Result<bool>> RouteTable::refresh(std::string topic) {
  auto state = state_;
  {
    std::lock_guard lock(state->mutex);
    auto found = state->entries.find(topic);
    if (state->closed || (found != state->entries.end() && found->second.refreshing)) co_return false;
    state->entries[topic].refreshing = true;
  }
  auto route = co_await state->fetch(topic);
  std::lock_guard lock(state->mutex);
  Entry& entry = state->entries[topic];
  entry.refreshing = false;
  if (!route) {
    // The snapshot stays in use: a name server that restarted knows no topic until the brokers register.
    if (!topic_unknown(route)) {
      log(LogLevel::kWarn, "client", "the route of topic \"{}\" could not be refreshed: {}", topic,
          route.error().message);
    }
    co_return fail(route.error());
  }
  if (entry.route && !entry.is_default && entry.route->route == *route) co_return false;
  log(LogLevel::kInfo, "client", "new route of topic \"{}\": {}", topic, route_to_json(*route));
  entry.route = make_snapshot(topic, std::move(*route));
  entry.is_default = false;
  co_return true;
}

void RouteTable::invalidate(const std::string& topic) {
  auto state = state_;
  std::lock_guard lock(state->mutex);
  auto found = state->entries.find(topic);
  if (state->closed || found == state->entries.end() || found->second.refreshing) return;
  start_coroutine(
      state->loop,
      [](RouteTable* self, std::string name) -> asio::awaitable<void> {
        (void)co_await self->refresh(std::move(name));
      }(this, topic),
      "route refresh");
}

asio::awaitable<void> RouteTable::refresh_all() {
  for (const std::string& topic : topics()) {
    auto refreshed = co_await refresh(topic);
    // Without a name server each further topic would only wait for the same failure.
    if (!refreshed && refreshed.error().kind != ErrorKind::kTopicNotFound) break;
  }
}

std::vector<std::string> RouteTable::broker_addresses(bool masters_only) const {
  std::set<std::string> addresses;
  std::lock_guard lock(state_->mutex);
  for (const auto& [topic, entry] : state_->entries) {
    if (!entry.route) continue;
    for (const auto& broker : entry.route->route.brokers) {
      if (masters_only) {
        const auto master = entry.route->route.master_address(broker.name);
        if (!master.empty()) addresses.emplace(master);
        continue;
      }
      for (const auto& [id, address] : broker.addresses) addresses.insert(address);
    }
  }
  return {addresses.begin(), addresses.end()};
}

std::string RouteTable::find_master(std::string_view broker_name) const {
  std::lock_guard lock(state_->mutex);
  for (const auto& [topic, entry] : state_->entries) {
    if (!entry.route) continue;
    const auto address = entry.route->route.master_address(broker_name);
    if (!address.empty()) return std::string(address);
  }
  return {};
}

std::string RouteTable::find_address(std::string_view broker_name, int64_t broker_id) const {
  std::lock_guard lock(state_->mutex);
  for (const auto& [topic, entry] : state_->entries) {
    if (!entry.route) continue;
    const auto address = entry.route->route.address(broker_name, broker_id);
    if (!address.empty()) return std::string(address);
  }
  return {};
}

std::vector<std::string> RouteTable::topics() const {
  std::vector<std::string> names;
  std::lock_guard lock(state_->mutex);
  for (const auto& [topic, entry] : state_->entries) {
    if (entry.route) names.push_back(topic);
  }
  return names;
}

void RouteTable::close() {
  std::vector<Waiter> waiters;
  {
    std::lock_guard lock(state_->mutex);
    state_->closed = true;
    for (auto& [topic, entry] : state_->entries) {
      std::move(entry.waiters.begin(), entry.waiters.end(), std::back_inserter(waiters));
      entry.waiters.clear();
    }
  }
  for (Waiter& waiter : waiters) waiter.callback(fail(ErrorKind::kClosed, "the client was closed"));
}

}  // namespace rocketmq
