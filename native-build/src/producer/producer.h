#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/compression.h"
#include "base/error.h"
#include "base/fixed_text.h"
#include "client/client_options.h"
#include "producer/transaction.h"
#include "protocol/codes.h"
#include "protocol/message.h"
#include "protocol/route.h"
#include "protocol/unique_id.h"

namespace rocketmq {

class CompletionTaker;

enum class SendStatus { kOk = 0, kFlushDiskTimeout = 1, kFlushSlaveTimeout = 2, kSlaveNotAvailable = 3 };

// Room for what brokers give as ids (offset ids of IPv6 hosts have 56 characters) and as names of regions.
using ReceiptText = FixedText<63>;

// One message of a batch that was stored.
struct BatchedMessage {
  UniqueId message_id{};
  ReceiptText offset_message_id;
};

struct SendReceipt {
  using Text = ReceiptText;

  SendStatus status = SendStatus::kOk;
  int32_t queue_id = 0;
  int64_t queue_offset = 0;
  int32_t attempts = 0;
  UniqueId message_id{};
  Text offset_message_id;
  Text transaction_id;
  Text region_id;
  std::string broker_name;
  std::string recall_handle;
  // Of a batch: its messages, whose offsets follow each other from queue_offset on.
  std::vector<BatchedMessage> batch;
  // Of a half message: what Producer::end_transaction takes; 0 where it was rolled back, or is none.
  uint64_t transaction = 0;
};

// The receipt of one message of a batch.
SendReceipt receipt_of(const SendReceipt& batch, size_t place);

// The end of one asynchronous send.
struct SendOutcome {
  uint64_t context = 0;
  const Result<SendReceipt>& result;
};

// Called on the callback threads with 1 to 1,024 outcomes, one call at a time for each producer.
using SendCallback = std::function<void(std::vector<SendOutcome>& outcomes)>;

// The end of one asynchronous request; what it refers to lives until the callback returns.
struct ReplyOutcome {
  uint64_t context = 0;
  const Result<StoredMessage>& reply;
};
// Called as SendCallback is, never beside it.
using ReplyCallback = std::function<void(const ReplyOutcome& outcome)>;

// What a call that is no send gave: a recall's message id, or the queues asked for.
struct CallEnd {
  std::string message_id;
  std::vector<MessageQueue> queues;
};

// The end of one asynchronous call that is no send; what it refers to lives until the callback returns.
struct CallOutcome {
  uint64_t context = 0;
  const Result<CallEnd>& end;
};
// Called as SendCallback is, never beside it.
using CallCallback = std::function<void(const CallOutcome& outcome)>;

// What the caller wants sent; nothing of it is used after the call returns.
struct OutgoingMessage {
  std::string_view topic;
  std::string_view tag;
  std::string_view keys;
  std::string_view sharding_key;
  // A queue of this broker, when set.
  std::string_view broker_name;
  int32_t queue_id = 0;
  int32_t flag = 0;
  int32_t delay_level = 0;
  int64_t deliver_at_ms = 0;
  // Of topics of RocketMQ's type PRIORITY.
  std::optional<int32_t> priority;
  ByteView body;
  const std::pair<std::string_view, std::string_view>* properties = nullptr;
  size_t property_count = 0;
  // The encoded properties of the request that this is the reply to; then without a topic.
  std::string_view reply_to;

  // What the library adds for transactions, requests and replies, and does not check: encoded properties, flags, and
  // the request's code.
  std::string_view system_properties;
  int32_t system_flag = 0;
  int32_t request_code = request_code::kSendMessageV2;
};

// Checked options; see rocketmq_producer_options.
struct ProducerOptions {
  std::string group;
  SendCallback on_sent;
  // What on_sent was given last is no longer needed.
  std::function<void()> on_told;
  // Takes the ends of sends in place of having them told on a callback thread. nullptr: none.
  std::shared_ptr<CompletionTaker> taker;
  CallCallback on_call_ended;
  Millis send_timeout{3000};
  Millis attempt_timeout{0};  // 0: what is left
  int32_t max_attempts = 3;
  int32_t compress_threshold_bytes = 4096;  // -1: never
  CompressionType compression = CompressionType::kZlib;
  int32_t compress_level = 5;
  int32_t max_message_bytes = 4 * 1024 * 1024;
  int32_t max_in_flight_count = 1024;
  int64_t max_in_flight_bytes = 100LL * 1024 * 1024;
  int32_t default_topic_queues = 4;
  // Sends that come within `auto_batch_linger` go together; 0: each by itself.
  Millis auto_batch_linger{0};
  int32_t auto_batch_max_bytes = 32 * 1024;
  int32_t auto_batch_max_count = 1000;
  // A broker that answers slowly is avoided for a while, as one that failed is.
  bool avoid_slow_brokers = false;
  // Brokers that are avoided are asked so often whether they answer again; 0: never.
  Millis detect_interval{0};
  Millis detect_timeout{200};
  bool retry_not_store_ok = false;
  // Sends to a queue of their own are tried again there.
  bool retry_same_queue = false;
  // The codes after which a send is tried again; where it is not set, those of Apache's client.
  std::optional<std::vector<int32_t>> retry_response_codes;
  bool block_when_full = false;
};

struct ProducerStatistics {
  int64_t sends_accepted = 0;
  int64_t sends_succeeded = 0;
  int64_t sends_failed = 0;
  int64_t sends_retried = 0;
  int64_t one_way_sends = 0;
  int64_t in_flight_count = 0;
  int64_t in_flight_bytes = 0;
  int64_t open_transactions = 0;
  int64_t pending_checks = 0;
  int64_t waiting_requests = 0;
};

// Chooses one of the queues of a topic by its place among them.
using QueueChooser = std::function<int32_t(const std::vector<MessageQueue>& queues)>;
struct ChosenQueue {
  MessageQueue queue;
  // Of the send's timeout.
  Millis left{0};
};

// Every function from any thread. A timeout of 0 is the producer's send_timeout.
class Producer {
 public:
  static Result<std::unique_ptr<Producer>> create(ClientOptions client_options, ProducerOptions options);
  // Closes with no time to wait where that was not done; on a client thread "rmq-close" does the rest.
  ~Producer();

