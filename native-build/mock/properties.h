#pragma once

#include <string>
#include <string_view>

#include "protocol/message.h"

namespace rocketmq::mock {

// {} where absent.
inline std::string property_of(std::string_view encoded, std::string_view name) {
  for (const auto& [key, value] : parse_properties(encoded)) {
    if (key == name) return std::string(value);
  }
  return {};
}

}  // namespace rocketmq::mock
