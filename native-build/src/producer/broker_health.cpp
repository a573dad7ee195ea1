#include "producer/broker_health.h"

#include <algorithm>

namespace rocketmq {

namespace {
constexpr Millis kFirstPause{1000};
// As the longest of the Java client's latency fault tolerance.
constexpr Millis kLongestPause{30000};
}  // namespace

void BrokerHealth::failed(std::string_view broker_name, TimePoint at) {
  std::lock_guard lock(mutex_);
  Record& record = records_[std::string(broker_name)];
  count_ = records_.size();
  // Sends that were in flight together fail together: they count once.
  if (at < record.until) return;
  record.pause = std::clamp(record.pause * 2, kFirstPause, kLongestPause);
  record.until = at + record.pause;
}

void BrokerHealth::succeeded(std::string_view broker_name) {
  if (count_ == 0) return;
  std::lock_guard lock(mutex_);
  auto found = records_.find(broker_name);
  if (found != records_.end()) records_.erase(found);
  count_ = records_.size();
}

void BrokerHealth::answered(std::string_view broker_name, int64_t latency_ms, TimePoint at) {
  struct Step {
    int64_t latency_ms;
    Millis pause;
  };
  // latencyMax and notAvailableDuration of Apache's MQFaultStrategy.
  static constexpr Step kSteps[] = {
      {15000, Millis(30000)}, {5000, Millis(10000)}, {3000, Millis(6000)}, {1800, Millis(5000)}, {550, Millis(2000)}};
  for (const Step& step : kSteps) {
    if (latency_ms < step.latency_ms) continue;
    std::lock_guard lock(mutex_);
    Record& record = records_[std::string(broker_name)];
    count_ = records_.size();
    record.pause = step.pause;
    record.until = at + step.pause;
    return;
  }
  succeeded(broker_name);
}

std::vector<std::string> BrokerHealth::all_avoided(TimePoint at) const {
  std::vector<std::string> names;
  std::lock_guard lock(mutex_);
  for (const auto& [name, record] : records_) {
    if (at < record.until) names.push_back(name);
  }
  return names;
}

bool BrokerHealth::avoided(std::string_view broker_name, TimePoint at) const {
  if (count_ == 0) return false;
  std::lock_guard lock(mutex_);
  auto found = records_.find(broker_name);
  return found != records_.end() && at < found->second.until;
}

}  // namespace rocketmq
