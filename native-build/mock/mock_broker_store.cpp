#include <asio/post.hpp>

#include "base/clock.h"
#include "mock/mock_broker.h"
#include "mock/properties.h"
#include "protocol/subscription.h"

namespace rocketmq::mock {

// Messages on their way into the store, and what tests see of it.

int64_t MockBroker::store(const MessageToStore& message, int32_t delay_level) {
  struct Owned {
    MessageToStore message;
    std::string topic;
    std::string properties;
    std::vector<uint8_t> body;
  };
  auto owned = std::make_shared<Owned>();
  owned->topic = message.topic;
  owned->properties = message.properties;
  owned->body.assign(message.body.begin(), message.body.end());
  owned->message = message;
  const auto append_it = [this, owned]() -> int64_t {
    const QueueKey key{owned->topic, owned->message.queue_id};
    MessageToStore& stored = owned->message;
    stored.topic = owned->topic;
    stored.properties = owned->properties;
    stored.body = {owned->body.data(), owned->body.size()};
    stored.queue_offset = store_.queue(key).end();
    stored.commit_log_offset = store_.log_end();
    stored.store_timestamp_ms = wall_clock_ms();
    stored.store_host = own_host();
    StoredBytes bytes;
    encode_stored_message(stored, bytes.bytes);
    bytes.tag_hash = java_string_hash(property_of(owned->properties, property::kTags));
    bytes.store_timestamp_ms = stored.store_timestamp_ms;
    return append(key, std::move(bytes));
  };
  if (delay_level <= 0) return append_it();
  auto timer = std::make_shared<asio::steady_timer>(loop_, delay_unit_ * delay_level);
  timer->async_wait([this, timer, append_it](asio::error_code error) {
    std::lock_guard lock(mutex_);
    if (!error) append_it();
  });
  return 0;
}

int64_t MockBroker::append(const QueueKey& key, StoredBytes stored) {
  const int64_t offset = store_.append(key, std::move(stored));
  asio::post(loop_, [this, key] {
    std::lock_guard lock(mutex_);
    release_pulls(key);
    pop_.on_stored(key.first);
  });
  return offset;
}

void MockBroker::store_again(const std::string& topic, int queue_id, int64_t offset, const std::string& to) {
  const StoredBytes* stored = store_.queue({topic, queue_id}).at(offset);
  if (stored == nullptr) return;
  for (const auto& message : decode_one(stored->bytes)) {
    std::string properties;
    for (const auto& [name, value] : message.properties) append_property(properties, name, value);
    MessageToStore again;
    again.topic = to;
    again.properties = properties;
    again.body = message.body.view();
    again.flag = message.flag;
    again.born_timestamp_ms = message.born_timestamp_ms;
    again.born_host = message.born_host;
    again.reconsume_times = message.reconsume_times + 1;
    store(again, 0);
  }
}

void MockBroker::set_delay_unit(std::chrono::milliseconds unit) {
  std::lock_guard lock(mutex_);
  delay_unit_ = unit;
}

int64_t MockBroker::put(const std::string& topic, int queue, const std::string& body, const std::string& properties) {
  std::lock_guard lock(mutex_);
  MessageToStore message;
  message.topic = topic;
  message.properties = properties;
  message.body = as_bytes(body);
  message.queue_id = queue;
  message.born_timestamp_ms = wall_clock_ms();
  message.born_host = own_host();
  return store(message, 0);
}

void MockBroker::put_raw(const std::string& topic, int queue, std::vector<uint8_t> bytes) {
  std::lock_guard lock(mutex_);
  append({topic, queue}, {std::move(bytes), 0, wall_clock_ms()});
}

void MockBroker::trim(const std::string& topic, int queue, int64_t offset) {
  std::lock_guard lock(mutex_);
  store_.trim({topic, queue}, offset);
}

bool MockBroker::corrupt(const std::string& topic, int queue, int64_t offset) {
  std::lock_guard lock(mutex_);
  return store_.corrupt({topic, queue}, offset);
}

std::vector<StoredMessage> MockBroker::messages(const std::string& topic) const {
  std::vector<StoredMessage> all;
  std::lock_guard lock(mutex_);
  for (auto [each, end] = store_.queues_of(topic); each != end; ++each) {
    for (const StoredBytes& stored : each->second.messages) {
      for (auto& message : decode_one(stored.bytes)) all.push_back(std::move(message));
    }
  }
  return all;
}

}  // namespace rocketmq::mock
