#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace rocketmq::mock {

// What a server does wrong with the next requests of a code.
struct Fault {
  enum class Kind {
    kRespond,      // answers `code` and `text` as the remark, without carrying the request out
    kDelay,        // carries it out, and answers `delay` later
    kDrop,         // carries it out, and never answers
    kIgnore,       // neither carries it out nor answers
    kReset,        // RST in place of an answer
    kClose,        // closes the connection in place of an answer
    kHalfFrame,    // half of the answer, then closes
    kGarbage,      // bytes that are no frame
    kOversize,     // a frame that claims `code` bytes
    kWrongOpaque,  // an answer to a request that never was, then the right one
    kStatus,       // carries it out, and answers with `code`
  };
  Kind kind = Kind::kRespond;
  int32_t code = 0;
  std::string text;
  std::chrono::milliseconds delay{0};
  // How many requests; -1: all.
  int32_t times = 1;

  static Fault respond(int32_t code, std::string remark, int32_t times = 1) {
    return {Kind::kRespond, code, std::move(remark), {}, times};
  }
  static Fault of(Kind kind, int32_t times = 1) { return {kind, 0, {}, {}, times}; }
  static Fault delayed(std::chrono::milliseconds delay, int32_t times = 1) {
    return {Kind::kDelay, 0, {}, delay, times};
  }
};

// For a fault of every request code.
inline constexpr int32_t kAnyRequest = 0;

}  // namespace rocketmq::mock
