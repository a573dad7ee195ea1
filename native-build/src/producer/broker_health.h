#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace rocketmq {

// Which brokers failed lately, so that sends go to others meanwhile. Any thread.
class BrokerHealth {
 public:
  // Avoided for 1 s, doubling with each further failure up to 30 s.
  void failed(std::string_view broker_name, TimePoint at = now());
  void succeeded(std::string_view broker_name);
  // With what it took: one that is slow is avoided too, as long as by Apache's latency fault tolerance.
  void answered(std::string_view broker_name, int64_t latency_ms, TimePoint at = now());
  std::vector<std::string> all_avoided(TimePoint at = now()) const;
  bool avoided(std::string_view broker_name, TimePoint at = now()) const;

 private:
  struct Record {
    Millis pause{0};
    TimePoint until;
  };
  // Of records; read without the lock, as there is none nearly always.
  std::atomic<size_t> count_{0};
  mutable std::mutex mutex_;
  std::map<std::string, Record, std::less<>> records_;
};

}  // namespace rocketmq
