// Sending; see rocketmq.h.
#ifndef ROCKETMQ_PRODUCER_H_
#define ROCKETMQ_PRODUCER_H_

#include "rocketmq/client.h"
#include "rocketmq/message.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rocketmq_producer rocketmq_producer;

// The end of one asynchronous send: `result` on success, otherwise `error`; the other one is NULL.
typedef struct rocketmq_send_completion {
  uint64_t size;
  // As given to rocketmq_producer_send_async.
  uint64_t context;
  const rocketmq_send_result *result;
  const rocketmq_error *error;
  // Of rocketmq_producer_send_batch_async: the results of the single messages, in their order (`result` is the first
  // one's); otherwise NULL and 0.
  const rocketmq_send_result *const *batch_results;
  int32_t batch_count;
  int32_t reserved;
} rocketmq_send_completion;

// Called on one of the client's threads "rmq-callback-N-K", one call at a time for each producer, with all completions
// that are ready (1 to 1,024): for each accepted send exactly once, also when the producer is closed. One that is slow
// or blocks holds up the completions of its own producer only. `context` is rocketmq_producer_options.context.
typedef void (*rocketmq_send_callback)(uint64_t context, const rocketmq_send_completion *const *completions,
                                       int32_t count);

// The end of one asynchronous call that is no send.
typedef struct rocketmq_call_completion {
  uint64_t size;
  // As it was given with the call.
  uint64_t context;
  // NULL on success. All that is pointed at is valid until the callback returns.
  const rocketmq_error *error;
  // Of rocketmq_producer_recall_async: the id of the message; otherwise absent.
  rocketmq_string message_id;
  // Of rocketmq_producer_get_queues_async: the queues; otherwise NULL and 0.
  const rocketmq_queue *const *queues;
  int32_t queue_count;
  int32_t reserved;
} rocketmq_call_completion;

// Called as rocketmq_send_callback is, never beside it, and with one call at a time.
typedef void (*rocketmq_call_callback)(uint64_t context, const rocketmq_call_completion *completion);

#define ROCKETMQ_COMPRESS_ZLIB 0
#define ROCKETMQ_COMPRESS_LZ4 1
#define ROCKETMQ_COMPRESS_ZSTD 2

