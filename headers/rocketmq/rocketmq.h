// librocketmq: a native client of Apache RocketMQ, as a C API.
//
// Rules that hold for every function below; a function's own comment names only what differs.
//
//   Status     A function that can fail returns a ROCKETMQ_* status (0 is success) and, where the caller
//              passes one, fills a rocketmq_error. `error` may be NULL. No error is kept per thread.
//   Structs    Start with `size`, which the caller sets to sizeof(the struct) in what it passes in, and
//              the library sets in what it passes out. A smaller size is an older caller: the missing
//              fields take their defaults. Zero the struct first; 0 means "the default" unless said
//              otherwise. Fields are only ever added at the end.
//   Strings    UTF-8, pointer and length in bytes, not NUL-terminated. {NULL, 0} is the absent string.
//              What is passed in is copied before the call returns.
//   Threads    Every function may be called from any thread at any time, callbacks included.
//   Ownership  A *_create gives a handle to the caller, who frees it by the matching *_destroy, once.
//              NULL is a valid argument of every *_destroy, and does nothing.
//   Callbacks  Run on named threads of the library, never on its event loop. They may call any function,
//              also close and destroy on the object that called. No exception and no longjmp may leave
//              one. What they are given is valid until they return, unless said otherwise.
//   Time       Milliseconds. Points in time are milliseconds since 1970-01-01T00:00:00Z.
//   fork       A child process must create its own objects: those of its parent answer
//              ROCKETMQ_INVALID_STATE there.
#ifndef ROCKETMQ_ROCKETMQ_H_
#define ROCKETMQ_ROCKETMQ_H_

#include <stdint.h>

#if defined(_WIN32)
#if defined(ROCKETMQ_BUILDING)
#define ROCKETMQ_API __declspec(dllexport)
#else
#define ROCKETMQ_API __declspec(dllimport)
#endif
#else
#define ROCKETMQ_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

// ---------------------------------------------------------------------------------------- status

// Success.
#define ROCKETMQ_OK 0
// An argument is outside its range; the message names it, its value, the limit and what to do.
#define ROCKETMQ_INVALID_ARGUMENT 1
// The call does not fit the object's state: not started, started twice, a delivery acknowledged twice,
// an object of the parent process after fork.
#define ROCKETMQ_INVALID_STATE 2
// The object is closed or closing, or was closed before the operation completed.
#define ROCKETMQ_CLOSED 3
// The deadline passed. A send that timed out may or may not have been stored.
#define ROCKETMQ_TIMEOUT 4
// No name server or broker could be reached: nothing was sent.
#define ROCKETMQ_UNREACHABLE 5
// The connection broke while a request was on its way: it may or may not have been carried out. Told also of a send
// whose later attempts were refused or met nobody: an earlier one may have been stored.
#define ROCKETMQ_CONNECTION_LOST 6
// No name server knows the topic, and it cannot be created on demand.
#define ROCKETMQ_TOPIC_NOT_FOUND 7
// The broker or name server refused; response_code and remark tell why.
#define ROCKETMQ_REJECTED 8
// The limit of asynchronous sends in flight (count or bytes) is reached: wait for completions.
#define ROCKETMQ_TOO_MANY_REQUESTS 9
// The peer answered what the protocol does not allow.
#define ROCKETMQ_PROTOCOL_ERROR 10
// This version of the library, or the broker, cannot do that.
#define ROCKETMQ_NOT_SUPPORTED 11
// Another live object already has that role: a second consumer of the same group with the same client.
#define ROCKETMQ_CONFLICT 12
// Memory could not be allocated.
#define ROCKETMQ_OUT_OF_MEMORY 13
// A defect of the library; the message says where.
#define ROCKETMQ_INTERNAL_ERROR 14

// ---------------------------------------------------------------------------------------- common

typedef struct rocketmq_string {
  const char *data;
  int64_t length;
} rocketmq_string;

typedef struct rocketmq_property {
  rocketmq_string name;
  rocketmq_string value;
} rocketmq_property;

