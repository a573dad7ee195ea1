#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "base/log.h"
#include "consumer/allocation.h"
#include "consumer/push_consumer_impl.h"
#include "protocol/codes.h"
#include "protocol/heartbeat.h"

namespace rocketmq {

namespace {

// After a round that lacked a route or an answer.
constexpr Millis kFirstRetry{50};
constexpr Millis kLongestRetry{1000};

// GCC 12 takes no initializer list of these inside a coroutine.
std::set<MessageQueue> only(const MessageQueue& queue) { return {queue}; }

}  // namespace

void PushConsumer::Impl::rebalance_soon() {
  client().loop().post([self = shared_from_this()] {
    if (self->rebalance_pause_) self->rebalance_pause_->interrupt();
  });
}

asio::awaitable<void> PushConsumer::Impl::rebalance_loop(std::shared_ptr<Pause> pause) {
  Millis retry = kFirstRetry;
  while (!ended_) {
    bool complete = false;
    try {
      complete = co_await rebalance();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "the rebalance of group {} failed: {}", options_.group, e.what());
    }
    if (ended_) break;
    ++rebalances_;
    tell_queues();
    retry = complete ? kFirstRetry : std::min(retry * 2, kLongestRetry);
    co_await pause->wait(complete ? options_.rebalance_interval : std::min(retry, options_.rebalance_interval));
  }
}

asio::awaitable<bool> PushConsumer::Impl::rebalance() {
  bool complete = true;
  bool new_route = false;
  const auto wanted = subscriptions();
  for (const Subscription& subscription : wanted) {
    const Route known = client().routes().find(subscription.topic);
    if (known) continue;
    auto found = co_await client().routes().refresh(subscription.topic);
    if (ended_) co_return true;
    new_route = new_route || (found && *found);
  }
  // Brokers must know the member before they count it.
  if (new_route) {
    const bool told = co_await client().send_heartbeats();
    if (ended_) co_return true;
    if (!told) client().heartbeat_soon();
  }
  std::set<std::string> topics;
  for (const Subscription& subscription : wanted) {
    topics.insert(subscription.topic);
    const bool done = co_await rebalance_topic(subscription.topic);
    if (ended_) co_return true;
    complete = complete && done;
  }
  for (auto each = allocation_.begin(); each != allocation_.end();) {
    each = topics.count(each->first) == 0 ? allocation_.erase(each) : std::next(each);
  }
  std::vector<Queue> unsubscribed;
  for (const auto& [name, queue] : queues_) {
    if (topics.count(name.topic) == 0) unsubscribed.push_back(queue);
  }
  for (const Queue& queue : unsubscribed) {
    // An orderly one may have to wait for its last batch.
    if (options_.orderly) {
      drop_queue_soon(queue, true);
      continue;
    }
    co_await drop_queue(queue, true);
    if (ended_) co_return true;
  }
  co_return complete;
}

asio::awaitable<Result<std::vector<std::string>>> PushConsumer::Impl::query_members(std::string topic) {
  const std::string broker = client().any_broker_of(topic);
  if (broker.empty()) co_return fail(ErrorKind::kUnreachable, "no broker of the topic is known");
  RemotingCommand request = RemotingCommand::request(request_code::kGetConsumerListByGroup);
  request.ext_fields.add("consumerGroup", options_.group);
  auto response = co_await client().remoting().call(broker, std::move(request), client_options_.request_timeout);
  if (!response) co_return fail(response.error());
  if (response->code != response_code::kSuccess) {
    co_return fail(ErrorKind::kRejected,
                   broker + " answered with code " + std::to_string(response->code) + ": " + response->remark);
  }
  co_return parse_consumer_list(as_text(response->body.view()));
}

asio::awaitable<std::optional<std::set<MessageQueue>>> PushConsumer::Impl::allocate(std::string topic, Route route) {
  if (options_.broadcasting) {
    co_return std::set<MessageQueue>(route->subscribe_queues.begin(), route->subscribe_queues.end());
  }
  auto members = co_await query_members(topic);
  if (ended_) co_return std::nullopt;
  const std::string& self_id = client().client_id();
  const bool known = members && std::find(members->begin(), members->end(), self_id) != members->end();
  if (!known) {
    // What is allocated stays: giving all up for want of an answer would stop the consumer.
    log(LogLevel::kDebug, "consumer", "no rebalance of {}: {}", topic,
        members ? "the broker does not know this member yet" : members.error().message);
    client().heartbeat_soon();
    if (!members) client().routes().invalidate(topic);
    co_return std::nullopt;
  }
  std::sort(members->begin(), members->end());
  const auto allocated = allocate_queues(options_.allocation, route->subscribe_queues, *members, self_id);
  co_return std::set<MessageQueue>(allocated.begin(), allocated.end());
}

