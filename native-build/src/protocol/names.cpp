#include "protocol/names.h"

#include <cstdint>

namespace rocketmq {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '%' || c == '|';
}

std::string shown(std::string_view text) {
  constexpr size_t kShown = 64;
  return text.size() <= kShown ? "\"" + std::string(text) + "\"" : "\"" + std::string(text.substr(0, kShown)) + "…\"";
}

Status validate_name(std::string_view name, std::string_view what, size_t limit) {
  const std::string subject = "the " + std::string(what);
  if (name.empty()) return fail(ErrorKind::kInvalidArgument, subject + " is empty: give it a name");
  if (name.size() > limit) {
    return fail(ErrorKind::kInvalidArgument, subject + " " + shown(name) + " has " + std::to_string(name.size()) +
                                                 " characters, over the limit of " + std::to_string(limit) +
                                                 ": choose a shorter one");
  }
  for (const char c : name) {
    if (!is_name_character(c)) {
      return fail(ErrorKind::kInvalidArgument,
                  subject + " " + (is_utf8(name) ? shown(name) : std::string("(not UTF-8)")) +
                      " contains a character that is not allowed: use letters, digits, '%', '|', '_' and '-'");
    }
  }
  return {};
}

}  // namespace

std::string retry_topic(std::string_view group) { return std::string(kRetryTopicPrefix).append(group); }
std::string dead_letter_topic(std::string_view group) { return std::string(kDeadLetterTopicPrefix).append(group); }

Status validate_topic(std::string_view topic) { return validate_name(topic, "topic", kMaxTopicLength); }
Status validate_group(std::string_view group, std::string_view what) {
  return validate_name(group, what, kMaxGroupLength);
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const int length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + static_cast<size_t>(length) > text.size()) return false;
    uint32_t point = lead & (0x7fU >> length);
    for (int k = 1; k < length; ++k) {
      const auto next = static_cast<uint8_t>(text[i + static_cast<size_t>(k)]);
      if ((next & 0xc0U) != 0x80U) return false;
      point = point << 6 | (next & 0x3fU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += static_cast<size_t>(length);
  }
  return true;
}

}  // namespace rocketmq
