#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
#include "protocol/route.h"
#include "protocol/unique_id.h"

namespace rocketmq {

enum class SendStatus { kOk = 0, kFlushDiskTimeout = 1, kFlushSlaveTimeout = 2, kSlaveNotAvailable = 3 };

struct SendReceipt {
  // As rocketmq_send_result has room for them.
  using Text = FixedText<63>;

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
};

// The end of one asynchronous send.
struct SendOutcome {
  uint64_t context = 0;
  const Result<SendReceipt>& result;
};

// Called on the client's callback thread with 1 to 1,024 outcomes.
using SendCallback = std::function<void(std::vector<SendOutcome>& outcomes)>;

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
  ByteView body;
  const std::pair<std::string_view, std::string_view>* properties = nullptr;
  size_t property_count = 0;
};

// Checked options; see rocketmq_producer_options.
struct ProducerOptions {
  std::string group;
  SendCallback on_sent;
  Millis send_timeout{3000};
  Millis attempt_timeout{0};  // 0: a share of what is left
  int32_t max_attempts = 3;
  int32_t compress_threshold_bytes = 4096;  // -1: never
  CompressionType compression = CompressionType::kZlib;
  int32_t compress_level = 5;
  int32_t max_message_bytes = 4 * 1024 * 1024;
  int32_t max_in_flight_count = 1024;
  int64_t max_in_flight_bytes = 100LL * 1024 * 1024;
  int32_t default_topic_queues = 4;
  bool retry_not_store_ok = false;
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
  // Waits until the request was handed to a connection.
  Status send_one_way(const OutgoingMessage& message, Millis timeout);
  Status warm_up(std::string_view topic);
  Result<ProducerStatistics> statistics() const;
  // Idempotent; waits for the drain, not on a client thread.
  Status close(Millis timeout);

  class Impl;

 private:
  explicit Producer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rocketmq
