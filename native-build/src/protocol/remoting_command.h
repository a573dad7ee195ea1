#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace rocketmq {

enum class SerializeType : uint8_t { kJson = 0, kRocketMq = 1 };

// RocketMQ's own limit (com.rocketmq.remoting.frameMaxLength).
inline constexpr int32_t kMaxFrameBytes = 16 * 1024 * 1024;

// The fields "extFields" of a header, in the order in which they were added. Few: searched linearly.
class ExtFields {
 public:
  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  void add(std::string_view name, const char* value) { add(name, std::string_view(value)); }
  void add(std::string_view name, int64_t value) { fields_.emplace_back(name, std::to_string(value)); }
  void add(std::string_view name, bool value) { add(name, value ? std::string_view("true") : "false"); }
  void add(std::string_view name, int32_t value) { add(name, static_cast<int64_t>(value)); }
  // nullptr where absent.
  const std::string* find(std::string_view name) const;
  // The value where absent or not a number in the range of int64.
  int64_t number(std::string_view name, int64_t otherwise) const;
  std::string_view text(std::string_view name, std::string_view otherwise = {}) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  void reserve(size_t count) { fields_.reserve(count); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// One request or response of the remoting protocol.
struct RemotingCommand {
  static constexpr int32_t kResponseFlag = 1;
  static constexpr int32_t kOneWayFlag = 2;

  int32_t code = 0;
  // LanguageCode.OTHER. Not CPP (1), for which brokers change the bodies of some requests.
  uint8_t language = 7;
  int16_t version = 0;
  int32_t opaque = 0;
  int32_t flag = 0;
  std::string remark;
  ExtFields ext_fields;
  SharedBytes body;
  SerializeType serialize_type = SerializeType::kRocketMq;

  bool is_response() const { return (flag & kResponseFlag) != 0; }
  bool is_one_way() const { return (flag & kOneWayFlag) != 0; }

  // A request with our language and version; opaque is set by whoever sends it.
  static RemotingCommand request(int32_t code, SerializeType type = SerializeType::kRocketMq);
  // The answer to `request`, in its serialization.
  static RemotingCommand response_to(const RemotingCommand& request, int32_t code, std::string remark = {});
};

// Appends a whole frame (length, header, body) to `out`. The binary header cannot carry codes beyond 16
// bits: these go as JSON whatever serialize_type says. Fails (kInvalidArgument) when over `max_frame_bytes`.
Status encode_frame(const RemotingCommand& command, std::vector<uint8_t>& out,
                    int32_t max_frame_bytes = kMaxFrameBytes);

// Decodes a frame without its leading 4 length bytes. The body shares `frame`'s bytes. kProtocolError for
// whatever is malformed.
Result<RemotingCommand> decode_frame(const SharedBytes& frame);

// Builds the frame of a SEND_MESSAGE_V2 request in one pass, straight into `out`, with the binary header:
// the hot path of the producer. The header's `opaque` sits at a fixed place: see set_opaque.
struct SendRequest {
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
  ByteView body;
};
void encode_send_frame(const SendRequest& request, std::vector<uint8_t>& out);

// Overwrites the opaque of a frame made by encode_send_frame that begins at `frame`.
void set_opaque(uint8_t* frame, int32_t opaque);

}  // namespace rocketmq
