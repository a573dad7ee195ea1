#include "consumer/push_consumer.h"

#include <utility>

#include "consumer/push/push_consumer_life.h"
#include "protocol/names.h"

namespace rocketmq {

Result<std::unique_ptr<PushConsumer>> PushConsumer::create(ClientOptions client_options, PushConsumerOptions options) {
  if (auto valid = validate_group(options.group, "consumer group"); !valid) return fail(valid.error());
  return std::unique_ptr<PushConsumer>(
      new PushConsumer(std::make_shared<PushConsumerLife>(std::move(client_options), std::move(options))));
}

PushConsumer::PushConsumer(std::shared_ptr<PushConsumerLife> life) : life_(std::move(life)) { life_->init(); }

PushConsumer::~PushConsumer() {
  if (life_->in_child_process()) {
    // Its threads do not exist here and its locks may be held for ever: left as it is.
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the child ends.
    new std::shared_ptr<PushConsumerLife>(std::move(life_));
    return;
  }
  life_->close_for_good();
}

Status PushConsumer::subscribe(std::string_view topic, std::string_view expression) {
  auto subscription = make_tag_subscription(topic, expression);
  if (!subscription) return fail(subscription.error());
  return life_->subscribe(std::move(*subscription));
}
Status PushConsumer::subscribe(Subscription subscription) { return life_->subscribe(std::move(subscription)); }
Status PushConsumer::unsubscribe(std::string_view topic) { return life_->unsubscribe(topic); }
Status PushConsumer::start() { return life_->start(); }
Status PushConsumer::suspend() { return life_->suspend(); }
Status PushConsumer::resume() { return life_->resume(); }
Status PushConsumer::acknowledge(uint64_t delivery_id, int32_t success_count, int32_t delay_level, Millis suspension) {
  return life_->acknowledge(delivery_id, success_count, delay_level, suspension);
}
Result<std::string> PushConsumer::client_id() const { return life_->client_id(); }
PushConsumerStatistics PushConsumer::statistics() const { return life_->statistics(); }
Status PushConsumer::close(Millis timeout) { return life_->close(timeout, timeout); }

}  // namespace rocketmq
