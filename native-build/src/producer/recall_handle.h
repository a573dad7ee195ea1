#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace rocketmq {

// What a broker wrote into the handle of a timed message, by which it is found again and taken back. A value.
struct RecallHandle {
  std::string topic;
  std::string broker_name;
};

// Of "v1 topic broker timestamp id" in URL-safe Base64. kInvalidArgument for anything else.
Result<RecallHandle> parse_recall_handle(std::string_view handle);

}  // namespace rocketmq
