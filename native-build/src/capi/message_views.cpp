#include "capi/message_views.h"

#include <cstring>

namespace rocketmq::capi {

namespace {

constexpr size_t kLongestHost = 64;
constexpr size_t kTextsOfMessage = StoredMessage::kLongestOffsetMessageId + 2 * kLongestHost;

}  // namespace

rocketmq_string MessageViews::own(std::string_view text) {
  const size_t at = texts_.size();
  texts_.append(text);
  return to_c(std::string_view(texts_).substr(at));
}

// The text of a host is made once for neighbours that share it, as they nearly always do.
rocketmq_string MessageViews::host_view(const Host& host, const Host*& last, const rocketmq_string& last_text) {
  const bool same = last != nullptr && last->v6 == host.v6 && last->port == host.port &&
                    std::memcmp(last->address, host.address, sizeof host.address) == 0;
  last = &host;
  return same ? last_text : own(host_text(host));
}

// Whole, as the views point into it.
void MessageViews::reserve(size_t messages, size_t properties, size_t handle_bytes) {
  properties_.reserve(properties);
  views_.reserve(messages);
  pointers_.reserve(messages);
  texts_.reserve(messages * kTextsOfMessage + handle_bytes);
}

void MessageViews::add(const StoredMessage& message, std::string_view broker_name, std::string_view receipt_handle,
                       int64_t consume_start_ms) {
  rocketmq_message_view& out = views_.emplace_back();
  pointers_.push_back(&out);
  out.size = sizeof out;
  out.topic = to_c(message.topic);
  out.tag = to_c(message.property(property::kTags));
  out.keys = to_c(message.property(property::kKeys));
  char offset_id[StoredMessage::kLongestOffsetMessageId];
  out.offset_message_id = own({offset_id, message.write_offset_message_id(offset_id)});
  const std::string_view unique = message.property(property::kUniqueId);
  out.message_id = unique.empty() ? out.offset_message_id : to_c(unique);
  out.broker_name = to_c(broker_name);
  const rocketmq_message_view& before = views_.size() > 1 ? views_[views_.size() - 2] : out;
  out.born_host = host_view(message.born_host, last_born_, before.born_host);
  out.store_host = host_view(message.store_host, last_store_, before.store_host);
  out.body = message.body.data();
  out.body_length = static_cast<int64_t>(message.body.size());
  out.flag = message.flag;
  out.queue_id = message.queue_id;
  out.reconsume_times = message.reconsume_times;
  out.queue_offset = message.queue_offset;
  out.born_timestamp_ms = message.born_timestamp_ms;
  out.store_timestamp_ms = message.store_timestamp_ms;
  out.queue_min_offset = message.queue_min_offset;
  out.queue_max_offset = message.queue_max_offset;
  out.consume_start_timestamp_ms = consume_start_ms;
  out.store_size = message.store_size;
  out.system_flag = message.system_flag;
  out.properties = properties_.data() + properties_.size();
  out.property_count = static_cast<int32_t>(message.properties.size());
  for (const auto& [name, value] : message.properties) {
    properties_.push_back({to_c(name), to_c(value)});
  }
  out.encoded_properties = {};
  if (!message.properties.empty()) {
    // They are views of one text, in its order.
    const char* begin = message.properties.front().first.data();
    const std::string_view last = message.properties.back().second;
    out.encoded_properties = {begin, last.data() + last.size() - begin};
  }
  if (!receipt_handle.empty()) out.receipt_handle = own(receipt_handle);
}

void MessageViews::fill(const StoredMessage* messages, size_t count, std::string_view broker_name,
                        int64_t consume_start_ms) {
  size_t properties = 0;
  for (size_t i = 0; i < count; ++i) properties += messages[i].properties.size();
  reserve(count, properties, 0);
  for (size_t i = 0; i < count; ++i) add(messages[i], broker_name, {}, consume_start_ms);
}

}  // namespace rocketmq::capi
