#include <algorithm>
#include <new>

#include "capi/boundary.h"
#include "capi/event_queue.h"
#include "client/client_lease.h"
#include "client/client_thread.h"

using rocketmq::capi::EventQueue;

struct rocketmq_event_queue {
  EventQueue events;
};

namespace {

rocketmq_event make(int32_t kind, const void* data, int32_t count = 1) {
  rocketmq_event event{};
  event.size = sizeof event;
  event.kind = kind;
  event.data = data;
  event.count = count;
  return event;
}

}  // namespace

extern "C" {

rocketmq_event_queue* rocketmq_event_queue_create(void) { return new (std::nothrow) rocketmq_event_queue; }

int32_t rocketmq_event_queue_destroy(rocketmq_event_queue* queue) {
  if (queue == nullptr) return ROCKETMQ_OK;
  if (!queue->events.end()) return ROCKETMQ_INVALID_STATE;
  delete queue;
  return ROCKETMQ_OK;
}

int32_t rocketmq_event_queue_take(rocketmq_event_queue* queue, rocketmq_event* event, int32_t timeout_ms,
                                  int32_t* waiting) {
  if (queue == nullptr || event == nullptr || event->size < sizeof *event) return ROCKETMQ_INVALID_ARGUMENT;
  // As on the library's own threads: who closes here does not wait for what ends here.
  rocketmq::mark_client_thread();
  const auto timeout = rocketmq::Millis(std::clamp(timeout_ms, 0, rocketmq::capi::kMostTimeoutMs));
  const int left = queue->events.take(*event, timeout);
  if (waiting != nullptr) *waiting = left;
  return ROCKETMQ_OK;
}

uint64_t rocketmq_event_source_create(rocketmq_event_queue* queue) {
  try {
    return queue == nullptr ? 0 : queue->events.add_source();
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

void rocketmq_event_source_destroy(uint64_t source) { EventQueue::remove_source(source); }

void rocketmq_event_on_sent(uint64_t source, const rocketmq_send_completion* const* completions, int32_t count) {
  EventQueue::call(source, make(ROCKETMQ_EVENT_SENT, static_cast<const void*>(completions), count));
}

void rocketmq_event_on_messages(uint64_t source, const rocketmq_message_batch* batch) {
  EventQueue::post(source, make(ROCKETMQ_EVENT_MESSAGES, batch));
}

void rocketmq_event_on_queues_changed(uint64_t source, const rocketmq_string* topic,
                                      const rocketmq_queue* const* queues, int32_t count) {
  rocketmq_event event = make(ROCKETMQ_EVENT_QUEUES_CHANGED, static_cast<const void*>(queues), count);
  event.topic = topic;
  EventQueue::call(source, event);
}

void rocketmq_event_on_check(uint64_t source, const rocketmq_transaction_check* check) {
  EventQueue::call(source, make(ROCKETMQ_EVENT_CHECK, check));
}

void rocketmq_event_on_reply(uint64_t source, const rocketmq_reply_completion* completion) {
  EventQueue::call(source, make(ROCKETMQ_EVENT_REPLY, completion));
}

void rocketmq_event_on_completed(uint64_t source, const rocketmq_simple_completion* const* completions, int32_t count) {
  EventQueue::call(source, make(ROCKETMQ_EVENT_SIMPLE, static_cast<const void*>(completions), count));
}

void rocketmq_event_on_call_ended(uint64_t source, const rocketmq_call_completion* completion) {
  EventQueue::call(source, make(ROCKETMQ_EVENT_CALL, completion));
}

void rocketmq_event_on_log(uint64_t source, const rocketmq_log_record* record) {
  EventQueue::call(source, make(ROCKETMQ_EVENT_LOG, record));
}

}  // extern "C"