asio::awaitable<bool> PushConsumer::Impl::rebalance_topic(std::string topic) {
  const Route route = client().routes().find(topic);
  // The broker creates the retry topic when it hears of the group, and the name server learns of it later.
  if (!route) co_return false;
  const auto desired = co_await allocate(topic, route);
  if (ended_) co_return true;
  if (!desired) co_return false;
  allocation_[topic] = *desired;
  std::vector<Queue> lost;
  for (const auto& [name, queue] : queues_) {
    if (name.topic == topic && desired->count(name) == 0) lost.push_back(queue);
  }
  for (const Queue& queue : lost) {
    if (options_.orderly) {
      drop_queue_soon(queue, true);
      continue;
    }
    co_await drop_queue(queue, true);
    if (ended_) co_return true;
  }
  std::vector<MessageQueue> fresh;
  bool complete = true;
  for (const MessageQueue& queue : *desired) {
    if (queues_.count(queue) != 0 || taken_anew_.count(queue) != 0) continue;
    if (leaving_.count(queue) == 0) {
      fresh.push_back(queue);
    } else {
      // Two batches of one queue must not be out.
      complete = false;
    }
  }
  co_return co_await take_queues(std::move(fresh)) && complete;
}

asio::awaitable<bool> PushConsumer::Impl::take_queues(std::vector<MessageQueue> queues) {
  if (!options_.needs_locks()) {
    for (const MessageQueue& queue : queues) add_queue(queue, -1, {});
    co_return true;
  }
  bool complete = true;
  std::map<std::string, std::set<MessageQueue>> by_broker;
  for (MessageQueue& queue : queues) by_broker[queue.broker_name].insert(std::move(queue));
  for (const auto& [broker_name, of_broker] : by_broker) {
    const TimePoint asked = now();
    auto locked = co_await lock_queues(broker_name, of_broker);
    if (ended_ || unlocked_for_good_) co_return true;
    for (const MessageQueue& queue : of_broker) {
      if (!locked || locked->count(queue) == 0) {
        log(LogLevel::kDebug, "consumer", "queue {} of topic {} on {} has the lock of another member still",
            queue.queue_id, queue.topic, queue.broker_name);
        complete = false;
        continue;
      }
      const bool taken = queues_.count(queue) != 0 || leaving_.count(queue) != 0 || taken_anew_.count(queue) != 0;
      if (!taken) add_queue(queue, -1, asked + options_.lock_lifetime);
    }
  }
  co_return complete;
}

void PushConsumer::Impl::add_queue(const MessageQueue& name, int64_t start_offset, TimePoint locked_until) {
  auto queue = std::make_shared<ProcessQueue>(name);
  queue->pause = std::make_shared<Pause>(client().loop());
  queue->note_pull();
  if (options_.needs_locks()) {
    queue->lock_until(locked_until);
    queue->renew_lock_at = now() + options_.lock_interval;
  }
  if (start_offset >= 0) queue->add({}, start_offset);
  queues_[name] = queue;
  publish_assignment();
  log(LogLevel::kInfo, "consumer", "group {} takes queue {} of topic {} on {}", options_.group, name.queue_id,
      name.topic, name.broker_name);
  start(pull_loop(queue), "pull");
}

bool PushConsumer::Impl::is_current(const Queue& queue) const {
  auto found = queues_.find(queue->queue());
  return found != queues_.end() && found->second == queue;
}

