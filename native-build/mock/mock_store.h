#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/message.h"

namespace rocketmq::mock {

using QueueKey = std::pair<std::string, int>;  // topic, queue id

// A message as it lies in a queue.
struct StoredBytes {
  std::vector<uint8_t> bytes;
  int32_t tag_hash = 0;
  int64_t store_timestamp_ms = 0;
};

struct StoredQueue {
  int64_t first_offset = 0;
  std::vector<StoredBytes> messages;
  int64_t end() const { return first_offset + static_cast<int64_t>(messages.size()); }
  // nullptr where there is none.
  const StoredBytes* at(int64_t offset) const {
    return offset < first_offset || offset >= end() ? nullptr : &messages[static_cast<size_t>(offset - first_offset)];
  }
};

// The log of a mock broker and its queues, which come into being when they are asked for. Under the cluster's mutex.
class MockStore {
 public:
  using Queues = std::map<QueueKey, StoredQueue>;

  // Where the next message will lie in the log.
  int64_t log_end() const { return log_end_; }
  // Moves the end of the log, as by something that is no message of a queue; where it was.
  int64_t advance(int64_t bytes);
  // The offset in the queue.
  int64_t append(const QueueKey& key, StoredBytes stored);
  StoredQueue& queue(const QueueKey& key) { return queues_[key]; }
  // nullptr for one that nobody asked for.
  const StoredQueue* find(const QueueKey& key) const;
  // The queues of one topic, from first to second.
  std::pair<Queues::const_iterator, Queues::const_iterator> queues_of(const std::string& topic) const;
  // The message that begins there in the log, nullptr where there is none.
  const StoredBytes* at_log_offset(int64_t log_offset) const;
  void trim(const QueueKey& key, int64_t offset);
  bool corrupt(const QueueKey& key, int64_t offset);

 private:
  int64_t log_end_ = 0;
  Queues queues_;
  std::map<int64_t, std::pair<QueueKey, int64_t>> by_log_offset_;
};

// The one message that the bytes are, or none.
std::vector<StoredMessage> decode_one(const std::vector<uint8_t>& bytes);

}  // namespace rocketmq::mock
