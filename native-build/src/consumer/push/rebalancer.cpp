#include "consumer/push/rebalancer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "consumer/rebalance_plan.h"
#include "protocol/codes.h"
#include "protocol/heartbeat.h"

namespace rocketmq {

namespace {

// After a round that lacked a route or an answer.
constexpr Millis kFirstRebalanceRetry{50};
constexpr Millis kLongestRebalanceRetry{1000};
// So that changes that come one after the other share a round.
constexpr Millis kLeastPause{5};
// The periodic rounds of a client's consumers begin at whole ones of these, so that those of many share their wake-ups
// and writes, but not all come at once.
using Tick = std::chrono::duration<int64_t, std::ratio<1, 5>>;

bool has_broker_at(const TopicRoute& route, const std::string& address) {
  return std::any_of(route.brokers.begin(), route.brokers.end(), [&](const auto& broker) {
    return std::any_of(broker.addresses.begin(), broker.addresses.end(),
                       [&](const auto& known) { return known.second == address; });
  });
}

}  // namespace

Rebalancer::Rebalancer(std::shared_ptr<PushContext> context, QueueTable& queues)
    : context_(std::move(context)), queues_(queues), pause_(std::make_shared<Pause>(context_->client->loop())) {}

void Rebalancer::soon() {
  soon_ = true;
  if (pause_) pause_->interrupt();
}

void Rebalancer::shut() {
  if (pause_) pause_->interrupt();
  pause_ = nullptr;
}

void Rebalancer::set_stored_queues(const std::vector<MessageQueue>& queues) {
  for (const MessageQueue& queue : queues) stored_queues_[queue.topic].push_back(queue);
}

asio::awaitable<void> Rebalancer::run(std::shared_ptr<PushContext> context) {
  const auto pause = pause_;
  Millis retry = kFirstRebalanceRetry;
  while (!context->ended) {
    soon_ = false;
    try {
      begin_round();
    } catch (const std::exception& e) {
      ++missing_;
      log(LogLevel::kError, "consumer", "the rebalance of group {} failed: {}", context->options.group, e.what());
    }
    // While answers come.
    const TimePoint deadline = now() + context->client_options.request_timeout;
    while (!context->ended && !soon_ && !open_.empty() && !asking_.empty() && now() < deadline) {
      co_await pause->wait(std::chrono::ceil<Millis>(deadline - now()));
    }
    if (context->ended) break;
    try {
      if (!soon_) allocate_rest();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "the rebalance of group {} failed: {}", context->options.group, e.what());
    }
    // One that a change cut short goes on in the next.
    if (!soon_ || open_.empty()) ++context->counters.rebalances;
    const bool complete = is_complete();
    retry = complete ? kFirstRebalanceRetry : std::min(retry * 2, kLongestRebalanceRetry);
    const Millis interval = context->options.rebalance_interval;
    TimePoint next = now() + (complete ? interval : std::min(retry, interval));
    if (complete && interval > kLongestRebalanceRetry) next = std::chrono::ceil<Tick>(next);
    while (!context->ended && !soon_ && now() < next) co_await pause->wait(std::chrono::ceil<Millis>(next - now()));
    if (context->ended) break;
    if (!soon_) continue;
    Pause rest(context->client->loop());
    co_await rest.wait(kLeastPause);
  }
}

void Rebalancer::begin_round() {
  open_.clear();
  heard_.clear();
  missing_ = 0;
  const auto subscribed = context_->subscriptions.topics();
  for (const std::string& topic : queues_.topics()) {
    if (subscribed.count(topic) == 0) queues_.drop_topic(topic);
  }
  for (auto each = known_.begin(); each != known_.end();) {
    if (subscribed.count(each->first) != 0) {
      ++each;
      continue;
    }
    context_->arrivals.forget(each->first);
    each = known_.erase(each);
  }
  std::set<std::string> addresses;
  for (const std::string& topic : subscribed) {
    const Route route = context_->client->routes().find(topic);
    if (!route) {
      ++missing_;
      look_up(topic);
      continue;
    }
    if (route->route.is_static()) {
      refuse_static(topic);
      continue;
    }
    refused_.erase(topic);
    open_[topic] = route;
    for (const auto& broker : route->route.brokers) {
      // A slave knows the members, too.
      const std::string_view master = broker.master_address();
      if (!master.empty()) {
        addresses.emplace(master);
      } else if (!broker.addresses.empty()) {
        addresses.emplace(broker.addresses.begin()->second);
      }
    }
  }
  for (const auto& [topic, route] : open_) heard_[topic].route = route;
  if (context_->is_broadcasting()) {
    open_.clear();
    return allocate(std::exchange(heard_, {}));
  }
  for (const std::string& address : addresses) ask(address);
}

