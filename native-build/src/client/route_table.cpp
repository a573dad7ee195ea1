#include "client/route_table.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/attempt.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_pace.h"
#include "base/memory.h"
#include "net/coroutine.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

// The topic whose queues a topic takes over that brokers create on demand.
constexpr const char* kDefaultTopic = "TBW102";

// Failing sends and pulls ask for a refresh each: the name server sees no more than one in this time.
constexpr Millis kLeastRefreshInterval{1000};
// While a refresh goes on for longer than that.
constexpr Millis kRefreshPoll{100};
// Rounds in which no name server knew a topic, and nobody used it, before it is forgotten. More than one, as
// a name server that restarted knows no topic until the brokers register.
constexpr int kMostMisses = 3;
// Brokers register again with a name server that restarted within 30 s.
constexpr Millis kRegistration{45000};

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
  // A refresh was asked for, and has not begun.
  bool wanted = false;
  // Since the last round of refresh_all().
  bool used = false;
  int misses = 0;
  // Of a default route, how many of TBW102's queues it has of each broker.
  int32_t default_queues = 0;
  TimePoint refreshed_at = TimePoint::min();
  std::vector<Waiter> waiters;
  // Told at the end of the refresh that is wanted.
  std::vector<std::function<void()>> refresh_waiters;

  // Nothing would be lost with it.
  bool empty() const { return !route && !looking_up && !refreshing && waiters.empty() && refresh_waiters.empty(); }
};

template <typename T>
bool topic_unknown(const Result<T>& outcome) {
  return !outcome && outcome.error().kind == ErrorKind::kTopicNotFound;
}

// No name server answered, and none will for the next topic.
bool without_answer(ErrorKind kind) {
  return kind == ErrorKind::kUnreachable || kind == ErrorKind::kTimeout || kind == ErrorKind::kConnectionLost ||
         kind == ErrorKind::kClosed;
}

}  // namespace

struct RouteTable::State : std::enable_shared_from_this<RouteTable::State> {
  State(EventLoop& event_loop, std::shared_ptr<NameServers> servers, std::shared_ptr<BrokerStates> states)
      : loop(event_loop), name_servers(std::move(servers)), brokers(std::move(states)) {}

  // Takes a mark off a topic's entry, whatever ends the work that it stands for.
  struct Unmark {
    State& state;
    const std::string& topic;
    bool Entry::* mark;
    ~Unmark() {
      std::lock_guard lock(state.mutex);
      auto found = state.entries.find(topic);
      if (found == state.entries.end()) return;
      found->second.*mark = false;
      if (found->second.empty()) state.entries.erase(found);
    }
  };

  asio::awaitable<Result<TopicRoute>> fetch(std::string topic);
  asio::awaitable<void> look_up(std::string topic);
  void finish(const std::string& topic, Result<TopicRoute> route, const Result<TopicRoute>& fallback);
  asio::awaitable<Result<bool>> refresh(std::string topic);
  asio::awaitable<void> refresh_default(const std::string& topic);
  asio::awaitable<void> await_turn(std::string topic);
  asio::awaitable<void> refresh_in_turn(std::string topic);
  void end_round(const std::string& topic, bool missed);
  // Under the mutex; nullptr where unknown.
  const TopicRoute::Broker* find_broker(std::string_view topic, std::string_view broker_name);

  EventLoop& loop;
  const std::shared_ptr<NameServers> name_servers;
  const std::shared_ptr<BrokerStates> brokers;
  mutable std::mutex mutex;
  std::map<std::string, Entry, std::less<>> entries;
  // No name server answered then.
  TimePoint unanswered_at = TimePoint::min();
  LogPace refresh_failures;  // of all topics
  bool closed = false;
};

asio::awaitable<Result<TopicRoute>> RouteTable::State::fetch(std::string topic) {
  RemotingCommand request = RemotingCommand::request(request_code::kGetRouteByTopic, SerializeType::kJson);
  request.ext_fields.add("topic", topic);
  request.ext_fields.add("acceptStandardJsonOnly", true);
  Result<TopicRoute> route = fail(ErrorKind::kInternalError, "");
  const std::function<Status(const RemotingCommand&)> check = [&](const RemotingCommand& answer) -> Status {
    route = parse_route(as_text(answer.body.view()));
    if (!route) return fail(route.error());
    return {};
  };
  auto response = co_await name_servers->call(std::move(request), check);
  if (!response) {
    Error error = response.error();
    error.topic = topic;
    std::lock_guard lock(mutex);
    if (without_answer(error.kind)) unanswered_at = now();
    co_return fail(std::move(error));
  }
  if (response->code == response_code::kSuccess) co_return route;
  Error error = name_servers->refusal(*response);
  if (response->code == response_code::kTopicNotExist) {
    error.kind = ErrorKind::kTopicNotFound;
    error.address.clear();
    error.message = "no name server knows the topic \"" + topic + "\" (" + name_servers->listed() +
                    "): check its name, or create it";
  }
  error.topic = topic;
  co_return fail(std::move(error));
}

