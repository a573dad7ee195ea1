#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace rocketmq {

// A message id in the format of the Java client (MessageClientIDSetter): 32 upper-case hexadecimal digits of
// address, process id, a 32-bit number of this process, milliseconds since the month began in local time,
// and a counter. Unique within the process even beyond 65,536 ids a millisecond; differs after fork.
// Any thread.
inline constexpr size_t kUniqueIdLength = 32;
using UniqueId = std::array<char, kUniqueIdLength>;
UniqueId create_unique_id();

inline std::string_view as_text(const UniqueId& id) { return {id.data(), id.size()}; }

}  // namespace rocketmq
