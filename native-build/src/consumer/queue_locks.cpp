#include <algorithm>

#include "base/log.h"
#include "consumer/push_consumer_impl.h"
#include "protocol/codes.h"
#include "protocol/lock_bodies.h"

namespace rocketmq {

namespace {

// How often locks are looked after; a lost one is asked for again as soon.
constexpr Millis kLongestStep{1000};

}  // namespace

asio::awaitable<void> PushConsumer::Impl::lock_loop(std::shared_ptr<Pause> pause) {
  const Millis step = std::max(std::min(kLongestStep, options_.lock_interval / 4), Millis(10));
  while (!ended_) {
    co_await pause->wait(step);
    if (ended_) break;
    try {
      renew_locks();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "the locks of group {} were not renewed: {}", options_.group, e.what());
    }
  }
}

void PushConsumer::Impl::renew_locks() {
  const TimePoint at = now();
  std::map<std::string, std::vector<Queue>> by_broker;
  std::set<std::string> due;
  for (const auto* queues : {&queues_, &leaving_}) {
    for (const auto& [name, queue] : *queues) {
      by_broker[name.broker_name].push_back(queue);
      // The queues of one broker are renewed together.
      if (at >= queue->renew_lock_at || !queue->locked(at)) due.insert(name.broker_name);
    }
  }
  for (const auto& [broker, queues] : by_broker) {
    const std::string address = client().routes().find_master(queues.front()->queue().topic, broker);
    if (address.empty() || !client().remoting().connected(address)) {
      distrust_locks(broker);
      due.insert(broker);
    }
  }
  for (const std::string& broker : due) {
    if (locking_.insert(broker).second) start(renew_locks_on(broker, by_broker[broker]), "lock renewal");
  }
}

asio::awaitable<void> PushConsumer::Impl::renew_locks_on(std::string broker_name, std::vector<Queue> queues) {
  // Also when an exception ends it.
  struct End {
    std::set<std::string>& locking;
    const std::string& broker_name;
    ~End() { locking.erase(broker_name); }
  };
  const End end{locking_, broker_name};
  std::set<MessageQueue> names;
  for (const Queue& queue : queues) names.insert(queue->queue());
  const TimePoint asked = now();
  auto locked = co_await lock_queues(broker_name, std::move(names));
  // What is left of the locks' time stays where nobody answered.
  if (ended_ || !locked) co_return;
  for (const Queue& queue : queues) {
    const MessageQueue& name = queue->queue();
    if (locked->count(name) == 0) {
      queue->unlock();
      if (!is_current(queue)) continue;
      log(LogLevel::kWarn, "consumer", "group {} lost the lock of queue {} of topic {} on {}: another member has it",
          options_.group, name.queue_id, name.topic, name.broker_name);
      // What is cached, and what a late acknowledgement would commit, is the other member's now.
      drop_queue_soon(queue, false);
      if (rebalance_pause_) rebalance_pause_->interrupt();
      continue;
    }
    queue->renew_lock_at = asked + options_.lock_interval;
    if (queue->locked(now())) {
      queue->lock_until(asked + options_.lock_lifetime);
    } else if (is_current(queue)) {
      co_await regain(queue, asked + options_.lock_lifetime);
      if (ended_) co_return;
    }
  }
}

// The lock is held again after a time in which another member may have had it, and have gone on.
asio::awaitable<void> PushConsumer::Impl::regain(Queue queue, TimePoint locked_until) {
  const MessageQueue name = queue->queue();
  const int64_t own = queue->commit_offset();
  if (own >= 0) {
    auto committed = co_await query_offset(request_code::kQueryConsumerOffset, name, 0);
    if (ended_ || !is_current(queue)) co_return;
    if (!committed) {
      log(LogLevel::kWarn, "consumer", "queue {} of topic {} on {} is locked again, but rests: {}", name.queue_id,
          name.topic, name.broker_name, committed.error().message);
      co_return;
    }
    if (*committed > queue->commit_offset()) {
      log(LogLevel::kInfo, "consumer", "queue {} of topic {} on {} was consumed up to {} by another member",
          name.queue_id, name.topic, name.broker_name, *committed);
      drop_queue_soon(queue, false);
      if (rebalance_pause_) rebalance_pause_->interrupt();
      co_return;
    }
  }
  log(LogLevel::kInfo, "consumer", "group {} holds the lock of queue {} of topic {} on {} again", options_.group,
      name.queue_id, name.topic, name.broker_name);
  queue->lock_until(locked_until);
  dispatcher_.schedule(queue);
  if (queue->pause) queue->pause->interrupt();
}

asio::awaitable<Result<std::set<MessageQueue>>> PushConsumer::Impl::lock_queues(std::string broker_name,
                                                                                std::set<MessageQueue> queues) {
  if (unlocked_for_good_) co_return fail(ErrorKind::kClosed, "the consumer closes");
  const std::string broker = client().routes().find_master(queues.begin()->topic, broker_name);
  if (broker.empty()) co_return fail(ErrorKind::kUnreachable, "the broker " + broker_name + " has no master now");
  RemotingCommand request = RemotingCommand::request(request_code::kLockBatchMq, SerializeType::kJson);
  const std::string body = lock_request_to_json({options_.group, client().client_id(), queues});
  const ByteView bytes = as_bytes(body);
  request.body = SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  auto response = co_await client().remoting().call(broker, std::move(request), client_options_.request_timeout);
  if (ended_) co_return fail(ErrorKind::kClosed, "the consumer is closed");
  std::string reason;
  if (!response) {
    reason = response.error().message;
    client().routes().invalidate(queues.begin()->topic);
  } else if (response->code != response_code::kSuccess) {
    reason = "code " + std::to_string(response->code) + ": " + response->remark;
  } else {
    auto locked = parse_locked_queues(as_text(response->body.view()));
    if (locked) {
      // Granted after close had unlocked all.
      if (unlocked_for_good_) unlock_queues(*locked);
      co_return locked;
    }
    reason = locked.error().message;
  }
  log(LogLevel::kWarn, "consumer", "{} did not lock {} queues for group {}: {}", broker, queues.size(), options_.group,
      reason);
  co_return fail(ErrorKind::kRejected, std::move(reason));
}

void PushConsumer::Impl::unlock_queues(const std::set<MessageQueue>& queues) {
  std::map<std::string, std::set<MessageQueue>> by_broker;
  for (const MessageQueue& queue : queues) by_broker[queue.broker_name].insert(queue);
  for (auto& [broker_name, of_broker] : by_broker) {
    const std::string broker = client().routes().find_master(of_broker.begin()->topic, broker_name);
    if (broker.empty()) continue;
    RemotingCommand request = RemotingCommand::request(request_code::kUnlockBatchMq, SerializeType::kJson);
    request.flag = RemotingCommand::kOneWayFlag;
    const std::string body = lock_request_to_json({options_.group, client().client_id(), std::move(of_broker)});
    const ByteView bytes = as_bytes(body);
    request.body = SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
    client().remoting().call_one_way(broker, std::move(request));
  }
}

void PushConsumer::Impl::distrust_locks(const std::string& broker_name) {
  for (const auto* queues : {&queues_, &leaving_}) {
    for (const auto& [name, queue] : *queues) {
      if (name.broker_name != broker_name || !queue->locked(now())) continue;
      log(LogLevel::kInfo, "consumer", "queue {} of topic {} rests, as {} is gone, and its locks may be", name.queue_id,
          name.topic, broker_name);
      queue->unlock();
    }
  }
}

}  // namespace rocketmq
