#pragma once

#include <cstdint>
#include <memory>

#include "capi/event_queue.h"
#include "client/completions.h"

namespace rocketmq::capi {

// Has the ends of a producer's sends written and told by the threads that take events, so that no thread of the library
// has to wake for them, call rocketmq_event_on_sent and wait.
class SentEvents final : public CompletionTaker {
 public:
  explicit SentEvents(uint64_t source) : source_(source) {}

  bool ask(std::shared_ptr<CompletionQueue> queue) noexcept override;

 private:
  class Ends final : public EventQueue::Deferred {
   public:
    void begin() override;
    void end() override;
    void drop() override;

    // From the question to the end.
    std::shared_ptr<CompletionQueue> queue;
  };

  const uint64_t source_;
  Ends ends_;
};

}  // namespace rocketmq::capi
