#include "base/error.h"

namespace rocketmq {

std::string_view error_kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kOk:
      return "OK";
    case ErrorKind::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case ErrorKind::kInvalidState:
      return "INVALID_STATE";
    case ErrorKind::kClosed:
      return "CLOSED";
    case ErrorKind::kTimeout:
      return "TIMEOUT";
    case ErrorKind::kUnreachable:
      return "UNREACHABLE";
    case ErrorKind::kConnectionLost:
      return "CONNECTION_LOST";
    case ErrorKind::kTopicNotFound:
      return "TOPIC_NOT_FOUND";
    case ErrorKind::kRejected:
      return "REJECTED";
    case ErrorKind::kTooManyRequests:
      return "TOO_MANY_REQUESTS";
    case ErrorKind::kProtocolError:
      return "PROTOCOL_ERROR";
    case ErrorKind::kNotSupported:
      return "NOT_SUPPORTED";
    case ErrorKind::kConflict:
      return "CONFLICT";
    case ErrorKind::kOutOfMemory:
      return "OUT_OF_MEMORY";
    case ErrorKind::kInternalError:
      return "INTERNAL_ERROR";
  }
  return "UNKNOWN";
}

}  // namespace rocketmq
