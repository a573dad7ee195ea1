#include "base/log.h"

#include <memory>
#include <mutex>
#include <vector>

#include "capi/boundary.h"

namespace {

using rocketmq::LogLevel;

struct Receiver {
  rocketmq_log_callback callback;
  uint64_t context;
};

void deliver(void* user, const rocketmq::LogRecord& record) {
  const auto* receiver = static_cast<const Receiver*>(user);
  rocketmq_log_record out{};
  out.size = sizeof out;
  out.level = static_cast<int32_t>(record.level);
  out.timestamp_ms = record.timestamp_ms;
  out.layer = rocketmq::capi::to_c(record.layer);
  out.thread = rocketmq::capi::to_c(record.thread);
  out.message = rocketmq::capi::to_c(record.message);
  receiver->callback(receiver->context, &out);
}

rocketmq::Status check_level(int32_t level) {
  if (level >= ROCKETMQ_LOG_TRACE && level <= ROCKETMQ_LOG_OFF) return {};
  return rocketmq::fail(rocketmq::ErrorKind::kInvalidArgument,
                        "level is " + std::to_string(level) + ", outside 0 (TRACE) to 5 (OFF)");
}

// Kept until the process ends, as a replaced one may still be running: a few bytes for each setting.
Receiver* keep(rocketmq_log_callback callback, uint64_t context) {
  static auto* mutex = new std::mutex;
  static auto* receivers = new std::vector<std::unique_ptr<Receiver>>;
  std::lock_guard lock(*mutex);
  receivers->push_back(std::make_unique<Receiver>(Receiver{callback, context}));
  return receivers->back().get();
}

}  // namespace

extern "C" {

int32_t rocketmq_set_log_callback(rocketmq_log_callback callback, uint64_t context, int32_t level,
                                  rocketmq_error* error) {
  return rocketmq::capi::guarded(error, [&]() -> rocketmq::Status {
    if (auto valid = check_level(level); !valid) return valid;
    if (callback == nullptr) {
      rocketmq::set_log_sink(nullptr, nullptr, LogLevel::kOff);
    } else {
      rocketmq::set_log_sink(deliver, keep(callback, context), static_cast<LogLevel>(level));
    }
    return {};
  });
}

int32_t rocketmq_set_log_level(int32_t level, rocketmq_error* error) {
  return rocketmq::capi::guarded(error, [&]() -> rocketmq::Status {
    if (auto valid = check_level(level); !valid) return valid;
    rocketmq::set_log_level(static_cast<LogLevel>(level));
    return {};
  });
}

}  // extern "C"
