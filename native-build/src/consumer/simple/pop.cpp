#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "consumer/simple/simple_consumer_impl.h"
#include "protocol/codes.h"

// The requests for messages of a simple consumer.
namespace rocketmq {

namespace {

// The invisible time of what is given back: brokers count in seconds.
constexpr Millis kGivenBack{1000};
// What came late is kept for the next receive for so long, at most half of its invisible time.
constexpr Millis kLongestKept{5000};
// After an answer that was too large: messages are as large for a while.
constexpr Millis kFewerFor{300000};

}  // namespace

bool may_pass(int32_t response_code) {
  return response_code == response_code::kSystemBusy || response_code == response_code::kServiceNotAvailable ||
         response_code == response_code::kFlowControl || response_code == response_code::kTopicNotExist;
}

Error refusal_of(const RemotingCommand& response, const std::string& address, std::string_view topic) {
  Error error;
  error.kind = ErrorKind::kRejected;
  error.response_code = response.code;
  error.remark = response.remark;
  error.address = address;
  error.topic = topic;
  error.message = address + " refused with code " + std::to_string(response.code) + ": " + response.remark;
  return error;
}

asio::awaitable<void> SimpleConsumer::Impl::take(Operation operation, Target target, Millis poll, Millis patience,
                                                 Look* seen) {
  for (;;) {
    const auto rest = operation->receive.max_messages - static_cast<int32_t>(operation->messages.size());
    const int32_t most = most_of(target, rest);
    if (most <= 0) co_return;
    auto popped = co_await pop_in_time(target, most, operation->receive.invisible, poll, patience);
    if (ended_ || operation->ended) {
      if (popped) give_back(popped->messages);
      co_return;
    }
    if (!popped) {
      const Error& error = popped.error();
      const bool refused = error.kind == ErrorKind::kRejected && !may_pass(error.response_code);
      // With fewer messages the next answer may be short enough.
      const bool shorter = error.answer_too_large && most > 1;
      if (refused || (error.kind == ErrorKind::kProtocolError && !shorter)) seen->refused = true;
      seen->failure = error;
      co_return;
    }
    seen->answered = true;
    seen->given += popped->given;
    std::move(popped->messages.begin(), popped->messages.end(), std::back_inserter(operation->messages));
    // What is there without waiting.
    poll = kNow;
    if (popped->given < static_cast<size_t>(most)) co_return;
  }
}

// As pop(), but no longer than `patience`: what comes later goes to another receive, and until the broker has answered
// nobody waits for it. kTimeout then.
asio::awaitable<Result<SimpleConsumer::Impl::Popped>> SimpleConsumer::Impl::pop_in_time(Target target, int32_t most,
                                                                                        Millis invisible, Millis poll,
                                                                                        Millis patience) {
  auto pending = std::make_shared<PendingPop>();
  pending->pause = std::make_shared<Pause>(client().loop());
  start(run_pop(target, pending, most, invisible, poll), "pop");
  const TimePoint until = now() + patience;
  pauses_.insert(pending->pause);
  while (!ended_ && !pending->result && now() < until) {
    co_await pending->pause->wait(std::chrono::ceil<Millis>(until - now()));
  }
  pauses_.erase(pending->pause);
  if (pending->result) co_return std::move(*pending->result);
  pending->left = true;
  if (ended_) co_return Popped{};
  ++left_[target];
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.topic = target.topic;
  error.message =
      "the broker \"" + target.broker_name + "\" has not answered within " + std::to_string(patience.count()) + " ms";
  silent_[target] = {error, now()};
  co_return fail(std::move(error));
}

// How many to ask for at once: a broker bounds them by their number only, and gives some of each queue.
int32_t SimpleConsumer::Impl::most_of(const Target& target, int32_t wanted) {
  const auto fewer = fewer_.find(target);
  if (fewer != fewer_.end() && fewer->second.until <= now()) {
    fewer_.erase(fewer);
    return most_of(target, wanted);
  }
  return std::min(wanted, fewer == fewer_.end() ? kMostPopped : fewer->second.most);
}

// Of a broker that nobody waits for: at most one at a time.
void SimpleConsumer::Impl::pop_beside(const Target& target, const Operation& operation) {
  const auto rest = operation->receive.max_messages - static_cast<int32_t>(operation->messages.size());
  if (rest <= 0 || left_.count(target) != 0) return;
  auto pending = std::make_shared<PendingPop>();
  pending->left = true;
  start(run_pop(target, pending, most_of(target, rest), operation->receive.invisible, kNow), "pop");
  ++left_[target];
}

asio::awaitable<void> SimpleConsumer::Impl::run_pop(Target target, std::shared_ptr<PendingPop> pending, int32_t most,
                                                    Millis invisible, Millis poll) {
  Result<Popped> popped{Popped{}};
  try {
    popped = co_await pop(target, most, invisible, poll);
  } catch (const std::exception& e) {
    popped = fail(ErrorKind::kInternalError, std::string("the request for messages failed: ") + e.what());
  }
  if (!pending->left) {
    if (popped) note_heard(target);
    pending->result = std::move(popped);
    pending->pause->interrupt();
    co_return;
  }
  if (ended_) {
    if (popped) give_back(popped->messages);
    co_return;
  }
  if (auto found = left_.find(target); found != left_.end() && --found->second == 0) left_.erase(found);
  if (!popped) {
    silent_[target] = {std::move(popped.error()), now()};
    co_return;
  }
  note_heard(target);
  take_late(std::move(popped->messages));
}

// For receives that wait, or else for the next one.
void SimpleConsumer::Impl::take_late(std::vector<PoppedMessage> messages) {
  auto next = messages.begin();
  for (const Operation& each : waiting_) {
    if (each->ended || each->served) continue;
    const auto room =
        static_cast<std::ptrdiff_t>(each->receive.max_messages) - static_cast<std::ptrdiff_t>(each->messages.size());
    const auto end = next + std::clamp<std::ptrdiff_t>(room, 0, messages.end() - next);
    const bool wakes = std::exchange(each->awaits_answer, false) || end != next;
    each->messages.insert(each->messages.end(), std::make_move_iterator(next), std::make_move_iterator(end));
    next = end;
    if (wakes && each->pause) each->pause->interrupt();
  }
  if (next == messages.end()) return;
  const TimePoint at = now();
  Millis kept = kLongestKept;
  for (; next != messages.end(); ++next) {
    kept = std::min(kept, Millis(next->handle.invisible_ms / 2));
    late_.push_back({at + kept, std::move(*next)});
  }
  start(give_late_back(kept), "messages that came late");
}

void SimpleConsumer::Impl::take_kept(const Operation& operation) {
  const TimePoint at = now();
  while (!late_.empty() && operation->messages.size() < static_cast<size_t>(operation->receive.max_messages)) {
    Late& first = late_.front();
    Subscription subscription;
    if (first.give_back_at > at && find_subscription(first.message.handle.topic, &subscription)) {
      operation->messages.push_back(std::move(first.message));
    } else {
      give_back(first.message);
    }
    late_.pop_front();
  }
}

asio::awaitable<void> SimpleConsumer::Impl::give_late_back(Millis after) {
  co_await pause_for(after);
  while (!ended_ && !late_.empty() && late_.front().give_back_at <= now()) {
    give_back(late_.front().message);
    late_.pop_front();
  }
}

// What came too late for its receive: others shall not wait until the end of its invisible time, which may be hours.
void SimpleConsumer::Impl::give_back(const std::vector<PoppedMessage>& messages) {
  for (const PoppedMessage& message : messages) give_back(message);
}

void SimpleConsumer::Impl::give_back(const PoppedMessage& message) {
  const std::string address = client().routes().find_master(message.handle.topic, message.handle.broker_name);
  if (address.empty()) return;
  RemotingCommand request = request_about(request_code::kChangeInvisibleTime, message.handle);
  request.ext_fields.add("invisibleTime", int64_t{kGivenBack.count()});
  client().remoting().call_one_way(address, std::move(request));
}

asio::awaitable<Result<SimpleConsumer::Impl::Popped>> SimpleConsumer::Impl::pop(Target target, int32_t most,
                                                                                Millis invisible, Millis poll) {
  Subscription subscription;
  // Given up meanwhile.
  if (!find_subscription(target.topic, &subscription)) co_return Popped{};
  const std::string address = client().routes().find_master(target.topic, target.broker_name);
  if (address.empty()) {
    client().routes().invalidate(target.topic);
    auto unknown = fail(ErrorKind::kUnreachable, "the broker \"" + target.broker_name + "\" has no master");
    unknown.value().topic = target.topic;
    co_return unknown;
  }
  RemotingCommand request = RemotingCommand::request(request_code::kPopMessage, SerializeType::kJson);
  auto& fields = request.ext_fields;
  fields.reserve(12);
  fields.add("consumerGroup", options_.group);
  fields.add("topic", target.topic);
  fields.add("queueId", kAnyQueue);
  fields.add("maxMsgNums", most);
  fields.add("invisibleTime", int64_t{invisible.count()});
  fields.add("pollTime", int64_t{poll.count()});
  // The broker then counts the time by its own clock, from the arrival on.
  fields.add("bornTime", 0);
  fields.add("initMode", options_.from_first_offset ? 0 : 1);
  fields.add("expType", subscription.expression_type);
  fields.add("exp", subscription.expression);
  fields.add("order", false);
  fields.add("bname", target.broker_name);
  auto response =
      co_await client().remoting().call(address, std::move(request), poll + client_options_.request_timeout);
  if (!response) {
    if (ended_) co_return Popped{};
    response.error().topic = target.topic;
    if (response.error().answer_too_large) {
      fewer_[target] = {std::max(most / 2, 1), now() + kFewerFor};
      co_return fail(std::move(response.error()));
    }
    // A broker that comes back knows this group by its heartbeat only.
    client().heartbeat_soon();
    client().routes().invalidate(target.topic);
    co_return fail(std::move(response.error()));
  }
  ++pops_;
  switch (response->code) {
    case response_code::kSuccess:
      break;
    case response_code::kPullNotFound:
    case response_code::kPollingFull:
    case response_code::kPollingTimeout:
      co_return Popped{};
    default:
      if (response->code == response_code::kTopicNotExist) client().routes().invalidate(target.topic);
      co_return fail(refusal_of(*response, address, target.topic));
  }
  auto messages = parse_pop_response(*response, target.topic, target.broker_name);
  if (!messages) {
    Error& error = messages.error();
    error.message = address + " answered a request for messages of topic \"" + target.topic +
                    "\" with what is none: " + error.message;
    error.address = address;
    error.topic = target.topic;
    co_return fail(std::move(error));
  }
  co_return keep_wanted(std::move(*messages), target, subscription);
}

SimpleConsumer::Impl::Popped SimpleConsumer::Impl::keep_wanted(PoppedMessages popped, const Target& target,
                                                               const Subscription& subscription) {
  for (const std::string& reason : popped.left_out) {
    log(LogLevel::kError, "consumer", "of topic {} on {}, which comes again: {}", target.topic, target.broker_name,
        reason);
  }
  left_out_ += static_cast<int64_t>(popped.left_out.size());
  received_ += static_cast<int64_t>(popped.messages.size());
  Popped kept;
  kept.given = popped.messages.size() + popped.left_out.size();
  kept.messages.reserve(popped.messages.size());
  for (PoppedMessage& message : popped.messages) {
    if (subscription.matches(message.message.property(property::kTags))) {
      kept.messages.push_back(std::move(message));
      continue;
    }
    // The broker compares hashes only: without this it would come again and again.
    ++filtered_;
    start(acknowledge_filtered(std::move(message.handle)), "acknowledge");
  }
  return kept;
}

}  // namespace rocketmq
