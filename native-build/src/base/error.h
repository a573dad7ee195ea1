#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace rocketmq {

// The numbers are those of the C API (ROCKETMQ_*).
enum class ErrorKind : int32_t {
  kOk = 0,
  kInvalidArgument = 1,
  kInvalidState = 2,
  kClosed = 3,
  kTimeout = 4,
  kUnreachable = 5,
  kConnectionLost = 6,
  kTopicNotFound = 7,
  kRejected = 8,
  kTooManyRequests = 9,
  kProtocolError = 10,
  kNotSupported = 11,
  kConflict = 12,
  kOutOfMemory = 13,
  kInternalError = 14,
};

// "TIMEOUT" and so on; "UNKNOWN" for a number that is none.
std::string_view error_kind_name(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kInternalError;
  std::string message;
  // The peer's response code and remark; -1 where none answered.
  int32_t response_code = -1;
  std::string remark;
  std::string address;
  std::string topic;
  int32_t attempts = 0;
  int64_t elapsed_ms = 0;
  // Of a send, whatever its kind: a broker may have stored the message.
  bool may_be_stored = false;
  // The answer came, but is longer than the limit of frames: less may be asked for.
  bool answer_too_large = false;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  Error error;
  error.kind = kind;
  error.message = std::move(message);
  return tl::unexpected<Error>(std::move(error));
}

inline tl::unexpected<Error> invalid_argument(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message));
}

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace rocketmq
