#include "producer/recall_handle.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace rocketmq {

namespace {

std::optional<uint32_t> digit(char character) {
  if (character >= 'A' && character <= 'Z') return character - 'A';
  if (character >= 'a' && character <= 'z') return character - 'a' + 26;
  if (character >= '0' && character <= '9') return character - '0' + 52;
  if (character == '-') return 62;
  if (character == '_') return 63;
  return std::nullopt;
}

// Without or with padding.
std::optional<std::string> decode_base64url(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char character : text) {
    const auto value = digit(character);
    if (!value) return std::nullopt;
    bits = bits << 6 | *value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xff);
    }
  }
  if (text.size() % 4 == 1) return std::nullopt;
  return out;
}

}  // namespace

Result<RecallHandle> parse_recall_handle(std::string_view handle) {
  constexpr size_t kParts = 5;
  std::vector<std::string> parts;
  if (const auto text = decode_base64url(handle)) {
    for (size_t begin = 0; begin <= text->size() && parts.size() < kParts;) {
      const size_t end = std::min(text->find(' ', begin), text->size());
      parts.push_back(text->substr(begin, end - begin));
      begin = end + 1;
    }
  }
  if (parts.size() < kParts || parts[0] != "v1" || parts[1].empty() || parts[2].empty()) {
    return fail(ErrorKind::kInvalidArgument,
                "\"" + std::string(handle.substr(0, 64)) +
                    "\" is no recall handle: give the recall_handle of the result of a timed send");
  }
  return RecallHandle{parts[1], parts[2]};
}

}  // namespace rocketmq
