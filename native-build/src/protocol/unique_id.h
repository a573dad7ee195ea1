#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace rocketmq {

// A message id in the format of the Java client (MessageClientIDSetter): 32 upper-case hexadecimal digits of
// address, process id, a 32-bit number of this process, milliseconds since the month began in local time,
// and a counter.
inline constexpr size_t kUniqueIdLength = 32;
using UniqueId = std::array<char, kUniqueIdLength>;

// Makes ids that never repeat: address and number are drawn at random, anew for each month, as the milliseconds begin
// again with it, and whenever the clock is set back. Beyond 65,536 ids a millisecond, the next one begins early. One
// for a process; any thread.
class UniqueIdSource {
 public:
  UniqueIdSource();
  // `now_ms` as wall_clock_ms().
  UniqueId next(int64_t now_ms);

 private:
  void begin_month(int64_t at_ms);
  void draw();

  std::mutex mutex_;
  uint32_t address_ = 0;
  uint16_t process_id_ = 0;
  uint32_t number_ = 0;
  int64_t month_begin_ms_ = 0;
  int64_t next_month_ms_ = 0;
  int64_t last_ms_ = 0;
  uint32_t counter_ = 0;
};

// Of the process's own source, which differs after fork. Any thread.
UniqueId create_unique_id();

inline std::string_view as_text(const UniqueId& id) { return {id.data(), id.size()}; }

}  // namespace rocketmq
