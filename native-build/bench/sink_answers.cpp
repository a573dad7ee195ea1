#include "sink_answers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <iostream>

#include "protocol/codes.h"
#include "protocol/remoting_command.h"
#include "protocol/route.h"

namespace bench {

namespace {

using rocketmq::ByteView;
using rocketmq::RemotingCommand;
using rocketmq::SharedBytes;

constexpr int32_t kSendBatchMessage = 320;
constexpr uint32_t kBinaryHeader = static_cast<uint32_t>(rocketmq::SerializeType::kRocketMq);
// Places in a request without its length: mark, code, language, version, opaque, flag, remark.
constexpr size_t kCodeAt = 4;
constexpr size_t kOpaqueAt = 9;
constexpr size_t kFlagAt = 13;
constexpr size_t kRemarkLengthAt = 17;
constexpr size_t kShortestHeader = 25;
constexpr size_t kQueues = 64;
constexpr size_t kLongestQueueId = 10;
// An acknowledgement with the longest numbers takes less.
constexpr size_t kMostAcknowledgement = 512;

uint16_t read16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }

uint32_t read32(const uint8_t* at) {
  uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap32(value);
}

// Writes into memory that is known to suffice.
class Cursor {
 public:
  explicit Cursor(uint8_t* at) : begin_(at), at_(at) {}

  size_t size() const { return static_cast<size_t>(at_ - begin_); }
  void text(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void i8(uint8_t value) { *at_++ = value; }
  void i16(uint16_t value) {
    i8(static_cast<uint8_t>(value >> 8));
    i8(static_cast<uint8_t>(value));
  }
  void i32(uint32_t value) {
    set_i32(size(), value);
    at_ += 4;
  }
  void set_i32(size_t at, uint32_t value) {
    value = __builtin_bswap32(value);
    std::memcpy(begin_ + at, &value, sizeof value);
  }
  void field(std::string_view name, std::string_view value) {
    i16(static_cast<uint16_t>(name.size()));
    text(name);
    i32(static_cast<uint32_t>(value.size()));
    text(value);
  }

 private:
  uint8_t* const begin_;
  uint8_t* at_;
};

// The decimal digits of a number.
class Digits {
 public:
  explicit Digits(int64_t value) : end_(std::to_chars(digits_, digits_ + sizeof digits_, value).ptr) {}
  Digits(const Digits&) = delete;
  Digits& operator=(const Digits&) = delete;
  std::string_view text() const { return {digits_, static_cast<size_t>(end_ - digits_)}; }

 private:
  char digits_[24];
  const char* const end_;
};

// Two hexadecimal digits for each byte.
constexpr auto kHexPairs = [] {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kDigits[i >> 4], kDigits[i & 15]};
  return pairs;
}();

void write_hex(char* at, uint64_t value) {
  for (size_t i = 0; i < sizeof value; ++i) {
    std::memcpy(at + 2 * i, kHexPairs[value >> (8 * (sizeof value - 1 - i)) & 0xff].data(), 2);
  }
}

// The value of a field of the binary header; {} where absent or cut short.
std::string_view find_field(const uint8_t* at, const uint8_t* end, std::string_view name) {
  while (end - at >= 6) {
    const size_t name_length = read16(at);
    const auto* found = reinterpret_cast<const char*>(at + 2);
    at += 2;
    if (static_cast<size_t>(end - at) < name_length + 4) return {};
    at += name_length;
    const size_t length = read32(at);
    at += 4;
    if (static_cast<size_t>(end - at) < length) return {};
    if (std::string_view(found, name_length) == name) return {reinterpret_cast<const char*>(at), length};
    at += length;
  }
  return {};
}

bool is_send(int32_t code) {
  return code == rocketmq::request_code::kSendMessageV2 || code == rocketmq::request_code::kSendMessage ||
         code == kSendBatchMessage;
}

std::string_view queue_field(int32_t code) { return code == rocketmq::request_code::kSendMessage ? "queueId" : "e"; }

std::string make_route(uint16_t port) {
  constexpr int32_t kReadAndWrite = rocketmq::TopicRoute::kReadPermission | rocketmq::TopicRoute::kWritePermission;
  rocketmq::TopicRoute route;
  route.brokers.push_back({"sink", "sink", {{0, "127.0.0.1:" + std::to_string(port)}}, false});
  route.queues.push_back({"sink", 4, 4, kReadAndWrite});
  return rocketmq::route_to_json(route);
}

std::string make_id_prefix(uint16_t port) {
  constexpr uint64_t kLoopback = 0x7f000001;
  std::string prefix(16, '0');
  write_hex(prefix.data(), kLoopback << 32 | port);
  return prefix;
}

struct Acknowledgement {
  uint32_t opaque;
  std::string_view queue_id;
  std::string_view queue_offset;
  std::string_view message_id;
};

void write_binary(const Acknowledgement& acknowledgement, Cursor& out) {
  constexpr size_t kFieldsLengthAt = 25;
  out.i16(rocketmq::response_code::kSuccess);
  out.i8(0);  // language: JAVA
  out.i16(rocketmq::kProtocolVersion);
  out.i32(acknowledgement.opaque);
  out.i32(RemotingCommand::kResponseFlag);
  out.i32(0);  // remark
  out.i32(0);
  out.field("msgId", acknowledgement.message_id);
  out.field("queueId", acknowledgement.queue_id);
  out.field("queueOffset", acknowledgement.queue_offset);
  out.set_i32(kFieldsLengthAt, static_cast<uint32_t>(out.size() - kFieldsLengthAt - 4));
}

// Byte for byte as RocketMQ 5.5.0 does, but for the transaction id, which there is the message's unique one.
void write_json(const Acknowledgement& acknowledgement, Cursor& out) {
  out.text(R"({"code":0,"extFields":{"queueId":")");
  out.text(acknowledgement.queue_id);
  out.text(R"(","transactionId":")");
  out.text(acknowledgement.message_id);
  out.text(R"(","msgId":")");
  out.text(acknowledgement.message_id);
  out.text(R"(","TRACE_ON":"true","MSG_REGION":"DefaultRegion","queueOffset":")");
  out.text(acknowledgement.queue_offset);
  out.text(R"("},"flag":1,"language":"JAVA","opaque":)");
  out.text(Digits(static_cast<int32_t>(acknowledgement.opaque)).text());
  out.text(R"(,"serializeTypeCurrentRPC":"JSON","version":513})");
}

}  // namespace

