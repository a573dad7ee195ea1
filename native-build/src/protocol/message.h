#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace rocketmq {

namespace system_flag {
inline constexpr int32_t kCompressed = 1;
inline constexpr int32_t kMultiTags = 2;
inline constexpr int32_t kTransactionPrepared = 4;
inline constexpr int32_t kTransactionCommit = 8;
inline constexpr int32_t kTransactionRollback = 12;
inline constexpr int32_t kBornHostV6 = 16;
inline constexpr int32_t kStoreHostV6 = 32;
inline constexpr int32_t kNeedUnwrap = 64;
inline constexpr int32_t kInnerBatch = 128;
inline constexpr int32_t kCompressionMask = 0x700;
inline constexpr int32_t kCompressionLz4 = 0x100;
inline constexpr int32_t kCompressionZstd = 0x200;
inline constexpr int32_t kCompressionZlib = 0x300;
}  // namespace system_flag

namespace property {
inline constexpr std::string_view kUniqueId = "UNIQ_KEY";
inline constexpr std::string_view kTags = "TAGS";
inline constexpr std::string_view kKeys = "KEYS";
inline constexpr std::string_view kWait = "WAIT";
inline constexpr std::string_view kDelay = "DELAY";
inline constexpr std::string_view kTimerDeliverMs = "TIMER_DELIVER_MS";
inline constexpr std::string_view kPriority = "_SYS_MSG_PRIORITY_";
inline constexpr std::string_view kShardingKey = "__SHARDINGKEY";
inline constexpr std::string_view kRetryTopic = "RETRY_TOPIC";
inline constexpr std::string_view kReconsumeTime = "RECONSUME_TIME";
inline constexpr std::string_view kMaxReconsumeTimes = "MAX_RECONSUME_TIMES";
inline constexpr std::string_view kOriginMessageId = "ORIGIN_MESSAGE_ID";
inline constexpr std::string_view kTransactionPrepared = "TRAN_MSG";
inline constexpr std::string_view kProducerGroup = "PGROUP";
inline constexpr std::string_view kTransactionCheckTimes = "TRANSACTION_CHECK_TIMES";
inline constexpr std::string_view kCluster = "CLUSTER";
inline constexpr std::string_view kCorrelationId = "CORRELATION_ID";
inline constexpr std::string_view kReplyToClient = "REPLY_TO_CLIENT";
inline constexpr std::string_view kTimeToLive = "TTL";
inline constexpr std::string_view kMessageType = "MSG_TYPE";
inline constexpr std::string_view kPopCheckpoint = "POP_CK";
inline constexpr std::string_view kFirstPopTime = "1ST_POP_TIME";
}  // namespace property

// True for a name that RocketMQ sets or interprets itself and refuses as a user's property.
bool is_reserved_property(std::string_view name);

inline constexpr char kNameValueSeparator = '\001';
inline constexpr char kPropertySeparator = '\002';
// Properties go with a 16-bit signed length.
inline constexpr size_t kMaxPropertiesBytes = 32767;

void append_property(std::string& out, std::string_view name, std::string_view value);

// A host as stored in a message.
struct Host {
  bool v6 = false;
  uint8_t address[16] = {};  // the first 4 bytes for v4
  int32_t port = 0;
};
// "1.2.3.4:10911", "[::1]:10911".
std::string host_text(const Host& host);

// A message as a broker stores and sends it. Texts and body point into what `bytes` keeps alive.
struct StoredMessage {
  SharedBytes bytes;
  std::string_view topic;
  // Unpacked where it was compressed.
  SharedBytes body;
  std::vector<std::pair<std::string_view, std::string_view>> properties;
  int32_t store_size = 0;
  int32_t body_crc = 0;
  int32_t queue_id = 0;
  int32_t flag = 0;
  int64_t queue_offset = 0;
  int64_t commit_log_offset = 0;
  int32_t system_flag = 0;
  int64_t born_timestamp_ms = 0;
  Host born_host;
  int64_t store_timestamp_ms = 0;
  Host store_host;
  int32_t reconsume_times = 0;
  int64_t prepared_transaction_offset = 0;
  // Stored with others as one, which a broker gives as a whole.
  bool of_inner_batch = false;
  // Of its queue when it was pulled, where that is known.
  int64_t queue_min_offset = -1;
  int64_t queue_max_offset = -1;

  // {} where absent.
  std::string_view property(std::string_view name) const;
  // RocketMQ's offsetMsgId: hexadecimal of store host, port and commit log offset.
  std::string offset_message_id() const;
  // The same into `out`, which has room for kLongestOffsetMessageId; how many characters it takes.
  static constexpr size_t kLongestOffsetMessageId = 56;
  size_t write_offset_message_id(char* out) const;
  // UNIQ_KEY, or offset_message_id() where absent.
  std::string message_id() const;
};

struct DecodeLimits {
  // What a compressed body may unpack to.
  size_t max_body_bytes = size_t{128} * 1024 * 1024;
  // What all of one pull may take beyond its own bytes: unpacked bodies, and the messages of inner batches.
  // The first message gets max_body_bytes whatever this says.
  size_t max_total_bytes = size_t{256} * 1024 * 1024;
  // Messages in one inner batch; a broker counts them in 16 bits.
  size_t max_inner_messages = 32767;
  // Whether bodies are compared with their CRC (fuzzers cannot guess one).
  bool check_crc = true;
};

struct DecodedMessages {
  std::vector<StoredMessage> messages;
  // Messages that were whole but could not be understood (corrupt body, unknown compression): where they
  // stood, so that a consumer can tell of them and step over.
  struct Undecodable {
    int64_t queue_offset;
    std::string reason;
    // The body is not the one that was stored: it was damaged in transit, most likely, so that asking once more helps.
    bool crc_mismatch = false;
  };
  std::vector<Undecodable> undecodable;
  // The offset of the first message that was left out, with all after it, as max_total_bytes was reached. Never
  // the first one, so that pulling on from here gets further.
  std::optional<int64_t> rest_at;
};

// Decodes the body of a pull response: messages back to back; inner batches are unwrapped, each message
// with the offset of its own. Magic V1 and V2, IPv4 and IPv6 hosts, the three compressions. A body's CRC is of what is
// stored, compressed or not; 0 stands for none. kProtocolError when the sequence itself is broken.
Result<DecodedMessages> decode_messages(const SharedBytes& body, const DecodeLimits& limits = {});

// The one message that `bytes` is, its body as it was stored: see unpack_body(). kProtocolError also where that does
// not match its CRC.
Result<StoredMessage> decode_stored_message(const SharedBytes& bytes, bool check_crc = true);
// Once; does nothing for a body that is not compressed. kProtocolError for one that is corrupt or too large.
Status unpack_body(StoredMessage& message, size_t max_bytes = DecodeLimits().max_body_bytes);

// Encodes a message as a broker stores it (for the mock broker and for tests). The body goes as it is.
struct MessageToStore {
  std::string_view topic;
  std::string_view properties;  // encoded
  ByteView body;
  int32_t queue_id = 0;
  int32_t flag = 0;
  int64_t queue_offset = 0;
  int64_t commit_log_offset = 0;
  int32_t system_flag = 0;
  int64_t born_timestamp_ms = 0;
  Host born_host;
  int64_t store_timestamp_ms = 0;
  Host store_host;
  int32_t reconsume_times = 0;
};
void encode_stored_message(const MessageToStore& message, std::vector<uint8_t>& out);

// Splits "name\001value\002…"; entries without a separator or with an empty name are passed over.
std::vector<std::pair<std::string_view, std::string_view>> parse_properties(std::string_view encoded);

}  // namespace rocketmq
