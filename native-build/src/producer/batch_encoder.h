#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "producer/message_encoder.h"
#include "producer/producer.h"

namespace rocketmq {

// Puts messages together into one request: all for one topic, and for one queue where one names a queue or a sharding
// key. Owned by the send; one thread at a time.
class BatchEncoder {
 public:
  // A broker counts the messages of a batch in 16 bits.
  static constexpr size_t kMostMessages = 32767;

  explicit BatchEncoder(const ProducerOptions& options) : options_(options) {}

  // kInvalidArgument for what may not be in a batch, or not in this one; then nothing of it is added.
  Status add(const OutgoingMessage& message);
  size_t count() const { return ids_.size(); }
  size_t bytes() const { return body_.size(); }
  // What a message takes in a batch, at most.
  static size_t size_of(const OutgoingMessage& message);
  // At least one was added. It is empty afterwards.
  EncodedMessage finish();

 private:
  Status check(const OutgoingMessage& message) const;

  const ProducerOptions& options_;
  std::string topic_;
  std::string broker_name_;
  std::string sharding_key_;
  int32_t queue_id_ = 0;
  std::vector<uint8_t> body_;
  std::vector<UniqueId> ids_;
};

}  // namespace rocketmq
