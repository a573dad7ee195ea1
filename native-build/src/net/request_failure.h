#pragma once

#include <string>

#include "base/error.h"
#include "base/log.h"
#include "net/remoting_client.h"

namespace rocketmq::net {

// Needs no memory itself.
inline constexpr const char* kNoMemory = "out of memory";

inline Error make_error(ErrorKind kind, const std::string& address, std::string message) {
  Error error;
  error.kind = kind;
  error.message = std::move(message);
  error.address = address;
  return error;
}

inline Error no_memory() {
  Error error;
  error.kind = ErrorKind::kOutOfMemory;
  error.message = kNoMemory;
  return error;
}

// Tells a request's end, whatever memory is left: once more where the first time threw.
template <typename MakeError>
void tell_failure(ResponseHandler& handler, bool written, MakeError make) {
  try {
    Error error = make();
    error.may_be_stored = written;
    return handler.on_failure(std::move(error));
  } catch (const std::exception& e) {
    log(LogLevel::kError, "net", "the failure of a request could not be handled: {}", e.what());
  }
  try {
    Error error = no_memory();
    error.may_be_stored = written;
    handler.on_failure(std::move(error));
  } catch (const std::exception& e) {
    log(LogLevel::kError, "net", "the failure of a request could not be handled, again: {}", e.what());
  }
}

}  // namespace rocketmq::net
