#include "protocol/message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "base/bytes.h"
#include "base/compression.h"

namespace rocketmq {

namespace {

constexpr std::array kReserved = {
    std::string_view("KEYS"),
    std::string_view("TAGS"),
    std::string_view("WAIT"),
    std::string_view("DELAY"),
    std::string_view("RETRY_TOPIC"),
    std::string_view("REAL_TOPIC"),
    std::string_view("REAL_QID"),
    std::string_view("TRAN_MSG"),
    std::string_view("PGROUP"),
    std::string_view("MIN_OFFSET"),
    std::string_view("MAX_OFFSET"),
    std::string_view("BUYER_ID"),
    std::string_view("ORIGIN_MESSAGE_ID"),
    std::string_view("TRANSFER_FLAG"),
    std::string_view("CORRECTION_FLAG"),
    std::string_view("MQ2_FLAG"),
    std::string_view("RECONSUME_TIME"),
    std::string_view("MSG_REGION"),
    std::string_view("TRACE_ON"),
    std::string_view("UNIQ_KEY"),
    std::string_view("EXTEND_UNIQ_INFO"),
    std::string_view("MAX_RECONSUME_TIMES"),
    std::string_view("CONSUME_START_TIME"),
    std::string_view("TRAN_PREPARED_QUEUE_OFFSET"),
    std::string_view("TRANSACTION_CHECK_TIMES"),
    std::string_view("INSTANCE_ID"),
    std::string_view("CORRELATION_ID"),
    std::string_view("REPLY_TO_CLIENT"),
    std::string_view("TTL"),
    std::string_view("ARRIVE_TIME"),
    std::string_view("PUSH_REPLY_TIME"),
    std::string_view("CLUSTER"),
    std::string_view("MSG_TYPE"),
    std::string_view("_SYS_MSG_PRIORITY_"),
    std::string_view("INNER_BASE"),
    std::string_view("INNER_NUM"),
    std::string_view("TIMER_DELAY_SEC"),
    std::string_view("TIMER_DELAY_MS"),
    std::string_view("TIMER_DELIVER_MS"),
    std::string_view("TIMER_IN_MS"),
    std::string_view("TIMER_OUT_MS"),
    std::string_view("TIMER_ENQUEUE_MS"),
    std::string_view("TIMER_DEQUEUE_MS"),
    std::string_view("TIMER_ROLL_TIMES"),
    std::string_view("TIMER_DEL_UNIQKEY"),
    std::string_view("TIMER_DELAY_LEVEL"),
    std::string_view("__SHARDINGKEY"),
    std::string_view("POP_CK"),
    std::string_view("POP_CK_OFFSET"),
    std::string_view("1ST_POP_TIME"),
    std::string_view("DLQ_ORIGIN_TOPIC"),
    std::string_view("DLQ_ORIGIN_MESSAGE_ID"),
    std::string_view("__CRC32#"),
};

// -626843481 and -626843477 in MessageDecoder; the second has two bytes for the topic's length.
constexpr int32_t kMagicV1 = -626843481;
constexpr int32_t kMagicV2 = -626843477;
// Length, magic and the fields of fixed size with IPv4 hosts, without texts and body.
constexpr int64_t kLeastSize = 84;

Host read_host(ByteReader& reader, bool v6) {
  Host host;
  host.v6 = v6;
  const ByteView address = reader.bytes(v6 ? 16 : 4);
  std::copy(address.begin(), address.end(), host.address);
  host.port = reader.i32();
  return host;
}

void write_host(ByteWriter& writer, const Host& host) {
  writer.bytes({host.address, host.v6 ? size_t{16} : size_t{4}});
  writer.i32(host.port);
}

Result<CompressionType> compression_of(int32_t flags) {
  switch (flags & system_flag::kCompressionMask) {
    case 0:  // before there was a choice
    case system_flag::kCompressionZlib:
      return CompressionType::kZlib;
    case system_flag::kCompressionLz4:
      return CompressionType::kLz4;
    case system_flag::kCompressionZstd:
      return CompressionType::kZstd;
    default:
      return fail(ErrorKind::kProtocolError, "its compression is unknown (system flag " + std::to_string(flags) + ")");
  }
}

// One message with its length already known to lie inside `bytes`, its body as it was stored. The offset is
// set as soon as it is read.
Status decode_message(const SharedBytes& bytes, StoredMessage& message) {
  ByteReader reader(bytes.view());
  message.bytes = bytes;
  message.store_size = reader.i32();
  const int32_t magic = reader.i32();
  message.body_crc = reader.i32();
  message.queue_id = reader.i32();
  message.flag = reader.i32();
  message.queue_offset = reader.i64();
  message.commit_log_offset = reader.i64();
  message.system_flag = reader.i32();
  message.born_timestamp_ms = reader.i64();
  message.born_host = read_host(reader, (message.system_flag & system_flag::kBornHostV6) != 0);
  message.store_timestamp_ms = reader.i64();
  message.store_host = read_host(reader, (message.system_flag & system_flag::kStoreHostV6) != 0);
  message.reconsume_times = reader.i32();
  message.prepared_transaction_offset = reader.i64();
  const int32_t body_length = reader.i32();
  const size_t body_at = reader.position();
  reader.skip(body_length);
  const int32_t topic_length = magic == kMagicV2 ? reader.i16() : reader.u8();
  message.topic = as_text(reader.bytes(topic_length));
  const std::string_view properties = as_text(reader.bytes(reader.i16()));
  if (magic != kMagicV1 && magic != kMagicV2) {
    return fail(ErrorKind::kProtocolError, "its magic number " + std::to_string(magic) + " is unknown");
  }
  if (!reader.ok()) return fail(ErrorKind::kProtocolError, "its fields reach beyond its length");
  message.properties = parse_properties(properties);
  message.body = bytes.slice(body_at, static_cast<size_t>(body_length));
  return {};
}

// Brokers drop the highest bit (UtilAll.crc32), and some kinds of batches have no CRC.
constexpr uint32_t kCrcMask = 0x7fffffff;

int32_t crc_of(ByteView body) { return static_cast<int32_t>(crc32_of(body) & kCrcMask); }

bool crc_matches(int32_t crc, ByteView body) {
  const uint32_t stored = static_cast<uint32_t>(crc) & kCrcMask;
  return stored == 0 || body.empty() || static_cast<uint32_t>(crc_of(body)) == stored;
}

tl::unexpected<Error> crc_mismatch() {
  return fail(ErrorKind::kProtocolError, "its body does not match its CRC: it was damaged on its way or on the disk");
}

Status unpack(StoredMessage& message, size_t max_bytes) {
  auto type = compression_of(message.system_flag);
  if (!type) return fail(type.error());
  auto body = decompress(*type, message.body.view(), max_bytes);
  if (!body) return fail(body.error());
  message.body = SharedBytes(std::move(*body));
  return {};
}

template <typename Number>
Number number_property(const StoredMessage& message, std::string_view name, Number otherwise) {
  const std::string_view text = message.property(name);
  std::from_chars(text.data(), text.data() + text.size(), otherwise);
  return otherwise;
}

// What a message takes, without its bytes.
size_t own_size(const StoredMessage& message) {
  return sizeof(StoredMessage) + message.properties.capacity() * sizeof(message.properties[0]);
}

// The messages inside one that holds a batch; each takes over what the outer one says of the rest.
Status unwrap(const StoredMessage& outer, const DecodeLimits& limits, std::vector<StoredMessage>& inner) {
  const auto base = number_property<int64_t>(outer, "INNER_BASE", outer.queue_offset);
  const auto most =
      std::min(limits.max_inner_messages, number_property<size_t>(outer, "INNER_NUM", limits.max_inner_messages));
  if (base < 0 || base > INT64_MAX - static_cast<int64_t>(limits.max_inner_messages)) {
    return fail(ErrorKind::kProtocolError, "the batch inside it begins at the offset " + std::to_string(base));
  }
  // The topic's text lies in the outer message, whose bytes the inner ones must keep.
  struct Owners {
    SharedBytes stored;
    SharedBytes body;
  };
  auto owners = std::make_shared<Owners>(Owners{outer.bytes, outer.body});
  StoredMessage pattern = outer;
  pattern.bytes = SharedBytes(owners, outer.bytes.view());
  pattern.body = {};
  pattern.properties = {};
  pattern.of_inner_batch = true;
  pattern.system_flag &=
      ~(system_flag::kNeedUnwrap | system_flag::kInnerBatch | system_flag::kCompressed | system_flag::kCompressionMask);
  ByteReader reader(outer.body.view());
  size_t size = 0;
  while (reader.remaining() > 0) {
    if (inner.size() == most || size > limits.max_total_bytes) {
      return fail(ErrorKind::kProtocolError,
                  "the batch inside it is larger than " +
                      (inner.size() == most ? std::to_string(most) + " messages"
                                            : std::to_string(limits.max_total_bytes) + " bytes when unpacked"));
    }
    StoredMessage& message = inner.emplace_back(pattern);
    message.store_size = reader.i32();
    reader.skip(4);
    message.body_crc = reader.i32();
    message.flag = reader.i32();
    const int32_t body_length = reader.i32();
    const size_t body_at = reader.position();
    reader.skip(body_length);
    const std::string_view properties = as_text(reader.bytes(reader.i16()));
    if (!reader.ok()) return fail(ErrorKind::kProtocolError, "the batch inside it is cut short");
    message.body = outer.body.slice(body_at, static_cast<size_t>(body_length));
    message.properties = parse_properties(properties);
    message.queue_offset = base + static_cast<int64_t>(inner.size()) - 1;
    size += own_size(message);
  }
  return {};
}

// Decodes the messages of one pull, and counts what they take beyond its bytes.
class PullDecoder {
 public:
  PullDecoder(const DecodeLimits& limits, DecodedMessages& decoded) : limits_(limits), decoded_(decoded) {}

