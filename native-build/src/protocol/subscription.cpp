#include "protocol/subscription.h"

#include "base/clock.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Result<Subscription> make_tag_subscription(std::string_view topic, std::string_view expression) {
  Subscription subscription;
  subscription.topic = topic;
  subscription.version = wall_clock_ms();
  expression = trim(expression);
  if (expression.empty() || expression == "*") return subscription;
  if (!is_utf8(expression)) {
    return fail(ErrorKind::kInvalidArgument, "the filter expression is not UTF-8: encode it as UTF-8");
  }
  subscription.expression = expression;
  for (std::string_view rest = expression;;) {
    const size_t bar = rest.find("||");
    const std::string_view tag = trim(rest.substr(0, bar));
    if (!tag.empty()) {
      subscription.tags.emplace(tag);
      subscription.codes.insert(java_string_hash(tag));
    }
    if (bar == std::string_view::npos) break;
    rest.remove_prefix(bar + 2);
  }
  if (subscription.tags.empty()) {
    return fail(ErrorKind::kInvalidArgument, "the filter expression \"" + std::string(expression) +
                                                 "\" has no tag: write tags joined by \"||\", or \"*\" for all");
  }
  return subscription;
}

Result<Subscription> make_sql_subscription(std::string_view topic, std::string_view expression) {
  if (trim(expression).empty()) {
    return fail(ErrorKind::kInvalidArgument,
                "the SQL92 filter expression of topic \"" + std::string(topic) +
                    "\" is empty: write a condition such as \"a > 5 AND b IS NOT NULL\", or filter by the tag \"*\"");
  }
  if (!is_utf8(expression)) {
    return fail(ErrorKind::kInvalidArgument, "the filter expression is not UTF-8: encode it as UTF-8");
  }
  Subscription subscription;
  subscription.topic = topic;
  subscription.version = wall_clock_ms();
  subscription.expression = expression;
  subscription.expression_type = kSql92;
  return subscription;
}

int32_t java_string_hash(std::string_view utf8) {
  uint32_t hash = 0;
  for (size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<uint8_t>(utf8[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t point = length == 1 ? lead : lead & (0x7fU >> length);
    for (size_t k = 1; k < length && i + k < utf8.size(); ++k) {
      point = point << 6 | (static_cast<uint8_t>(utf8[i + k]) & 0x3fU);
    }
    i += length;
    if (point >= 0x10000) {
      hash = hash * 31 + (0xd800 + ((point - 0x10000) >> 10));
      hash = hash * 31 + (0xdc00 + (point & 0x3ffU));
    } else {
      hash = hash * 31 + point;
    }
  }
  return static_cast<int32_t>(hash);
}

}  // namespace rocketmq
