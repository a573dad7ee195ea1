#include "protocol/plain_json_header.h"

#include <charconv>
#include <limits>

#include "protocol/language.h"

namespace rocketmq {

namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool done() const { return at_ == end_; }
  bool take(char expected) {
    if (at_ == end_ || *at_ != expected) return false;
    ++at_;
    return true;
  }
  // A text in quotes without escapes and beyond ASCII nothing.
  bool text(std::string_view& out) {
    if (!take('"')) return false;
    const char* const begin = at_;
    for (; at_ != end_; ++at_) {
      const auto c = static_cast<unsigned char>(*at_);
      if (c == '"') {
        out = {begin, static_cast<size_t>(at_ - begin)};
        ++at_;
        return true;
      }
      if (c < 0x20 || c >= 0x80 || c == '\\') return false;
    }
    return false;
  }
  // No leading zeros, no fraction, no exponent.
  bool number(int64_t& out) {
    const char* const digits = at_ != end_ && *at_ == '-' ? at_ + 1 : at_;
    const auto [next, error] = std::from_chars(at_, end_, out);
    if (error != std::errc() || digits == end_ || (*digits == '0' && next != digits + 1)) return false;
    at_ = next;
    return at_ != end_ && (*at_ == ',' || *at_ == '}');
  }
  bool at_text() const { return at_ != end_ && *at_ == '"'; }

 private:
  const char* at_;
  const char* const end_;
};

// More than any message of the protocol has. Beyond it, looking for repeated names in this simple way would take the
// square of their number: the full parser takes over.
constexpr size_t kMostFields = 64;

bool read_fields(Scanner& scanner, ExtFields& fields) {
  if (!fields.empty() || !scanner.take('{')) return false;
  if (scanner.take('}')) return true;
  do {
    std::string_view name;
    std::string_view value;
    if (!scanner.text(name) || !scanner.take(':') || !scanner.text(value)) return false;
    if (fields.size() == kMostFields || fields.contains(name)) return false;
    fields.add(name, value);
  } while (scanner.take(','));
  return scanner.take('}');
}

bool fits_int(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
}

// What the members that are read have been seen as, so that none comes twice.
enum Seen : unsigned { kCode = 1, kOpaque = 2, kFlag = 4, kVersion = 8, kLanguage = 16, kRemark = 32, kFields = 64 };

bool read_member(Scanner& scanner, std::string_view name, RemotingCommand& command, unsigned& seen) {
  const auto first = [&](Seen member) {
    const bool fresh = (seen & member) == 0;
    seen |= member;
    return fresh;
  };
  if (name == "extFields") return first(kFields) && read_fields(scanner, command.ext_fields);
  if (scanner.at_text()) {
    std::string_view value;
    if (!scanner.text(value)) return false;
    if (name == "language") {
      command.language = language_code(value);
      return first(kLanguage);
    }
    if (name == "remark") {
      command.remark = value;
      return first(kRemark);
    }
    // A number as a text is wrong, which the full parser tells.
    return name != "code" && name != "opaque" && name != "flag" && name != "version";
  }
  int64_t value = 0;
  if (!scanner.number(value) || !fits_int(value)) return false;
  const auto number = static_cast<int32_t>(value);
  if (name == "code") {
    command.code = number;
    return first(kCode);
  }
  if (name == "opaque") {
    command.opaque = number;
    return first(kOpaque);
  }
  if (name == "flag") {
    command.flag = number;
    return first(kFlag);
  }
  if (name == "version") {
    command.version = static_cast<int16_t>(number);
    return first(kVersion);
  }
  return name != "language" && name != "remark";
}

}  // namespace

bool read_plain_json_header(std::string_view json, RemotingCommand& command) {
  constexpr size_t kUsualFields = 8;
  command.ext_fields.reserve(kUsualFields, json.size());
  Scanner scanner(json);
  unsigned seen = 0;
  if (!scanner.take('{')) return false;
  do {
    std::string_view name;
    if (!scanner.text(name) || !scanner.take(':') || !read_member(scanner, name, command, seen)) return false;
  } while (scanner.take(','));
  return scanner.take('}') && scanner.done() && (seen & kCode) != 0;
}

}  // namespace rocketmq
