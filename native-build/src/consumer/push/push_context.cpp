#include "consumer/push/push_context.h"

#include <utility>

#include "consumer/push/lock_keeper.h"
#include "protocol/names.h"

namespace rocketmq {

PushContext::PushContext(ClientOptions client, PushConsumerOptions consumer)
    : client_options(std::move(client)),
      options(std::move(consumer)),
      retry_topic(rocketmq::retry_topic(options.group)) {}

PushContext::~PushContext() = default;

}  // namespace rocketmq
