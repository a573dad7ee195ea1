#pragma once

#include "base/error.h"
#include "client/client_options.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::capi {

Result<ClientOptions> read_client_options(const rocketmq_client_options* in);

}  // namespace rocketmq::capi
