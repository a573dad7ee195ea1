#include "client/broker_states.h"

#include <algorithm>
#include <set>

#include "base/log.h"

namespace rocketmq {

namespace {

constexpr Millis kFirstPause{1000};
// As the longest of the Java client's latency fault tolerance.
constexpr Millis kLongestPause{30000};
// A silent server is asked so often whether it is back.
constexpr Millis kProbeInterval{1000};
// The same time need not be stored with every answer.
constexpr Millis kHeardPrecision{5};
// Answers that take less say nothing about how long one may take.
constexpr int32_t kLeastLatencyMs = 50;

}  // namespace

void BrokerState::answered(TimePoint at, Millis took) {
  const int64_t heard = heard_at_.load(std::memory_order_relaxed);
  const int64_t precision = std::chrono::duration_cast<TimePoint::duration>(kHeardPrecision).count();
  if (heard == INT64_MIN || ticks(at) - heard > precision) heard_at_.store(ticks(at), std::memory_order_relaxed);
  const int32_t latency = latency_ms_.load(std::memory_order_relaxed);
  const auto ms = static_cast<int32_t>(std::clamp<int64_t>(took.count(), 0, 600000));
  if (latency == 0 && ms < kLeastLatencyMs) return;
  // Lost updates of threads that answer together do not matter. Slowness shows at once, and fades.
  const int32_t next = ms > latency ? ms : latency - (latency - ms + 3) / 4;
  latency_ms_.store(next < kLeastLatencyMs ? 0 : next, std::memory_order_relaxed);
}

Millis BrokerState::quiet(TimePoint at) const {
  if (waiting_.load(std::memory_order_acquire) <= 0) return Millis(0);
  const int64_t since =
      std::max(waiting_since_.load(std::memory_order_relaxed), heard_at_.load(std::memory_order_relaxed));
  if (since == INT64_MIN || since >= ticks(at)) return Millis(0);
  return std::chrono::duration_cast<Millis>(TimePoint::duration(ticks(at) - since));
}

std::shared_ptr<BrokerState> BrokerStates::of(const std::string& address) {
  std::lock_guard lock(mutex_);
  auto& state = states_[address];
  if (!state) state = std::make_shared<BrokerState>(address);
  return state;
}

std::shared_ptr<BrokerState> BrokerStates::find(std::string_view address) const {
  std::lock_guard lock(mutex_);
  auto found = states_.find(address);
  return found == states_.end() ? nullptr : found->second;
}

bool BrokerStates::avoided(std::string_view address, TimePoint at) const {
  if (all_well()) return false;
  const auto state = find(address);
  return state && state->avoided(at);
}

bool BrokerStates::silent(std::string_view address) const {
  if (all_well()) return false;
  const auto state = find(address);
  return state && state->silent();
}

bool BrokerStates::unreachable(std::string_view address, TimePoint at) const {
  if (all_well()) return false;
  std::lock_guard lock(mutex_);
  const auto found = states_.find(address);
  return found != states_.end() && (found->second->suspected() || at < found->second->unreachable_.until);
}

std::vector<std::string> BrokerStates::all_avoided(TimePoint at) const {
  std::vector<std::string> addresses;
  std::lock_guard lock(mutex_);
  for (const auto& [address, state] : states_) {
    if (state->avoided_or_slow(at)) addresses.push_back(address);
  }
  return addresses;
}

bool BrokerStates::any_failed_since(const std::vector<std::string>& addresses, TimePoint since) const {
  std::lock_guard lock(mutex_);
  return std::any_of(addresses.begin(), addresses.end(), [&](const std::string& address) {
    auto found = states_.find(address);
    return found != states_.end() && found->second->failed_at_ != TimePoint::min() &&
           found->second->failed_at_ >= since;
  });
}

void BrokerStates::prolong(BrokerState::Trouble& trouble, TimePoint at) {
  // What was in flight together fails together: it counts once.
  if (at < trouble.until) return;
  trouble.pause = std::clamp(trouble.pause * 2, kFirstPause, kLongestPause);
  trouble.until = at + trouble.pause;
}

// What others read without the lock follows from the rest.
void BrokerStates::update(BrokerState& state) {
  const bool suspected = state.suspected();
  const TimePoint until = suspected ? TimePoint::max() : std::max(state.unreachable_.until, state.failing_.until);
  state.avoid_until_.store(BrokerState::ticks(until), std::memory_order_relaxed);
  const bool counts = !state.forgotten_ && (suspected || state.unreachable_.exists() || state.failing_.exists() ||
                                            state.slow_until_.load(std::memory_order_relaxed) != INT64_MIN);
  if (counts != state.is_well()) return;
  state.troubled_.store(counts, std::memory_order_release);
  troubled_.fetch_add(counts ? 1 : -1, std::memory_order_release);
}

void BrokerStates::lost(BrokerState& state, TimePoint at) {
  std::lock_guard lock(mutex_);
  state.failed_at_ = at;
  prolong(state.unreachable_, at);
  update(state);
}

void BrokerStates::failed(BrokerState& state, TimePoint at) {
  std::lock_guard lock(mutex_);
  prolong(state.failing_, at);
  update(state);
}

void BrokerStates::leaving(BrokerState& state, TimePoint until) {
  std::lock_guard lock(mutex_);
  state.unreachable_.until = std::max(state.unreachable_.until, until);
  update(state);
}

void BrokerStates::heard_now(BrokerState& state) {
  if (state.suspected()) {
    log(LogLevel::kInfo, "client", "{} answers again", state.address());
    state.silence_.store(BrokerState::Silence::kNone, std::memory_order_relaxed);
  }
  state.unreachable_ = {};
}

void BrokerStates::heard(BrokerState& state, TimePoint at) {
  state.answered(at, Millis(0));
  if (state.is_well()) return;
  std::lock_guard lock(mutex_);
  heard_now(state);
  update(state);
}

void BrokerStates::succeeded(BrokerState& state) {
  if (state.is_well()) return;
  std::lock_guard lock(mutex_);
  heard_now(state);
  state.failing_ = {};
  update(state);
}

void BrokerStates::note_latency(BrokerState& state, Millis latency, TimePoint at) {
  struct Step {
    Millis latency;
    Millis pause;
  };
  // latencyMax and notAvailableDuration of Apache's MQFaultStrategy.
  static constexpr Step kSteps[] = {{Millis(15000), Millis(30000)},
                                    {Millis(5000), Millis(10000)},
                                    {Millis(3000), Millis(6000)},
                                    {Millis(1800), Millis(5000)},
                                    {Millis(550), Millis(2000)}};
  const auto* step =
      std::find_if(std::begin(kSteps), std::end(kSteps), [&](const Step& each) { return latency >= each.latency; });
  if (step == std::end(kSteps) && state.is_well()) return;
  std::lock_guard lock(mutex_);
  const int64_t until = step == std::end(kSteps) ? INT64_MIN : BrokerState::ticks(at + step->pause);
  state.slow_until_.store(until, std::memory_order_relaxed);
  update(state);
}

// Those of servers that nobody talks to any more.
void BrokerStates::end_old_troubles(BrokerState& state, TimePoint at) {
  if (state.is_well()) return;
  for (auto* trouble : {&state.unreachable_, &state.failing_}) {
    if (trouble->exists() && at - trouble->until > kLongestPause) *trouble = {};
  }
  if (BrokerState::ticks(at) >= state.slow_until_.load(std::memory_order_relaxed)) {
    state.slow_until_.store(INT64_MIN, std::memory_order_relaxed);
  }
  update(state);
}

BrokerStates::Look BrokerStates::look(TimePoint at, TimePoint deaf_until) {
  Look look;
  std::lock_guard lock(mutex_);
  for (const auto& [address, state] : states_) {
    if (state->waited_for()) look.busy = true;
    end_old_troubles(*state, at);
    Millis quiet = state->quiet(at);
    if (quiet > Millis(0)) quiet = std::min(quiet, std::chrono::duration_cast<Millis>(at - deaf_until));
    const Millis latency = state->latency();
    auto& silence = state->silence_;
    if (!state->silent() && quiet >= std::max(kSilentAfter, latency * 4)) {
      log(LogLevel::kWarn, "client", "{} is silent: nothing came for {} ms while requests wait", address,
          quiet.count());
      silence.store(BrokerState::Silence::kSilent, std::memory_order_relaxed);
    } else if (!state->suspected() && quiet >= std::max(kSuspectedAfter, latency * 2)) {
      silence.store(BrokerState::Silence::kSuspected, std::memory_order_relaxed);
    } else if (!state->suspected()) {
      continue;
    }
    update(*state);
    look.suspected.push_back(state);
    if (state->probed_at_ != TimePoint::min() && at - state->probed_at_ < kProbeInterval) continue;
    state->probed_at_ = at;
    look.to_probe.push_back(state);
  }
  return look;
}

bool BrokerStates::any_waited_for() const {
  std::lock_guard lock(mutex_);
  return std::any_of(states_.begin(), states_.end(), [](const auto& each) { return each.second->waited_for(); });
}

void BrokerStates::retain(const std::vector<std::string>& addresses) {
  const std::set<std::string_view> kept(addresses.begin(), addresses.end());
  std::lock_guard lock(mutex_);
  std::erase_if(states_, [&](const auto& each) {
    if (kept.count(each.first) > 0) return false;
    each.second->forgotten_ = true;
    update(*each.second);
    return true;
  });
}

void BrokerStates::on_connect_failed(const std::string& address, const Error&) {
  if (const auto state = find(address)) lost(*state);
}

void BrokerStates::on_disconnected(const std::string& address, const Error& cause) {
  // By this client itself, at its end.
  if (cause.kind == ErrorKind::kClosed) return;
  if (const auto state = find(address)) lost(*state);
}

// Of requests that are not sends, too, which nobody else counts.
void BrokerStates::on_timeout(const std::string& address, Millis silence) {
  const auto state = find(address);
  if (!state) return;
  // One connection may be silent while others are not.
  const int64_t heard = state->heard_at_.load(std::memory_order_relaxed);
  if (heard != INT64_MIN) {
    const TimePoint::duration since(BrokerState::ticks(now()) - heard);
    silence = std::min(silence, std::chrono::duration_cast<Millis>(since));
  }
  if (silence < std::max(kSuspectedAfter, state->latency() * 2)) return;
  std::lock_guard lock(mutex_);
  const bool silent = silence >= std::max(kSilentAfter, state->latency() * 4);
  if (silent) state->silence_.store(BrokerState::Silence::kSilent, std::memory_order_relaxed);
  if (!state->suspected()) state->silence_.store(BrokerState::Silence::kSuspected, std::memory_order_relaxed);
  update(*state);
}

void BrokerStates::on_went_away(const std::string& address, TimePoint until) {
  if (const auto state = find(address)) leaving(*state, until);
}

void BrokerStates::on_answered(const std::string& address, Millis took) {
  // Who sends tells what it hears itself, and while nothing is wrong the rest does not matter.
  (void)took;
  if (all_well()) return;
  if (const auto state = find(address)) heard(*state);
}

}  // namespace rocketmq