typedef struct rocketmq_producer_options {
  uint64_t size;
  // Required: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'.
  rocketmq_string group;
  // Required by rocketmq_producer_send_async.
  rocketmq_send_callback on_sent;
  uint64_t context;
  // For one send with all its attempts. Default 3,000; 1 to 600,000.
  int32_t send_timeout_ms;
  // For one attempt. Default: all that is left of the send's time, as a broker that is slow would otherwise store
  // copies; only a broker that is known to be dead or silent is given up before, where another one can take the
  // message.
  int32_t attempt_timeout_ms;
  // Attempts of a send, the first one included. Default 3; 1 to 16.
  int32_t max_attempts;
  // Bodies of at least so many bytes are compressed, where that makes them smaller. Default 4,096; -1: never.
  int32_t compress_threshold_bytes;
  // Default 5. zlib: 1 to 9; LZ4: 1 to 12; Zstandard: 1 to 22.
  int32_t compress_level;
  // Default 4,194,304; 1 to 16,777,216 less 65,536. The broker has a limit of its own.
  int32_t max_message_bytes;
  // Asynchronous sends in flight: TOO_MANY_REQUESTS beyond. Default 1,024; 1 to 1,000,000.
  int32_t max_in_flight_count;
  // The queues of a topic that the broker creates on demand. Default 4; 1 to 1,024.
  int32_t default_topic_queues;
  // The bodies of asynchronous sends in flight: TOO_MANY_REQUESTS beyond (one send is always taken).
  // Default 104,857,600; 1 and up.
  int64_t max_in_flight_bytes;
  // 1: where the broker stored the message but answered a status other than SEND_OK, send again to another
  // broker; makes duplicates. Default 0.
  int32_t retry_not_store_ok;
  // 1: an asynchronous send over the limits waits for its turn, up to the send's timeout, in place of
  // TOO_MANY_REQUESTS. Never waits inside a callback. Default 0.
  int32_t block_when_full;
  // One of ROCKETMQ_COMPRESS_*. Consumers before RocketMQ 5.0 read zlib alone.
  int32_t compression;
  // Puts single sends together that come within so many milliseconds: those for the same topic (and queue, or sharding
  // key, where they name one) with the same timeout go in one request. Each still has a result of its own. Not delayed
  // messages, nor those larger than auto_batch_max_bytes: they go by themselves. A batch waits at most for half of its
  // sends' timeout. Default 0: off; to 60,000.
  int32_t auto_batch_linger_ms;
  // A batch that is so large goes at once. Defaults 32,768 bytes (1 to max_message_bytes) and 1,000 messages (1 to
  // 32,767).
  int32_t auto_batch_max_bytes;
  int32_t auto_batch_max_count;
  // 1: a broker that answers slowly is avoided for a while where there are others: 2 s after 550 ms, 5 s after 1.8 s,
  // 6 s after 3 s, 10 s after 5 s, 30 s after 15 s. A broker that fails is always avoided, for 1 s, then 2 s and so
  // on up to 30 s. Default 0.
  int32_t avoid_slow_brokers;
  // How often brokers that are avoided are asked whether they answer again, after which they are used at once.
  // Default 0: never; to 3,600,000.
  int32_t detect_interval_ms;
  // How soon they must answer that. Default 200; 1 to 600,000.
  int32_t detect_timeout_ms;
  // 1: a send that names its queue (by broker_name, a selector or a sharding key) is tried again on that queue, too,
  // where the message may be stored already, or the broker refused it. Default 0: such a send has one attempt, so
  // that it neither makes copies nor overtakes later ones of its queue; only what was not sent at all (no route, no
  // connection) is tried again until the deadline.
  int32_t retry_same_queue;
  // The broker's response codes after which a send is tried again, the asynchronous ones too: in place of the
  // default, which is 1, 2, 14, 16, 17, 29, 204, 205 and 501 for synchronous sends, and none for asynchronous ones
  // (as in Apache's client), which a refusal ends. Default NULL and 0; at most 64, and with 0 of them none. Only read
  // by rocketmq_producer_create.
  const int32_t *retry_response_codes;
  int32_t retry_response_code_count;
  int32_t reserved;
  // Required by rocketmq_producer_get_queues_async, _recall_async, _warm_up_async and _end_transaction_async; given
  // `context` as on_sent is.
  rocketmq_call_callback on_call_ended;
} rocketmq_producer_options;

// Chooses the queue of a message: its place among the `count` queues (1 and up) of the topic, sorted by broker name and
// queue id. Called on the thread of the call that sends.
typedef int32_t (*rocketmq_select_callback)(uint64_t context, const rocketmq_message *message,
                                           const rocketmq_queue *const *queues, int32_t count);

typedef struct rocketmq_send_options {
  uint64_t size;
  // In place of rocketmq_producer_options.send_timeout_ms; 0: that.
  int32_t timeout_ms;
  // 1: an asynchronous send that takes no part in max_in_flight_count and max_in_flight_bytes, for a caller
  // that itself waits for the completion, as a synchronous send does. Default 0.
  int32_t unlimited;
  // Chooses the queue, in place of broker_name, queue_id and sharding_key. The call then waits for the topic's route
  // where that is not known yet, at most its timeout; a place that is none gives INVALID_ARGUMENT. Default: NULL.
  rocketmq_select_callback select;
  uint64_t select_context;
} rocketmq_send_options;

// Creates a producer; nothing is connected yet. Errors: INVALID_ARGUMENT, NOT_SUPPORTED, OUT_OF_MEMORY.
ROCKETMQ_API int32_t rocketmq_producer_create(const rocketmq_client_options *client_options,
                                              const rocketmq_producer_options *options,
                                              rocketmq_producer **producer, rocketmq_error *error);

// Starts the producer's client. Does not wait for any server: a cluster that is down shows at the first
// send. Errors: INVALID_STATE when started before, CLOSED.
ROCKETMQ_API int32_t rocketmq_producer_start(rocketmq_producer *producer, rocketmq_error *error);

