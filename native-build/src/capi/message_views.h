#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capi/boundary.h"
#include "protocol/message.h"

namespace rocketmq::capi {

// The C views of received messages, with the texts that the protocol does not hold as such. They point into the
// messages, which must outlive them. Owned by the batch that they are given out with; filled by one thread.
class MessageViews {
 public:
  MessageViews() = default;
  // The views point into this object.
  MessageViews(const MessageViews&) = delete;
  MessageViews& operator=(const MessageViews&) = delete;

  // Once. All messages come from the same broker, and of a batch that was given to a listener: when.
  void fill(const StoredMessage* messages, size_t count, std::string_view broker_name, int64_t consume_start_ms = 0);
  // For messages of several brokers, one by one: room for all that is added afterwards, then each with its queue's
  // broker and a receipt handle, which is copied.
  void reserve(size_t messages, size_t properties, size_t handle_bytes);
  void add(const StoredMessage& message, std::string_view broker_name, std::string_view receipt_handle,
           int64_t consume_start_ms = 0);
  const rocketmq_message_view* const* pointers() const { return pointers_.data(); }
  rocketmq_message_view& at(size_t index) { return views_[index]; }

 private:
  rocketmq_string host_view(const Host& host, const Host*& last, const rocketmq_string& last_text);
  rocketmq_string own(std::string_view text);

  std::vector<rocketmq_message_view> views_;
  std::vector<const rocketmq_message_view*> pointers_;
  std::vector<rocketmq_property> properties_;
  // Room for all of them from the start, as the views point into it.
  std::string texts_;
  const Host* last_born_ = nullptr;
  const Host* last_store_ = nullptr;
};

}  // namespace rocketmq::capi
