#pragma once

#include "base/error.h"
#include "protocol/subscription.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::capi {

// The topic and the filter that the functions named subscribe take.
Result<Subscription> read_subscription(const rocketmq_string* topic, int32_t filter_type,
                                       const rocketmq_string* expression);

}  // namespace rocketmq::capi
