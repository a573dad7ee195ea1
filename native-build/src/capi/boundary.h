#pragma once

#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "base/error.h"
#include "rocketmq/rocketmq.h"

// What every function of the C API does at its border: copies structs of any version in, lets no exception out, and
// tells errors. Without state, on the caller's thread.
namespace rocketmq::capi {

// Fills what the caller's struct has room for; `out` may be nullptr. Returns the status.
int32_t report(const Error& error, rocketmq_error* out);
void to_c(const Error& error, rocketmq_error& out);

// Copies text with its terminator, cut at a character's border.
void copy_text(std::string_view text, char* out, size_t capacity);

// What an error that cannot be told to the caller becomes: a record, and its status.
int32_t refuse_without_error(const Error& error);

template <typename Struct>
Status check_out(const Struct* out, std::string_view name);

// Runs `body`, which returns a Status, and lets no exception out.
template <typename Body>
int32_t guarded(rocketmq_error* error, Body&& body) {
  Error failure;
  try {
    if (const auto told = check_out(error, "error"); !told) return refuse_without_error(told.error());
    Status status = body();
    if (status) return ROCKETMQ_OK;
    failure = std::move(status.error());
  } catch (const std::bad_alloc&) {
    failure.kind = ErrorKind::kOutOfMemory;
  } catch (const std::exception& e) {
    failure.kind = ErrorKind::kInternalError;
    failure.message = e.what();
  } catch (...) {
    failure.kind = ErrorKind::kInternalError;
  }
  return report(failure, error);
}

// A struct that the caller passed in, with zeros for the fields that an older caller does not know.
template <typename Struct>
Result<Struct> copy_in(const Struct* in, std::string_view name) {
  if (in == nullptr) return fail(ErrorKind::kInvalidArgument, std::string(name) + " is NULL: pass a struct");
  if (in->size < sizeof(in->size)) {
    return fail(ErrorKind::kInvalidArgument,
                std::string(name) + ".size is " + std::to_string(in->size) + ": set it to sizeof(the struct)");
  }
  Struct copy{};
  std::memcpy(&copy, in, in->size < sizeof copy ? in->size : sizeof copy);
  copy.size = sizeof copy;
  return copy;
}

// Whether a struct that is to be filled, or nullptr for none, tells its size: asked before anything is done, as what is
// not filled in looks like an answer.
template <typename Struct>
Status check_out(const Struct* out, std::string_view name) {
  if (out == nullptr || out->size >= sizeof(out->size)) return {};
  return invalid_argument(std::string(name) + ".size is " + std::to_string(out->size) +
                          ": set it to sizeof(the struct)");
}

// The same of one that must be there.
template <typename Struct>
Status check_given(const Struct* out, std::string_view name) {
  if (out == nullptr) return invalid_argument(std::string(name) + " is NULL: pass a struct");
  return check_out(out, name);
}

// Fills what the caller's struct has room for, and tells it how much that is.
template <typename Struct>
void copy_out(const Struct& from, Struct* out) {
  const uint64_t size = out->size < sizeof from ? out->size : sizeof from;
  std::memcpy(out, &from, size);
  out->size = size;
}

Result<std::string_view> text_of(const rocketmq_string& text, std::string_view name);
Result<std::string_view> text_of(const rocketmq_string* text, std::string_view name);
rocketmq_string to_c(std::string_view text);

// Reads numbers of an options struct: 0 is the default, and the first one out of range is remembered.
class RangeCheck {
 public:
  explicit RangeCheck(std::string_view options) : options_(options) {}
  int64_t large_number(std::string_view field, int64_t value, int64_t otherwise, int64_t least, int64_t most);
  int32_t number(std::string_view field, int32_t value, int32_t otherwise, int32_t least, int32_t most) {
    return static_cast<int32_t>(large_number(field, value, otherwise, least, most));
  }
  const Status& status() const { return status_; }

 private:
  std::string options_;
  Status status_;
};

inline constexpr int32_t kMostTimeoutMs = 600000;

// The timeout of close.
Status check_close_timeout(int32_t timeout_ms);

inline Error null_argument(std::string_view name) {
  Error error;
  error.kind = ErrorKind::kInvalidArgument;
  error.message = std::string(name) + " is NULL: pass a valid pointer";
  return error;
}

}  // namespace rocketmq::capi
