// Receiving on demand; see rocketmq.h.
//
// A simple consumer takes messages when it is asked to, and acknowledges each one (RocketMQ's POP). Brokers choose the
// queues, so that any number of consumers of a group share a topic, whatever its number of queues. A message that was
// received is hidden from the group for its invisible duration; unless it is acknowledged by then, it is received
// again with reconsume_times counted up, as often as it takes: nothing moves it to a dead-letter queue.
#ifndef ROCKETMQ_SIMPLE_CONSUMER_H_
#define ROCKETMQ_SIMPLE_CONSUMER_H_

#include "rocketmq/client.h"
#include "rocketmq/message.h"
#include "rocketmq/push_consumer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rocketmq_simple_consumer rocketmq_simple_consumer;

// Messages that were received. Belongs to whoever got it, until rocketmq_received_batch_release; it outlives the
// consumer.
typedef struct rocketmq_received_batch {
  uint64_t size;
  const rocketmq_message_view *const *messages;
  // 1 to rocketmq_receive_options.max_messages.
  int32_t count;
  int32_t reserved;
} rocketmq_received_batch;

// How one asynchronous call ended.
typedef struct rocketmq_simple_completion {
  uint64_t size;
  // As it was given with the call.
  uint64_t context;
  // NULL on success; else valid until the callback returns.
  const rocketmq_error *error;
  // Of a receive: from now on the callee's, to be released. NULL when there was no message.
  const rocketmq_received_batch *batch;
  // Of a change of the invisible duration: replaces the message's handle; valid until the callback returns.
  rocketmq_string receipt_handle;
} rocketmq_simple_completion;

// Called on one of the client's threads "rmq-callback-N-K", one call at a time for each consumer, with the ends of 1
// to 1,024 calls.
typedef void (*rocketmq_simple_callback)(uint64_t context, const rocketmq_simple_completion *const *completions,
                                         int32_t count);

typedef struct rocketmq_simple_consumer_options {
  uint64_t size;
  // Required: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'.
  rocketmq_string group;
  // Required for the asynchronous calls.
  rocketmq_simple_callback on_completed;
  uint64_t context;
  // Where a group begins in a queue that it has not consumed of: ROCKETMQ_CONSUME_FROM_LAST_OFFSET or
  // ROCKETMQ_CONSUME_FROM_FIRST_OFFSET. As the brokers understand the last one, it is the last message that is there,
  // and the first one of a queue that is young.
  int32_t consume_from;
  int32_t reserved;
} rocketmq_simple_consumer_options;

typedef struct rocketmq_receive_options {
  uint64_t size;
  // Default 32; 1 to 1,024. A broker gives 32 at most at once: more take more requests.
  int32_t max_messages;
  // For how long the messages are hidden from the group, from the time when the broker gave them. Default 60,000;
  // 1,000 to 43,200,000 (12 h).
  int32_t invisible_ms;
  // How long to wait for the first message. Default 20,000; -1: not at all; up to 600,000.
  int32_t await_ms;
  int32_t reserved;
} rocketmq_receive_options;

typedef struct rocketmq_receipt_handle {
  uint64_t size;
  // NUL-terminated.
  char text[1024];
} rocketmq_receipt_handle;

// Creates a simple consumer; nothing is connected yet. Errors: INVALID_ARGUMENT, NOT_SUPPORTED, OUT_OF_MEMORY.
ROCKETMQ_API int32_t rocketmq_simple_consumer_create(const rocketmq_client_options *client_options,
                                                     const rocketmq_simple_consumer_options *options,
                                                     rocketmq_simple_consumer **consumer, rocketmq_error *error);

// Adds a topic, or changes its filter; before or after start, for the receives that begin afterwards. `expression` of
// ROCKETMQ_FILTER_TAG is "*" (also when absent) or tags joined by "||"; of ROCKETMQ_FILTER_SQL92 it is a condition on
// properties. What the tags leave out is acknowledged. After start it waits for a broker's word on a condition, at
// most client_options.request_timeout_ms; where none answers in time, a receive tells of a refusal. Errors:
// INVALID_ARGUMENT, CLOSED, REJECTED (by the broker's response_code and remark; the earlier filter stays).
ROCKETMQ_API int32_t rocketmq_simple_consumer_subscribe(rocketmq_simple_consumer *consumer,
                                                        const rocketmq_string *topic, int32_t filter_type,
                                                        const rocketmq_string *expression, rocketmq_error *error);

// Gives up a topic. What was received of it can still be acknowledged. Errors: INVALID_ARGUMENT, CLOSED.
ROCKETMQ_API int32_t rocketmq_simple_consumer_unsubscribe(rocketmq_simple_consumer *consumer,
                                                          const rocketmq_string *topic, rocketmq_error *error);

// Starts the consumer's client. Does not wait for any server, save for its word on filters by ROCKETMQ_FILTER_SQL92,
// as rocketmq_simple_consumer_subscribe. Errors: INVALID_STATE (started before), CLOSED, CONFLICT (a live consumer of
// this group in the same client), REJECTED (a broker refuses a filter; it may be started again with another one).
ROCKETMQ_API int32_t rocketmq_simple_consumer_start(rocketmq_simple_consumer *consumer, rocketmq_error *error);

