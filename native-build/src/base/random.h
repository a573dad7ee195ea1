#pragma once

#include <cstdint>
#include <string>

namespace rocketmq {

// Uniform in [0, bound); bound > 0. Any thread. Not for secrets.
uint32_t random_below(uint32_t bound);
// `digits` lower-case hexadecimal digits, seeded from the system's entropy at each call.
std::string random_hex(int digits);

}  // namespace rocketmq
