#pragma once

#include <cstdint>
#include <string>

#include "rocketmq/rocketmq.h"

namespace rocketmq::test {

inline rocketmq_string text(const std::string& value) { return {value.data(), static_cast<int64_t>(value.size())}; }
inline std::string text(const rocketmq_string& value) { return {value.data, static_cast<size_t>(value.length)}; }

inline rocketmq_error new_error() {
  rocketmq_error error{};
  error.size = sizeof error;
  return error;
}

}  // namespace rocketmq::test
