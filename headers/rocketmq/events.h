// Callbacks as events, which the application takes on threads of its own; see rocketmq.h.
//
// For a runtime that must not be called on a thread that is not its own. A Java virtual machine is one: what a call
// into it throws outside the called method, such as the want of memory, ends the process. Its threads call
// rocketmq_event_queue_take in a loop in place of being called. Whatever takes a callback is then given the
// rocketmq_event_on_* function of that kind, and the number of an event source as the callback's context.
#ifndef ROCKETMQ_EVENTS_H_
#define ROCKETMQ_EVENTS_H_

#include "rocketmq/log.h"
#include "rocketmq/producer.h"
#include "rocketmq/push_consumer.h"
#include "rocketmq/request.h"
#include "rocketmq/simple_consumer.h"
#include "rocketmq/transaction.h"

#ifdef __cplusplus
extern "C" {
#endif

// Nothing came within the time.
#define ROCKETMQ_EVENT_NONE 0
// `data` is an array of `count` pointers to rocketmq_send_completion.
#define ROCKETMQ_EVENT_SENT 1
// `data` is a rocketmq_message_batch.
#define ROCKETMQ_EVENT_MESSAGES 2
// `data` is an array of `count` pointers to rocketmq_queue, and `topic` a rocketmq_string.
#define ROCKETMQ_EVENT_QUEUES_CHANGED 3
// `data` is a rocketmq_transaction_check.
#define ROCKETMQ_EVENT_CHECK 4
// `data` is a rocketmq_reply_completion.
#define ROCKETMQ_EVENT_REPLY 5
// `data` is an array of `count` pointers to rocketmq_simple_completion.
#define ROCKETMQ_EVENT_SIMPLE 6
// `data` is a rocketmq_log_record.
#define ROCKETMQ_EVENT_LOG 7
// `data` is a rocketmq_call_completion.
#define ROCKETMQ_EVENT_CALL 8

typedef struct rocketmq_event_queue rocketmq_event_queue;

// What a callback would have been given; valid until the event is handled, and of messages and checks as long as they
// are with a callback. Each thread that takes events has one struct of its own.
typedef struct rocketmq_event {
  uint64_t size;
  // One of ROCKETMQ_EVENT_*.
  int32_t kind;
  int32_t count;
  uint64_t source;
  const void *data;
  const void *topic;
  // The library's own: which event this is. 0: none.
  uint64_t ticket;
  // To be set by the application when it has handled the event. Where it has not, the next take gives the same one
  // again.
  int32_t handled;
  // Or set in place of `handled`: the event is given again after so many milliseconds, to any thread, and those behind
  // it wait.
  int32_t again_ms;
  // The application's own, 0 when the event is given the first time, and kept when it comes again.
  int32_t progress;
  // 1: no other thread waits for events just now. Start another one before this one runs what may block.
  int32_t alone;
} rocketmq_event;

// NULL when there is no memory.
ROCKETMQ_API rocketmq_event_queue *rocketmq_event_queue_create(void);

// Frees the queue, when all its sources were destroyed and no thread is in rocketmq_event_queue_take; what a thread has
// taken from it is invalid afterwards. A queue that serves the whole process need not be destroyed. NULL does nothing.
// Errors: INVALID_STATE while it has sources, or a thread takes.
ROCKETMQ_API int32_t rocketmq_event_queue_destroy(rocketmq_event_queue *queue);

// Ends the event in `event`, if there is one, and waits up to timeout_ms (0 to 600,000) for another one. The events of
// one source come one at a time and in their order; those of different sources side by side, for as many threads as
// take them. Of the threads that wait one is kept back, for when the others are all busy for more than 10 ms; so at
// least two should take events. `*waiting` (may be NULL) is how many threads wait when it returns. Zero the struct,
// but for its size, before the first call. The calling thread counts as one of the library's from then on: close does
// not wait there. Errors: INVALID_ARGUMENT.
ROCKETMQ_API int32_t rocketmq_event_queue_take(rocketmq_event_queue *queue, rocketmq_event *event, int32_t timeout_ms,
                                               int32_t *waiting);

// Begins a source of events for one object; 0 when there is no memory. `context` of the object's callbacks is this
// number.
ROCKETMQ_API uint64_t rocketmq_event_source_create(rocketmq_event_queue *queue);

// No event of the source is given out from now on: those that wait are dropped, and callbacks return. What a thread
// has taken stays valid as a callback's arguments do. Before the destruction of an object whose messages or checks may
// wait. An unknown number does nothing.
ROCKETMQ_API void rocketmq_event_source_destroy(uint64_t source);

// The callbacks. They wait until the event is handled, but rocketmq_event_on_messages, whose batch stays valid until
// it is acknowledged. Of a producer that has rocketmq_event_on_sent the ends of sends are taken without being called: a
// thread in rocketmq_event_queue_take writes them, which then lasts longer than its timeout while memory is wanting.
ROCKETMQ_API void rocketmq_event_on_sent(uint64_t source, const rocketmq_send_completion *const *completions,
                                         int32_t count);
ROCKETMQ_API void rocketmq_event_on_messages(uint64_t source, const rocketmq_message_batch *batch);
ROCKETMQ_API void rocketmq_event_on_queues_changed(uint64_t source, const rocketmq_string *topic,
                                                   const rocketmq_queue *const *queues, int32_t count);
ROCKETMQ_API void rocketmq_event_on_check(uint64_t source, const rocketmq_transaction_check *check);
ROCKETMQ_API void rocketmq_event_on_reply(uint64_t source, const rocketmq_reply_completion *completion);
ROCKETMQ_API void rocketmq_event_on_completed(uint64_t source, const rocketmq_simple_completion *const *completions,
                                              int32_t count);
ROCKETMQ_API void rocketmq_event_on_call_ended(uint64_t source, const rocketmq_call_completion *completion);
ROCKETMQ_API void rocketmq_event_on_log(uint64_t source, const rocketmq_log_record *record);

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_EVENTS_H_
