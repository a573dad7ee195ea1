#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace rocketmq::mock {

// What a server does wrong with the next requests of a code. New kinds go to the end, into misbehave() of
// mock_server_faults.cpp and into MockCluster.Fault of the Java tests, which counts as here.
struct Fault {
  enum class Kind {
    kRespond,         // answers `code` and `text` as the remark, without carrying the request out
    kDelay,           // carries it out, and answers `delay` later
    kDrop,            // carries it out, and never answers
    kIgnore,          // neither carries it out nor answers
    kReset,           // RST in place of an answer
    kClose,           // closes the connection in place of an answer
    kHalfFrame,       // half of the answer, then closes
    kGarbage,         // bytes that are no frame
    kOversize,        // a frame that claims `code` bytes
    kWrongOpaque,     // an answer to a request that never was, then the right one
    kStatus,          // carries it out, and answers with `code`
    kHalfFrameReset,  // half of the answer, then RST
    kGarbageFrame,    // a frame of the right length, whose header is no header, in place of an answer
    kShiftField,      // carries it out with the number of the field `text` changed by `code`
    kNotMoving,       // answers a pull at once that nothing was found, and to go on where it asked
    kBlackHole,       // this request and all that follow on its connection are read, and nothing is sent any more
    kLate,            // carries it out, and answers, `delay` later: what comes after it is before it
    kShiftAnswer,     // carries it out, and changes the number of the answer's field `text` by `code`
  };
  Kind kind = Kind::kRespond;
  int32_t code = 0;
  std::string text;
  std::chrono::milliseconds delay{0};
  // How many requests; -1: all.
  int32_t times = 1;
  // From the injection on; nothing: without end.
  std::optional<std::chrono::milliseconds> lasts = std::nullopt;

  static Fault respond(int32_t code, std::string remark, int32_t times = 1) {
    return {Kind::kRespond, code, std::move(remark), {}, times};
  }
  static Fault of(Kind kind, int32_t times = 1) { return {kind, 0, {}, {}, times}; }
  static Fault delayed(std::chrono::milliseconds delay, int32_t times = 1) {
    return {Kind::kDelay, 0, {}, delay, times};
  }
  // Pulls are answered with the messages from `messages` before the asked offset on.
  static Fault below_offset(int32_t messages, int32_t times = 1) {
    return {Kind::kShiftField, -messages, "queueOffset", {}, times};
  }
  // Pulls say that the next one begins by so many messages further on than it does.
  static Fault skipping(int32_t messages, int32_t times = 1) {
    return {Kind::kShiftAnswer, messages, "nextBeginOffset", {}, times};
  }
  // The same fault for all requests of a time.
  Fault during(std::chrono::milliseconds duration) const {
    Fault fault = *this;
    fault.times = -1;
    fault.lasts = duration;
    return fault;
  }
};

// For a fault of every request code.
inline constexpr int32_t kAnyRequest = 0;

}  // namespace rocketmq::mock
