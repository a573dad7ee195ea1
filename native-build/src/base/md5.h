#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace rocketmq {

// MD5 (RFC 1321), where other clients use it to spread keys. Not for security. Any thread.
std::array<uint8_t, 16> md5(ByteView input);

}  // namespace rocketmq