// What went wrong. The texts are NUL-terminated UTF-8, cut at a character's border where too long.
typedef struct rocketmq_error {
  uint64_t size;
  // One of ROCKETMQ_*.
  int32_t status;
  // The broker's or name server's response code; -1 where none answered.
  int32_t response_code;
  // Attempts made, for a send; otherwise 0.
  int32_t attempts;
  int32_t reserved;
  // From the call to the failure.
  int64_t elapsed_ms;
  // A sentence that tells what failed and why.
  char message[1024];
  // The remark that came with response_code.
  char remark[512];
  // "host:port" of the peer that failed, where one was involved.
  char address[256];
  char topic[256];
} rocketmq_error;

// The library's version, "major.minor.patch", NUL-terminated and static.
ROCKETMQ_API const char *rocketmq_version(void);

// The static name of a status, such as "TIMEOUT"; "UNKNOWN" for a number that is none.
ROCKETMQ_API const char *rocketmq_status_name(int32_t status);

// ------------------------------------------------------------------------------------------- log

#define ROCKETMQ_LOG_TRACE 0
#define ROCKETMQ_LOG_DEBUG 1
#define ROCKETMQ_LOG_INFO 2
#define ROCKETMQ_LOG_WARN 3
#define ROCKETMQ_LOG_ERROR 4
#define ROCKETMQ_LOG_OFF 5

typedef struct rocketmq_log_record {
  uint64_t size;
  int32_t level;
  int32_t reserved;
  int64_t timestamp_ms;
  // The layer: "base", "net", "client", "producer", "consumer" or "capi".
  rocketmq_string layer;
  // The name of the thread that wrote the record.
  rocketmq_string thread;
  rocketmq_string message;
} rocketmq_log_record;

// Called on the thread "rmq-log", one record at a time. A callback that blocks delays later records and,
// once 4,096 wait, loses the newest ones (the next record tells how many); it never delays the client.
typedef void (*rocketmq_log_callback)(uint64_t context, const rocketmq_log_record *record);

// Sets the process-wide receiver of log records and the lowest level that it gets; NULL turns the log off.
// The library never writes to a file or stream itself: before this call its records are dropped.
// On return, an earlier callback is no longer running and will not be called again, unless this is called (or was, and
// has not returned)
// from inside it.
// Errors: INVALID_ARGUMENT for a level outside TRACE..OFF.
ROCKETMQ_API int32_t rocketmq_set_log_callback(rocketmq_log_callback callback, uint64_t context, int32_t level,
                                               rocketmq_error *error);

// Changes the lowest level alone. Errors: INVALID_ARGUMENT for a level outside TRACE..OFF.
ROCKETMQ_API int32_t rocketmq_set_log_level(int32_t level, rocketmq_error *error);

// ---------------------------------------------------------------------------------------- client

// How to reach a cluster. Objects whose client options are equal share one client: its connections, its
// routes, its two threads ("rmq-io-N", "rmq-callback-N").
typedef struct rocketmq_client_options {
  uint64_t size;
  // Required: "host:port", several separated by ';'. IPv6 literals as "[::1]:9876".
  rocketmq_string name_servers;
  // Tells apart clients of one process that must not share; default: shared. 1 to 120 characters of
  // letters, digits, '_' and '-'.
  rocketmq_string instance_name;
  // RocketMQ 5's namespace (request fields "ns" and "nsd"). Not in this version: a value gives NOT_SUPPORTED.
  rocketmq_string namespace_name;
  // Credentials of RocketMQ's ACL. Not in this version: a value gives NOT_SUPPORTED.
  rocketmq_string access_key;
  rocketmq_string secret_key;
  rocketmq_string security_token;
  // To establish a connection. Default 3,000; 1 to 600,000.
  int32_t connect_timeout_ms;
  // For requests to name servers and for the control requests to brokers. Default 3,000; 1 to 600,000.
  int32_t request_timeout_ms;
  // How often routes are refreshed. Default 30,000; 10 to 3,600,000.
  int32_t route_refresh_interval_ms;
  // How often brokers are told that this client lives. Default 30,000; 10 to 3,600,000.
  int32_t heartbeat_interval_ms;
  // 1 asks for TLS. Not in this version: 1 gives NOT_SUPPORTED.
  int32_t tls;
  // The largest frame accepted, in bytes; what is sent is limited by producer_options.max_message_bytes. Default
  // and maximum 16,777,216 (RocketMQ's own limit, com.rocketmq.remoting.frameMaxLength); minimum 65,536.
  int32_t max_frame_bytes;
} rocketmq_client_options;

