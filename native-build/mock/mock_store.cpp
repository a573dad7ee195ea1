#include "mock/mock_store.h"

#include <algorithm>
#include <climits>

namespace rocketmq::mock {

namespace {

// Of a message whose hosts are IPv4, as those of this broker are.
constexpr size_t kBodyLengthAt = 84;

}  // namespace

std::vector<StoredMessage> decode_one(const std::vector<uint8_t>& bytes) {
  auto decoded = decode_messages(SharedBytes(std::vector<uint8_t>(bytes)));
  return decoded ? std::move(decoded->messages) : std::vector<StoredMessage>();
}

int64_t MockStore::advance(int64_t bytes) {
  const int64_t before = log_end_;
  log_end_ += bytes;
  return before;
}

int64_t MockStore::append(const QueueKey& key, StoredBytes stored) {
  StoredQueue& queue = queues_[key];
  const int64_t offset = queue.end();
  by_log_offset_[advance(static_cast<int64_t>(stored.bytes.size()))] = {key, offset};
  queue.messages.push_back(std::move(stored));
  return offset;
}

const StoredQueue* MockStore::find(const QueueKey& key) const {
  const auto found = queues_.find(key);
  return found == queues_.end() ? nullptr : &found->second;
}

std::pair<MockStore::Queues::const_iterator, MockStore::Queues::const_iterator> MockStore::queues_of(
    const std::string& topic) const {
  return {queues_.lower_bound({topic, INT_MIN}), queues_.upper_bound({topic, INT_MAX})};
}

const StoredBytes* MockStore::at_log_offset(int64_t log_offset) const {
  const auto where = by_log_offset_.find(log_offset);
  if (where == by_log_offset_.end()) return nullptr;
  const auto& [key, offset] = where->second;
  const StoredQueue* queue = find(key);
  return queue == nullptr ? nullptr : queue->at(offset);
}

void MockStore::trim(const QueueKey& key, int64_t offset) {
  StoredQueue& queue = queues_[key];
  const auto count = std::min<int64_t>(offset - queue.first_offset, static_cast<int64_t>(queue.messages.size()));
  queue.messages.erase(queue.messages.begin(), queue.messages.begin() + count);
  queue.first_offset = offset;
}

bool MockStore::corrupt(const QueueKey& key, int64_t offset) {
  StoredQueue& queue = queues_[key];
  if (queue.at(offset) == nullptr) return false;
  auto& bytes = queue.messages[static_cast<size_t>(offset - queue.first_offset)].bytes;
  if (bytes.size() < kBodyLengthAt + 4) return false;
  ByteReader reader({bytes.data() + kBodyLengthAt, 4});
  if (reader.i32() <= 0) return false;
  bytes[kBodyLengthAt + 4] ^= 0x55;
  return true;
}

}  // namespace rocketmq::mock