// To consume what the route lists would leave some of its queues to nobody.
void Rebalancer::refuse_static(const std::string& topic) {
  queues_.drop_topic(topic);
  known_.erase(topic);
  if (!refused_.insert(topic).second) return;
  log(LogLevel::kError, "consumer",
      "topic {} is static (its logical queues are mapped to those of brokers), which is not supported: group {} does "
      "not consume it",
      topic, context_->options.group);
}

void Rebalancer::look_up(const std::string& topic) {
  if (looking_up_.count(topic) != 0) return;
  AtEnd<LookUpEnds> ends(LookUpEnds{this, context_, topic});
  looking_up_.insert(topic);
  context_->start(look_up_route(context_, topic, std::move(ends)), "route of a subscription");
}

void Rebalancer::LookUpEnds::operator()() const {
  if (!context->ended) rebalancer->looking_up_.erase(topic);
}

asio::awaitable<void> Rebalancer::look_up_route(std::shared_ptr<PushContext> context, std::string topic,
                                                AtEnd<LookUpEnds> ends) {
  if (context->ended) co_return;
  auto found = co_await context->client->routes().refresh(topic);
  if (context->ended) co_return;
  ends.run();
  if (found) missing_topics_.found(topic);
  if (!found && found.error().kind == ErrorKind::kTopicNotFound) tell_missing(topic);
  if (context->is_broadcasting() && !found && found.error().kind == ErrorKind::kTopicNotFound) {
    context->arrivals.note_missing(topic);
  }
  if (!found || !*found) co_return;
  tell_brokers();
  soon();
}

void Rebalancer::tell_missing(const std::string& topic) {
  if (topic == context_->retry_topic) return;
  missing_topics_.tell(topic, context_->options.group, context_->client_options.name_servers);
}

// Brokers must know the member before they count it.
void Rebalancer::tell_brokers() {
  if (telling_) {
    tell_again_ = true;
    return;
  }
  AtEnd<TellingEnds> ends(TellingEnds{this, context_});
  telling_ = true;
  tell_again_ = false;
  context_->start(send_heartbeats(context_, std::move(ends)), "heartbeats");
}

void Rebalancer::TellingEnds::operator()() const {
  if (!context->ended) rebalancer->telling_ = false;
}

asio::awaitable<void> Rebalancer::send_heartbeats(std::shared_ptr<PushContext> context, AtEnd<TellingEnds> ends) {
  if (context->ended) co_return;
  const bool told = co_await context->client->send_heartbeats();
  if (context->ended) co_return;
  ends.run();
  if (tell_again_) tell_brokers();
  if (!told) context->client->heartbeat_soon();
  if (!is_complete()) soon();
}

void Rebalancer::ask(const std::string& address) {
  const auto found = asking_.find(address);
  if (found != asking_.end()) {
    found->second.again = true;
    return;
  }
  AtEnd<AskingEnds> ends(AskingEnds{this, context_, address});
  asking_.try_emplace(address);
  context_->start(ask_members(context_, address, std::move(ends)), "members of the group");
}

void Rebalancer::AskingEnds::operator()() const {
  if (context->ended) return;
  Rebalancer& all = *rebalancer;
  if (!answered) {
    all.asking_.erase(address);
    // So that there is another round soon.
    ++all.missing_;
  }
  if (all.pause_ && (all.open_.empty() || all.asking_.empty())) all.pause_->interrupt();
}

