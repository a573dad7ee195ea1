#include "protocol/remoting_command.h"

#include <charconv>
#include <limits>

#include "protocol/codes.h"
#include "protocol/json.h"
#include "protocol/language.h"
#include "protocol/plain_json_header.h"

namespace rocketmq {

namespace {

constexpr int32_t kMaxHeaderBytes = 0xffffff;
tl::unexpected<Error> malformed_frame(std::string what) {
  return fail(ErrorKind::kProtocolError, "malformed frame: " + std::move(what));
}

bool fits_binary(const RemotingCommand& command) {
  return command.code >= std::numeric_limits<int16_t>::min() && command.code <= std::numeric_limits<int16_t>::max();
}

void encode_binary_header(const RemotingCommand& command, std::vector<uint8_t>& out) {
  ByteWriter writer(out);
  writer.i16(static_cast<int16_t>(command.code));
  writer.u8(command.language);
  writer.i16(command.version);
  writer.i32(command.opaque);
  writer.i32(command.flag);
  writer.i32(static_cast<int32_t>(command.remark.size()));
  writer.text(command.remark);
  const size_t length_at = writer.size();
  writer.i32(0);
  for (size_t i = 0; i < command.ext_fields.size(); ++i) {
    const auto [name, value] = command.ext_fields.at(i);
    writer.i16(static_cast<int16_t>(name.size()));
    writer.text(name);
    writer.i32(static_cast<int32_t>(value.size()));
    writer.text(value);
  }
  writer.set_i32(length_at, static_cast<int32_t>(writer.size() - length_at - 4));
}

void encode_json_header(const RemotingCommand& command, std::vector<uint8_t>& out) {
  Json header = {{"code", command.code},       {"language", language_name(command.language)},
                 {"version", command.version}, {"opaque", command.opaque},
                 {"flag", command.flag},       {"serializeTypeCurrentRPC", "JSON"}};
  if (!command.remark.empty()) header["remark"] = command.remark;
  if (!command.ext_fields.empty()) {
    Json fields = Json::object();
    for (size_t i = 0; i < command.ext_fields.size(); ++i) {
      const auto [name, value] = command.ext_fields.at(i);
      fields[std::string(name)] = value;
    }
    header["extFields"] = std::move(fields);
  }
  ByteWriter(out).text(dump_json(header));
}

Status decode_binary_header(ByteView bytes, RemotingCommand& command) {
  ByteReader reader(bytes);
  command.code = reader.i16();
  command.language = reader.u8();
  command.version = reader.i16();
  command.opaque = reader.i32();
  command.flag = reader.i32();
  command.remark = as_text(reader.bytes(reader.i32()));
  const int32_t fields_length = reader.i32();
  const ByteView fields = reader.bytes(fields_length);
  if (!reader.ok()) return malformed_frame("its binary header is cut short");
  ByteReader field_reader(fields);
  constexpr size_t kUsualFields = 8;
  command.ext_fields.reserve(fields.empty() ? 0 : kUsualFields, fields.size());
  while (field_reader.ok() && field_reader.remaining() > 0) {
    const auto name = as_text(field_reader.bytes(field_reader.i16()));
    const auto value = as_text(field_reader.bytes(field_reader.i32()));
    if (field_reader.ok()) command.ext_fields.add(name, value);
  }
  if (!field_reader.ok()) return malformed_frame("its header's fields are cut short");
  return {};
}

Result<int32_t> int_member(const Json& header, const char* name, int32_t otherwise) {
  auto found = header.find(name);
  if (found == header.end() || found->is_null()) return otherwise;
  if (!found->is_number_integer()) return malformed_frame(std::string("its header's ") + name + " is no number");
  const auto value = found->get<int64_t>();
  if (value < INT32_MIN || value > INT32_MAX)
    return malformed_frame(std::string("its header's ") + name + " is out of range");
  return static_cast<int32_t>(value);
}

Status decode_json_header(ByteView bytes, RemotingCommand& command) {
  if (read_plain_json_header(as_text(bytes), command)) return {};
  command = RemotingCommand{};
  command.serialize_type = SerializeType::kJson;
  auto header = parse_json(as_text(bytes));
  if (!header || !header->is_object()) return malformed_frame("its header is no JSON object");
  if (!header->contains("code")) return malformed_frame("its header has no code");
  const std::pair<const char*, int32_t*> numbers[] = {
      {"code", &command.code}, {"opaque", &command.opaque}, {"flag", &command.flag}};
  for (const auto& [name, target] : numbers) {
    auto value = int_member(*header, name, 0);
    if (!value) return fail(value.error());
    *target = *value;
  }
  auto version = int_member(*header, "version", 0);
  if (!version) return fail(version.error());
  command.version = static_cast<int16_t>(*version);
  command.language = language_code(json_text(*header, "language"));
  command.remark = json_text(*header, "remark");
  auto fields = header->find("extFields");
  if (fields == header->end() || fields->is_null()) return {};
  if (!fields->is_object()) return malformed_frame("its header's extFields are no object");
  for (const auto& [name, value] : fields->items()) {
    if (value.is_null()) continue;
    command.ext_fields.add(name, std::string_view(value.is_string() ? value.get<std::string>() : dump_json(value)));
  }
  return {};
}

}  // namespace

size_t ExtFields::find(std::string_view name) const {
  size_t index = 0;
  while (index < places_.size() && at(index).first != name) ++index;
  return index;
}

int64_t ExtFields::number(std::string_view name, int64_t otherwise) const {
  const std::string_view value_text = text(name);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(value_text.data(), value_text.data() + value_text.size(), value);
  return error == std::errc() && end == value_text.data() + value_text.size() ? value : otherwise;
}

std::string_view ExtFields::text(std::string_view name, std::string_view otherwise) const {
  const size_t found = find(name);
  return found == places_.size() ? otherwise : at(found).second;
}

RemotingCommand RemotingCommand::request(int32_t code, SerializeType type) {
  RemotingCommand command;
  command.code = code;
  command.version = kProtocolVersion;
  command.serialize_type = type;
  return command;
}

RemotingCommand RemotingCommand::response_to(const RemotingCommand& request, int32_t code, std::string remark) {
  RemotingCommand command;
  command.code = code;
  command.version = kProtocolVersion;
  command.opaque = request.opaque;
  command.flag = kResponseFlag;
  command.remark = std::move(remark);
  command.serialize_type = request.serialize_type;
  return command;
}

Status encode_frame(const RemotingCommand& command, std::vector<uint8_t>& out, int32_t max_frame_bytes) {
  const size_t begin = out.size();
  ByteWriter writer(out);
  writer.i32(0);
  writer.i32(0);
  const bool binary = command.serialize_type == SerializeType::kRocketMq && fits_binary(command);
  if (binary) {
    encode_binary_header(command, out);
  } else {
    encode_json_header(command, out);
  }
  const size_t header_length = out.size() - begin - 8;
  writer.bytes(command.body.view());
  const size_t length = out.size() - begin - 4;
  if (header_length > static_cast<size_t>(kMaxHeaderBytes) || length > static_cast<size_t>(max_frame_bytes)) {
    out.resize(begin);
    return fail(ErrorKind::kInvalidArgument, "the request takes " + std::to_string(length) +
                                                 " bytes on the wire, over the limit of " +
                                                 std::to_string(max_frame_bytes) + ": send less at once");
  }
  writer.set_i32(begin, static_cast<int32_t>(length));
  const auto type = binary ? SerializeType::kRocketMq : SerializeType::kJson;
  writer.set_i32(begin + 4, static_cast<int32_t>(static_cast<uint32_t>(type) << 24 | header_length));
  return {};
}

Result<RemotingCommand> decode_frame(const SharedBytes& frame) {
  ByteReader reader(frame.view());
  const auto mark = static_cast<uint32_t>(reader.i32());
  const ByteView header = reader.bytes(mark & 0xffffffU);
  if (!reader.ok()) return malformed_frame("its header is longer than the frame");
  RemotingCommand command;
  Status decoded;
  switch (mark >> 24) {
    case static_cast<uint32_t>(SerializeType::kJson):
      command.serialize_type = SerializeType::kJson;
      decoded = decode_json_header(header, command);
      break;
    case static_cast<uint32_t>(SerializeType::kRocketMq):
      command.serialize_type = SerializeType::kRocketMq;
      decoded = decode_binary_header(header, command);
      break;
    default:
      return malformed_frame("its serialization " + std::to_string(mark >> 24) + " is unknown");
  }
  if (!decoded) return fail(decoded.error());
  command.body = frame.slice(reader.position(), reader.remaining());
  return command;
}

}  // namespace rocketmq
