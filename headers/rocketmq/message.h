// Messages to send, and received ones; see rocketmq.h.
#ifndef ROCKETMQ_MESSAGE_H_
#define ROCKETMQ_MESSAGE_H_

#include "rocketmq/status.h"

#ifdef __cplusplus
extern "C" {
#endif

// A message to send. Nothing of it is used after the call returns.
typedef struct rocketmq_message {
  uint64_t size;
  // Required, save for a reply: 1 to 127 characters of letters, digits, '%', '|', '_' and '-'.
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
  // 1 and up delays delivery by the broker's level (1 to 18, 1 s to 2 h, as RocketMQ ships; a broker takes its last one
  // for those beyond). 0: no delay.
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
  // Makes this the reply to a request that was received: its rocketmq_message_view.encoded_properties. Then without a
  // topic and a delay.
  rocketmq_string reply_to;
  // With has_priority 1: 0 (the lowest) and up. The broker (from RocketMQ 5.4 on; older ones ignore it) chooses the
  // queue by it, the topic's last one for the highest and all beyond; of a topic of the type PRIORITY, POP gives groups
  // the messages of higher priority first. Not together with a delay, a queue, a sharding key or a transaction, nor in
  // batches and replies.
  int32_t priority;
  int32_t has_priority;
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
  // Of a half message: what rocketmq_producer_end_transaction takes; otherwise 0.
  uint64_t transaction;
} rocketmq_send_result;

// A queue of a topic.
typedef struct rocketmq_queue {
  uint64_t size;
  rocketmq_string topic;
  rocketmq_string broker_name;
  int32_t queue_id;
  int32_t reserved;
} rocketmq_queue;

// Queues that belong to the caller, who frees all by rocketmq_queue_list_destroy.
typedef struct rocketmq_queue_list {
  uint64_t size;
  const rocketmq_queue *const *queues;
  int32_t count;
  int32_t reserved;
} rocketmq_queue_list;

ROCKETMQ_API void rocketmq_queue_list_destroy(const rocketmq_queue_list *list);

// A received message. Everything it points at lives until its batch is acknowledged, or released.
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
  // By which a message of a simple consumer is acknowledged; absent in those of a push consumer.
  rocketmq_string receipt_handle;
  // The first offset of its queue, and the one after its last, when a push consumer pulled it: how far the group is
  // behind there. -1 where unknown, as in a simple consumer. (Apache's properties MIN_OFFSET and MAX_OFFSET.)
  int64_t queue_min_offset;
  int64_t queue_max_offset;
  // When a push consumer gave its batch to the callback, by this machine's clock, in ms since 1970; 0 in a simple
  // consumer. (Apache's CONSUME_START_TIME.)
  int64_t consume_start_timestamp_ms;
} rocketmq_message_view;

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_MESSAGE_H_
