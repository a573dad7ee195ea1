#include "producer/batch_encoder.h"

#include "protocol/codes.h"
#include "protocol/message.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

// Total size, magic, checksum, flag, length of the body, length of the properties.
constexpr size_t kFixedBytes = 4 + 4 + 4 + 4 + 4 + 2;
// UNIQ_KEY and WAIT, the names of TAGS, KEYS, __SHARDINGKEY, and separators.
constexpr size_t kOwnProperties = 42 + 10 + 6 + 6 + 15;

Status invalid(std::string message, const OutgoingMessage& of) {
  Error error;
  error.kind = ErrorKind::kInvalidArgument;
  error.message = std::move(message);
  error.topic = std::string(of.topic.substr(0, kMaxTopicLength));
  return fail(std::move(error));
}

}  // namespace

size_t BatchEncoder::size_of(const OutgoingMessage& message) {
  size_t size = kFixedBytes + kOwnProperties + message.body.size() + message.tag.size() + message.keys.size() +
                message.sharding_key.size();
  for (size_t i = 0; i < message.property_count; ++i) {
    size += message.properties[i].first.size() + message.properties[i].second.size() + 2;
  }
  return size;
}

Status BatchEncoder::check(const OutgoingMessage& message) const {
  const auto place = [&] { return "message " + std::to_string(ids_.size()) + " of the batch"; };
  if (message.delay_level != 0 || message.deliver_at_ms != 0) {
    return invalid(place() + " is delayed, which brokers refuse in batches: send it by itself", message);
  }
  if (message.priority) {
    return invalid(place() + " has a priority, which brokers ignore in batches: send it by itself", message);
  }
  if (!message.reply_to.empty()) {
    return invalid(place() + " is a reply, which goes to its requester alone: send it by itself", message);
  }
  if (message.topic.starts_with(kRetryTopicPrefix)) {
    return invalid(place() + " goes to the retry topic \"" + std::string(message.topic) +
                       "\", which brokers refuse in batches: send it by itself",
                   message);
  }
  if (ids_.empty()) return {};
  if (message.topic != topic_) {
    return invalid(place() + " goes to the topic \"" + std::string(message.topic) + "\", the ones before to \"" +
                       topic_ + "\": send one batch for each topic",
                   message);
  }
  if (message.broker_name != broker_name_ || (!broker_name_.empty() && message.queue_id != queue_id_)) {
    return invalid(place() + " names another queue than the ones before: send one batch for each queue", message);
  }
  if (message.sharding_key != sharding_key_) {
    return invalid(place() + " has the sharding key \"" + std::string(message.sharding_key) + "\", the ones before \"" +
                       sharding_key_ + "\": send one batch for each key, as a batch goes to one queue",
                   message);
  }
  if (ids_.size() >= kMostMessages) {
    return invalid("the batch has more than " + std::to_string(kMostMessages) + " messages: split it", message);
  }
  return {};
}

Status BatchEncoder::add(const OutgoingMessage& message) {
  if (auto valid = check(message); !valid) return valid;
  if (auto valid = check_message(message, options_); !valid) return valid;
  const UniqueId id = create_unique_id();
  std::string properties;
  if (auto encoded = encode_properties(message, as_text(id), properties); !encoded) return encoded;
  const size_t size = kFixedBytes + message.body.size() + properties.size();
  if (body_.size() + size > static_cast<size_t>(options_.max_message_bytes)) {
    return invalid("the batch takes " + std::to_string(body_.size() + size) + " bytes with its message " +
                       std::to_string(ids_.size()) + ", over the limit of " +
                       std::to_string(options_.max_message_bytes) +
                       ": split it, or raise max_message_bytes (and the broker's maxMessageSize)",
                   message);
  }
  if (ids_.empty()) {
    topic_ = message.topic;
    broker_name_ = message.broker_name;
    queue_id_ = message.queue_id;
    sharding_key_ = message.sharding_key;
  }
  ids_.push_back(id);
  const size_t before = body_.size();
  try {
    ByteWriter writer(body_);
    writer.i32(static_cast<int32_t>(size));
    writer.i32(0);  // magic
    writer.i32(0);  // checksum, which the broker makes
    writer.i32(message.flag);
    writer.i32(static_cast<int32_t>(message.body.size()));
    writer.bytes(message.body);
    writer.i16(static_cast<int16_t>(properties.size()));
    writer.text(properties);
  } catch (...) {
    body_.resize(before);
    ids_.pop_back();
    throw;
  }
  return {};
}

EncodedMessage BatchEncoder::finish() {
  EncodedMessage encoded;
  encoded.topic = topic_;
  encoded.request_code = request_code::kSendBatchMessage;
  encoded.message_id = create_unique_id();
  append_property(encoded.properties, property::kUniqueId, as_text(encoded.message_id));
  append_property(encoded.properties, property::kWait, "true");
  encoded.frame = SendFrame({body_.data(), body_.size()}, header_room(topic_, encoded.properties, options_));
  encoded.batch_ids = std::move(ids_);
  ids_.clear();
  body_.clear();
  return encoded;
}

}  // namespace rocketmq