// Takes messages of all topics subscribed to, from all their brokers in turn, and waits for the first one at most
// options->await_ms. OK with *batch NULL: there was none. `options` may be NULL. A broker that cannot be reached is
// tried again until that time is over, and told of only when no broker answered.
// Errors: INVALID_ARGUMENT, INVALID_STATE (not started, or no topic), CLOSED, TIMEOUT, UNREACHABLE, CONNECTION_LOST,
// TOPIC_NOT_FOUND, REJECTED (by response_code and remark; a bad SQL92 expression, say), PROTOCOL_ERROR,
// TOO_MANY_REQUESTS (65,536 calls of this consumer are under way).
ROCKETMQ_API int32_t rocketmq_simple_consumer_receive(rocketmq_simple_consumer *consumer,
                                                      const rocketmq_receive_options *options,
                                                      const rocketmq_received_batch **batch, rocketmq_error *error);

// Begins a receive; does not wait. On OK `context` comes back through options.on_completed exactly once; otherwise it
// never does. Errors: INVALID_ARGUMENT, INVALID_STATE, CLOSED, TOO_MANY_REQUESTS; what happens later comes with the
// completion.
ROCKETMQ_API int32_t rocketmq_simple_consumer_receive_async(rocketmq_simple_consumer *consumer,
                                                            const rocketmq_receive_options *options, uint64_t context,
                                                            rocketmq_error *error);

// Frees a batch with all that it points at. NULL does nothing.
ROCKETMQ_API void rocketmq_received_batch_release(const rocketmq_received_batch *batch);

// Acknowledges a message, so that the group is not given it again, and waits for the broker at most
// client_options.request_timeout_ms. A broker takes an acknowledgement that comes after the invisible duration too,
// and the message comes again all the same. Errors: INVALID_ARGUMENT (a malformed handle), INVALID_STATE, CLOSED,
// TIMEOUT, UNREACHABLE, CONNECTION_LOST, REJECTED (a handle that the broker does not know), TOO_MANY_REQUESTS. It may
// be repeated after any of them.
ROCKETMQ_API int32_t rocketmq_simple_consumer_ack(rocketmq_simple_consumer *consumer,
                                                  const rocketmq_string *receipt_handle, rocketmq_error *error);

// The same without waiting; ends as rocketmq_simple_consumer_receive_async.
ROCKETMQ_API int32_t rocketmq_simple_consumer_ack_async(rocketmq_simple_consumer *consumer,
                                                        const rocketmq_string *receipt_handle, uint64_t context,
                                                        rocketmq_error *error);

// Hides a received message for `invisible_ms` (1,000 to 43,200,000) from now on, longer or shorter than before. Only
// the new handle, in *new_handle, acknowledges it then. Errors: as rocketmq_simple_consumer_ack; after TIMEOUT and
// CONNECTION_LOST it may have been done, so that the old handle is worth nothing.
ROCKETMQ_API int32_t rocketmq_simple_consumer_change_invisible_duration(rocketmq_simple_consumer *consumer,
                                                                        const rocketmq_string *receipt_handle,
                                                                        int32_t invisible_ms,
                                                                        rocketmq_receipt_handle *new_handle,
                                                                        rocketmq_error *error);

// The same without waiting; the new handle comes with the completion.
ROCKETMQ_API int32_t rocketmq_simple_consumer_change_invisible_duration_async(rocketmq_simple_consumer *consumer,
                                                                              const rocketmq_string *receipt_handle,
                                                                              int32_t invisible_ms, uint64_t context,
                                                                              rocketmq_error *error);

typedef struct rocketmq_simple_consumer_statistics {
  uint64_t size;
  // Counters since the start.
  int64_t receives;
  // Requests for messages that a broker answered.
  int64_t pops;
  int64_t messages_received;
  // Of them, those that the tags do not ask for.
  int64_t messages_filtered;
  // What a broker gave and could not be read or acknowledged: it comes again.
  int64_t messages_left_out;
  int64_t messages_acknowledged;
  int64_t invisible_changes;
  // Gauge: receives, acknowledgements and changes under way.
  int64_t calls_in_flight;
} rocketmq_simple_consumer_statistics;

// Errors: INVALID_ARGUMENT, INVALID_STATE (not started), CLOSED.
ROCKETMQ_API int32_t rocketmq_simple_consumer_get_client_id(rocketmq_simple_consumer *consumer,
                                                          rocketmq_client_id *client_id, rocketmq_error *error);

// Fills `statistics`; before the start and after the close too. Errors: INVALID_ARGUMENT for NULL.
ROCKETMQ_API int32_t rocketmq_simple_consumer_get_statistics(rocketmq_simple_consumer *consumer,
                                                             rocketmq_simple_consumer_statistics *statistics,
                                                             rocketmq_error *error);

// Ends receives under way with CLOSED (what a broker gives them all the same goes back to the group), waits up to
// timeout_ms (0 to 600,000) for acknowledgements and changes, ends the rest with CLOSED, and returns when every
// completion was delivered and the group left. What was received can no longer be acknowledged by this consumer, and
// stays valid until it is released. Idempotent; inside a callback it does not wait, as rocketmq_producer_close.
ROCKETMQ_API int32_t rocketmq_simple_consumer_close(rocketmq_simple_consumer *consumer, int32_t timeout_ms,
                                                    rocketmq_error *error);

// Closes with a timeout of 0 where that was not done, and frees the handle. No other call on this handle may be
// running or follow.
ROCKETMQ_API void rocketmq_simple_consumer_destroy(rocketmq_simple_consumer *consumer);

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_SIMPLE_CONSUMER_H_