// Sends and waits for the broker's acknowledgement, at most the send's timeout. Attempts that fail are
// repeated, on another broker where there is one. `options` and `result` may be NULL.
// Errors: INVALID_ARGUMENT, INVALID_STATE (not started), CLOSED, TIMEOUT, UNREACHABLE, CONNECTION_LOST,
// TOPIC_NOT_FOUND, REJECTED, PROTOCOL_ERROR, NOT_SUPPORTED, TOO_MANY_REQUESTS (the broker does not read: 64 MiB
// wait to be written to it).
// After TIMEOUT and CONNECTION_LOST the message may have been stored.
ROCKETMQ_API int32_t rocketmq_producer_send(rocketmq_producer *producer, const rocketmq_message *message,
                                            const rocketmq_send_options *options, rocketmq_send_result *result,
                                            rocketmq_error *error);

// Begins a send; does not wait for the network. On OK the send is accepted and `context` comes back through
// options.on_sent exactly once; otherwise it never does. Errors: INVALID_ARGUMENT, INVALID_STATE, CLOSED,
// TOO_MANY_REQUESTS; what happens later comes with the completion.
ROCKETMQ_API int32_t rocketmq_producer_send_async(rocketmq_producer *producer, const rocketmq_message *message,
                                                  const rocketmq_send_options *options, uint64_t context,
                                                  rocketmq_error *error);

// Sends without an acknowledgement: OK means that the request was handed to the connection, which may still
// lose it. Waits for the route and the connection at most the send's timeout. Errors: as
// rocketmq_producer_send.
ROCKETMQ_API int32_t rocketmq_producer_send_one_way(rocketmq_producer *producer, const rocketmq_message *message,
                                                    const rocketmq_send_options *options, rocketmq_error *error);

// Sends messages in one request: all are stored together, or none. They go to one topic and one queue (all name the
// same one, or have the same sharding key, or none do); none is delayed; their bodies and properties together have
// max_message_bytes at most (see rocketmq_producer_fit_batch). They are not compressed. `count` is 1 to 32,767.
// `results` may be NULL; otherwise it has `count` structs, one for each message. Errors: as rocketmq_producer_send;
// INVALID_ARGUMENT names the message by its place.
ROCKETMQ_API int32_t rocketmq_producer_send_batch(rocketmq_producer *producer, const rocketmq_message *const *messages,
                                                  int32_t count, const rocketmq_send_options *options,
                                                  rocketmq_send_result *const *results, rocketmq_error *error);

// The same, with one completion for all, as of rocketmq_producer_send_async. It counts as one send in flight.
ROCKETMQ_API int32_t rocketmq_producer_send_batch_async(rocketmq_producer *producer,
                                                        const rocketmq_message *const *messages, int32_t count,
                                                        const rocketmq_send_options *options, uint64_t context,
                                                        rocketmq_error *error);

// How many of the first messages fit into one batch by their size; 0 where the first one alone is too large. Errors:
// INVALID_ARGUMENT.
ROCKETMQ_API int32_t rocketmq_producer_fit_batch(rocketmq_producer *producer, const rocketmq_message *const *messages,
                                                 int32_t count, int32_t *fit, rocketmq_error *error);

// The queues of a topic to send to, sorted by broker name and queue id; of a topic that is created on demand, those
// that it will have. Waits for the route at most timeout_ms (1 to 600,000; 0: the send timeout; -1: not at all, *list
// is NULL where it is not known yet). The caller frees the list. Errors: INVALID_ARGUMENT, INVALID_STATE, CLOSED,
// TIMEOUT, UNREACHABLE, TOPIC_NOT_FOUND.
ROCKETMQ_API int32_t rocketmq_producer_get_queues(rocketmq_producer *producer, const rocketmq_string *topic,
                                                  int32_t timeout_ms, const rocketmq_queue_list **list,
                                                  rocketmq_error *error);

// The same without waiting (and without -1). On OK `context` comes back through options.on_call_ended exactly once;
// otherwise it never does. Errors: INVALID_ARGUMENT, INVALID_STATE, CLOSED, TOO_MANY_REQUESTS (65,536 such calls of
// this producer are under way); what happens later comes with the completion.
ROCKETMQ_API int32_t rocketmq_producer_get_queues_async(rocketmq_producer *producer, const rocketmq_string *topic,
                                                        int32_t timeout_ms, uint64_t context,
                                                        rocketmq_error *error);

// Of a message that was recalled.
typedef struct rocketmq_recall_result {
  uint64_t size;
  // NUL-terminated.
  char message_id[64];
} rocketmq_recall_result;