  Status start();
  Result<SendReceipt> send(const OutgoingMessage& message, Millis timeout);
  // On success `context` comes back with exactly one outcome. What is not `limited` takes no part in
  // max_in_flight_count and max_in_flight_bytes.
  Status send_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited = true);
  // All messages in one request: for one topic, and stored together or not at all.
  Result<SendReceipt> send_batch(const std::vector<OutgoingMessage>& messages, Millis timeout);
  Status send_batch_async(const std::vector<OutgoingMessage>& messages, Millis timeout, uint64_t context,
                          bool limited = true);
  // How many of the first messages one batch has room for; 0 where the first one is too large for any.
  Result<size_t> fit_batch(const std::vector<OutgoingMessage>& messages) const;
  // Waits until the request was handed to a connection.
  Status send_one_way(const OutgoingMessage& message, Millis timeout);
  // Each of the asynchronous calls: on success `context` comes back with exactly one outcome of ProducerOptions
  // .on_call_ended.
  Status warm_up(std::string_view topic);
  Status warm_up_async(std::string_view topic, uint64_t context);
  // The queues of a topic to send to; waits for the route where that is not known.
  Result<std::vector<MessageQueue>> queues(std::string_view topic, Millis timeout);
  // Nothing where the route is not known yet; does not wait.
  Result<std::optional<std::vector<MessageQueue>>> known_queues(std::string_view topic);
  Status queues_async(std::string_view topic, Millis timeout, uint64_t context);
  // The queue that `choose`, which is called on this thread, wants for a send with this timeout.
  Result<ChosenQueue> choose_queue(std::string_view topic, Millis timeout, const QueueChooser& choose);
  // Takes back a timed message that is not delivered yet, by the receipt's recall_handle; its message id.
  Result<std::string> recall(std::string_view topic, std::string_view handle, Millis timeout);
  Status recall_async(std::string_view topic, std::string_view handle, Millis timeout, uint64_t context);
  // Starts the batches that wait for more messages, and waits until all sends that were accepted before have ended and
  // were told. kTimeout when some have not.
  Status flush(Millis timeout);
  // The name by which brokers know this client; from start() on.
  Result<std::string> client_id() const;

  // Before start(): makes transactions possible.
  Status set_transaction_options(TransactionOptions options);
  // Sends a half message, which consumers see once its transaction is committed; the receipt tells its number.
  Result<SendReceipt> send_half(const OutgoingMessage& message, Millis timeout);
  Status send_half_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited = true);
  // Waits until the request was handed to a connection.
  Status end_transaction(uint64_t transaction, TransactionState state);
  Status end_transaction_async(uint64_t transaction, TransactionState state, uint64_t context);
  // Does not wait for the network.
  Status answer_check(uint64_t check, TransactionState state);

  // Once: makes asynchronous requests possible.
  Status set_reply_callback(ReplyCallback on_reply);
  // Sends a message and waits for a consumer's reply. kTimeout tells whether the message was stored.
  Result<StoredMessage> request(const OutgoingMessage& message, Millis timeout);
  // On success `context` comes back with exactly one outcome.
  Status request_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited = true);

  Result<ProducerStatistics> statistics() const;
  // Idempotent; waits for the drain, not on a client thread.
  Status close(Millis timeout);

  class Impl;

 private:
  explicit Producer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rocketmq
