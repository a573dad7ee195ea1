#include "raw_frames.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "contender.h"

namespace bench {

namespace {

constexpr int16_t kSendMessageV2 = 310;
constexpr int kGetRouteByTopic = 105;
// V5_3_3, LanguageCode.OTHER.
constexpr int16_t kVersion = 479;
constexpr char kLanguage = 7;
constexpr uint32_t kBinaryHeader = uint32_t{1} << 24;
// Of a whole frame.
constexpr size_t kOpaqueAt = 13;
constexpr size_t kShortestHeader = 21;
constexpr int64_t kWritable = 2;
constexpr char kHexDigits[] = "0123456789ABCDEF";
constexpr size_t kCounterDigits = 8;

int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void write_hex(char* at, uint64_t value, size_t digits) {
  for (size_t i = 0; i < digits; ++i) at[i] = kHexDigits[value >> (4 * (digits - 1 - i)) & 15U];
}

// All but the counter of a unique id: the process and its start.
const std::string& id_prefix() {
  static const std::string prefix = [] {
    std::string text(24, '0');
    write_hex(text.data(), static_cast<uint64_t>(getpid()), 8);
    write_hex(text.data() + 8, static_cast<uint64_t>(wall_clock_ms()), 16);
    return text;
  }();
  return prefix;
}

void add_field(std::string& out, char name, std::string_view value) {
  append(out, int16_t{1});
  out += name;
  append(out, static_cast<int32_t>(value.size()));
  out += value;
}

std::string route_request(const std::string& topic) {
  const Json header = {{"code", kGetRouteByTopic},
                       {"language", "OTHER"},
                       {"version", kVersion},
                       {"opaque", 0},
                       {"flag", 0},
                       {"extFields", {{"topic", topic}, {"acceptStandardJsonOnly", "true"}}}};
  const std::string text = header.dump();
  std::string frame;
  append(frame, static_cast<uint32_t>(text.size() + 4));
  append(frame, static_cast<uint32_t>(text.size()));
  return frame + text;
}

[[noreturn]] void malformed(const std::string& what) {
  throw CommandError("malformed frame: " + what + "; check that the address is a RocketMQ server's");
}

// By its name with quotes and colon: within a text, a quote would have a backslash before it.
int32_t json_number(std::string_view header, std::string_view name) {
  const char* const end = header.data() + header.size();
  const auto* at = static_cast<const char*>(memmem(header.data(), header.size(), name.data(), name.size()));
  int32_t value = 0;
  if (at == nullptr || std::from_chars(at + name.size(), end, value).ec != std::errc()) {
    malformed("its header has no number " + std::string(name));
  }
  return value;
}

RawRoute read_route(const Json& json, const std::string& topic) {
  for (const Json& broker : json.at("brokerDatas")) {
    const Json& addresses = broker.at("brokerAddrs");
    for (const Json& queues : json.at("queueDatas")) {
      const bool fits = queues.at("brokerName") == broker.at("brokerName") && addresses.contains("0") &&
                        (queues.at("perm").get<int64_t>() & kWritable) != 0 && queues.at("writeQueueNums") > 0;
      if (fits) return {addresses.at("0"), broker.at("brokerName"), queues.at("writeQueueNums")};
    }
  }
  throw CommandError("the topic " + topic + " has no queue to write to: create it with 4 queues first");
}

}  // namespace

RawRoute find_route(RawSocket& name_server, const std::string& topic) {
  const std::string request = route_request(topic);
  name_server.write(request.data(), request.size());
  std::string answer;
  while (answer.empty()) {
    name_server.read([&](std::string_view frame) { answer = frame; });
  }
  const RawResponse response = read_response(answer);
  if (response.code != 0) {
    throw CommandError("the name server knows no route of the topic " + topic + " (code " +
                       std::to_string(response.code) + "): create the topic first");
  }
  return read_route(Json::parse(response.body), topic);
}

SendTemplate::SendTemplate(const RawRoute& route, const std::string& topic, int64_t size)
    : queues_(std::min<int64_t>(route.queues, 10)) {
  std::string fields;
  add_field(fields, 'a', "bench-raw");
  add_field(fields, 'b', topic);
  add_field(fields, 'c', "TBW102");
  add_field(fields, 'd', "4");
  add_field(fields, 'e', "0");
  const size_t queue_in_fields = fields.size() - 1;
  add_field(fields, 'f', "0");
  add_field(fields, 'g', std::to_string(wall_clock_ms()));
  add_field(fields, 'h', "0");
  const std::string before_counter = "UNIQ_KEY\001" + id_prefix();
  const size_t id_in_fields = fields.size() + 2 + 1 + 4 + before_counter.size();
  add_field(fields, 'i', before_counter + std::string(kCounterDigits, '0') + "\002WAIT\001true\002");
  add_field(fields, 'j', "0");
  add_field(fields, 'k', "false");
  add_field(fields, 'l', "0");
  add_field(fields, 'm', "false");
  add_field(fields, 'n', route.broker_name);

  std::string header;
  append(header, kSendMessageV2);
  header += kLanguage;
  append(header, kVersion);
  append(header, int32_t{0});  // opaque
  append(header, int32_t{0});  // flag
  append(header, int32_t{0});  // remark
  append(header, static_cast<int32_t>(fields.size()));
  const size_t fields_at = 8 + header.size();
  header += fields;

  append(frame_, static_cast<uint32_t>(4 + header.size() + static_cast<size_t>(size)));
  append(frame_, kBinaryHeader | static_cast<uint32_t>(header.size()));
  frame_ += header;
  frame_.append(static_cast<size_t>(size), 'x');
  queue_at_ = fields_at + queue_in_fields;
  id_at_ = fields_at + id_in_fields;
}

void SendTemplate::write(char* at, int32_t opaque, uint32_t number) const {
  std::memcpy(at, frame_.data(), frame_.size());
  put(at + kOpaqueAt, opaque);
  at[queue_at_] = static_cast<char>('0' + number % queues_);
  write_hex(at + id_at_, number, kCounterDigits);
}

RawResponse read_response(std::string_view frame) {
  const auto mark = get<uint32_t>(frame);
  const size_t length = mark & 0xffffffU;
  if (length > frame.size() - 4) malformed("its header is longer than the frame");
  const std::string_view header = frame.substr(4, length);
  const std::string_view body = frame.substr(4 + length);
  if ((mark & kBinaryHeader) == 0) {
    const bool is_response = (json_number(header, "\"flag\":") & 1) != 0;
    return {is_response, json_number(header, "\"opaque\":"), json_number(header, "\"code\":"), body};
  }
  if (header.size() < kShortestHeader) malformed("its header is cut short");
  return {(get<int32_t>(header, 9) & 1) != 0, get<int32_t>(header, 5), get<int16_t>(header), body};
}

}  // namespace bench
