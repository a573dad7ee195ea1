#include <algorithm>
#include <asio/redirect_error.hpp>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "consumer/simple/simple_consumer_impl.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

// How long a broker is asked to hold one request; a longer wait asks again.
constexpr Millis kLongestPoll{15000};
// After failures, and after answers that came at once though they were to be held.
constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause{1000};
// With several brokers: how long one may take to answer before the next one is asked too.
constexpr Millis kPatience{100};
// Name servers are not asked more often for a topic that they do not know.
constexpr Millis kLookAgain{500};
// A receive that is not to wait gives its first routes so long all the same, as it does to requests for messages.
constexpr Millis kLeastLookUp{1000};

// Grows from time to time until it is reset.
class BackOff {
 public:
  Millis next() {
    const Millis pause = pause_;
    pause_ = std::min(pause_ * 2, kLongestPause);
    return pause * 3 / 4 + Millis(random_below(static_cast<uint32_t>(pause.count() / 2 + 1)));
  }
  void reset() { pause_ = kFirstPause; }

 private:
  Millis pause_ = kFirstPause;
};

Millis left_until(TimePoint deadline) { return Millis(std::max<int64_t>(millis_between(now(), deadline), 0)); }

}  // namespace

Result<SimpleConsumer::Impl::Operation> SimpleConsumer::Impl::receive(const ReceiveOptions& options, bool asynchronous,
                                                                      uint64_t context) {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  const auto running = running_client();
  if (!running) return fail(ErrorKind::kClosed, "the consumer is closed: create another one");
  {
    std::lock_guard lock(mutex_);
    if (subscriptions_.empty()) {
      return fail(ErrorKind::kInvalidState, "the consumer has no topic to receive from: call subscribe first");
    }
  }
  auto operation = std::make_shared<SimpleOperation>();
  operation->asynchronous = asynchronous;
  operation->context = context;
  operation->receive = options;
  operation->deadline = operation->begin + options.await;
  if (auto added = operations_->add(operation); !added) return fail(added.error());
  ++receives_;
  try {
    start(run_receive(operation), "receive");
  } catch (const std::bad_alloc&) {
    operations_->end(operation, fail(ErrorKind::kOutOfMemory, "there was no memory to receive with"));
  }
  return operation;
}

asio::awaitable<void> SimpleConsumer::Impl::run_receive(Operation operation) {
  BackOff back_off;
  try {
    if (!ended_) take_kept(operation);
    if (!operation->messages.empty()) end_receive(operation, Look{});
    while (!ended_ && !operation->ended) {
      const TimePoint began = now();
      const Look seen = co_await look(operation);
      if (ended_ || operation->ended) break;
      const Millis left = left_until(operation->deadline);
      if (!operation->messages.empty() || seen.refused || left == kNow) {
        end_receive(operation, seen);
        break;
      }
      if (seen.answered && seen.is_one_of_several()) {
        back_off.reset();
        co_await wait_for_messages(operation, left);
        if (ended_ || operation->ended) break;
        if (operation->messages.empty()) continue;
        end_receive(operation, seen);
        break;
      }
      // One broker held the request itself, unless it failed or would not hold it; or the filter left all out.
      if (seen.given > 0 || (seen.answered && now() - began >= std::min(kFirstPause, left))) {
        back_off.reset();
        continue;
      }
      co_await pause_for(std::min(back_off.next(), left));
    }
  } catch (const std::exception& e) {
    Error error;
    error.kind = ErrorKind::kInternalError;
    error.message = std::string("the receive failed: ") + e.what();
    operations_->end(operation, fail(std::move(error)));
  }
  // Taken from one broker before the receive ended at another.
  if (!operation->messages.empty()) give_back(operation->messages);
}