asio::awaitable<void> RouteTable::State::look_up(std::string topic) {
  auto self = shared_from_this();
  Result<TopicRoute> route = fail(ErrorKind::kInternalError, "");
  Result<TopicRoute> fallback = fail(ErrorKind::kTopicNotFound, "");
  try {
    route = co_await fetch(topic);
    bool wanted = false;
    if (topic_unknown(route)) {
      std::lock_guard lock(mutex);
      for (const Waiter& waiter : entries[topic].waiters) wanted = wanted || waiter.or_default;
    }
    if (wanted) fallback = co_await fetch(kDefaultTopic);
  } catch (const std::exception& e) {
    // Those who wait must hear of it, and the next one look it up again.
    route = fail(ErrorKind::kInternalError, e.what());
  }
  finish(topic, std::move(route), fallback);
}

void RouteTable::State::finish(const std::string& topic, Result<TopicRoute> route, const Result<TopicRoute>& fallback) {
  std::vector<Waiter> waiters;
  Route found;
  Route found_default;
  {
    const Unmark unmark{*this, topic, &Entry::looking_up};
    std::lock_guard lock(mutex);
    Entry& entry = entries[topic];
    waiters.swap(entry.waiters);
    try {
      if (route) {
        found = make_snapshot(topic, *route, *brokers);
      } else if (fallback && entry.route && !entry.is_default) {
        // The topic was created meanwhile, and a refresh has seen it.
        found = entry.route;
      } else if (fallback) {
        int32_t queues = 0;
        for (const Waiter& waiter : waiters) queues = std::max(queues, waiter.default_queues);
        found_default = make_snapshot(topic, limit_queues(*fallback, queues), *brokers);
        entry.default_queues = queues;
      }
    } catch (const std::exception& e) {
      route = fail(ErrorKind::kInternalError, e.what());
    }
    if (found || found_default) {
      entry.route = found ? found : found_default;
      entry.is_default = !found;
      entry.misses = 0;
    }
  }
  for (Waiter& waiter : waiters) {
    try {
      if (found) {
        waiter.callback(found);
      } else if (found_default && waiter.or_default) {
        waiter.callback(found_default);
      } else {
        waiter.callback(fail(route.error()));
      }
    } catch (const std::exception& e) {
      log(LogLevel::kError, "client", "who waited for the route of topic \"{}\" failed: {}", topic, e.what());
    }
  }
}

asio::awaitable<Result<bool>> RouteTable::State::refresh(std::string topic) {
  auto self = shared_from_this();
  {
    std::lock_guard lock(mutex);
    auto found = entries.find(topic);
    if (closed || (found != entries.end() && found->second.refreshing)) co_return false;
    Entry& entry = entries[topic];
    entry.refreshing = true;
    entry.refreshed_at = now();
  }
  const Unmark unmark{*this, topic, &Entry::refreshing};
  auto route = co_await fetch(topic);
  if (topic_unknown(route)) co_await refresh_default(topic);
  std::lock_guard lock(mutex);
  Entry& entry = entries[topic];
  if (!route) {
    // The snapshot stays in use: a name server that restarted knows no topic until the brokers register.
    const bool worth_telling = !topic_unknown(route) && route.error().kind != ErrorKind::kClosed;
    if (const auto untold = worth_telling ? refresh_failures.next() : std::nullopt) {
      log(LogLevel::kWarn, "client", "the route of topic \"{}\" could not be refreshed: {}{}", topic,
          route.error().message, *untold);
    }
    co_return fail(route.error());
  }
  entry.misses = 0;
  if (entry.route && !entry.is_default && entry.route->route == *route) co_return false;
  log(LogLevel::kInfo, "client", "new route of topic \"{}\": {}", topic, route_summary(*route));
  log(LogLevel::kDebug, "client", "as JSON: {}", route_to_json(*route));
  entry.route = make_snapshot(topic, std::move(*route), *brokers);
  entry.is_default = false;
  co_return true;
}

