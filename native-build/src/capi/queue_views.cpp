#include "capi/queue_views.h"

#include <memory>
#include <utility>

namespace rocketmq::capi {

namespace {

// What the caller sees, with what it points at.
struct OwnedList : rocketmq_queue_list {
  explicit OwnedList(std::vector<MessageQueue> from) : rocketmq_queue_list{}, owned(std::move(from)), views(owned) {
    size = sizeof(rocketmq_queue_list);
    queues = views.pointers();
    count = static_cast<int32_t>(owned.size());
  }
  const std::vector<MessageQueue> owned;
  const QueueViews views;
};

}  // namespace

QueueViews::QueueViews(const std::vector<MessageQueue>& queues) {
  views_.reserve(queues.size());
  pointers_.reserve(queues.size());
  for (const MessageQueue& queue : queues) {
    views_.push_back({sizeof(rocketmq_queue), to_c(queue.topic), to_c(queue.broker_name), queue.queue_id, 0});
    pointers_.push_back(&views_.back());
  }
}

const rocketmq_queue_list* make_queue_list(std::vector<MessageQueue> queues) {
  return new OwnedList(std::move(queues));
}

}  // namespace rocketmq::capi

extern "C" void rocketmq_queue_list_destroy(const rocketmq_queue_list* list) {
  delete static_cast<const rocketmq::capi::OwnedList*>(list);
}