// --------------------------------------------------------------------------------------- message

// A message to send. Nothing of it is used after the call returns.
typedef struct rocketmq_message {
  uint64_t size;
  // Required: 1 to 127 characters of letters, digits, '%', '|', '_' and '-'.
  rocketmq_string topic;
  // Default: none. No '|', no surrounding blanks.
  rocketmq_string tag;
  // Keys to find the message by, separated by one blank. Default: none.
  rocketmq_string keys;
  // Required, 1 byte to producer_options.max_message_bytes.
  const uint8_t *body;
  int64_t body_length;
  // The user's properties. Names that RocketMQ reserves are refused (UNIQ_KEY, DELAY, TAGS, …), so are
  // empty names and values, and the characters U+0001 and U+0002. All properties together, encoded, have
  // 32,767 bytes at most.
  const rocketmq_property *properties;
  int32_t property_count;
  // A number for the application's own use, carried as it is.
  int32_t flag;
  // 1 to 18 delays delivery by the broker's level (1 s to 2 h as RocketMQ ships). 0: no delay.
  int32_t delay_level;
  // The queue to send to, with broker_name; used only where broker_name is set.
  int32_t queue_id;
  // A point in time before which the message is not delivered (the broker's timer wheel; at most 3 days
  // ahead as RocketMQ ships). 0: at once. Not together with delay_level.
  int64_t deliver_at_ms;
  // Messages with the same non-empty key go to the same queue while the topic's queues do not change.
  rocketmq_string sharding_key;
  // The broker whose queue `queue_id` shall be used. Default: any queue.
  rocketmq_string broker_name;
} rocketmq_message;

// Stored, and replicated and flushed as the broker's settings ask.
#define ROCKETMQ_SEND_OK 0
// The other three are stored too, but not yet as safe as the broker's settings ask. A second send would
// make a duplicate.
#define ROCKETMQ_SEND_FLUSH_DISK_TIMEOUT 1
#define ROCKETMQ_SEND_FLUSH_SLAVE_TIMEOUT 2
#define ROCKETMQ_SEND_SLAVE_NOT_AVAILABLE 3

// What the broker acknowledged. The texts are NUL-terminated.
typedef struct rocketmq_send_result {
  uint64_t size;
  // One of ROCKETMQ_SEND_*.
  int32_t send_status;
  int32_t queue_id;
  int64_t queue_offset;
  // Attempts made, 1 and up.
  int32_t attempts;
  int32_t reserved;
  // The unique id that this client gave the message: 32 upper-case hexadecimal digits.
  char message_id[64];
  // The id by which the broker finds the stored message.
  char offset_message_id[64];
  char transaction_id[64];
  char region_id[64];
  char broker_name[256];
  // For recalling a timed message; empty unless the broker gives one.
  char recall_handle[512];
} rocketmq_send_result;

// A received message. Everything it points at lives until its batch is acknowledged.
typedef struct rocketmq_message_view {
  uint64_t size;
  rocketmq_string topic;
  rocketmq_string tag;
  rocketmq_string keys;
  rocketmq_string message_id;
  rocketmq_string offset_message_id;
  rocketmq_string broker_name;
  // "address:port" of the producer, and of the broker that stored the message.
  rocketmq_string born_host;
  rocketmq_string store_host;
  // Decompressed.
  const uint8_t *body;
  int64_t body_length;
  // Every property, RocketMQ's own ones (TAGS, KEYS, UNIQ_KEY, …) included.
  const rocketmq_property *properties;
  int32_t property_count;
  int32_t flag;
  int32_t queue_id;
  // How often this group was given the message before: 0 at the first delivery.
  int32_t reconsume_times;
  int64_t queue_offset;
  int64_t born_timestamp_ms;
  int64_t store_timestamp_ms;
  // The bytes that the message takes in the broker's log.
  int32_t store_size;
  int32_t system_flag;
  // The same properties as one text: name U+0001 value U+0002 name …
  rocketmq_string encoded_properties;
} rocketmq_message_view;

// -------------------------------------------------------------------------------------- producer

typedef struct rocketmq_producer rocketmq_producer;

