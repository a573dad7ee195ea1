#pragma once

#include "base/error.h"
#include "client/client_options.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::capi {

// Checks what a caller gave as the options of a client, and copies it. kInvalidArgument naming field and limit,
// kNotSupported for what this version does not have. On the caller's thread.
Result<ClientOptions> read_client_options(const rocketmq_client_options* in);

}  // namespace rocketmq::capi
