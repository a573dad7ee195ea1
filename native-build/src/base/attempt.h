#pragma once

#include <exception>
#include <string_view>

#include "base/log.h"

namespace rocketmq {

// One of several steps that must all be taken: its failure is logged, and keeps no other from being taken. `layer` as
// in log(); `what` of `whom` names the step.
template <typename Action>
void attempt(std::string_view layer, std::string_view what, std::string_view whom, const Action& action) {
  try {
    action();
  } catch (const std::exception& e) {
    log(LogLevel::kError, layer, "{} of {} failed: {}", what, whom, e.what());
  } catch (...) {
    // Of an application's callback, say.
    log(LogLevel::kError, layer, "{} of {} failed with an exception of an unknown type", what, whom);
  }
}

}  // namespace rocketmq
