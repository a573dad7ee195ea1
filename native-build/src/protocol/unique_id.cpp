#include "protocol/unique_id.h"

#include <atomic>
#include <ctime>
#include <random>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fork.h"
#include "base/thread.h"

namespace rocketmq {

namespace {

// Small steps back, as of a clock that is kept in time, are waited out by the counter.
constexpr int64_t kSmallStepMs = 1000;
constexpr uint32_t kLastOfMillisecond = 0xffff;

struct Generation {
  const uint64_t number;
  UniqueIdSource source;
};

}  // namespace

UniqueIdSource::UniqueIdSource() : process_id_(static_cast<uint16_t>(current_process_id())) {}

// Where the Java client puts its address and its class loader's hash: random numbers say as much to a tool, without
// asking the system for its network interfaces.
void UniqueIdSource::draw() {
  std::random_device entropy;
  address_ = entropy();
  number_ = entropy();
}

void UniqueIdSource::begin_month(int64_t at_ms) {
  const auto seconds = static_cast<std::time_t>(at_ms / 1000);
  std::tm local{};
#ifdef _WIN32
  localtime_s(&local, &seconds);
#else
  localtime_r(&seconds, &local);
#endif
  std::tm begin{};
  begin.tm_year = local.tm_year;
  begin.tm_mon = local.tm_mon;
  begin.tm_mday = 1;
  begin.tm_isdst = -1;
  std::tm next = begin;
  ++next.tm_mon;
  month_begin_ms_ = static_cast<int64_t>(std::mktime(&begin)) * 1000;
  next_month_ms_ = static_cast<int64_t>(std::mktime(&next)) * 1000;
  draw();
}

UniqueId UniqueIdSource::next(int64_t now_ms) {
  std::unique_lock lock(mutex_);
  if (now_ms < last_ms_ - kSmallStepMs) {
    // What follows was used before.
    begin_month(now_ms);
  } else if (now_ms > last_ms_) {
    counter_ = 0;
  } else {
    now_ms = last_ms_;
    if (++counter_ > kLastOfMillisecond) {
      ++now_ms;
      counter_ = 0;
    }
  }
  if (now_ms >= next_month_ms_) begin_month(now_ms);
  last_ms_ = now_ms;
  UniqueId id;
  char* out = write_hex(id.data(), address_, 4);
  out = write_hex(out, process_id_, 2);
  out = write_hex(out, number_, 4);
  out = write_hex(out, static_cast<uint64_t>(now_ms - month_begin_ms_), 4);
  write_hex(out, counter_, 2);
  return id;
}

UniqueId create_unique_id() {
  // Never freed: ids are made until the process ends.
  static std::atomic<Generation*> current{nullptr};
  Generation* generation = current.load(std::memory_order_acquire);
  if (generation == nullptr || generation->number != fork_generation()) {
    auto* fresh = new Generation{fork_generation(), {}};
    if (current.compare_exchange_strong(generation, fresh)) {
      generation = fresh;
    } else {
      delete fresh;
    }
  }
  return generation->source.next(wall_clock_ms());
}

}  // namespace rocketmq