// The end of one asynchronous send: `result` on success, otherwise `error`; the other one is NULL.
typedef struct rocketmq_send_completion {
  uint64_t size;
  // As given to rocketmq_producer_send_async.
  uint64_t context;
  const rocketmq_send_result *result;
  const rocketmq_error *error;
} rocketmq_send_completion;

// Called on the thread "rmq-callback-N" with all completions that are ready (1 to 1,024): for each accepted
// send exactly once, also when the producer is closed. `context` is rocketmq_producer_options.context.
typedef void (*rocketmq_send_callback)(uint64_t context, const rocketmq_send_completion *const *completions,
                                       int32_t count);

typedef struct rocketmq_producer_options {
  uint64_t size;
  // Required: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'.
  rocketmq_string group;
  // Required by rocketmq_producer_send_async.
  rocketmq_send_callback on_sent;
  uint64_t context;
  // For one send with all its attempts. Default 3,000; 1 to 600,000.
  int32_t send_timeout_ms;
  // For one attempt. Default: what is left of the send's time, divided by the attempts that are left, but
  // at least 500 and at most what is left; so that one silent broker does not eat the time of the retry.
  int32_t attempt_timeout_ms;
  // Attempts of a send, the first one included. Default 3; 1 to 16.
  int32_t max_attempts;
  // Bodies of at least so many bytes are compressed with zlib. Default 4,096; -1: never.
  int32_t compress_threshold_bytes;
  // zlib's level. Default 5; 1 to 9.
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
} rocketmq_producer_options;

