// Messages that are part of a local transaction; see rocketmq.h.
//
// A half message is stored by the broker, and given to consumers only once its transaction is committed: send the half,
// do the local work (a database's transaction, say), then end the transaction with COMMIT or ROLLBACK. Where the end
// does not reach the broker, as the process died in between, the broker asks a live producer of the same group what
// became of it: the check callback looks it up, by the message's id or keys. A broker that got no answer asks again
// (every 30 s, 15 times as RocketMQ ships), and then drops the message.
#ifndef ROCKETMQ_TRANSACTION_H_
#define ROCKETMQ_TRANSACTION_H_

#include "rocketmq/producer.h"

#ifdef __cplusplus
extern "C" {
#endif

// What became of a transaction. UNKNOWN: not decided yet, the broker shall ask later.
#define ROCKETMQ_TRANSACTION_UNKNOWN 0
#define ROCKETMQ_TRANSACTION_COMMIT 1
#define ROCKETMQ_TRANSACTION_ROLLBACK 2

// A broker's question. It and all it points at live until rocketmq_producer_answer_check(producer,
// check->check_id, …), or until rocketmq_producer_destroy.
typedef struct rocketmq_transaction_check {
  uint64_t size;
  uint64_t check_id;
  // The half message, decompressed, with the topic to which it goes.
  const rocketmq_message_view *message;
  // The id of the message, unless the broker has another one.
  rocketmq_string transaction_id;
} rocketmq_transaction_check;

// Called on the threads "rmq-check-N" with one check at a time per thread; each check must be answered once, inside the
// callback or later from any thread. `context` is rocketmq_transaction_options.context.
typedef void (*rocketmq_transaction_check_callback)(uint64_t context, const rocketmq_transaction_check *check);

typedef struct rocketmq_transaction_options {
  uint64_t size;
  // Required.
  rocketmq_transaction_check_callback on_check;
  uint64_t context;
  // Threads that call on_check; each begins when it is needed. Default 4; 1 to 64.
  int32_t check_threads;
  // Checks that wait or are not answered; what comes beyond is dropped with a log record, and the broker asks again.
  // Default 2,000; 1 to 100,000.
  int32_t max_pending_checks;
  // A check that takes longer holds up nothing any more: it no longer counts among the pending ones, and while its
  // callback runs another thread takes its place. It may still be answered. Default 60,000; 10 to 3,600,000.
  int32_t check_timeout_ms;
  int32_t reserved;
} rocketmq_transaction_options;

// Makes transactions possible; before rocketmq_producer_start. Once started, the producer makes its group known to
// every broker, so that it is asked also about transactions of an instance that died. Replaces earlier options.
// Errors: INVALID_ARGUMENT, INVALID_STATE (started before), CLOSED.
ROCKETMQ_API int32_t rocketmq_producer_set_transaction_options(rocketmq_producer *producer,
                                                               const rocketmq_transaction_options *options,
                                                               rocketmq_error *error);

// Sends a half message, and waits as rocketmq_producer_send. On OK with the status SEND_OK, result->transaction is the
// transaction's number, for rocketmq_producer_end_transaction; with any other status the message is not safe, its
// transaction was rolled back, and the number is 0. `result` is required; `options` may be NULL.
// Errors: as rocketmq_producer_send; INVALID_ARGUMENT also for a delayed message, INVALID_STATE also where no
// transaction options are set, TOO_MANY_REQUESTS also when 100,000 transactions are open.
// After TIMEOUT and CONNECTION_LOST the broker may ask about the message.
ROCKETMQ_API int32_t rocketmq_producer_send_half(rocketmq_producer *producer, const rocketmq_message *message,
                                                 const rocketmq_send_options *options, rocketmq_send_result *result,
                                                 rocketmq_error *error);

// The same as rocketmq_producer_send_async does it: the result comes with the completion.
ROCKETMQ_API int32_t rocketmq_producer_send_half_async(rocketmq_producer *producer, const rocketmq_message *message,
                                                       const rocketmq_send_options *options, uint64_t context,
                                                       rocketmq_error *error);

// Ends a transaction with one of ROCKETMQ_TRANSACTION_*; UNKNOWN leaves it to the broker's check. Waits until the
// request was handed to the connection, at most the send timeout; it is not acknowledged, so that a connection that
// breaks just then leaves it to the check too. A transaction that is never ended is as one ended with UNKNOWN.
// Errors: INVALID_ARGUMENT for a state that is none; INVALID_STATE for a transaction that was ended before, or is no
// transaction of this producer; CLOSED; TIMEOUT, UNREACHABLE, CONNECTION_LOST: it stays open, and may be ended again.
ROCKETMQ_API int32_t rocketmq_producer_end_transaction(rocketmq_producer *producer, uint64_t transaction,
                                                       int32_t state, rocketmq_error *error);

// The same without waiting; ends as rocketmq_producer_get_queues_async, with the errors TIMEOUT, UNREACHABLE,
// CONNECTION_LOST and CLOSED in the completion. While the producer is being closed it is refused with CLOSED.
ROCKETMQ_API int32_t rocketmq_producer_end_transaction_async(rocketmq_producer *producer, uint64_t transaction,
                                                             int32_t state, uint64_t context, rocketmq_error *error);

// Answers a check with one of ROCKETMQ_TRANSACTION_*, and frees it. Does not wait for the network; an answer that gets
// lost makes the broker ask again. Errors: INVALID_ARGUMENT for a state that is none (the check stays); INVALID_STATE
// for a check that is unknown or was answered before; CLOSED.
ROCKETMQ_API int32_t rocketmq_producer_answer_check(rocketmq_producer *producer, uint64_t check_id, int32_t state,
                                                    rocketmq_error *error);

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_TRANSACTION_H_
