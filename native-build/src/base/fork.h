#pragma once

#include <cstdint>

namespace rocketmq {

// Differs between a process and a child that it forked, so that ids and locks of the one are not taken for the other's.
// Cheap enough for every call; any thread.
uint64_t fork_generation();

}  // namespace rocketmq
