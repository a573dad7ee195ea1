#include "measurement.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "contender.h"

namespace bench {

namespace {

constexpr int64_t kNotAcknowledged = -1;
// A timer fires up to its slack (50 µs) and a wake-up late.
constexpr int64_t kSpinNs = 100'000;
constexpr double kPoints[] = {0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100};

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// A number of /proc/self/status, such as "Threads".
int64_t own_status(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::stoll(line.substr(name.size() + 1));
  }
  throw CommandError("/proc/self/status has no line \"" + name + "\": run on a Linux system with /proc mounted");
}

}  // namespace

int64_t monotonic_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

void wait_until(int64_t monotonic) {
  const int64_t wake = monotonic - kSpinNs;
  const timespec time{wake / 1'000'000'000, wake % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
  while (monotonic_ns() < monotonic) {
  }
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

int64_t thread_count() { return own_status("Threads"); }

namespace {

// Calls `visit` with the folder in /proc and the name of each thread.
template <typename Visit>
void each_thread(Visit visit) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name)) visit(task.path(), name);
  }
}

}  // namespace

Json thread_counts(std::string_view prefix) {
  int64_t all = 0;
  int64_t own = 0;
  each_thread([&](const std::filesystem::path&, const std::string& name) {
    ++all;
    if (name.rfind(prefix, 0) == 0) ++own;
  });
  return {{"threads", all}, {"own_threads", own}};
}

int64_t thread_cpu_ns(std::string_view prefix) {
  int64_t sum = 0;
  each_thread([&](const std::filesystem::path& task, const std::string& name) {
    if (name.rfind(prefix, 0) != 0) return;
    // Nanoseconds on the CPU, then those of waiting for it.
    std::ifstream file(task / "schedstat");
    int64_t nanoseconds = 0;
    if (!(file >> nanoseconds)) {
      throw CommandError((task / "schedstat").string() + " tells no time: run on a kernel with CONFIG_SCHED_INFO");
    }
    sum += nanoseconds;
  });
  return sum;
}

int64_t resident_kb() { return own_status("VmRSS"); }

Json percentiles(std::vector<int64_t> latencies_ns) {
  std::sort(latencies_ns.begin(), latencies_ns.end());
  const auto at = [&](double percentile) {
    // Less a trifle, as 99.9 % of 1,000 comes out above 999.
    const double rank = std::ceil(percentile / 100 * static_cast<double>(latencies_ns.size()) - 1e-6);
    const size_t index = rank < 1 ? 0 : static_cast<size_t>(rank) - 1;
    return static_cast<double>(latencies_ns[std::min(index, latencies_ns.size() - 1)]) / 1000;
  };
  Json points = Json::array();
  for (const double percentile : kPoints) points.push_back({percentile, at(percentile)});
  return {{"p50", at(50)},    {"p90", at(90)},  {"p99", at(99)},
          {"p999", at(99.9)}, {"max", at(100)}, {"points", std::move(points)}};
}

PublishRun::PublishRun(int64_t count) : latencies_ns(static_cast<size_t>(count), kNotAcknowledged) {}

void PublishRun::begin() {
  begin_cpu_s_ = cpu_seconds();
  begin_ns_ = monotonic_ns();
}

void PublishRun::end() {
  end_ns_ = monotonic_ns();
  end_cpu_s_ = cpu_seconds();
}

void PublishRun::fail(int64_t message, const std::string& reason) {
  latencies_ns[static_cast<size_t>(message)] = kNotAcknowledged;
  std::lock_guard lock(mutex_);
  if (!first_failure_.empty()) return;
  first_failure_ = reason;
  std::cerr << "message " << message << " failed, the first one of this run: " << reason << std::endl;
}

std::vector<int64_t> PublishRun::acknowledged() const {
  std::vector<int64_t> all;
  all.reserve(latencies_ns.size());
  std::copy_if(latencies_ns.begin(), latencies_ns.end(), std::back_inserter(all),
               [](int64_t latency) { return latency != kNotAcknowledged; });
  return all;
}

Json PublishRun::latency() const {
  auto all = acknowledged();
  if (all.empty()) {
    throw CommandError("none of " + std::to_string(count()) + " messages was acknowledged: " + first_failure_);
  }
  return percentiles(std::move(all));
}

Json PublishRun::answer() const {
  const auto acked = static_cast<int64_t>(acknowledged().size());
  return {{"acked", acked},
          {"failed", count() - acked},
          {"seconds", static_cast<double>(end_ns_ - begin_ns_) / 1e9},
          {"cpu_us", (end_cpu_s_ - begin_cpu_s_) * 1e6 / static_cast<double>(count())},
          {"heap_b", 0},
          {"latency", latency()}};
}

}  // namespace bench
