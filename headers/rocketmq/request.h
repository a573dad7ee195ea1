// Requests, which wait for a consumer's reply; see rocketmq.h.
//
// A requester sends a message and waits. A consumer of the topic that gets it sends its answer with
// rocketmq_message.reply_to set to the request's rocketmq_message_view.encoded_properties, by
// rocketmq_producer_send, _send_async or _send_one_way without a selector; the broker hands it to the requester's
// connection. Nothing of a reply is stored: one that comes after the requester's time, or when the requester is gone,
// is lost.
#ifndef ROCKETMQ_REQUEST_H_
#define ROCKETMQ_REQUEST_H_

#include "rocketmq/producer.h"

#ifdef __cplusplus
extern "C" {
#endif

// The end of one asynchronous request: `reply` on success, otherwise `error`; the other one is NULL.
typedef struct rocketmq_reply_completion {
  uint64_t size;
  // As given to rocketmq_producer_request_async.
  uint64_t context;
  // Without offset_message_id, store_size and queue_offset, as it was never stored.
  const rocketmq_message_view *reply;
  const rocketmq_error *error;
} rocketmq_reply_completion;

// Called on a thread "rmq-callback-N-K", never beside another callback for completions of the same producer: for each
// accepted request exactly once, also when the producer is closed.
typedef void (*rocketmq_reply_callback)(uint64_t context, const rocketmq_reply_completion *completion);

// Makes rocketmq_producer_request_async possible; once, before or after the start. `context` is given to each call.
// Errors: INVALID_ARGUMENT for NULL, INVALID_STATE (set before), CLOSED.
ROCKETMQ_API int32_t rocketmq_producer_set_reply_callback(rocketmq_producer *producer,
                                                          rocketmq_reply_callback on_reply, uint64_t context,
                                                          rocketmq_error *error);

// A reply that was received; owned by the caller.
typedef struct rocketmq_reply rocketmq_reply;

// Sends a message and waits for the first reply, at most the send's timeout for all of it (options->timeout_ms; the
// producer's send timeout by default). The first request to a topic takes a little longer, as it makes this client
// known to all brokers of the cluster.
// Errors: as rocketmq_producer_send; INVALID_ARGUMENT also for a delayed message. TIMEOUT of a message that was stored
// says so: no reply came. CLOSED when the producer is closed while it waits.
ROCKETMQ_API int32_t rocketmq_producer_request(rocketmq_producer *producer, const rocketmq_message *message,
                                               const rocketmq_send_options *options, rocketmq_reply **reply,
                                               rocketmq_error *error);

// Begins a request; does not wait for the network. On OK it is accepted and `context` comes back through the reply
// callback exactly once; otherwise it never does. Errors: INVALID_ARGUMENT, INVALID_STATE, CLOSED, TOO_MANY_REQUESTS
// (producer_options.max_in_flight_count requests wait for their replies); what happens later comes with the completion.
ROCKETMQ_API int32_t rocketmq_producer_request_async(rocketmq_producer *producer, const rocketmq_message *message,
                                                     const rocketmq_send_options *options, uint64_t context,
                                                     rocketmq_error *error);

// The message that the reply is; valid until rocketmq_reply_destroy. NULL for NULL.
ROCKETMQ_API const rocketmq_message_view *rocketmq_reply_message(const rocketmq_reply *reply);

ROCKETMQ_API void rocketmq_reply_destroy(rocketmq_reply *reply);

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_REQUEST_H_
