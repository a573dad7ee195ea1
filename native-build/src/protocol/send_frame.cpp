#include "protocol/send_frame.h"

#include <charconv>
#include <cstring>

#include "protocol/codes.h"
#include "protocol/remoting_command.h"

namespace rocketmq {

namespace {

// All that does not depend on the texts, with the longest numbers.
constexpr size_t kFixedRoom = 320;
constexpr size_t kLengths = 8;

// Writes big-endian numbers and texts into memory known to be large enough.
class RawWriter {
 public:
  explicit RawWriter(uint8_t* out) : out_(out) {}
  uint8_t* position() const { return out_; }
  void u8(uint8_t value) { *out_++ = value; }
  void i16(int16_t value) {
    const auto bits = static_cast<uint16_t>(value);
    u8(static_cast<uint8_t>(bits >> 8));
    u8(static_cast<uint8_t>(bits));
  }
  void i32(int32_t value) {
    put(out_, value);
    out_ += 4;
  }
  void text(std::string_view value) {
    if (!value.empty()) std::memcpy(out_, value.data(), value.size());
    out_ += value.size();
  }
  void field(char name, std::string_view value) {
    i16(1);
    u8(static_cast<uint8_t>(name));
    i32(static_cast<int32_t>(value.size()));
    text(value);
  }
  void field(char name, int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    field(name, std::string_view(digits, static_cast<size_t>(end - digits)));
  }
  static void put(uint8_t* at, int32_t value) {
    const auto bits = static_cast<uint32_t>(value);
    for (int i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(bits >> (24 - 8 * i));
  }

 private:
  uint8_t* out_;
};

std::string_view text_of(bool value) { return value ? "true" : "false"; }

void write_fields(RawWriter& writer, const SendRequest& request) {
  writer.field('a', request.producer_group);
  writer.field('b', request.topic);
  writer.field('c', request.default_topic);
  writer.field('d', int64_t{request.default_topic_queues});
  writer.field('e', int64_t{request.queue_id});
  writer.field('f', int64_t{request.system_flag});
  writer.field('g', request.born_timestamp_ms);
  writer.field('h', int64_t{request.flag});
  writer.field('i', request.properties);
  writer.field('j', int64_t{request.reconsume_times});
  writer.field('k', text_of(request.unit_mode));
  writer.field('l', int64_t{request.max_reconsume_times});
  writer.field('m', text_of(request.batch));
  if (!request.broker_name.empty()) writer.field('n', request.broker_name);
}

}  // namespace

SendFrame::SendFrame(ByteView body, size_t header_room) : body_at_(header_room) {
  bytes_.reserve(header_room + body.size());
  bytes_.resize(header_room);
  bytes_.insert(bytes_.end(), body.begin(), body.end());
}

size_t SendFrame::room_for(const SendRequest& request) {
  return kFixedRoom + request.producer_group.size() + request.topic.size() + request.default_topic.size() +
         request.properties.size() + request.broker_name.size();
}

ByteView SendFrame::with_header(const SendRequest& request, int32_t opaque) {
  const size_t room = room_for(request);
  if (room > body_at_) {
    bytes_.insert(bytes_.begin(), room - body_at_, uint8_t{0});
    body_at_ = room;
  }
  uint8_t* const begin = bytes_.data();
  RawWriter writer(begin + kLengths);
  writer.i16(static_cast<int16_t>(request.code));
  writer.u8(RemotingCommand{}.language);
  writer.i16(kProtocolVersion);
  writer.i32(opaque);
  writer.i32(request.one_way ? RemotingCommand::kOneWayFlag : 0);
  writer.i32(0);  // no remark
  uint8_t* const fields_length = writer.position();
  writer.i32(0);
  write_fields(writer, request);
  RawWriter::put(fields_length, static_cast<int32_t>(writer.position() - fields_length - 4));
  const auto header = static_cast<size_t>(writer.position() - begin) - kLengths;
  RawWriter::put(begin, static_cast<int32_t>(4 + header + body_size()));
  RawWriter::put(begin + 4, static_cast<int32_t>(static_cast<uint32_t>(SerializeType::kRocketMq) << 24 | header));
  // Up to the body.
  const size_t frame_at = body_at_ - kLengths - header;
  std::memmove(begin + frame_at, begin, kLengths + header);
  return ByteView(begin + frame_at, bytes_.size() - frame_at);
}

}  // namespace rocketmq
