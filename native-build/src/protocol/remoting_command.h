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
// What a frame has at most beside the body of a message: the header, the message's properties and its other fields.
inline constexpr int32_t kMostBesideBody = 128 * 1024;
// A limit of frames lets through one message as large as brokers take by default (maxMessageSize): it always comes
// whole, and one that does not fit would end the connection each time that it is asked for.
inline constexpr int32_t kLeastFrameLimit = 4 * 1024 * 1024 + kMostBesideBody;

// The fields "extFields" of a header, in the order in which they were added, in one piece of memory. Few:
// searched linearly.
class ExtFields {
 public:
  void add(std::string_view name, std::string_view value) {
    places_.push_back(
        {static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())});
    text_.append(name).append(value);
  }
  void add(std::string_view name, const char* value) { add(name, std::string_view(value)); }
  void add(std::string_view name, int64_t value) { add(name, std::string_view(std::to_string(value))); }
  void add(std::string_view name, bool value) { add(name, value ? std::string_view("true") : "false"); }
  void add(std::string_view name, int32_t value) { add(name, static_cast<int64_t>(value)); }
  bool contains(std::string_view name) const { return find(name) < places_.size(); }
  // The value where absent or not a number in the range of int64.
  int64_t number(std::string_view name, int64_t otherwise) const;
  std::string_view text(std::string_view name, std::string_view otherwise = {}) const;

  size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  // The name and the value of the field with this number; valid until the next add.
  std::pair<std::string_view, std::string_view> at(size_t index) const {
    const Place& place = places_[index];
    return {std::string_view(text_).substr(place.begin, place.name),
            std::string_view(text_).substr(place.begin + place.name, place.value)};
  }
  void reserve(size_t count, size_t bytes = 0) {
    places_.reserve(count);
    text_.reserve(bytes);
  }

 private:
  struct Place {
    uint32_t begin;
    uint32_t name;
    uint32_t value;
  };
  size_t find(std::string_view name) const;

  std::string text_;
  std::vector<Place> places_;
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

}  // namespace rocketmq
