#include "scale_header.h"

#include <algorithm>
#include <string>
#include <vector>

#include "protocol/codes.h"
#include "protocol/remoting_command.h"

namespace bench {

namespace {

using rocketmq::RemotingCommand;
using rocketmq::SerializeType;
using rocketmq::SharedBytes;

constexpr int kRepetitions = 15;
constexpr int64_t kEnoughNs = 2'000'000'000;
constexpr int64_t kShortField = 24;

SharedBytes frame_with_header(int64_t bytes, SerializeType type, bool many_fields) {
  RemotingCommand command = RemotingCommand::request(rocketmq::request_code::kSendMessageV2, type);
  const int64_t each = many_fields ? kShortField : bytes;
  for (int64_t size = 0; size < bytes; size += each) {
    const std::string name = "f" + std::to_string(size);
    const auto length = static_cast<size_t>(std::max<int64_t>(1, each - static_cast<int64_t>(name.size()) - 6));
    command.ext_fields.add(name, std::string(length, 'v'));
  }
  std::vector<uint8_t> frame;
  if (!rocketmq::encode_frame(command, frame)) throw CommandError("the frame cannot be encoded: give less bytes");
  // Without the length, as decode_frame() takes it.
  return SharedBytes(std::vector<uint8_t>(frame.begin() + 4, frame.end()));
}

// The shortest of some, as the others were disturbed.
double parse_ms(const SharedBytes& frame) {
  int64_t shortest = INT64_MAX;
  const int64_t enough = monotonic_ns() + kEnoughNs;
  for (int i = 0; i < kRepetitions && (i == 0 || monotonic_ns() < enough); ++i) {
    const int64_t begin = monotonic_ns();
    const auto command = rocketmq::decode_frame(frame);
    shortest = std::min(shortest, monotonic_ns() - begin);
    if (!command || command->ext_fields.empty()) throw CommandError("the header was not parsed");
  }
  return static_cast<double>(shortest) / 1e6;
}

}  // namespace

Json parse_header(const Command& command) {
  const int64_t bytes = command.number("bytes", 1024, 8 * 1024 * 1024);
  const std::string& format = command.text("format");
  if (format != "json" && format != "binary") throw CommandError("format=" + format + ": give json or binary");
  const std::string& fields = command.text("fields");
  if (fields != "many" && fields != "one") throw CommandError("fields=" + fields + ": give many or one");
  const SerializeType type = format == "json" ? SerializeType::kJson : SerializeType::kRocketMq;
  return {{"small_ms", parse_ms(frame_with_header(bytes / 4, type, fields == "many"))},
          {"large_ms", parse_ms(frame_with_header(bytes, type, fields == "many"))}};
}

}  // namespace bench