void SimpleConsumer::Impl::end_receive(const Operation& operation, const Look& seen) {
  if (operation->messages.empty() && seen.failure && (seen.refused || !seen.answered)) {
    Error error = *seen.failure;
    error.message = "the receive of group \"" + options_.group + "\" failed: " + error.message;
    operations_->end(operation, fail(std::move(error)));
    return;
  }
  const auto more = seen.failure ? left_out_pace_.next() : std::nullopt;
  if (more) {
    log(LogLevel::kWarn, "consumer", "group {} received without {}: {}{}", options_.group, seen.failure->topic,
        seen.failure->message, *more);
  }
  Result<SimpleResult> result{SimpleResult{}};
  result->messages = std::move(operation->messages);
  operation->messages.clear();
  // Else it was closed just now.
  if (!operations_->try_end(operation, result)) operation->messages = std::move(result->messages);
}

// Whether the broker does not answer, be it of another topic.
bool SimpleConsumer::Impl::is_silent(const Target& target) {
  if (silent_.count(target) != 0) return true;
  const auto heard = heard_.find(target.broker_name);
  const TimePoint since = heard == heard_.end() ? TimePoint::min() : heard->second;
  const bool silent_of_another = std::any_of(silent_.begin(), silent_.end(), [&](const auto& each) {
    return each.first.broker_name == target.broker_name && each.second.at > since;
  });
  if (silent_of_another) return true;
  const BrokerStates& brokers = client().brokers();
  return !brokers.all_well() && brokers.silent(client().routes().find_master(target.topic, target.broker_name));
}

Error SimpleConsumer::Impl::why_silent(const Target& target) const {
  const auto own = silent_.find(target);
  if (own != silent_.end()) return own->second.error;
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.topic = target.topic;
  error.message = "the broker \"" + target.broker_name + "\" does not answer";
  return error;
}

void SimpleConsumer::Impl::note_heard(const Target& target) {
  silent_.erase(target);
  heard_[target.broker_name] = now();
}

// Waits, and is woken at the end of the consumer.
asio::awaitable<void> SimpleConsumer::Impl::pause_for(Millis duration) {
  if (ended_) co_return;
  auto pause = std::make_shared<Pause>(client().loop());
  pauses_.insert(pause);
  co_await pause->wait(duration);
  pauses_.erase(pause);
}

// Of the topics whose routes are known; the others are looked up beside, as one of them must not hold up the rest.
std::vector<SimpleConsumer::Impl::Target> SimpleConsumer::Impl::find_targets(Look* seen) {
  std::vector<Target> targets;
  for (const Subscription& subscription : subscriptions()) {
    const std::string& topic = subscription.topic;
    Route route = client().routes().find(topic);
    if (!route) {
      const auto unknown = unknown_.find(topic);
      if (unknown != unknown_.end()) seen->failure = unknown->second.error;
      if (unknown == unknown_.end() || now() >= unknown->second.next_look) look_up(topic);
      route = client().routes().find(topic);
    }
    if (!route) {
      seen->looking_up = seen->looking_up || looking_up_.count(topic) != 0;
      continue;
    }
    const std::string* last = nullptr;
    // Sorted, so that the queues of a broker are neighbours.
    for (const MessageQueue& queue : route->subscribe_queues) {
      if (last != nullptr && *last == queue.broker_name) continue;
      last = &queue.broker_name;
      targets.push_back({topic, queue.broker_name});
    }
  }
  return targets;
}

void SimpleConsumer::Impl::look_up(const std::string& topic) {
  if (!looking_up_.insert(topic).second) return;
  try {
    client().routes().get(topic, false, 0, [weak = weak_from_this(), topic](Result<Route> found) {
      if (const auto self = weak.lock()) self->on_looked_up(topic, found);
    });
  } catch (const std::exception&) {
    looking_up_.erase(topic);
    throw;
  }
}

void SimpleConsumer::Impl::on_looked_up(const std::string& topic, const Result<Route>& found) {
  // At the end of the client this comes on another thread.
  if (ended_) return;
  looking_up_.erase(topic);
  for (const auto& pause : route_waits_) pause->interrupt();
  if (found) {
    unknown_.erase(topic);
    missing_topics_.found(topic);
    client().heartbeat_soon();
    // Who waits for messages does so at the brokers of the other topics only.
    for (const Operation& each : waiting_) {
      if (!each->awaits_answer && each->pause) each->pause->interrupt();
    }
    return;
  }
  Error error = found.error();
  if (error.kind == ErrorKind::kTopicNotFound) {
    missing_topics_.tell(topic, options_.group, client_options_.name_servers);
  }
  error.topic = topic;
  unknown_[topic] = {now() + kLookAgain, std::move(error)};
}

