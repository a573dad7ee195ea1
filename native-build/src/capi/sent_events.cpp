#include "capi/sent_events.h"

#include <utility>

namespace rocketmq::capi {

bool SentEvents::ask(std::shared_ptr<CompletionQueue> queue) noexcept {
  ends_.queue = std::move(queue);
  if (EventQueue::post(source_, ends_)) return true;
  ends_.queue.reset();
  return false;
}

void SentEvents::Ends::begin() { (void)queue->begin_taking(); }

// The queue may ask again before this returns, or be gone, and this with it.
void SentEvents::Ends::end() {
  const auto kept = std::move(queue);
  kept->end_taking();
}

void SentEvents::Ends::drop() {
  const auto kept = std::move(queue);
  kept->not_taken();
}

}  // namespace rocketmq::capi
