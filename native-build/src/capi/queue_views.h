#pragma once

#include <vector>

#include "capi/boundary.h"
#include "protocol/route.h"

namespace rocketmq::capi {

// The C views of queues, which must outlive them. For the time of one call or callback, on its thread.
class QueueViews {
 public:
  explicit QueueViews(const std::vector<MessageQueue>& queues);
  QueueViews(const QueueViews&) = delete;
  QueueViews& operator=(const QueueViews&) = delete;
  const rocketmq_queue* const* pointers() const { return pointers_.data(); }

 private:
  std::vector<rocketmq_queue> views_;
  std::vector<const rocketmq_queue*> pointers_;
};

// A list that its caller frees by rocketmq_queue_list_destroy.
const rocketmq_queue_list* make_queue_list(std::vector<MessageQueue> queues);

}  // namespace rocketmq::capi
