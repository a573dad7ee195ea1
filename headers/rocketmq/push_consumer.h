// Receiving by callbacks; see rocketmq.h.
#ifndef ROCKETMQ_PUSH_CONSUMER_H_
#define ROCKETMQ_PUSH_CONSUMER_H_

#include "rocketmq/client.h"
#include "rocketmq/message.h"

#ifdef __cplusplus
extern "C" {
#endif

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

// Called on the client's worker threads ("rmq-callback-N-K"), for `consume_threads` batches at a time. Each batch must
// be acknowledged, inside the callback or later from any thread; until then it counts against max_outstanding_batches,
// and the offset does not pass it.
typedef void (*rocketmq_message_callback)(uint64_t context, const rocketmq_message_batch *batch);

// Called on a worker thread ("rmq-callback-N-K"), one call at a time, with all `count` queues of a topic that the
// consumer has now, none where `count` is 0: after a start, when members of the group come or go, when the topic gets
// or loses queues, when the topic is given up. The group's retry topic is not told of, nor is the end of the consumer.
typedef void (*rocketmq_queues_callback)(uint64_t context, const rocketmq_string *topic,
                                         const rocketmq_queue *const *queues, int32_t count);

// The members of a group share the queues of its topics.
#define ROCKETMQ_CLUSTERING 0
// Every member gets every message. What it fails to consume is logged and passed over: nothing is delivered again,
// save after a restart what was not acknowledged before. Offsets are kept in a file (offset_directory).
#define ROCKETMQ_BROADCASTING 1

// Where a group without a stored offset starts. The last offset is, as for Apache's clients, the beginning of a
// queue that is young: its first message is still there, and in the broker's memory. So a group that runs misses
// nothing of a queue that comes later.
#define ROCKETMQ_CONSUME_FROM_LAST_OFFSET 0
#define ROCKETMQ_CONSUME_FROM_FIRST_OFFSET 1
#define ROCKETMQ_CONSUME_FROM_TIMESTAMP 2

// Batches of one queue are given out at the same time, and what fails comes again later.
#define ROCKETMQ_CONCURRENTLY 0
// Of one queue one batch at a time is given out, in the order of the offsets, and to one member of the group only,
// which holds the broker's lock on the queue; it goes to another member when its last batch is acknowledged. What
// fails is delivered again in place, after the queue has rested (suspend_queue_ms), and everything behind it waits.
// Messages with the same key, sent to the same queue, are so consumed in their order. Some may come twice, after a
// rebalance or a failure.
#define ROCKETMQ_ORDERLY 1

// How the members of a group share out the queues of a topic: the same for all of them, whatever their language. Each
// is what Apache's client has under that name. Consecutive queues, as evenly as their number allows.
#define ROCKETMQ_ALLOCATE_AVERAGELY 0
// One by one, as cards are dealt.
#define ROCKETMQ_ALLOCATE_AVERAGELY_BY_CIRCLE 1
// allocation_queues, whatever the other members have; those that a topic does not have (yet) are passed over. The
// group's retry topic is shared out averagely.
#define ROCKETMQ_ALLOCATE_BY_CONFIGURATION 2
// Each queue to the member that follows it on a ring of MD5 digests: few queues move when members come and go.
#define ROCKETMQ_ALLOCATE_CONSISTENT_HASH 3
// Evenly the queues of brokers in allocation_machine_rooms, whose names are "room@name"; those of others are consumed
// by nobody.
#define ROCKETMQ_ALLOCATE_BY_MACHINE_ROOM 4

// For rocketmq_push_consumer_options.max_reconsume_times.
#define ROCKETMQ_NO_REDELIVERY (-2)

typedef struct rocketmq_push_consumer_options {
  uint64_t size;
  // Required: 1 to 120 characters of letters, digits, '%', '|', '_' and '-'.
  rocketmq_string group;
  // Required.
  rocketmq_message_callback on_messages;
  uint64_t context;
  // ROCKETMQ_CLUSTERING (default) or ROCKETMQ_BROADCASTING; the same for all members of a group.
  int32_t message_model;
  // ROCKETMQ_CONCURRENTLY (default) or ROCKETMQ_ORDERLY; the same for all members of a group.
  int32_t consume_mode;
  // One of ROCKETMQ_CONSUME_FROM_*.
  int32_t consume_from;
  // Calls of on_messages that run at the same time. Default 1; 1 to 256.
  int32_t consume_threads;
  // Batches given out and not yet acknowledged. Default 20; 1 to 100,000.
  int32_t max_outstanding_batches;
  // Messages in one batch. Default 1; 1 to 1,024.
  int32_t max_batch_size;
  // For ROCKETMQ_CONSUME_FROM_TIMESTAMP.
  int64_t consume_timestamp_ms;
  // Deliveries after the first one before a message goes to the dead-letter queue (of a broadcasting consumer that is
  // orderly: before it is passed over). Default, and -1 as in Apache's client: 16, for ROCKETMQ_ORDERLY without limit.
  // 1 to 1,000,000; ROCKETMQ_NO_REDELIVERY: a failed message is never delivered again (what 0 is in Apache's client).
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
  // acknowledgement then gives INVALID_STATE). With ROCKETMQ_ORDERLY its queue waits for it instead, as two deliveries
  // at once would break the order, but goes to another member if it is that one's turn. Default 900,000 (15 min);
  // 1,000 to 86,400,000.
  int32_t consume_timeout_ms;
  // With ROCKETMQ_ORDERLY: how long a queue rests after a failure. Default 1,000; 10 to 30,000.
  int32_t suspend_queue_ms;
  // The least time between two pulls of one queue. Default 0, none; 1 to 65,535.
  int32_t pull_interval_ms;
  // Default: none.
  rocketmq_queues_callback on_queues_changed;
  // With ROCKETMQ_BROADCASTING: the folder of the offsets, in UTF-8, made where it is missing. The file is
  // <offset_directory>/<instance_name>/<group>/offsets.json; without an instance_name the host's name is in its place,
  // so give one where the host's name changes from start to start. Characters beyond letters, digits, '.', '_' and '-'
  // are written as %XX. The file before stays as offsets.json.bak, and is used when the other one is damaged. Default:
  // .rocketmq_offsets in the user's home.
  rocketmq_string offset_directory;
  // One of ROCKETMQ_ALLOCATE_*.
  int32_t allocation;
  // With ROCKETMQ_ALLOCATE_CONSISTENT_HASH: a member's points on the ring. Default 10; 1 to 10,000.
  int32_t allocation_virtual_nodes;
  // With ROCKETMQ_ALLOCATE_BY_CONFIGURATION: the queues, of any topics. 0 of them: none but those of the retry topic.
  const rocketmq_queue *const *allocation_queues;
  // With ROCKETMQ_ALLOCATE_BY_MACHINE_ROOM: the rooms, at least one.
  const rocketmq_string *allocation_machine_rooms;
  int32_t allocation_queue_count;
  int32_t allocation_machine_room_count;
  // Flow control, per topic (the group's retry topic is one of its own): each queue of it that the consumer has may
  // hold an equal part of these, at least 1, and no more than its own limits above allow. Parts follow as queues come
  // and go; as with those, a pull that was due brings up to pull_batch_size messages beyond. Messages, 1 to 6,553,500,
  // and bytes of bodies, 1 to 107,374,182,400 (the limits of Apache's client, which counts bytes in MiB). Default 0:
  // none.
  int64_t max_cached_bytes_per_topic;
  int32_t max_cached_messages_per_topic;
  int32_t reserved;
} rocketmq_push_consumer_options;

#define ROCKETMQ_FILTER_TAG 0
#define ROCKETMQ_FILTER_SQL92 1

// Errors: INVALID_ARGUMENT, NOT_SUPPORTED, OUT_OF_MEMORY.
ROCKETMQ_API int32_t rocketmq_push_consumer_create(const rocketmq_client_options *client_options,
                                                   const rocketmq_push_consumer_options *options,
                                                   rocketmq_push_consumer **consumer, rocketmq_error *error);

// Adds a topic, or changes its filter; before or after start. `expression` of ROCKETMQ_FILTER_TAG is "*"
// (also when absent) or tags joined by "||"; of ROCKETMQ_FILTER_SQL92 it is a condition on properties, such as
// "price > 10 AND region = 'eu'". All members of a group must have the same filters. A new filter is for what is
// pulled from then on. After start it asks a broker of the topic whether it takes a condition, and waits for that at
// most client_options.request_timeout_ms; where none answers in time, it succeeds, and a later refusal is logged.
// Errors: INVALID_ARGUMENT, CLOSED, REJECTED (by the broker's response_code and remark; the earlier filter stays),
// NOT_SUPPORTED (a static topic, as far as it is known; one that is found out later is logged and not consumed).
ROCKETMQ_API int32_t rocketmq_push_consumer_subscribe(rocketmq_push_consumer *consumer,
                                                      const rocketmq_string *topic, int32_t filter_type,
                                                      const rocketmq_string *expression, rocketmq_error *error);

// Gives up a topic: its queues are dropped, its offsets persisted. Errors: INVALID_ARGUMENT, CLOSED.
ROCKETMQ_API int32_t rocketmq_push_consumer_unsubscribe(rocketmq_push_consumer *consumer,
                                                        const rocketmq_string *topic, rocketmq_error *error);

// Starts consuming. Does not wait for any server, save for its word on filters by ROCKETMQ_FILTER_SQL92, as
// rocketmq_push_consumer_subscribe; a cluster that is down is tried again until it answers.
// Errors: INVALID_STATE (started before), CLOSED, CONFLICT (a live consumer of this group in the same
// client, or with the same file of offsets), INVALID_ARGUMENT (an offset_directory that cannot be used), REJECTED (a
// broker refuses a filter; it may be started again with another one).
ROCKETMQ_API int32_t rocketmq_push_consumer_start(rocketmq_push_consumer *consumer, rocketmq_error *error);

// Stops and resumes giving out batches; what was given out is still acknowledged. Suspended before the start, a
// consumer gives out nothing until it is resumed. Errors: INVALID_STATE, CLOSED.
ROCKETMQ_API int32_t rocketmq_push_consumer_suspend(rocketmq_push_consumer *consumer, rocketmq_error *error);
ROCKETMQ_API int32_t rocketmq_push_consumer_resume(rocketmq_push_consumer *consumer, rocketmq_error *error);

typedef struct rocketmq_acknowledgement {
  uint64_t size;
  // The first `success_count` messages of the batch are consumed; the rest go back to the broker and are
  // delivered again (ROCKETMQ_ORDERLY: in place; ROCKETMQ_BROADCASTING: passed over). -1: all are consumed. 0: none.
  int32_t success_count;
  // When the rest is delivered again: 0, the broker's schedule by reconsume_times; 1 and up, that delay
  // level of the broker's (above its last one: the last; not with ROCKETMQ_ORDERLY); -1, no more: to the dead-letter
  // queue at once.
  int32_t delay_level;
  // With ROCKETMQ_ORDERLY only: how long the queue rests before the rest is delivered again. 0: suspend_queue_ms of
  // the options; 10 to 30,000.
  int32_t suspend_ms;
  int32_t reserved;
} rocketmq_acknowledgement;

// Ends a batch and frees it. `acknowledgement` NULL: all consumed. Does not wait for the network; a message
// that cannot be given back is delivered again by this consumer. When another member got an orderly queue's lock
// meanwhile, the acknowledgement succeeds but counts for nothing: that member has the messages.
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

// Errors: INVALID_ARGUMENT, INVALID_STATE (not started), CLOSED.
ROCKETMQ_API int32_t rocketmq_push_consumer_get_client_id(rocketmq_push_consumer *consumer,
                                                          rocketmq_client_id *client_id, rocketmq_error *error);

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

#endif  // ROCKETMQ_PUSH_CONSUMER_H_
