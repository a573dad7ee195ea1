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

const std::shared_ptr<TopicShare>& PushContext::share_of(const std::string& topic) {
  auto& share = shares[topic];
  if (!share) share = std::make_shared<TopicShare>();
  return share;
}

}  // namespace rocketmq
