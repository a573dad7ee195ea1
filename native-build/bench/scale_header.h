#pragma once

#include "contender.h"

namespace bench {

// {"small_ms":…,"large_ms":…}: what parsing a frame takes whose header has a quarter of `bytes`, and all of them.
// `format` is json or binary, `fields` is many (of a few bytes each) or one.
Json parse_header(const Command& command);

}  // namespace bench
