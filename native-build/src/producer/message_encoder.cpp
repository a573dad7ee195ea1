#include "producer/message_encoder.h"

#include "base/compression.h"
#include "producer/reply.h"
#include "protocol/message.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

constexpr size_t kBrokerNameRoom = 64;

std::string shown(std::string_view text) {
  constexpr size_t kShown = 64;
  return text.size() <= kShown ? "\"" + std::string(text) + "\"" : "\"" + std::string(text.substr(0, kShown)) + "…\"";
}

// Separators would let a value forge other properties; invalid UTF-8 would not survive the broker.
Status check_text(std::string_view what, std::string_view text) {
  if (!is_utf8(text)) {
    return invalid_argument("the " + std::string(what) +
                            " is not UTF-8: encode it as UTF-8, or put binary data in the body");
  }
  if (text.find(kNameValueSeparator) != std::string_view::npos ||
      text.find(kPropertySeparator) != std::string_view::npos) {
    return invalid_argument("the " + std::string(what) + " " + shown(text) +
                            " contains U+0001 or U+0002, which separate properties on the wire: remove them");
  }
  return {};
}

Status check_tag(std::string_view tag) {
  if (auto status = check_text("tag", tag); !status) return status;
  if (tag.find('|') != std::string_view::npos) {
    return invalid_argument("the tag " + shown(tag) +
                            " contains '|', which joins tags in filters: use another character");
  }
  if (!tag.empty() &&
      (static_cast<unsigned char>(tag.front()) <= ' ' || static_cast<unsigned char>(tag.back()) <= ' ')) {
    return invalid_argument("the tag " + shown(tag) + " has blanks around it: filters would not match it; remove them");
  }
  return {};
}

Status check_property(std::string_view name, std::string_view value) {
  if (name.empty()) return invalid_argument("a property has an empty name: give it one");
  if (auto status = check_text("property name", name); !status) return status;
  if (is_reserved_property(name)) {
    return invalid_argument("the property name " + shown(name) + " is reserved by RocketMQ: choose another name");
  }
  if (value.empty()) {
    return invalid_argument("the property " + shown(name) +
                            " has an empty value, which brokers drop: leave the property out or give it a value");
  }
  return check_text("value of the property " + shown(name), value);
}

Status check_body(ByteView body, const ProducerOptions& options) {
  if (body.empty())
    return invalid_argument("the body is empty: brokers refuse messages without a body; give at least 1 byte");
  if (body.size() > static_cast<size_t>(options.max_message_bytes)) {
    return invalid_argument("the body has " + std::to_string(body.size()) + " bytes, over the limit of " +
                            std::to_string(options.max_message_bytes) +
                            ": make it smaller, or raise max_message_bytes (and the broker's maxMessageSize)");
  }
  return {};
}

Status check_times(const OutgoingMessage& message) {
  // How many levels there are is a setting of the broker, which takes its last one for those beyond.
  if (message.delay_level < 0) {
    return invalid_argument("delay_level " + std::to_string(message.delay_level) +
                            " is negative: give one of the broker's levels from 1 on, or 0 for no delay");
  }
  if (message.deliver_at_ms < 0) {
    return invalid_argument("deliver_at_ms " + std::to_string(message.deliver_at_ms) +
                            " is negative: give milliseconds since 1970, or 0 for at once");
  }
  if (message.delay_level > 0 && message.deliver_at_ms > 0) {
    return invalid_argument("delay_level and deliver_at_ms are both set: set one of them");
  }
  return {};
}

// A broker takes the first of these for the message's type, and so drops its priority.
Status check_priority(const OutgoingMessage& message) {
  if (!message.priority) return {};
  if (*message.priority < 0) {
    return invalid_argument("priority " + std::to_string(*message.priority) +
                            " is negative: give 0 (the lowest) or more");
  }
  if (message.delay_level > 0 || message.deliver_at_ms > 0) {
    return invalid_argument("a message with a priority is not delayed: leave out priority, or the delay");
  }
  if (!message.sharding_key.empty() || !message.broker_name.empty()) {
    return invalid_argument("the broker chooses the queue of a message by its priority: leave out priority, or the " +
                            std::string(message.sharding_key.empty() ? "queue" : "sharding key"));
  }
  return {};
}

