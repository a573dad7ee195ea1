#include "consumer/queue_notifier.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/thread.h"
#include "client/client_lease.h"

namespace rocketmq {

struct QueueNotifier::State {
  void run();

  QueuesCallback callback;
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable changed;
  std::map<std::string, std::set<MessageQueue>> told;
  std::deque<std::pair<std::string, std::set<MessageQueue>>> events;
  bool stopping = false;
  // Between two callbacks it is, as far as stop() is concerned, at its end.
  bool running_callback = false;
  bool ended = true;
};

void QueueNotifier::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    work.wait(lock, [&] { return stopping || !events.empty(); });
    if (stopping) break;
    const auto [topic, queues] = std::move(events.front());
    events.pop_front();
    running_callback = true;
    lock.unlock();
    try {
      callback(topic, queues);
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "the callback for the queues of {} failed: {}", topic, e.what());
    } catch (...) {
      log(LogLevel::kError, "consumer", "the callback for the queues of {} failed", topic);
    }
    lock.lock();
    running_callback = false;
    changed.notify_all();
  }
  ended = true;
  changed.notify_all();
}

QueueNotifier::QueueNotifier() : state_(std::make_shared<State>()) {}

QueueNotifier::~QueueNotifier() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->work.notify_all();
  }
  if (thread_.joinable()) thread_.detach();
}

void QueueNotifier::start(QueuesCallback callback) {
  state_->callback = std::move(callback);
  state_->stopping = false;
  state_->ended = false;
  try {
    thread_ = start_thread("rmq-queues", [state = state_] {
      mark_client_thread();
      state->run();
    });
  } catch (...) {
    state_->ended = true;
    throw;
  }
}

void QueueNotifier::tell(std::map<std::string, std::set<MessageQueue>> queues) {
  std::lock_guard lock(state_->mutex);
  if (state_->ended || state_->stopping) return;
  for (const auto& [topic, before] : state_->told) {
    if (!before.empty() && queues.count(topic) == 0) queues[topic] = {};
  }
  for (auto& [topic, now] : queues) {
    auto [place, fresh] = state_->told.emplace(topic, std::set<MessageQueue>());
    if (place->second == now) continue;
    place->second = now;
    state_->events.emplace_back(topic, std::move(now));
  }
  state_->work.notify_one();
}

bool QueueNotifier::stop(TimePoint deadline) {
  {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->work.notify_all();
    const auto no_callback = [&] { return !state_->running_callback; };
    if (!state_->changed.wait_until(lock, deadline, no_callback)) return false;
    state_->changed.wait(lock, [&] { return state_->ended; });
  }
  if (thread_.joinable()) thread_.join();
  return true;
}

}  // namespace rocketmq
