#include <algorithm>
#include <iterator>
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

asio::awaitable<bool> PushConsumer::Impl::rebalance_topic(std::string topic) {
  const Route route = client().routes().find(topic);
  // The broker creates the retry topic when it hears of the group, and the name server learns of it later.
  if (!route) co_return false;
  auto members = co_await query_members(topic);
  if (ended_) co_return true;
  const std::string& self_id = client().client_id();
  const bool known = members && std::find(members->begin(), members->end(), self_id) != members->end();
  if (!known) {
    // What is allocated stays: giving all up for want of an answer would stop the consumer.
    log(LogLevel::kDebug, "consumer", "no rebalance of {}: {}", topic,
        members ? "the broker does not know this member yet" : members.error().message);
    client().heartbeat_soon();
    if (!members) client().routes().invalidate(topic);
    co_return false;
  }
  std::sort(members->begin(), members->end());
  const auto allocated = allocate_averagely(route->subscribe_queues, *members, self_id);
  const std::set<MessageQueue> desired(allocated.begin(), allocated.end());
  allocation_[topic] = desired;
  std::vector<Queue> lost;
  for (const auto& [name, queue] : queues_) {
    if (name.topic == topic && desired.count(name) == 0) lost.push_back(queue);
  }
  for (const Queue& queue : lost) {
    co_await drop_queue(queue, true);
    if (ended_) co_return true;
  }
  for (const MessageQueue& queue : desired) {
    if (queues_.count(queue) == 0) add_queue(queue, -1);
  }
  co_return true;
}

void PushConsumer::Impl::add_queue(const MessageQueue& name, int64_t start_offset) {
  auto queue = std::make_shared<ProcessQueue>(name);
  queue->pause = std::make_shared<Pause>(client().loop());
  queue->note_pull();
  if (start_offset >= 0) queue->add({}, start_offset);
  queues_[name] = queue;
  publish_assignment();
  log(LogLevel::kInfo, "consumer", "group {} takes queue {} of topic {} on {}", options_.group, name.queue_id,
      name.topic, name.broker_name);
  start(pull_loop(queue), "pull");
}

void PushConsumer::Impl::add_queue_again(const MessageQueue& name, int64_t start_offset) {
  auto allocated = allocation_.find(name.topic);
  const bool ours = allocated != allocation_.end() && allocated->second.count(name) != 0;
  if (ours && queues_.count(name) == 0) add_queue(name, start_offset);
}

asio::awaitable<void> PushConsumer::Impl::drop_queue(Queue queue, bool persist) {
  queue->drop();
  auto found = queues_.find(queue->queue());
  if (found != queues_.end() && found->second == queue) queues_.erase(found);
  publish_assignment();
  if (queue->pause) queue->pause->interrupt();
  queue->pause = nullptr;
  log(LogLevel::kInfo, "consumer", "group {} gives up queue {} of topic {} on {}", options_.group,
      queue->queue().queue_id, queue->queue().topic, queue->queue().broker_name);
  if (persist) co_await persist_offset(queue);
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
    start(drop_queue(queue, true), "drop");
  }
  if (!silent.empty()) rebalance_pause_->interrupt();
}

}  // namespace rocketmq
