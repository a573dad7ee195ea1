#pragma once

#include <string>

namespace rocketmq {

// A message id in the format of the Java client (MessageClientIDSetter): 32 upper-case hexadecimal digits of
// address, process id, a 32-bit number of this process, milliseconds since the month began in local time,
// and a counter. Unique within the process even beyond 65,536 ids a millisecond; differs after fork.
// Any thread.
std::string create_unique_id();

}  // namespace rocketmq
