#include "consumer/push/lock_keeper.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "consumer/push/queue_actor.h"
#include "protocol/codes.h"
#include "protocol/lock_bodies.h"

namespace rocketmq {

namespace {

// How often locks are looked after, and the longest pause between two requests for a missing one.
constexpr Millis kLongestStep{1000};
// A member that gives a queue up does so within a moment, mostly.
constexpr Millis kFirstLockRetry{100};

RemotingCommand lock_command(int32_t code, const std::string& group, const std::string& client_id,
                             std::set<MessageQueue> queues) {
  RemotingCommand command = RemotingCommand::request(code, SerializeType::kJson);
  command.body = SharedBytes::copy_of(lock_request_to_json({group, client_id, std::move(queues)}));
  return command;
}

}  // namespace

LockKeeper::LockKeeper(PushContext& context)
    : context_(context), pause_(std::make_shared<Pause>(context.client->loop())) {}

asio::awaitable<void> LockKeeper::run(std::shared_ptr<PushContext> context) {
  const Millis step = std::max(std::min(kLongestStep, context->options.lock_interval / 4), Millis(10));
  const std::shared_ptr<Pause> pause = context->locks->pause_;
  while (!context->ended) {
    const Millis until_next = context->locks->until_next(step);
    co_await pause->wait(until_next);
    if (context->ended) break;
    try {
      context->locks->look_after_all();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "the locks of group {} were not renewed: {}", context->options.group, e.what());
    }
  }
}

Millis LockKeeper::until_next(Millis step) const {
  if (closed_) return step;
  const TimePoint at = now();
  for (const auto& [name, broker] : brokers_) {
    if (!broker.missing || broker.asking || broker.queues.empty()) continue;
    // It may be the beginning of time, from which nothing can be taken away.
    const Millis left = broker.ask_again_at <= at ? Millis(0) : std::chrono::ceil<Millis>(broker.ask_again_at - at);
    step = std::min(step, std::max(left, Millis(1)));
  }
  return step;
}

void LockKeeper::look_after_all() {
  const TimePoint at = now();
  std::vector<std::string> gone;
  for (auto& [name, broker] : brokers_) {
    if (broker.queues.empty()) continue;
    const std::string address = context_.client->routes().find_master(broker.queues.begin()->first.topic, name);
    if (address.empty() || !context_.client->remoting().connected(address)) gone.push_back(name);
  }
  for (const std::string& name : gone) doubt(name);
  // Those for which there was no memory.
  if (!unlocks_posted_) send_unlocks();
  for (auto& [name, broker] : brokers_) {
    if ((broker.missing && at >= broker.ask_again_at) || at >= broker.renew_at) ask(name, broker);
  }
}

void LockKeeper::want(const std::shared_ptr<QueueActor>& actor) {
  const std::string& name = actor->queue().broker_name;
  Broker& broker = brokers_[name];
  broker.queues[actor->queue()] = actor;
  broker.unlocks.erase(actor->queue());
  given_back_.erase(actor->queue());
  broker.retry = kFirstLockRetry;
  ask_soon(name, broker);
}

void LockKeeper::Asked::operator()() const {
  if (context->ended) return;
  auto& brokers = context->locks->brokers_;
  const auto found = brokers.find(broker_name);
  if (found == brokers.end()) return;
  found->second.asking = false;
  found->second.missing = true;
  found->second.ask_again_at = now() + kLongestStep;
}

void LockKeeper::Posted::operator()() const {
  if (context->ended) return;
  auto& brokers = context->locks->brokers_;
  const auto found = brokers.find(broker_name);
  if (found != brokers.end()) found->second.ask_posted = false;
}

void LockKeeper::UnlocksPosted::operator()() const {
  if (!context->ended) context->locks->unlocks_posted_ = false;
}

// All that come in one turn of the loop together.
void LockKeeper::ask_soon(const std::string& broker_name, Broker& broker) {
  broker.missing = true;
  if (broker.ask_posted) return;
  AtEnd<Posted> posted(Posted{context_.shared_from_this(), broker_name});
  broker.ask_posted = true;
  context_.start(ask_now(context_.shared_from_this(), broker_name, std::move(posted)), "queue locks");
}

asio::awaitable<void> LockKeeper::ask_now(std::shared_ptr<PushContext> context, std::string broker_name,
                                          AtEnd<Posted> posted) {
  posted.run();
  if (!context->ended) context->locks->ask(broker_name, context->locks->brokers_[broker_name]);
  co_return;
}

void LockKeeper::ask(const std::string& broker_name, Broker& broker) {
  if (closed_ || broker.asking || broker.queues.empty()) return;
  const TimePoint at = now();
  const bool all = at >= broker.renew_at;
  std::set<MessageQueue> queues;
  for (const auto& [queue, weak] : broker.queues) {
    // One queue that is another member's does not have all others renewed each time.
    const auto actor = all ? nullptr : weak.lock();
    if (all || (actor && !actor->machine().locked(at))) queues.insert(queue);
  }
  if (queues.empty()) {
    broker.missing = false;
    return;
  }
  AtEnd<Asked> asked(Asked{context_.shared_from_this(), broker_name});
  broker.missing = false;
  broker.asking = true;
  // The keeper lives in the context.
  context_.start(lock(context_.shared_from_this(), broker_name, std::move(queues), all, std::move(asked)),
                 "queue locks");
}

