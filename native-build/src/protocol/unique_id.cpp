#include "protocol/unique_id.h"

#include <atomic>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <random>

#include "base/clock.h"
#include "base/fork.h"
#include "base/thread.h"

namespace rocketmq {

namespace {

struct Process {
  uint64_t generation;
  // Where the Java client puts its address and its class loader's hash: random numbers say as much to a
  // tool, without asking the system for its network interfaces.
  uint32_t address;
  uint16_t process_id;
  uint32_t hash;
};

struct State {
  std::mutex mutex;
  Process process{};
  int64_t month_begin_ms = 0;
  int64_t next_month_ms = 0;
  int64_t last_ms = 0;
  uint32_t counter = 0;
};

Process describe_process() {
  std::random_device entropy;
  return {fork_generation(), entropy(), static_cast<uint16_t>(current_process_id()), entropy()};
}

void set_month(State& state, int64_t now_ms) {
  const auto seconds = static_cast<std::time_t>(now_ms / 1000);
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
  state.month_begin_ms = static_cast<int64_t>(std::mktime(&begin)) * 1000;
  state.next_month_ms = static_cast<int64_t>(std::mktime(&next)) * 1000;
}

char* write_hex(char* out, uint64_t value, int bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (int shift = bytes * 8 - 4; shift >= 0; shift -= 4) *out++ = kDigits[value >> shift & 15U];
  return out;
}

}  // namespace

UniqueId create_unique_id() {
  // Never freed: ids are made until the process ends.
  static std::atomic<State*> current{nullptr};
  State* state = current.load(std::memory_order_acquire);
  if (state == nullptr || state->process.generation != fork_generation()) {
    auto* fresh = new State;
    fresh->process = describe_process();
    if (current.compare_exchange_strong(state, fresh)) {
      state = fresh;
    } else {
      delete fresh;
    }
  }
  std::unique_lock lock(state->mutex);
  int64_t at = wall_clock_ms();
  if (at >= state->next_month_ms || at < state->month_begin_ms) set_month(*state, at);
  // Time may go back, and one millisecond has 65,536 ids: then the last millisecond goes on, or the next
  // one begins early.
  if (at <= state->last_ms) {
    at = state->last_ms;
    if (++state->counter > 0xffff) {
      ++at;
      state->counter = 0;
    }
  } else {
    state->counter = 0;
  }
  state->last_ms = at;
  const int64_t in_month = at - state->month_begin_ms;
  const uint32_t counter = state->counter;
  lock.unlock();
  UniqueId id;
  char* out = write_hex(id.data(), state->process.address, 4);
  out = write_hex(out, state->process.process_id, 2);
  out = write_hex(out, state->process.hash, 4);
  out = write_hex(out, static_cast<uint64_t>(in_month), 4);
  write_hex(out, counter, 2);
  return id;
}

}  // namespace rocketmq
