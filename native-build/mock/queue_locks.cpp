#include "mock/queue_locks.h"

namespace rocketmq::mock {

std::set<MessageQueue> QueueLocks::lock(const LockRequest& request) {
  std::set<MessageQueue> locked;
  for (const MessageQueue& queue : request.queues) {
    auto [place, fresh] = locks_.try_emplace({request.group, queue}, Lock{request.client_id, Clock::now()});
    Lock& held = place->second;
    if (held.client_id != request.client_id && live(held)) continue;
    held = {request.client_id, Clock::now()};
    locked.insert(queue);
  }
  return locked;
}

void QueueLocks::unlock(const LockRequest& request) {
  for (const MessageQueue& queue : request.queues) {
    auto found = locks_.find({request.group, queue});
    if (found != locks_.end() && found->second.client_id == request.client_id) locks_.erase(found);
  }
}

void QueueLocks::give(const std::string& group, const MessageQueue& queue, const std::string& client_id) {
  if (client_id.empty()) {
    locks_.erase({group, queue});
  } else {
    locks_[{group, queue}] = {client_id, Clock::now()};
  }
}

std::string QueueLocks::owner(const std::string& group, const MessageQueue& queue) const {
  auto found = locks_.find({group, queue});
  return found != locks_.end() && live(found->second) ? found->second.client_id : std::string();
}

}  // namespace rocketmq::mock
