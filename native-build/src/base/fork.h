#pragma once

#include <cstdint>

namespace rocketmq {

// Differs between a process and a child that it forked; cheap enough for every call.
uint64_t fork_generation();

}  // namespace rocketmq
