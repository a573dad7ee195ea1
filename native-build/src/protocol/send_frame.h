#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "protocol/codes.h"

namespace rocketmq {

// The header of a SEND_MESSAGE_V2 request, or of one with the same fields; the letters are the names on the wire.
struct SendRequest {
  int32_t code = request_code::kSendMessageV2;
  std::string_view producer_group;            // a
  std::string_view topic;                     // b
  std::string_view default_topic = "TBW102";  // c
  int32_t default_topic_queues = 4;           // d
  int32_t queue_id = 0;                       // e
  int32_t system_flag = 0;                    // f
  int64_t born_timestamp_ms = 0;              // g
  int32_t flag = 0;                           // h
  std::string_view properties;                // i
  int32_t reconsume_times = 0;                // j
  bool unit_mode = false;                     // k
  int32_t max_reconsume_times = 0;            // l
  bool batch = false;                         // m
  std::string_view broker_name;               // n
  bool one_way = false;
};

// The frame of such a request with the binary header: the producer's hot path. The body is copied
// once, behind room for the header, which is written anew for each attempt. Owned by the send; one thread at a time.
class SendFrame {
 public:
  SendFrame() = default;
  explicit SendFrame(ByteView body, size_t header_room = 0);

  size_t body_size() const { return bytes_.size() - body_at_; }
  ByteView body() const { return ByteView(bytes_.data(), bytes_.size()).substr(body_at_); }
  // The room that a header takes at most.
  static size_t room_for(const SendRequest& request);
  // The whole frame; valid until the next call.
  ByteView with_header(const SendRequest& request, int32_t opaque);

 private:
  std::vector<uint8_t> bytes_;
  size_t body_at_ = 0;
};

}  // namespace rocketmq
