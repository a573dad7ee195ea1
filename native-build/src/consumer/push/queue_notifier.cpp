#include "consumer/push/queue_notifier.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace rocketmq {

namespace {

void call(const QueuesCallback& callback, const std::string& topic, const std::set<MessageQueue>& queues) {
  try {
    callback(topic, queues);
  } catch (const std::exception& e) {
    log(LogLevel::kError, "consumer", "the callback for the queues of {} failed: {}", topic, e.what());
  } catch (...) {
    log(LogLevel::kError, "consumer", "the callback for the queues of {} failed", topic);
  }
}

}  // namespace

void QueueNotifier::start(WorkerPool& workers, QueuesCallback callback) {
  if (!callback) return;
  std::lock_guard lock(mutex_);
  callback_ = std::make_shared<const QueuesCallback>(std::move(callback));
  lane_ = workers.make_lane();
}

std::shared_ptr<Lane> QueueNotifier::lane() const {
  std::lock_guard lock(mutex_);
  return lane_;
}

void QueueNotifier::tell(std::map<std::string, std::set<MessageQueue>> queues) {
  const auto lane = this->lane();
  if (!lane) return;
  for (auto& [topic, now] : queues) {
    auto& before = told_[topic];
    if (before == now) continue;
    auto queues_now = now;
    lane->post([callback = callback_, topic = topic, now = std::move(now)] { call(*callback, topic, now); });
    // Last, so that what could not be told is told again.
    before = std::move(queues_now);
  }
}

void QueueNotifier::stop() {
  if (const auto lane = this->lane()) lane->close();
}

bool QueueNotifier::wait_callback(TimePoint deadline) {
  const auto lane = this->lane();
  return !lane || lane->wait_idle(deadline);
}

}  // namespace rocketmq