asio::awaitable<void> PushConsumer::Impl::take_anew(Queue queue, int64_t offset) {
  const MessageQueue name = queue->queue();
  // Meanwhile a rebalance would take it at the offset of before.
  struct Kept {
    std::multiset<MessageQueue>& names;
    const std::multiset<MessageQueue>::iterator place;
    ~Kept() { names.erase(place); }
  };
  const Kept kept{taken_anew_, taken_anew_.insert(name)};
  co_await drop_queue(queue, false);
  if (ended_) co_return;
  auto updated = co_await update_offset(name, offset);
  if (ended_) co_return;
  if (!updated) {
    log(LogLevel::kWarn, "consumer", "the new offset {} of queue {} of topic {} was not persisted: {}", offset,
        name.queue_id, name.topic, updated.error().message);
  }
  TimePoint locked_until{};
  if (options_.needs_locks()) {
    locked_until = now() + options_.lock_lifetime;
    auto locked = co_await lock_queues(name.broker_name, only(name));
    if (ended_ || unlocked_for_good_) co_return;
    // Whoever has it begins at the offset that was committed.
    if (!locked || locked->count(name) == 0) co_return;
  }
  auto allocated = allocation_.find(name.topic);
  const bool ours = allocated != allocation_.end() && allocated->second.count(name) != 0;
  if (ours && queues_.count(name) == 0) {
    add_queue(name, offset, locked_until);
  } else if (options_.needs_locks()) {
    unlock_queues(only(name));
  }
}

void PushConsumer::Impl::detach_queue(const Queue& queue) {
  if (queue->dropped()) return;
  queue->drop();
  const MessageQueue& name = queue->queue();
  if (options_.orderly) leaving_[name] = queue;
  if (is_current(queue)) queues_.erase(name);
  publish_assignment();
  if (queue->pause) queue->pause->interrupt();
  queue->pause = nullptr;
  log(LogLevel::kInfo, "consumer", "group {} gives up queue {} of topic {} on {}", options_.group, name.queue_id,
      name.topic, name.broker_name);
}

void PushConsumer::Impl::drop_queue_soon(const Queue& queue, bool persist) {
  detach_queue(queue);
  start(drop_queue(queue, persist), "drop");
}

asio::awaitable<void> PushConsumer::Impl::drop_queue(Queue queue, bool persist) {
  detach_queue(queue);
  const MessageQueue name = queue->queue();
  if (!options_.orderly) {
    if (persist) co_await persist_offset(queue);
    co_return;
  }
  // No rebalance takes it before all of this has ended, also by an exception.
  struct Leaving {
    std::map<MessageQueue, Queue>& queues;
    const MessageQueue& name;
    ~Leaving() { queues.erase(name); }
  };
  const Leaving leaving{leaving_, name};
  co_await wait_for_last_batch(queue);
  if (ended_) co_return;
  // The next member begins where this one ended.
  if (persist) co_await persist_offset(queue);
  if (ended_ || !options_.needs_locks()) co_return;
  queue->unlock();
  unlock_queues(only(name));
}

asio::awaitable<void> PushConsumer::Impl::wait_for_last_batch(Queue queue) {
  auto pause = std::make_shared<Pause>(client().loop());
  queue->pause = pause;
  const TimePoint deadline = now() + options_.consume_timeout;
  while (!ended_ && dispatcher_.busy(*queue) && now() < deadline) {
    co_await pause->wait(std::max(Millis(1), std::chrono::duration_cast<Millis>(deadline - now())));
  }
  queue->pause = nullptr;
  if (!ended_ && dispatcher_.busy(*queue)) {
    log(LogLevel::kWarn, "consumer", "queue {} of topic {} is given up with a batch that was not acknowledged in {} ms",
        queue->queue().queue_id, queue->queue().topic, options_.consume_timeout.count());
  }
}

void PushConsumer::Impl::watch_pulls() {
  std::vector<Queue> silent;
  const TimePoint at = now();
  for (const auto& [name, queue] : queues_) {
    if (at - queue->last_pull() > options_.silent_pull_timeout && !queue->throttled) silent.push_back(queue);
  }
  for (const Queue& queue : silent) {
    log(LogLevel::kError, "consumer", "queue {} of topic {} was not asked for in {} ms: taken anew",
        queue->queue().queue_id, queue->queue().topic, options_.silent_pull_timeout.count());
    drop_queue_soon(queue, true);
  }
  if (!silent.empty()) rebalance_pause_->interrupt();
}

void PushConsumer::Impl::tell_queues() {
  std::map<std::string, std::set<MessageQueue>> by_topic;
  for (const auto& [name, queue] : queues_) {
    // Redeliveries are the group's own affair.
    if (name.topic != retry_topic_) by_topic[name.topic].insert(name);
  }
  notifier_.tell(std::move(by_topic));
}

}  // namespace rocketmq