  // False when the total is reached: this message and all after it are left out.
  bool add(const SharedBytes& bytes) {
    StoredMessage message;
    Status status = decode_message(bytes, message);
    const bool damaged = status && limits_.check_crc && !crc_matches(message.body_crc, message.body.view());
    if (damaged) status = crc_mismatch();
    const bool compressed = status && (message.system_flag & system_flag::kCompressed) != 0;
    if (compressed) {
      const size_t room = first_ ? limits_.max_body_bytes : std::min(limits_.max_body_bytes, left());
      status = unpack(message, room);
      // Whether it would fit a pull of its own shows there.
      if (!status && room < limits_.max_body_bytes) return leave_out(message);
    }
    size_t size = status && compressed ? message.body.size() : 0;
    std::vector<StoredMessage> inner;
    const bool is_batch = (message.system_flag & (system_flag::kNeedUnwrap | system_flag::kInnerBatch)) != 0;
    if (status && is_batch) {
      status = unwrap(message, limits_, inner);
      for (const StoredMessage& each : inner) size += own_size(each);
    }
    if (!first_ && size > left()) return leave_out(message);
    first_ = false;
    used_ += size;
    if (!status) {
      decoded_.undecodable.push_back({message.queue_offset, status.error().message, damaged});
    } else if (is_batch) {
      for (StoredMessage& each : inner) add_inner(std::move(each));
    } else {
      decoded_.messages.push_back(std::move(message));
    }
    return true;
  }

