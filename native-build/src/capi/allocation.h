#pragma once

#include "base/error.h"
#include "consumer/allocation.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::capi {

// The fields "allocation…" of a push consumer's options.
Result<Allocation> read_allocation(const rocketmq_push_consumer_options& options);

}  // namespace rocketmq::capi
