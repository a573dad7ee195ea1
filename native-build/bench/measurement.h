#pragma once

#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

using Json = nlohmann::json;

// CLOCK_MONOTONIC.
int64_t monotonic_ns();
// Sleeps, and spins the last stretch: a timer's lateness would count as the client's latency.
void wait_until(int64_t monotonic_ns);

// User and system time of the whole process since its start.
double cpu_seconds();
int64_t thread_count();
// {"threads":…,"own_threads":…}: all, and those whose names begin with `prefix`, of the same moment.
Json thread_counts(std::string_view prefix);
// What the threads that run now, and whose names begin with `prefix`, used of the CPU.
int64_t thread_cpu_ns(std::string_view prefix);
int64_t resident_kb();

// {"p50":…,…,"points":[[percentile,µs],…]}, by nearest rank. Of one latency at least.
Json percentiles(std::vector<int64_t> latencies_ns);

// What one publish measures. Each message has a place of its own in latencies_ns, so that any thread writes
// there without a lock.
class PublishRun {
 public:
  explicit PublishRun(int64_t count);

  int64_t count() const { return static_cast<int64_t>(latencies_ns.size()); }
  void begin();
  void end();
  // The message was not acknowledged. Any thread.
  void fail(int64_t message, const std::string& reason);
  // Throws a CommandError when no message was acknowledged.
  Json latency() const;
  Json answer() const;

  std::vector<int64_t> latencies_ns;

 private:
  std::vector<int64_t> acknowledged() const;

  int64_t begin_ns_ = 0;
  int64_t end_ns_ = 0;
  double begin_cpu_s_ = 0;
  double end_cpu_s_ = 0;
  std::mutex mutex_;
  std::string first_failure_;
};

}  // namespace bench