 private:
  void add_inner(StoredMessage message) {
    if (!limits_.check_crc || crc_matches(message.body_crc, message.body.view())) {
      decoded_.messages.push_back(std::move(message));
    } else {
      decoded_.undecodable.push_back({message.queue_offset, crc_mismatch().value().message, true});
    }
  }
  size_t left() const { return used_ < limits_.max_total_bytes ? limits_.max_total_bytes - used_ : 0; }
  bool leave_out(const StoredMessage& message) {
    decoded_.rest_at = message.queue_offset;
    return false;
  }

  const DecodeLimits& limits_;
  DecodedMessages& decoded_;
  bool first_ = true;
  size_t used_ = 0;
};

}  // namespace

bool is_reserved_property(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

void append_property(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).push_back(kNameValueSeparator);
  out.append(value).push_back(kPropertySeparator);
}

std::vector<std::pair<std::string_view, std::string_view>> parse_properties(std::string_view encoded) {
  std::vector<std::pair<std::string_view, std::string_view>> properties;
  while (!encoded.empty()) {
    const size_t end = encoded.find(kPropertySeparator);
    const std::string_view entry = encoded.substr(0, end);
    const size_t separator = entry.find(kNameValueSeparator);
    if (separator != std::string_view::npos && separator > 0) {
      properties.emplace_back(entry.substr(0, separator), entry.substr(separator + 1));
    }
    if (end == std::string_view::npos) break;
    encoded.remove_prefix(end + 1);
  }
  return properties;
}

std::string host_text(const Host& host) {
  std::string text;
  if (!host.v6) {
    for (int i = 0; i < 4; ++i) text += (i > 0 ? "." : "") + std::to_string(host.address[i]);
  } else {
    static constexpr char kDigits[] = "0123456789abcdef";
    text += '[';
    for (int i = 0; i < 16; i += 2) {
      if (i > 0) text += ':';
      const unsigned group = static_cast<unsigned>(host.address[i]) << 8 | host.address[i + 1];
      bool begun = false;
      for (int shift = 12; shift >= 0; shift -= 4) {
        const unsigned digit = group >> shift & 15U;
        begun = begun || digit != 0 || shift == 0;
        if (begun) text += kDigits[digit];
      }
    }
    text += ']';
  }
  return text + ":" + std::to_string(host.port);
}

std::string_view StoredMessage::property(std::string_view name) const {
  for (const auto& [key, value] : properties) {
    if (key == name) return value;
  }
  return {};
}

size_t StoredMessage::write_offset_message_id(char* out) const {
  char* at = out;
  for (int i = 0; i < (store_host.v6 ? 16 : 4); ++i) at = write_hex(at, store_host.address[i], 1);
  at = write_hex(at, static_cast<uint32_t>(store_host.port), 4);
  at = write_hex(at, static_cast<uint64_t>(commit_log_offset), 8);
  return static_cast<size_t>(at - out);
}

std::string StoredMessage::offset_message_id() const {
  char text[kLongestOffsetMessageId];
  return {text, write_offset_message_id(text)};
}

std::string StoredMessage::message_id() const {
  const std::string_view unique = property(property::kUniqueId);
  return unique.empty() ? offset_message_id() : std::string(unique);
}

Result<DecodedMessages> decode_messages(const SharedBytes& body, const DecodeLimits& limits) {
  DecodedMessages decoded;
  PullDecoder decoder(limits, decoded);
  size_t at = 0;
  while (at < body.size()) {
    const SharedBytes rest = body.slice(at, body.size() - at);
    const int32_t size = ByteReader(rest.view()).i32();
    if (size < kLeastSize || static_cast<size_t>(size) > rest.size()) {
      return fail(ErrorKind::kProtocolError, "a message at byte " + std::to_string(at) + " of a pull's " +
                                                 std::to_string(body.size()) + " bytes claims the length " +
                                                 std::to_string(size));
    }
    at += static_cast<size_t>(size);
    if (!decoder.add(rest.slice(0, static_cast<size_t>(size)))) break;
  }
  return decoded;
}

Result<StoredMessage> decode_stored_message(const SharedBytes& bytes, bool check_crc) {
  const int32_t size = ByteReader(bytes.view()).i32();
  if (size < kLeastSize || static_cast<size_t>(size) > bytes.size()) {
    return fail(ErrorKind::kProtocolError,
                "a message of " + std::to_string(bytes.size()) + " bytes claims the length " + std::to_string(size));
  }
  StoredMessage message;
  if (auto decoded = decode_message(bytes, message); !decoded) return fail(decoded.error());
  if (check_crc && !crc_matches(message.body_crc, message.body.view())) return crc_mismatch();
  return message;
}

Status unpack_body(StoredMessage& message, size_t max_bytes) {
  return (message.system_flag & system_flag::kCompressed) == 0 ? Status() : unpack(message, max_bytes);
}

void encode_stored_message(const MessageToStore& message, std::vector<uint8_t>& out) {
  const size_t begin = out.size();
  ByteWriter writer(out);
  const bool long_topic = message.topic.size() > 127;
  int32_t flags = message.system_flag;
  if (message.born_host.v6) flags |= system_flag::kBornHostV6;
  if (message.store_host.v6) flags |= system_flag::kStoreHostV6;
  writer.i32(0);
  writer.i32(long_topic ? kMagicV2 : kMagicV1);
  writer.i32(crc_of(message.body));
  writer.i32(message.queue_id);
  writer.i32(message.flag);
  writer.i64(message.queue_offset);
  writer.i64(message.commit_log_offset);
  writer.i32(flags);
  writer.i64(message.born_timestamp_ms);
  write_host(writer, message.born_host);
  writer.i64(message.store_timestamp_ms);
  write_host(writer, message.store_host);
  writer.i32(message.reconsume_times);
  writer.i64(0);
  writer.i32(static_cast<int32_t>(message.body.size()));
  writer.bytes(message.body);
  if (long_topic) {
    writer.i16(static_cast<int16_t>(message.topic.size()));
  } else {
    writer.u8(static_cast<uint8_t>(message.topic.size()));
  }
  writer.text(message.topic);
  writer.i16(static_cast<int16_t>(message.properties.size()));
  writer.text(message.properties);
  writer.set_i32(begin, static_cast<int32_t>(out.size() - begin));
}

}  // namespace rocketmq
