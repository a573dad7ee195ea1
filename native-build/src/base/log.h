#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace rocketmq {

enum class LogLevel : int32_t { kTrace = 0, kDebug = 1, kInfo = 2, kWarn = 3, kError = 4, kOff = 5 };

struct LogRecord {
  LogLevel level;
  int64_t timestamp_ms;
  std::string_view layer;
  std::string_view thread;
  std::string_view message;
};

using LogSink = void (*)(void* user, const LogRecord& record);

// Sets the process-wide sink; it runs on "rmq-log", a thread that exists only while there is a sink. On
// return an earlier sink neither runs nor will run, unless this is called from inside it, or it replaced itself from
// inside and has not returned yet.
void set_log_sink(LogSink sink, void* user, LogLevel level);
void set_log_level(LogLevel level);

bool log_enabled(LogLevel level);
// Queues the record (never blocks; drops, counting, when 4,096 wait).
void write_log(LogLevel level, std::string_view layer, std::string message);
// The same, formatted; never throws: without memory, the record is lost.
void write_log(LogLevel level, std::string_view layer, fmt::string_view format, fmt::format_args args) noexcept;

// `layer` is a literal: "net", "client", … Never throws, as it is called where failures are handled.
template <typename... Args>
void log(LogLevel level, std::string_view layer, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) {
    const fmt::string_view text = format;
    write_log(level, layer, text, fmt::make_format_args(args...));
  }
}

}  // namespace rocketmq
