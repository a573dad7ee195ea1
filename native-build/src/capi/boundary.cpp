#include "capi/boundary.h"

#include <algorithm>

#include "base/log.h"

namespace rocketmq::capi {

void copy_text(std::string_view text, char* out, size_t capacity) {
  size_t length = std::min(text.size(), capacity - 1);
  if (length < text.size()) {
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U) --length;
  }
  if (length > 0) std::memcpy(out, text.data(), length);
  out[length] = '\0';
}

void to_c(const Error& error, rocketmq_error& out) {
  out.size = sizeof out;
  out.status = static_cast<int32_t>(error.kind);
  out.response_code = error.response_code;
  out.attempts = error.attempts;
  out.may_be_stored = error.may_be_stored ? 1 : 0;
  out.elapsed_ms = error.elapsed_ms;
  copy_text(error.message, out.message, sizeof out.message);
  copy_text(error.remark, out.remark, sizeof out.remark);
  copy_text(error.address, out.address, sizeof out.address);
  copy_text(error.topic, out.topic, sizeof out.topic);
}

int32_t report(const Error& error, rocketmq_error* out) {
  if (out != nullptr && out->size > sizeof out->size) {
    rocketmq_error full{};
    to_c(error, full);
    copy_out(full, out);
  }
  return static_cast<int32_t>(error.kind);
}

int32_t refuse_without_error(const Error& error) {
  log(LogLevel::kError, "capi", "a call was refused: {}", error.message);
  return static_cast<int32_t>(error.kind);
}

Result<std::string_view> text_of(const rocketmq_string& text, std::string_view name) {
  if (text.length < 0) {
    return fail(ErrorKind::kInvalidArgument, std::string(name) + ".length is " + std::to_string(text.length) +
                                                 ": give the number of bytes, 0 or more");
  }
  if (text.data == nullptr && text.length > 0) {
    return fail(ErrorKind::kInvalidArgument, std::string(name) + ".data is NULL with a length of " +
                                                 std::to_string(text.length) + ": point it at the text");
  }
  return text.length == 0 ? std::string_view() : std::string_view(text.data, static_cast<size_t>(text.length));
}

Result<std::string_view> text_of(const rocketmq_string* text, std::string_view name) {
  return text == nullptr ? Result<std::string_view>(std::string_view()) : text_of(*text, name);
}

rocketmq_string to_c(std::string_view text) { return {text.data(), static_cast<int64_t>(text.size())}; }

int64_t RangeCheck::large_number(std::string_view field, int64_t value, int64_t otherwise, int64_t least,
                                 int64_t most) {
  if (value == 0) return otherwise;
  if (value >= least && value <= most) return value;
  if (status_) {
    status_ =
        fail(ErrorKind::kInvalidArgument, options_ + "." + std::string(field) + " is " + std::to_string(value) +
                                              ", outside " + std::to_string(least) + " to " + std::to_string(most) +
                                              ": 0 takes the default, " + std::to_string(otherwise));
  }
  return otherwise;
}

Status check_close_timeout(int32_t timeout_ms) {
  if (timeout_ms >= 0 && timeout_ms <= kMostTimeoutMs) return {};
  return fail(ErrorKind::kInvalidArgument, "timeout_ms is " + std::to_string(timeout_ms) + ", outside 0 to " +
                                               std::to_string(kMostTimeoutMs) + ": 0 does not wait");
}

}  // namespace rocketmq::capi

extern "C" {

const char* rocketmq_version(void) { return "0.1.0"; }

const char* rocketmq_status_name(int32_t status) {
  return rocketmq::error_kind_name(static_cast<rocketmq::ErrorKind>(status)).data();
}

}  // extern "C"