// The brokers of a topic that does not exist yet may change, too.
asio::awaitable<void> RouteTable::State::refresh_default(const std::string& topic) {
  {
    std::lock_guard lock(mutex);
    if (!entries[topic].is_default) co_return;
  }
  auto route = co_await fetch(kDefaultTopic);
  std::lock_guard lock(mutex);
  Entry& entry = entries[topic];
  if (!route || !entry.is_default) co_return;
  TopicRoute limited = limit_queues(std::move(*route), entry.default_queues);
  if (entry.route && entry.route->route == limited) co_return;
  entry.route = make_snapshot(topic, std::move(limited), *brokers);
}

// Until the topic may be refreshed again.
asio::awaitable<void> RouteTable::State::await_turn(std::string topic) {
  const Unmark unmark{*this, topic, &Entry::wanted};
  for (;;) {
    TimePoint turn;
    {
      std::lock_guard lock(mutex);
      auto found = entries.find(topic);
      if (closed || found == entries.end()) co_return;
      turn = found->second.refreshed_at + kLeastRefreshInterval;
      // One that is under way began before the wish, and may answer what proved stale.
      if (found->second.refreshing) turn = std::max(turn, now() + kRefreshPoll);
    }
    if (turn <= now()) co_return;
    Pause pause(loop);
    co_await pause.wait(std::chrono::ceil<Millis>(turn - now()));
  }
}

asio::awaitable<void> RouteTable::State::refresh_in_turn(std::string topic) {
  auto self = shared_from_this();
  co_await await_turn(topic);
  // Whoever asks from here on is told by the next refresh.
  struct Told {
    std::vector<std::function<void()>> waiters;
    ~Told() {
      for (const auto& told : waiters) {
        try {
          told();
        } catch (const std::exception& e) {
          log(LogLevel::kError, "client", "who waits for a route was not told of it: {}", e.what());
        }
      }
    }
  } told;
  {
    std::lock_guard lock(mutex);
    auto found = entries.find(topic);
    if (found == entries.end()) co_return;
    told.waiters.swap(found->second.refresh_waiters);
  }
  (void)co_await refresh(topic);
}

void RouteTable::State::end_round(const std::string& topic, bool missed) {
  std::lock_guard lock(mutex);
  auto found = entries.find(topic);
  if (found == entries.end()) return;
  Entry& entry = found->second;
  const bool used = std::exchange(entry.used, false);
  entry.misses = missed && !used ? entry.misses + 1 : 0;
  if (entry.misses < kMostMisses || entry.looking_up || entry.refreshing || !entry.waiters.empty()) return;
  log(LogLevel::kInfo, "client", "forgets the topic \"{}\", which no name server knows and nobody uses", topic);
  entries.erase(found);
}

const TopicRoute::Broker* RouteTable::State::find_broker(std::string_view topic, std::string_view broker_name) {
  auto own = entries.find(topic);
  if (own != entries.end()) {
    own->second.used = true;
    const auto* broker = own->second.route ? own->second.route->route.find_broker(broker_name) : nullptr;
    if (broker != nullptr) return broker;
  }
  for (const auto& [name, entry] : entries) {
    // What a topic that is gone says of a broker may be old.
    if (!entry.route || entry.misses > 0) continue;
    if (const auto* broker = entry.route->route.find_broker(broker_name)) return broker;
  }
  return nullptr;
}

RouteTable::RouteTable(EventLoop& loop, std::shared_ptr<NameServers> name_servers,
                       std::shared_ptr<BrokerStates> brokers)
    : state_(std::make_shared<State>(loop, std::move(name_servers), std::move(brokers))) {}

Route RouteTable::find(std::string_view topic) const {
  std::lock_guard lock(state_->mutex);
  auto found = state_->entries.find(topic);
  if (found == state_->entries.end()) return nullptr;
  found->second.used = true;
  return found->second.route;
}