// Takes back a message that was sent with deliver_at_ms and is not delivered yet: `recall_handle` is that of its
// result. Waits at most timeout_ms (1 to 600,000; 0: the send timeout). `result` may be NULL. Errors: INVALID_ARGUMENT
// (no handle, another topic), REJECTED (delivered already, or the broker's recallMessageEnable is off, as RocketMQ
// ships), and as rocketmq_producer_send.
ROCKETMQ_API int32_t rocketmq_producer_recall(rocketmq_producer *producer, const rocketmq_string *topic,
                                              const rocketmq_string *recall_handle, int32_t timeout_ms,
                                              rocketmq_recall_result *result, rocketmq_error *error);

// The same without waiting; ends as rocketmq_producer_get_queues_async.
ROCKETMQ_API int32_t rocketmq_producer_recall_async(rocketmq_producer *producer, const rocketmq_string *topic,
                                                    const rocketmq_string *recall_handle, int32_t timeout_ms,
                                                    uint64_t context, rocketmq_error *error);

// Looks up the topic's route and connects to its brokers, so that the first send need not. Waits at most the send
// timeout; OK when one of them answered, and half a second later at the most where others do not. Errors: as
// rocketmq_producer_send.
ROCKETMQ_API int32_t rocketmq_producer_warm_up(rocketmq_producer *producer, const rocketmq_string *topic,
                                               rocketmq_error *error);

// The same without waiting; ends as rocketmq_producer_get_queues_async.
ROCKETMQ_API int32_t rocketmq_producer_warm_up_async(rocketmq_producer *producer, const rocketmq_string *topic,
                                                     uint64_t context, rocketmq_error *error);

// Sends the batches at once that wait for more messages (auto_batch_linger_ms), and waits at most timeout_ms (1 to
// 600,000; 0: the send timeout) until all sends that were accepted before the call have ended and their callbacks
// returned; how each ended, its own result or completion tells. Not for the replies of requests. Errors:
// INVALID_ARGUMENT, INVALID_STATE (not started, or inside a callback), CLOSED, TIMEOUT.
ROCKETMQ_API int32_t rocketmq_producer_flush(rocketmq_producer *producer, int32_t timeout_ms, rocketmq_error *error);

// Errors: INVALID_ARGUMENT, INVALID_STATE (not started), CLOSED.
ROCKETMQ_API int32_t rocketmq_producer_get_client_id(rocketmq_producer *producer, rocketmq_client_id *client_id,
                                                     rocketmq_error *error);

typedef struct rocketmq_producer_statistics {
  uint64_t size;
  // Counters since the start.
  int64_t sends_accepted;
  int64_t sends_succeeded;
  int64_t sends_failed;
  int64_t sends_retried;
  int64_t one_way_sends;
  // Gauges: asynchronous and synchronous sends in flight, and the bytes of their bodies. A batch that the producer made
  // itself counts as one, without bytes.
  int64_t in_flight_count;
  int64_t in_flight_bytes;
  // Gauges: transactions begun and not ended, checks of transactions that wait or are not answered, and requests that
  // wait for their replies.
  int64_t open_transactions;
  int64_t pending_checks;
  int64_t waiting_requests;
} rocketmq_producer_statistics;

// Fills `statistics`; before the start and after the close too. Errors: INVALID_ARGUMENT for NULL.
ROCKETMQ_API int32_t rocketmq_producer_get_statistics(rocketmq_producer *producer,
                                                      rocketmq_producer_statistics *statistics,
                                                      rocketmq_error *error);

// Stops accepting sends, waits up to timeout_ms (0 to 600,000) for those in flight, for replies and for checks of
// transactions that were given out, completes the rest with CLOSED, and returns when every completion was delivered. A
// callback that does not return keeps it at most one second past the timeout: what waits behind that one is delivered
// when it does return. Idempotent: a later or concurrent call waits for
// the first one. Called from a callback it does not wait: the rest happens on the thread "rmq-close".
ROCKETMQ_API int32_t rocketmq_producer_close(rocketmq_producer *producer, int32_t timeout_ms,
                                             rocketmq_error *error);

// Closes with a timeout of 0 where that was not done, and frees the handle and all its checks. No other call on this
// handle may be running or follow; it waits up to 3 s for check callbacks that run, as they may use it.
ROCKETMQ_API void rocketmq_producer_destroy(rocketmq_producer *producer);

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_PRODUCER_H_