asio::awaitable<void> Rebalancer::ask_members(std::shared_ptr<PushContext> context, std::string address,
                                              AtEnd<AskingEnds> ends) {
  if (context->ended) co_return;
  RemotingCommand request = RemotingCommand::request(request_code::kGetConsumerListByGroup);
  request.ext_fields.add("consumerGroup", context->options.group);
  auto response =
      co_await context->client->remoting().call(address, std::move(request), context->client_options.request_timeout);
  if (context->ended) co_return;
  const auto asked = asking_.find(address);
  const bool again = asked != asking_.end() && asked->second.again;
  if (asked != asking_.end()) asking_.erase(asked);
  ends->answered = true;
  std::string reason;
  if (!response) {
    reason = response.error().message;
  } else if (response->code != response_code::kSuccess) {
    reason = address + " answered with code " + std::to_string(response->code) + ": " + response->remark;
  } else if (auto members = parse_consumer_list(as_text(response->body.view()))) {
    on_members(address, std::move(*members));
  } else {
    reason = members.error().message;
  }
  if (!reason.empty()) {
    log(LogLevel::kDebug, "consumer", "the members of group {} are not known: {}", context->options.group, reason);
    context->client->heartbeat_soon();
    if (!response) {
      for (const auto& [topic, route] : open_) context->client->routes().invalidate(topic);
    }
  }
  try {
    allocate_after(address, again);
  } catch (const std::exception& e) {
    ++missing_;
    log(LogLevel::kError, "consumer", "the rebalance of group {} failed: {}", context->options.group, e.what());
  }
  if (again) soon();
}

void Rebalancer::on_members(const std::string& address, std::vector<std::string> members) {
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  if (!std::binary_search(members.begin(), members.end(), context_->client->client_id())) {
    // What is allocated stays: to give all up would stop the consumer.
    log(LogLevel::kDebug, "consumer", "{} does not list this member of group {} yet", address, context_->options.group);
    context_->client->heartbeat_soon();
    return;
  }
  for (auto& [topic, heard] : heard_) {
    if (!has_broker_at(heard.route->route, address) || heard.members == members) continue;
    std::vector<std::string> all;
    std::set_union(heard.members.begin(), heard.members.end(), members.begin(), members.end(), std::back_inserter(all));
    heard.members = std::move(all);
  }
}

bool Rebalancer::is_asked(const TopicRoute& route) const {
  return std::any_of(asking_.begin(), asking_.end(),
                     [&](const auto& each) { return has_broker_at(route, each.first); });
}

void Rebalancer::allocate_after(const std::string& address, bool again) {
  std::map<std::string, Known> topics;
  for (const auto& [topic, heard] : heard_) {
    if (heard.members.empty() || !has_broker_at(heard.route->route, address)) continue;
    const auto known = known_.find(topic);
    const bool shrinks =
        known != known_.end() && !std::includes(heard.members.begin(), heard.members.end(),
                                                known->second.members.begin(), known->second.members.end());
    // Another broker may list who is missing here.
    if (shrinks && (again || is_asked(heard.route->route))) continue;
    topics.emplace(topic, heard);
  }
  allocate(std::move(topics));
}

void Rebalancer::allocate_rest() {
  std::map<std::string, Known> topics;
  for (const auto& [topic, route] : open_) {
    const auto heard = heard_.find(topic);
    if (heard != heard_.end() && !heard->second.members.empty()) topics.emplace(topic, heard->second);
  }
  allocate(std::move(topics));
}

void Rebalancer::allocate(std::map<std::string, Known> topics) {
  RebalanceInput input;
  input.self = context_->client->client_id();
  input.broadcasting = context_->is_broadcasting();
  for (auto each = topics.begin(); each != topics.end();) {
    const std::string& topic = each->first;
    const auto& [route, members] = each->second;
    const auto known = known_.find(topic);
    if (known != known_.end() && known->second.route == route && known->second.members == members) {
      open_.erase(topic);
      each = topics.erase(each);
      continue;
    }
    if (input.broadcasting) {
      auto first = route->subscribe_queues;
      const auto stored = stored_queues_.find(topic);
      if (stored != stored_queues_.end()) first = stored->second;
      context_->arrivals.note_queues(topic, first);
    }
    input.subscribed.insert(topic);
    input.known.push_back({topic, route->subscribe_queues, members});
    input.current.merge(queues_.wanted_of(topic));
    ++each;
  }
  if (topics.empty()) return;
  const RebalancePlan plan = plan_rebalance(input, context_->options.allocation);
  for (const MessageQueue& queue : plan.give) queues_.drop(queue);
  for (const MessageQueue& queue : plan.take) queues_.take(queue);
  // Last, so that the next round does again what could not be done.
  for (auto& [topic, made_from] : topics) {
    known_[topic] = std::move(made_from);
    open_.erase(topic);
  }
}

}  // namespace rocketmq