Status check_all(const OutgoingMessage& message, const ProducerOptions& options) {
  if (auto status = validate_topic(message.topic); !status) return status;
  if (auto status = check_body(message.body, options); !status) return status;
  if (auto status = check_tag(message.tag); !status) return status;
  if (auto status = check_text("keys", message.keys); !status) return status;
  if (auto status = check_text("sharding key", message.sharding_key); !status) return status;
  if (!message.broker_name.empty() && message.queue_id < 0) {
    return invalid_argument("queue_id " + std::to_string(message.queue_id) + " is negative: queues count from 0");
  }
  if (auto status = check_times(message); !status) return status;
  if (auto status = check_priority(message); !status) return status;
  for (size_t i = 0; i < message.property_count; ++i) {
    const auto& [name, value] = message.properties[i];
    if (auto status = check_property(name, value); !status) return status;
  }
  return {};
}

int32_t flag_of(CompressionType type) {
  switch (type) {
    case CompressionType::kLz4:
      return system_flag::kCompressionLz4;
    case CompressionType::kZstd:
      return system_flag::kCompressionZstd;
    case CompressionType::kZlib:
      break;
  }
  return system_flag::kCompressionZlib;
}

}  // namespace

Status check_message(const OutgoingMessage& message, const ProducerOptions& options) {
  Status status = check_all(message, options);
  if (!status) status.error().topic = std::string(message.topic.substr(0, kMaxTopicLength));
  return status;
}

Status encode_properties(const OutgoingMessage& message, std::string_view message_id, std::string& out) {
  const size_t before = out.size();
  constexpr size_t kFixed = 128;
  size_t size = kFixed + message.tag.size() + message.keys.size() + message.sharding_key.size() +
                message.system_properties.size();
  for (size_t i = 0; i < message.property_count; ++i) {
    size += message.properties[i].first.size() + message.properties[i].second.size() + 2;
  }
  out.reserve(before + size);
  for (size_t i = 0; i < message.property_count; ++i) {
    append_property(out, message.properties[i].first, message.properties[i].second);
  }
  if (!message.tag.empty()) append_property(out, property::kTags, message.tag);
  if (!message.keys.empty()) append_property(out, property::kKeys, message.keys);
  if (!message.sharding_key.empty()) append_property(out, property::kShardingKey, message.sharding_key);
  if (message.delay_level > 0) append_property(out, property::kDelay, std::to_string(message.delay_level));
  if (message.deliver_at_ms > 0) {
    append_property(out, property::kTimerDeliverMs, std::to_string(message.deliver_at_ms));
  }
  if (message.priority) append_property(out, property::kPriority, std::to_string(*message.priority));
  append_property(out, property::kUniqueId, message_id);
  append_property(out, property::kWait, "true");
  out.append(message.system_properties);
  if (out.size() - before > kMaxPropertiesBytes) {
    return invalid_argument("the properties take " + std::to_string(out.size() - before) +
                            " bytes when encoded, over the limit of " + std::to_string(kMaxPropertiesBytes) +
                            ": put the data in the body");
  }
  return {};
}

size_t header_room(std::string_view topic, std::string_view properties, const ProducerOptions& options) {
  SendRequest header;
  header.producer_group = options.group;
  header.topic = topic;
  header.properties = properties;
  // What the queue's choice adds to the header is small.
  return SendFrame::room_for(header) + kBrokerNameRoom;
}

Result<EncodedMessage> encode_message(const OutgoingMessage& message, const ProducerOptions& options) {
  if (!message.reply_to.empty()) return encode_reply(message, options);
  if (auto status = check_message(message, options); !status) return fail(status.error());
  EncodedMessage encoded;
  encoded.topic = message.topic;
  encoded.flag = message.flag;
  encoded.system_flag = message.system_flag;
  encoded.request_code = message.request_code;
  encoded.message_id = create_unique_id();
  if (auto status = encode_properties(message, as_text(encoded.message_id), encoded.properties); !status) {
    return fail(status.error());
  }
  const size_t room = header_room(encoded.topic, encoded.properties, options);
  const bool large = options.compress_threshold_bytes >= 0 &&
                     message.body.size() >= static_cast<size_t>(options.compress_threshold_bytes);
  if (large) {
    auto packed = compress(options.compression, message.body, options.compress_level);
    // What does not shrink goes as it is, and costs the consumer nothing.
    if (packed && packed->size() < message.body.size()) {
      encoded.frame = SendFrame({packed->data(), packed->size()}, room);
      encoded.system_flag |= system_flag::kCompressed | flag_of(options.compression);
      return encoded;
    }
  }
  encoded.frame = SendFrame(message.body, room);
  return encoded;
}

}  // namespace rocketmq