// Until one of the look-ups under way has ended.
asio::awaitable<void> SimpleConsumer::Impl::wait_for_route(Millis most) {
  auto pause = std::make_shared<Pause>(client().loop());
  const Waiting in_pauses(pauses_, pause);
  const Waiting in_waits(route_waits_, pause);
  co_await pause->wait(most);
}

// Asks every broker of every topic once, beginning with another one each time.
asio::awaitable<SimpleConsumer::Impl::Look> SimpleConsumer::Impl::look(Operation operation) {
  Look seen;
  auto targets = find_targets(&seen);
  const Millis for_routes =
      std::min(std::max(left_until(operation->deadline), kLeastLookUp), client_options_.request_timeout);
  const TimePoint routes_by = now() + for_routes;
  // The first one that is found may be one without a broker.
  while (targets.empty() && seen.looking_up && now() < routes_by) {
    co_await wait_for_route(left_until(routes_by));
    if (ended_ || operation->ended) co_return seen;
    seen = Look{};
    targets = find_targets(&seen);
  }
  seen.targets = targets.size();
  if (targets.empty()) {
    if (!seen.failure) {
      seen.failure = Error{};
      seen.failure->kind = ErrorKind::kUnreachable;
      seen.failure->message = seen.looking_up ? "no name server has told the routes of the topics subscribed to yet"
                                              : "no broker has a readable queue of the topics subscribed to";
    }
    co_return seen;
  }
  // A single broker holds the request until it has messages; several are only asked what they have. So is one while
  // more may come with a route.
  const bool only_one = !seen.is_one_of_several();
  const Millis poll = only_one ? std::min(left_until(operation->deadline), kLongestPoll) : kNow;
  const Millis patience = only_one ? poll + client_options_.request_timeout : kPatience;
  const auto is_full = [&] {
    return operation->messages.size() >= static_cast<size_t>(operation->receive.max_messages);
  };
  const size_t first = next_target_++;
  for (size_t i = 0; i < targets.size() && !is_full(); ++i) {
    const Target& target = targets[(first + i) % targets.size()];
    // Nobody waits for one that did not answer last time.
    if (!only_one && is_silent(target)) continue;
    co_await take(operation, target, poll, patience, &seen);
    if (ended_ || operation->ended) co_return seen;
  }
  if (only_one || seen.refused) co_return seen;
  for (const Target& target : targets) {
    if (!is_silent(target)) continue;
    if (!seen.failure && operation->messages.empty()) seen.failure = why_silent(target);
    pop_beside(target, operation);
  }
  if (!operation->messages.empty() || seen.answered || left_.empty()) co_return seen;
  // None has answered yet, so that there is nothing to return with.
  seen.answered = co_await wait_for_answer(operation);
  co_return seen;
}

// Until some broker that was left has answered, at most as long as one request may take: false then.
asio::awaitable<bool> SimpleConsumer::Impl::wait_for_answer(Operation operation) {
  auto pause = std::make_shared<Pause>(client().loop());
  operation->pause = pause;
  operation->awaits_answer = true;
  pauses_.insert(pause);
  waiting_.push_back(operation);
  co_await pause->wait(client_options_.request_timeout);
  const bool answered = !std::exchange(operation->awaits_answer, false);
  operation->pause = nullptr;
  pauses_.erase(pause);
  waiting_.remove(operation);
  // A broker that does not know this group any more, or a connection that is dead, shows by it.
  if (!ended_ && !answered) client().heartbeat_soon();
  co_return answered;
}