uint8_t* Output::room(size_t size) {
  if (bytes_.size() - end_ < size) bytes_.resize(std::max(bytes_.size() * 2, end_ + size));
  return bytes_.data() + end_;
}

void Output::written(size_t size) {
  begin_ += size;
  if (begin_ == end_) begin_ = end_ = 0;
}

SinkAnswers::SinkAnswers(uint16_t port, AnswerHeader header)
    : header_(header), route_(make_route(port)), id_prefix_(make_id_prefix(port)), offsets_(kQueues, 0) {}

bool SinkAnswers::answer(ByteView frame, Output& output) {
  const uint8_t* const begin = frame.data();
  const bool binary = frame.size() >= kShortestHeader && read32(begin) >> 24 == kBinaryHeader;
  if (binary && is_send(read16(begin + kCodeAt))) return answer_binary_send(frame, output);
  return answer_decoded(frame, output);
}

bool SinkAnswers::answer_binary_send(ByteView frame, Output& output) {
  const uint8_t* const begin = frame.data();
  const size_t header = read32(begin) & 0xffffffU;
  const size_t fields_at = kShortestHeader + read32(begin + kRemarkLengthAt);
  if (header > frame.size() - 4 || fields_at > header + 4) return false;
  const auto name = queue_field(read16(begin + kCodeAt));
  const std::string_view queue_id = find_field(begin + fields_at, begin + 4 + header, name);
  if (queue_id.empty() || queue_id.size() > kLongestQueueId) return false;
  const bool one_way = (read32(begin + kFlagAt) & RemotingCommand::kOneWayFlag) != 0;
  acknowledge(read32(begin + kOpaqueAt), queue_id, one_way, header_ == AnswerHeader::kAsRequest, output);
  return true;
}

void SinkAnswers::acknowledge(uint32_t opaque, std::string_view queue_id, bool one_way, bool binary, Output& output) {
  size_t queue = 0;
  std::from_chars(queue_id.data(), queue_id.data() + queue_id.size(), queue);
  const int64_t offset = offsets_[queue % kQueues]++;
  ++stored_;
  if (one_way) return;
  char id[32];
  std::memcpy(id, id_prefix_.data(), 16);
  write_hex(id + 16, stored_);
  const Digits digits(offset);
  const Acknowledgement acknowledgement{opaque, queue_id, digits.text(), {id, sizeof id}};
  Cursor out(output.room(kMostAcknowledgement));
  out.i32(0);
  out.i32(0);
  if (binary) {
    write_binary(acknowledgement, out);
  } else {
    write_json(acknowledgement, out);
  }
  out.set_i32(0, static_cast<uint32_t>(out.size() - 4));
  out.set_i32(4, (binary ? kBinaryHeader << 24 : 0) | static_cast<uint32_t>(out.size() - 8));
  output.taken(out.size());
}

bool SinkAnswers::answer_decoded(ByteView frame, Output& output) {
  const auto request = rocketmq::decode_frame(SharedBytes(nullptr, frame));
  if (!request) {
    std::cerr << request.error().message << std::endl;
    return false;
  }
  if (request->is_response()) return true;
  if (is_send(request->code)) {
    const std::string_view queue_id = request->ext_fields.text(queue_field(request->code), "0");
    if (queue_id.size() > kLongestQueueId) return false;
    acknowledge(static_cast<uint32_t>(request->opaque), queue_id, request->is_one_way(), false, output);
    return true;
  }
  if (request->is_one_way()) return true;
  auto answer = RemotingCommand::response_to(*request, rocketmq::response_code::kSuccess);
  answer.language = 0;
  if (header_ == AnswerHeader::kJson) answer.serialize_type = rocketmq::SerializeType::kJson;
  std::string_view body;
  if (request->code == rocketmq::request_code::kGetRouteByTopic) body = route_;
  if (request->code == rocketmq::request_code::kGetConsumerListByGroup) body = R"({"consumerIdList":[]})";
  answer.body = SharedBytes(nullptr, rocketmq::as_bytes(body));
  std::vector<uint8_t> bytes;
  if (!rocketmq::encode_frame(answer, bytes)) return false;
  std::memcpy(output.room(bytes.size()), bytes.data(), bytes.size());
  output.taken(bytes.size());
  return true;
}

}  // namespace bench
