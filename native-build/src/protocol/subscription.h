#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"

namespace rocketmq {

inline constexpr std::string_view kSql92 = "SQL92";

// What a group asks for of a topic (SubscriptionData of the protocol). A value, which its consumer replaces as a whole:
// any thread may read its copy.
struct Subscription {
  std::string topic;
  std::string expression = "*";
  std::string expression_type = "TAG";
  std::set<std::string> tags;
  std::set<int32_t> codes;  // java_string_hash of the tags
  int64_t version = 0;      // milliseconds; brokers keep the newest

  bool by_sql() const { return expression_type == kSql92; }
  // Whether a message with this tag is asked for; the broker only compares hashes.
  bool matches(std::string_view tag) const { return tags.empty() || tags.count(std::string(tag)) != 0; }
};

// "*", "" or tags joined by "||". kInvalidArgument for an expression with an empty tag only ("||").
Result<Subscription> make_tag_subscription(std::string_view topic, std::string_view expression);

// A condition on properties, which the broker alone understands. kInvalidArgument for one that is empty or not UTF-8.
Result<Subscription> make_sql_subscription(std::string_view topic, std::string_view expression);

// Java's String.hashCode of UTF-8 text, over UTF-16 code units.
int32_t java_string_hash(std::string_view utf8);

}  // namespace rocketmq