void RouteTable::get(const std::string& topic, bool or_default, int32_t default_queues, Callback callback) {
  Route known;
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->closed) {
      Entry& entry = state_->entries[topic];
      entry.used = true;
      if (entry.route && (or_default || !entry.is_default)) {
        known = entry.route;
      } else {
        // Started before it is marked, so that a failure to start leaves no mark.
        if (!entry.looking_up) start_coroutine(state_->loop, state_->look_up(topic), "route look-up");
        entry.looking_up = true;
        entry.waiters.push_back({or_default, default_queues, std::move(callback)});
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

asio::awaitable<Result<bool>> RouteTable::refresh(std::string topic) { return state_->refresh(std::move(topic)); }

void RouteTable::invalidate(const std::string& topic) {
  std::lock_guard lock(state_->mutex);
  auto found = state_->entries.find(topic);
  if (state_->closed || found == state_->entries.end() || found->second.wanted) return;
  start_coroutine(state_->loop, state_->refresh_in_turn(topic), "route refresh");
  found->second.wanted = true;
}

void RouteTable::refresh_soon(const std::string& topic, std::function<void()> done) {
  {
    std::lock_guard lock(state_->mutex);
    auto found = state_->entries.find(topic);
    if (!state_->closed && found != state_->entries.end()) {
      if (!found->second.wanted) start_coroutine(state_->loop, state_->refresh_in_turn(topic), "route refresh");
      found->second.wanted = true;
      found->second.refresh_waiters.push_back(std::move(done));
      return;
    }
  }
  state_->loop.post(std::move(done));
}

bool RouteTable::may_miss_topics() const {
  const TimePoint since = now() - kRegistration;
  if (state_->brokers->any_failed_since(state_->name_servers->addresses(), since)) return true;
  std::lock_guard lock(state_->mutex);
  return state_->unanswered_at != TimePoint::min() && state_->unanswered_at >= since;
}

asio::awaitable<void> RouteTable::refresh_all() {
  auto state = state_;
  for (const std::string& topic : topics()) {
    auto refreshed = co_await state->refresh(topic);
    state->end_round(topic, topic_unknown(refreshed));
    // Without a name server each further topic would only wait for the same failure.
    if (!refreshed && without_answer(refreshed.error().kind)) break;
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

std::string RouteTable::find_master(std::string_view topic, std::string_view broker_name) const {
  std::lock_guard lock(state_->mutex);
  const auto* broker = state_->find_broker(topic, broker_name);
  return broker == nullptr ? std::string() : std::string(broker->master_address());
}

std::optional<MessageQueue> RouteTable::any_queue_at(std::string_view address) const {
  std::lock_guard lock(state_->mutex);
  for (const auto& [topic, entry] : state_->entries) {
    if (!entry.route) continue;
    for (const auto& broker : entry.route->route.brokers) {
      const bool there = std::any_of(broker.addresses.begin(), broker.addresses.end(),
                                     [&](const auto& each) { return each.second == address; });
      if (there) return MessageQueue{topic, broker.name, 0};
    }
  }
  return std::nullopt;
}

BrokerAddress RouteTable::find_to_read(std::string_view topic, std::string_view broker_name, int64_t broker_id) const {
  std::lock_guard lock(state_->mutex);
  const auto* broker = state_->find_broker(topic, broker_name);
  if (broker == nullptr || broker->addresses.empty()) return {};
  auto found = broker->addresses.find(broker_id);
  if (found == broker->addresses.end()) found = broker->addresses.begin();
  return {found->first, found->second};
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
  {
    std::lock_guard lock(state_->mutex);
    state_->closed = true;
  }
  // No more come from now on, and topic by topic needs no memory.
  for (;;) {
    std::vector<Waiter> waiters;
    std::vector<std::function<void()>> refresh_waiters;
    {
      std::lock_guard lock(state_->mutex);
      const auto waited_for = std::find_if(state_->entries.begin(), state_->entries.end(), [](const auto& each) {
        return !each.second.waiters.empty() || !each.second.refresh_waiters.empty();
      });
      if (waited_for == state_->entries.end()) return;
      waiters.swap(waited_for->second.waiters);
      refresh_waiters.swap(waited_for->second.refresh_waiters);
    }
    for (const auto& told : refresh_waiters) attempt("client", "the end", "a wait for a route", told);
    for (const Waiter& waiter : waiters) {
      attempt("client", "the end", "a wait for a route", [&] {
        waiter.callback(fail(as_far_as_memory_goes(ErrorKind::kClosed, false, [] {
          Error error;
          error.kind = ErrorKind::kClosed;
          error.message = "the client was closed";
          return error;
        })));
      });
    }
  }
}

}  // namespace rocketmq
