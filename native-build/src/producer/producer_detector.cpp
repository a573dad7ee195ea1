#include "base/log.h"
#include "base/memory.h"
#include "client/client_lease.h"
#include "producer/producer_impl.h"

namespace rocketmq {

void Producer::Impl::start_detector() {
  client_->loop().post([self = shared_from_this()] {
    until_memory([&] {
      self->detector_pause_ = std::make_shared<Pause>(self->client_->loop());
      start_periodic(
          self->client_->loop(), [self] { return self->detector_loop(self->detector_pause_); },
          [self] { return self->background_ended_; }, "detector");
    });
  });
}

void Producer::Impl::end_background() {
  client_->loop().run_and_wait([this] {
    background_ended_ = true;
    linger_timer_ = nullptr;
    if (detector_pause_) detector_pause_->interrupt();
    detector_pause_ = nullptr;
  });
}

// Asks brokers that are avoided whether they answer again.
asio::awaitable<void> Producer::Impl::detector_loop(std::shared_ptr<Pause> pause) {
  while (!background_ended_) {
    co_await pause->wait(options_.detect_interval);
    if (background_ended_) break;
    try {
      for (const std::string& broker : client_->brokers().all_avoided()) detect(broker);
    } catch (const std::exception& e) {
      log(LogLevel::kWarn, "producer", "brokers that are avoided were not asked whether they answer: {}", e.what());
    }
  }
}

// Each by itself, as one that does not answer must not keep the others from being found.
void Producer::Impl::detect(const std::string& broker) {
  const auto [probed, added] = probed_.insert(broker);
  if (!added) return;
  try {
    start_coroutine(client_->loop(), probe(shared_from_this(), probed), "detector");
  } catch (...) {
    probed_.erase(probed);
    throw;
  }
}

asio::awaitable<void> Producer::Impl::probe(std::shared_ptr<Impl> self, std::set<std::string>::const_iterator probed) {
  const struct End {
    Impl& producer;
    const std::set<std::string>::const_iterator probed;
    ~End() { producer.probed_.erase(probed); }
  } end{*self, probed};
  ClientInstance& client = *self->client_;
  const bool answers = co_await client.watch().probe(*probed, self->options_.detect_timeout);
  if (answers && !self->background_ended_) client.brokers().succeeded(*client.brokers().of(*probed));
}

void Producer::Impl::on_suspected(const std::vector<std::shared_ptr<BrokerState>>& brokers, TimePoint at) {
  // The loop has others to serve: the rest goes with the next look, which comes soon.
  constexpr int kMostAtOnce = 256;
  int given_up = 0;
  for (const auto& each : operations_->snapshot()) {
    if (each->kind != SendOperation::kKind) continue;
    if (!static_cast<SendOperation&>(*each).on_suspected(brokers, at)) continue;
    if (++given_up == kMostAtOnce) return;
  }
}

}  // namespace rocketmq