asio::awaitable<void> LockKeeper::lock(std::shared_ptr<PushContext> context, std::string broker_name,
                                       std::set<MessageQueue> queues, bool all, AtEnd<Asked> asked) {
  if (context->ended) co_return;
  const std::string address = context->client->routes().find_master(queues.begin()->topic, broker_name);
  const TimePoint asked_at = now();
  std::string reason = "the broker has no master now";
  std::optional<std::set<MessageQueue>> locked;
  if (address.empty()) {
    // It may have one again already.
    for (const MessageQueue& queue : queues) context->client->routes().invalidate(queue.topic);
  } else {
    RemotingCommand request =
        lock_command(request_code::kLockBatchMq, context->options.group, context->client->client_id(), queues);
    auto response =
        co_await context->client->remoting().call(address, std::move(request), context->client_options.request_timeout);
    if (context->ended) co_return;
    if (!response) {
      reason = response.error().message;
      context->client->routes().invalidate(queues.begin()->topic);
    } else if (response->code != response_code::kSuccess) {
      reason = "code " + std::to_string(response->code) + ": " + response->remark;
    } else if (auto parsed = parse_locked_queues(as_text(response->body.view()))) {
      locked = std::move(*parsed);
    } else {
      reason = parsed.error().message;
    }
  }
  if (locked) {
    brokers_[broker_name].asking = false;
    on_locked(broker_name, queues, *locked, asked_at, all);
    asked.cancel();
    co_return;
  }
  // What is left of the locks' time stays.
  asked.run();
  const auto more = brokers_[broker_name].failures.next();
  if (!more) co_return;
  log(LogLevel::kWarn, "consumer", "{} did not lock {} queues for group {}: {}{}", broker_name, queues.size(),
      context->options.group, reason, *more);
}

void LockKeeper::on_locked(const std::string& broker_name, const std::set<MessageQueue>& asked,
                           const std::set<MessageQueue>& locked, TimePoint asked_at, bool all) {
  if (all) brokers_[broker_name].renew_at = asked_at + context_.options.lock_interval;
  std::set<MessageQueue> unwanted;
  bool refused = false;
  for (const MessageQueue& queue : asked) {
    const auto& queues = brokers_[broker_name].queues;
    const auto found = queues.find(queue);
    const auto actor = found == queues.end() ? nullptr : found->second.lock();
    const bool granted = locked.count(queue) != 0;
    if (!actor) {
      // Given up, or left to run out, meanwhile: where it was given back, the answer may be the newer one.
      if (granted && given_back_.erase(queue) != 0) unwanted.insert(queue);
      continue;
    }
    if (closed_) continue;
    if (granted) {
      actor->lock_granted(asked_at + context_.options.lock_lifetime);
    } else {
      refused = true;
      log(LogLevel::kDebug, "consumer", "queue {} of topic {} on {} has the lock of another member still",
          queue.queue_id, queue.topic, queue.broker_name);
      actor->lock_refused();
    }
  }
  if (refused) {
    ask_again(brokers_[broker_name]);
  } else if (brokers_[broker_name].missing && pause_) {
    // For what was wanted while this was asked.
    pause_->interrupt();
  }
  if (!unwanted.empty()) send_unlock(broker_name, std::move(unwanted));
}

void LockKeeper::ask_again(Broker& broker) {
  broker.missing = true;
  broker.ask_again_at = now() + broker.retry;
  broker.retry = std::min(broker.retry * 2, kLongestStep);
  if (pause_) pause_->interrupt();
}

void LockKeeper::unlock(const MessageQueue& queue) {
  // First, so that it is at least renewed no more.
  forget(queue);
  Broker& broker = brokers_[queue.broker_name];
  if (broker.asking) given_back_.insert(queue);
  broker.unlocks.insert(queue);
  if (unlocks_posted_) return;
  AtEnd<UnlocksPosted> posted(UnlocksPosted{context_.shared_from_this()});
  unlocks_posted_ = true;
  context_.start(send_unlocks_now(context_.shared_from_this(), std::move(posted)), "queue unlocks");
}

asio::awaitable<void> LockKeeper::send_unlocks_now(std::shared_ptr<PushContext> context, AtEnd<UnlocksPosted>) {
  if (!context->ended) context->locks->send_unlocks();
  co_return;
}

void LockKeeper::shut() {
  if (pause_) pause_->interrupt();
  pause_ = nullptr;
}

void LockKeeper::forget(const MessageQueue& queue) {
  given_back_.erase(queue);
  const auto found = brokers_.find(queue.broker_name);
  if (found != brokers_.end()) found->second.queues.erase(queue);
}

void LockKeeper::send_unlocks() {
  for (auto& [name, broker] : brokers_) {
    if (broker.unlocks.empty()) continue;
    send_unlock(name, broker.unlocks);
    broker.unlocks.clear();
  }
}

void LockKeeper::send_unlock(const std::string& broker_name, std::set<MessageQueue> queues) {
  if (queues.empty()) return;
  const std::string address = context_.client->routes().find_master(queues.begin()->topic, broker_name);
  if (address.empty()) return;
  RemotingCommand command = lock_command(request_code::kUnlockBatchMq, context_.options.group,
                                         context_.client->client_id(), std::move(queues));
  command.flag = RemotingCommand::kOneWayFlag;
  context_.client->remoting().call_one_way(address, std::move(command));
}

void LockKeeper::doubt(const std::string& broker_name) {
  const auto found = brokers_.find(broker_name);
  if (found == brokers_.end()) return;
  std::vector<std::shared_ptr<QueueActor>> actors;
  for (const auto& [queue, weak] : found->second.queues) {
    auto actor = weak.lock();
    if (actor && actor->machine().locked(now())) actors.push_back(std::move(actor));
  }
  if (!actors.empty()) {
    log(LogLevel::kInfo, "consumer", "{} queues on {} rest, as it is gone, and its locks may be", actors.size(),
        broker_name);
  }
  for (const auto& actor : actors) actor->lock_doubted();
  found->second.missing = true;
}

}  // namespace rocketmq