typedef struct rocketmq_send_options {
  uint64_t size;
  // In place of rocketmq_producer_options.send_timeout_ms; 0: that.
  int32_t timeout_ms;
  // 1: an asynchronous send that takes no part in max_in_flight_count and max_in_flight_bytes, for a caller
  // that itself waits for the completion, as a synchronous send does. Default 0.
  int32_t unlimited;
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

// Looks up the topic's route and connects to its brokers, so that the first send need not. Waits at most
// the send timeout. Errors: as rocketmq_producer_send.
ROCKETMQ_API int32_t rocketmq_producer_warm_up(rocketmq_producer *producer, const rocketmq_string *topic,
                                               rocketmq_error *error);

typedef struct rocketmq_producer_statistics {
  uint64_t size;
  // Counters since the start.
  int64_t sends_accepted;
  int64_t sends_succeeded;
  int64_t sends_failed;
  int64_t sends_retried;
  int64_t one_way_sends;
  // Gauges: asynchronous and synchronous sends in flight, and the bytes of their bodies.
  int64_t in_flight_count;
  int64_t in_flight_bytes;
} rocketmq_producer_statistics;

// Fills `statistics`; before the start and after the close too. Errors: INVALID_ARGUMENT for NULL.
ROCKETMQ_API int32_t rocketmq_producer_get_statistics(rocketmq_producer *producer,
                                                      rocketmq_producer_statistics *statistics,
                                                      rocketmq_error *error);

// Stops accepting sends, waits up to timeout_ms (0 to 600,000) for those in flight, completes the rest with
// CLOSED, and returns when every completion was delivered. Idempotent: a later or concurrent call waits for
// the first one. Called from a callback it does not wait: the rest happens on the thread "rmq-close".
ROCKETMQ_API int32_t rocketmq_producer_close(rocketmq_producer *producer, int32_t timeout_ms,
                                             rocketmq_error *error);

// Closes with a timeout of 0 where that was not done, and frees the handle. No other call on this handle
// may be running or follow.
ROCKETMQ_API void rocketmq_producer_destroy(rocketmq_producer *producer);

// --------------------------------------------------------------------------------- push consumer

typedef struct rocketmq_push_consumer rocketmq_push_consumer;

// Messages of one queue, in the order of their offsets. The batch and all it points at live until
// rocketmq_push_consumer_acknowledge(consumer, batch->delivery_id, …).
typedef struct rocketmq_message_batch {
  uint64_t size;
  uint64_t delivery_id;
  const rocketmq_message_view *const *messages;
  // 1 to rocketmq_push_consumer_options.max_batch_size.
  int32_t count;
  int32_t queue_id;
  rocketmq_string topic;
  rocketmq_string broker_name;
} rocketmq_message_batch;

// Called on the threads "rmq-consume-K" with one batch at a time per thread. Each batch must be
// acknowledged, inside the callback or later from any thread; until then it counts against
// max_outstanding_batches, and the offset does not pass it.
typedef void (*rocketmq_message_callback)(uint64_t context, const rocketmq_message_batch *batch);

#define ROCKETMQ_CLUSTERING 0
#define ROCKETMQ_BROADCASTING 1

// Where a group without a stored offset starts. The last offset is, as for Apache's clients, the beginning of a
// queue that is young: its first message is still there, and in the broker's memory. So a group that runs misses
// nothing of a queue that comes later.
#define ROCKETMQ_CONSUME_FROM_LAST_OFFSET 0
#define ROCKETMQ_CONSUME_FROM_FIRST_OFFSET 1
#define ROCKETMQ_CONSUME_FROM_TIMESTAMP 2

#define ROCKETMQ_CONCURRENTLY 0
#define ROCKETMQ_ORDERLY 1

typedef struct rocketmq_push_consumer_options {
  uint64_t size;
  // Required: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'.
  rocketmq_string group;
  // Required.
  rocketmq_message_callback on_messages;
  uint64_t context;
  // ROCKETMQ_CLUSTERING; ROCKETMQ_BROADCASTING gives NOT_SUPPORTED in this version.
  int32_t message_model;
  // ROCKETMQ_CONCURRENTLY; ROCKETMQ_ORDERLY gives NOT_SUPPORTED in this version.
  int32_t consume_mode;
  // One of ROCKETMQ_CONSUME_FROM_*.
  int32_t consume_from;
  // Threads that call on_messages. Default 1; 1 to 256.
  int32_t consume_threads;
  // Batches given out and not yet acknowledged. Default 20; 1 to 100,000.
  int32_t max_outstanding_batches;
  // Messages in one batch. Default 1; 1 to 1,024.
  int32_t max_batch_size;
  // For ROCKETMQ_CONSUME_FROM_TIMESTAMP.
  int64_t consume_timestamp_ms;
  // Deliveries after the first one before a message goes to the dead-letter queue. Default 16; -1: at once,
  // that is, a failed message is never delivered again; 1 to 1,000,000.
  int32_t max_reconsume_times;
  // Messages asked for in one pull. Default 32; 1 to 1,024.
  int32_t pull_batch_size;
  // Flow control, per queue: pulling pauses above these. Defaults 1,000 messages (1 to 65,535),
  // 104,857,600 bytes of bodies (1 and up), and 2,000 between the lowest and the highest offset held
  // (1 to 65,535).
  int32_t max_cached_messages_per_queue;
  int32_t max_offset_span_per_queue;
  int64_t max_cached_bytes_per_queue;
  // How long a broker holds a pull that finds nothing. Default 15,000; 10 to 60,000.
  int32_t pull_suspend_timeout_ms;
  // Default 20,000; 10 to 3,600,000.
  int32_t rebalance_interval_ms;
  // Default 5,000; 10 to 3,600,000.
  int32_t persist_offset_interval_ms;
  // A batch that is not acknowledged after so long is given back to the broker for a later delivery (its
  // acknowledgement then gives INVALID_STATE). Default 900,000 (15 min); 1,000 to 86,400,000.
  int32_t consume_timeout_ms;
} rocketmq_push_consumer_options;

#define ROCKETMQ_FILTER_TAG 0
#define ROCKETMQ_FILTER_SQL92 1

// Errors: INVALID_ARGUMENT, NOT_SUPPORTED, OUT_OF_MEMORY.
ROCKETMQ_API int32_t rocketmq_push_consumer_create(const rocketmq_client_options *client_options,
                                                   const rocketmq_push_consumer_options *options,
                                                   rocketmq_push_consumer **consumer, rocketmq_error *error);

// Adds a topic, or changes its filter; before or after start. `expression` of ROCKETMQ_FILTER_TAG is "*"
// (also when absent) or tags joined by "||"; ROCKETMQ_FILTER_SQL92 gives NOT_SUPPORTED in this version.
// Errors: INVALID_ARGUMENT, NOT_SUPPORTED, CLOSED.
ROCKETMQ_API int32_t rocketmq_push_consumer_subscribe(rocketmq_push_consumer *consumer,
                                                      const rocketmq_string *topic, int32_t filter_type,
                                                      const rocketmq_string *expression, rocketmq_error *error);

// Gives up a topic: its queues are dropped, its offsets persisted. Errors: INVALID_ARGUMENT, CLOSED.
ROCKETMQ_API int32_t rocketmq_push_consumer_unsubscribe(rocketmq_push_consumer *consumer,
                                                        const rocketmq_string *topic, rocketmq_error *error);

// Starts consuming. Does not wait for any server; a cluster that is down is tried again until it answers.
// Errors: INVALID_STATE (started before), CLOSED, CONFLICT (a live consumer of this group in the same
// client).
ROCKETMQ_API int32_t rocketmq_push_consumer_start(rocketmq_push_consumer *consumer, rocketmq_error *error);

// Stops and resumes giving out batches; what was given out is still acknowledged. Errors: INVALID_STATE,
// CLOSED.
ROCKETMQ_API int32_t rocketmq_push_consumer_suspend(rocketmq_push_consumer *consumer, rocketmq_error *error);
ROCKETMQ_API int32_t rocketmq_push_consumer_resume(rocketmq_push_consumer *consumer, rocketmq_error *error);

typedef struct rocketmq_acknowledgement {
  uint64_t size;
  // The first `success_count` messages of the batch are consumed; the rest go back to the broker and are
  // delivered again. -1: all are consumed. 0: none.
  int32_t success_count;
  // When the rest is delivered again: 0, the broker's schedule by reconsume_times; 1 to 18, that delay
  // level; -1, no more: to the dead-letter queue at once.
  int32_t delay_level;
} rocketmq_acknowledgement;

// Ends a batch and frees it. `acknowledgement` NULL: all consumed. Does not wait for the network; a message
// that cannot be given back is delivered again by this consumer.
// Errors: INVALID_ARGUMENT (then the batch stays), INVALID_STATE for an id that is unknown, acknowledged
// before, or timed out.
ROCKETMQ_API int32_t rocketmq_push_consumer_acknowledge(rocketmq_push_consumer *consumer, uint64_t delivery_id,
                                                        const rocketmq_acknowledgement *acknowledgement,
                                                        rocketmq_error *error);

typedef struct rocketmq_push_consumer_statistics {
  uint64_t size;
  // Counters since the start.
  int64_t pulls;
  int64_t messages_received;
  int64_t messages_filtered;
  int64_t messages_delivered;
  int64_t messages_consumed;
  int64_t messages_sent_back;
  int64_t messages_undecodable;
  int64_t rebalances;
  // Gauges.
  int64_t assigned_queues;
  int64_t cached_messages;
  int64_t cached_bytes;
  int64_t outstanding_batches;
  // Points in time of the last pull that a broker answered and of the last acknowledgement; 0: none yet.
  int64_t last_pull_ms;
  int64_t last_consume_ms;
} rocketmq_push_consumer_statistics;

// Fills `statistics`; before the start and after the close too. Errors: INVALID_ARGUMENT for NULL.
ROCKETMQ_API int32_t rocketmq_push_consumer_get_statistics(rocketmq_push_consumer *consumer,
                                                           rocketmq_push_consumer_statistics *statistics,
                                                           rocketmq_error *error);

// Stops pulling and giving out batches, waits up to timeout_ms (0 to 600,000) for the outstanding ones and for
// callbacks that run, then takes at most 4 s to persist offsets and unregister. Batches that are still outstanding
// then are delivered again to the group, and stay valid until acknowledged (INVALID_STATE, but freed) or until
// destroy; a callback that has not returned goes on. Idempotent, and not waiting inside a callback, as
// rocketmq_producer_close.
ROCKETMQ_API int32_t rocketmq_push_consumer_close(rocketmq_push_consumer *consumer, int32_t timeout_ms,
                                                  rocketmq_error *error);

// Closes with a timeout of 0 where that was not done, and frees the handle and all its batches. No other
// call on this handle may be running or follow; it waits up to 3 s for callbacks that run, as they may use it. From
// inside a callback of this consumer it does not wait, and the batch of that callback stays valid until it returns.
ROCKETMQ_API void rocketmq_push_consumer_destroy(rocketmq_push_consumer *consumer);

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_ROCKETMQ_H_
