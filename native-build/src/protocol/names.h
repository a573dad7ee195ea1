#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace rocketmq {

inline constexpr std::string_view kRetryTopicPrefix = "%RETRY%";
inline constexpr std::string_view kDeadLetterTopicPrefix = "%DLQ%";
inline constexpr size_t kMaxTopicLength = 127;
inline constexpr size_t kMaxGroupLength = 120;

std::string retry_topic(std::string_view group);
std::string dead_letter_topic(std::string_view group);

// kInvalidArgument naming `what` ("topic", "producer group", …), the value, the limit and what to do.
Status validate_topic(std::string_view topic);
Status validate_group(std::string_view group, std::string_view what);

// Well-formed UTF-8 without surrogates.
bool is_utf8(std::string_view text);

}  // namespace rocketmq