// Until messages came for the operation, or its time is over.
asio::awaitable<void> SimpleConsumer::Impl::wait_for_messages(Operation operation, Millis most) {
  Look ignored;
  const auto targets = find_targets(&ignored);
  auto pause = std::make_shared<Pause>(client().loop());
  operation->pause = pause;
  pauses_.insert(pause);
  waiting_.push_back(operation);
  for (const Target& target : targets) {
    if (!watched_.insert(target).second) continue;
    try {
      start(watch(target), "watch");
    } catch (const std::bad_alloc&) {
      watched_.erase(target);
    }
  }
  co_await pause->wait(std::min(most, kLongestPoll));
  // A broker was asked for it just now: what it gives must not be lost.
  while (!ended_ && operation->served) co_await pause->wait(kLongestPause);
  operation->pause = nullptr;
  pauses_.erase(pause);
  waiting_.remove(operation);
}

// Asks one broker to tell when it has messages, as long as somebody waits for them, and then takes them for who has
// waited longest.
asio::awaitable<void> SimpleConsumer::Impl::watch(Target target) {
  struct Unwatch {
    Impl& impl;
    const Target& target;
    ~Unwatch() { impl.watched_.erase(target); }
  };
  const Unwatch unwatch{*this, target};
  BackOff back_off;
  while (!ended_ && !waiting_.empty()) {
    const TimePoint began = now();
    const auto has_messages = co_await ask_for_messages(target);
    if (ended_ || waiting_.empty()) break;
    bool served = false;
    if (has_messages && *has_messages) served = co_await serve_first(target);
    if (ended_) break;
    if (served || (has_messages && !*has_messages && now() - began >= kFirstPause)) {
      back_off.reset();
      continue;
    }
    co_await pause_for(back_off.next());
  }
}

asio::awaitable<Result<bool>> SimpleConsumer::Impl::ask_for_messages(Target target) {
  Subscription subscription;
  const std::string address = client().routes().find_master(target.topic, target.broker_name);
  if (address.empty() || !find_subscription(target.topic, &subscription)) {
    co_return fail(ErrorKind::kUnreachable, "there is nothing to ask");
  }
  RemotingCommand request = RemotingCommand::request(request_code::kNotification, SerializeType::kJson);
  auto& fields = request.ext_fields;
  fields.reserve(7);
  fields.add("consumerGroup", options_.group);
  fields.add("topic", target.topic);
  fields.add("queueId", kAnyQueue);
  fields.add("pollTime", int64_t{kLongestPoll.count()});
  fields.add("bornTime", 0);
  fields.add("order", false);
  fields.add("bname", target.broker_name);
  auto response =
      co_await client().remoting().call(address, std::move(request), kLongestPoll + client_options_.request_timeout);
  if (ended_) co_return false;
  if (!response) {
    client().heartbeat_soon();
    client().routes().invalidate(target.topic);
    co_return fail(response.error());
  }
  if (response->code != response_code::kSuccess) co_return fail(refusal_of(*response, address, target.topic));
  co_return response->ext_fields.text("hasMsg") == "true";
}

// False when there was nothing for it after all.
asio::awaitable<bool> SimpleConsumer::Impl::serve_first(Target target) {
  const auto first = std::find_if(waiting_.begin(), waiting_.end(),
                                  [](const Operation& each) { return !each->served && !each->ended; });
  if (first == waiting_.end()) co_return false;
  // A copy, as it may leave the list meanwhile.
  const Operation operation(*first);  // NOLINT(performance-unnecessary-copy-initialization)
  Look seen;
  {
    // Also when memory is short: it would wait for this one for ever.
    const struct Served {
      explicit Served(SimpleOperation& of) : served(of) { served.served = true; }
      ~Served() { served.served = false; }
      SimpleOperation& served;
    } served(*operation);
    co_await take(operation, target, kNow, kPatience, &seen);
  }
  if (ended_) co_return false;
  const bool found = !operation->messages.empty();
  const bool over = operation->deadline <= now();
  if ((found || over) && operation->pause) operation->pause->interrupt();
  co_return found;
}

}  // namespace rocketmq
