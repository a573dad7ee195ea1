#include "consumer/offset_committer.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "net/coroutine.h"

namespace rocketmq {

namespace {

constexpr Millis kRest = std::chrono::hours(1);

// Who waits for the answer to an offset.
struct Waiter {
  explicit Waiter(EventLoop& loop) : pause(loop) {}
  void end(Status status) {
    result = std::move(status);
    pause.interrupt();
  }
  Pause pause;
  std::optional<Status> result;
};
using Waiters = std::vector<std::shared_ptr<Waiter>>;

void end_all(Waiters waiters, const Status& status) {
  for (const auto& waiter : waiters) waiter->end(status);
}

// What is known of one queue's offset.
struct Entry {
  // To be sent, by the next round or for `waiters`.
  std::optional<int64_t> noted;
  bool for_commit = false;
  Waiters waiters;
  // In the lane's list of the next round, and of those to be sent now.
  bool listed = false;
  bool ready = false;
  // On its way.
  std::optional<int64_t> sent;
  Waiters answer_waiters;
  bool for_commit_sent = false;
  bool sent_twice = false;
  // By forget(): the answer is not of interest any more.
  bool disowned = false;
  // One that was sent before may arrive yet.
  bool uncertain = false;
  // The store's answer to the last one was good.
  std::optional<int64_t> committed;
  // What was sent last, whatever came of it, or noted first.
  std::optional<int64_t> sent_last;

  // It is to be sent before the next round.
  bool awaited() const { return for_commit || !waiters.empty(); }
};

struct BrokerLane {
  std::map<MessageQueue, Entry> entries;
  std::vector<MessageQueue> listed;
  std::deque<MessageQueue> ready;
  bool sending = false;
  int32_t in_flight = 0;
  // Since the lane was last idle.
  size_t failed = 0;
  std::string reason;

  bool idle() const { return in_flight == 0 && ready.empty(); }
};

// It is not known whether the store got it.
bool is_uncertain(const Error& error) {
  return error.kind == ErrorKind::kTimeout || error.kind == ErrorKind::kConnectionLost ||
         error.kind == ErrorKind::kProtocolError;
}

}  // namespace

// Kept alive by what is on its way.
struct OffsetCommitter::State : std::enable_shared_from_this<OffsetCommitter::State> {
  State(EventLoop& event_loop, std::shared_ptr<OffsetStore> offset_store, OffsetCommitterOptions with)
      : loop(event_loop), store(std::move(offset_store)), options(with) {}

  EventLoop& loop;
  const std::shared_ptr<OffsetStore> store;
  const OffsetCommitterOptions options;
  std::map<std::string, BrokerLane> lanes;
  std::vector<std::shared_ptr<Pause>> flushes;
  std::shared_ptr<Pause> round_pause;
  // The rounds wait for something to be noted.
  bool resting = false;
  bool written = false;
  bool closed = false;

  void note(const MessageQueue& queue, int64_t offset);
  void list(BrokerLane& lane, const MessageQueue& queue, Entry& entry);
  void begin_round();
  void send_ready(BrokerLane& lane);
  void send(BrokerLane& lane, const MessageQueue& queue, Entry& entry);
  void on_answer(const MessageQueue& queue, int64_t offset, const Status& status);
  static void send_what_waited(BrokerLane& lane, const MessageQueue& queue, Entry& entry);
  void on_failure(BrokerLane& lane, const MessageQueue& queue, Entry& entry, int64_t offset, const Error& error);
  void put_off(BrokerLane& lane);
  void after_answer(const std::string& broker_name, BrokerLane& lane);
  void withdraw(const MessageQueue& queue, const std::shared_ptr<Waiter>& waiter);
  bool idle() const {
    return std::all_of(lanes.begin(), lanes.end(), [](const auto& each) { return each.second.idle(); });
  }

  static asio::awaitable<void> rounds(std::shared_ptr<State> state, std::shared_ptr<Pause> pause);
  // An offset on its way, which ends as a failure where nothing else is told of it.
  struct OnItsWay {
    std::shared_ptr<State> state;
    MessageQueue queue;
    int64_t offset;
    void operator()() const {
      if (!state->closed) state->on_answer(queue, offset, fail(ErrorKind::kOutOfMemory, "no memory"));
    }
  };
  static asio::awaitable<void> write(AtEnd<OnItsWay> on_its_way);
  static asio::awaitable<Status> commit(std::shared_ptr<State> state, MessageQueue queue, int64_t offset,
                                        TimePoint deadline);
  static asio::awaitable<void> flush(std::shared_ptr<State> state, TimePoint deadline);
};

void OffsetCommitter::State::list(BrokerLane& lane, const MessageQueue& queue, Entry& entry) {
  if (entry.listed) return;
  lane.listed.push_back(queue);
  entry.listed = true;
  if (resting && round_pause) round_pause->interrupt();
}

void OffsetCommitter::State::note(const MessageQueue& queue, int64_t offset) {
  BrokerLane& lane = lanes[queue.broker_name];
  Entry& entry = lane.entries[queue];
  const std::optional<int64_t> last = entry.noted ? entry.noted : entry.sent ? entry.sent : entry.committed;
  if (last == offset && !entry.disowned) return;
  list(lane, queue, entry);
  entry.noted = offset;
  entry.for_commit = false;
  if (!entry.sent_last) entry.sent_last = offset;
  if (options.most_unsent == 0 || offset - *entry.sent_last < options.most_unsent || entry.ready || entry.sent) return;
  lane.ready.push_back(queue);
  entry.ready = true;
  send_ready(lane);
}

void OffsetCommitter::State::begin_round() {
  for (auto& [name, lane] : lanes) {
    // One by one, so that where memory runs out the rest stays listed.
    while (!lane.listed.empty()) {
      const MessageQueue& queue = lane.listed.back();
      const auto found = lane.entries.find(queue);
      if (found != lane.entries.end()) {
        if (found->second.noted && !found->second.ready) {
          lane.ready.push_back(queue);
          found->second.ready = true;
        }
        found->second.listed = false;
      }
      lane.listed.pop_back();
    }
    send_ready(lane);
  }
}

void OffsetCommitter::State::send_ready(BrokerLane& lane) {
  // One that fails for want of memory comes back here at once: the loop below goes on with the next one.
  if (lane.sending) return;
  lane.sending = true;
  const auto done = [](BrokerLane* each) { each->sending = false; };
  const std::unique_ptr<BrokerLane, decltype(done)> guard(&lane, done);
  while (!lane.ready.empty() && lane.in_flight < options.most_in_flight) {
    const MessageQueue queue = std::move(lane.ready.front());
    lane.ready.pop_front();
    const auto found = lane.entries.find(queue);
    if (found == lane.entries.end()) continue;
    Entry& entry = found->second;
    entry.ready = false;
    // One at a time: the answer to the one before sends this one.
    if (entry.noted && !entry.sent) send(lane, queue, entry);
  }
}

void OffsetCommitter::State::send(BrokerLane& lane, const MessageQueue& queue, Entry& entry) {
  AtEnd<OnItsWay> on_its_way(OnItsWay{shared_from_this(), queue, *entry.noted});
  entry.sent_last = entry.noted;
  entry.sent = std::exchange(entry.noted, std::nullopt);
  entry.answer_waiters = std::exchange(entry.waiters, {});
  entry.for_commit_sent = std::exchange(entry.for_commit, false);
  entry.disowned = false;
  ++lane.in_flight;
  start_coroutine(loop, write(std::move(on_its_way)), "commit");
}

asio::awaitable<void> OffsetCommitter::State::write(AtEnd<OnItsWay> on_its_way) {
  const auto state = on_its_way->state;
  // The client may be gone.
  if (state->closed) co_return;
  MessageQueue queue = on_its_way->queue;
  Status status;
  try {
    status = co_await state->store->write(std::move(queue), on_its_way->offset);
  } catch (const std::exception& e) {
    status = fail(ErrorKind::kInternalError, e.what());
  }
  on_its_way.cancel();
  if (!state->closed) state->on_answer(on_its_way->queue, on_its_way->offset, status);
}

void OffsetCommitter::State::on_answer(const MessageQueue& queue, int64_t offset, const Status& status) {
  BrokerLane& lane = lanes[queue.broker_name];
  --lane.in_flight;
  Entry& entry = lane.entries[queue];
  entry.sent.reset();
  if (entry.disowned) {
    entry.disowned = false;
    entry.uncertain = !status && is_uncertain(status.error());
    // Unless the queue came back meanwhile.
    if (!entry.noted) lane.entries.erase(queue);
  } else if (status) {
    written = true;
    entry.committed = offset;
    entry.sent_twice = false;
    end_all(std::exchange(entry.answer_waiters, {}), status);
    if (std::exchange(entry.uncertain, false) && !entry.noted) {
      list(lane, queue, entry);
      entry.noted = offset;
    }
  } else {
    on_failure(lane, queue, entry, offset, status.error());
  }
  const auto found = lane.entries.find(queue);
  if (found != lane.entries.end()) send_what_waited(lane, queue, found->second);
  after_answer(queue.broker_name, lane);
}

// Its turn came while another offset of the queue was on its way.
void OffsetCommitter::State::send_what_waited(BrokerLane& lane, const MessageQueue& queue, Entry& entry) {
  const bool waited = entry.awaited() || !entry.listed;
  if (!entry.noted || entry.ready || !waited) return;
  lane.ready.push_front(queue);
  entry.ready = true;
}

void OffsetCommitter::State::on_failure(BrokerLane& lane, const MessageQueue& queue, Entry& entry, int64_t offset,
                                        const Error& error) {
  entry.uncertain = entry.uncertain || is_uncertain(error);
  // A connection that broke says nothing of the next one.
  const bool again = entry.for_commit_sent && error.kind == ErrorKind::kConnectionLost && !entry.sent_twice &&
                     !entry.noted && !entry.answer_waiters.empty();
  entry.sent_twice = again;
  if (again) {
    entry.noted = offset;
    entry.for_commit = true;
    entry.waiters = std::exchange(entry.answer_waiters, {});
    return;
  }
  end_all(std::exchange(entry.answer_waiters, {}), tl::unexpected<Error>(error));
  if (entry.for_commit_sent) return;
  if (!entry.noted) {
    list(lane, queue, entry);
    entry.noted = offset;
  }
  ++lane.failed;
  lane.reason = error.message;
  // To ask on would only fill what the broker has to work off later.
  if (error.kind == ErrorKind::kTimeout || error.kind == ErrorKind::kUnreachable) put_off(lane);
}

// What nobody waits for goes to the next round.
void OffsetCommitter::State::put_off(BrokerLane& lane) {
  std::deque<MessageQueue> awaited;
  for (MessageQueue& queue : lane.ready) {
    const auto found = lane.entries.find(queue);
    if (found == lane.entries.end()) continue;
    if (found->second.awaited()) {
      awaited.push_back(std::move(queue));
      continue;
    }
    found->second.ready = false;
    list(lane, queue, found->second);
  }
  lane.ready = std::move(awaited);
}

void OffsetCommitter::State::after_answer(const std::string& broker_name, BrokerLane& lane) {
  send_ready(lane);
  if (lane.idle() && lane.failed > 0) {
    log(LogLevel::kWarn, "consumer", "{} offsets were not persisted on {}, and are tried again: {}", lane.failed,
        broker_name, lane.reason);
    lane.failed = 0;
  }
  if (!idle()) return;
  if (std::exchange(written, false)) store->save_soon();
  for (const auto& flush : std::exchange(flushes, {})) flush->interrupt();
}

// At the end of a wait: what was not sent is not sent any more.
void OffsetCommitter::State::withdraw(const MessageQueue& queue, const std::shared_ptr<Waiter>& waiter) {
  BrokerLane& lane = lanes[queue.broker_name];
  const auto found = lane.entries.find(queue);
  if (found == lane.entries.end()) return;
  Entry& entry = found->second;
  std::erase(entry.waiters, waiter);
  std::erase(entry.answer_waiters, waiter);
  if (entry.for_commit && entry.waiters.empty()) {
    entry.noted.reset();
    entry.for_commit = false;
  }
}

asio::awaitable<Status> OffsetCommitter::State::commit(std::shared_ptr<State> state, MessageQueue queue, int64_t offset,
                                                       TimePoint deadline) {
  if (state->closed) co_return fail(ErrorKind::kClosed, "the consumer is closed");
  const auto waiter = std::make_shared<Waiter>(state->loop);
  if (now() < deadline) {
    BrokerLane& lane = state->lanes[queue.broker_name];
    Entry& entry = lane.entries[queue];
    entry.waiters.push_back(waiter);
    entry.noted = offset;
    entry.for_commit = true;
    if (!entry.ready) {
      lane.ready.push_front(queue);
      entry.ready = true;
    }
    state->send_ready(lane);
  }
  while (!waiter->result && now() < deadline) {
    co_await waiter->pause.wait(std::chrono::ceil<Millis>(deadline - now()));
  }
  if (waiter->result) co_return std::move(*waiter->result);
  if (!state->closed) state->withdraw(queue, waiter);
  co_return fail(ErrorKind::kTimeout, "the broker " + queue.broker_name + " did not answer in time");
}

asio::awaitable<void> OffsetCommitter::State::flush(std::shared_ptr<State> state, TimePoint deadline) {
  if (state->closed) co_return;
  state->begin_round();
  while (!state->closed && !state->idle() && now() < deadline) {
    const auto pause = std::make_shared<Pause>(state->loop);
    state->flushes.push_back(pause);
    co_await pause->wait(std::chrono::ceil<Millis>(deadline - now()));
    std::erase(state->flushes, pause);
  }
}

asio::awaitable<void> OffsetCommitter::State::rounds(std::shared_ptr<State> state, std::shared_ptr<Pause> pause) {
  const auto any_listed = [](const auto& lane) { return !lane.second.listed.empty(); };
  while (!state->closed) {
    // A consumer that has nothing to commit does not wake the process.
    while (!state->closed && std::none_of(state->lanes.begin(), state->lanes.end(), any_listed)) {
      state->resting = true;
      co_await pause->wait(kRest);
    }
    state->resting = false;
    if (state->closed) break;
    co_await pause->wait(state->options.interval);
    if (state->closed) break;
    try {
      state->begin_round();
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "a round of offsets failed: {}", e.what());
    }
  }
}

OffsetCommitter::OffsetCommitter(EventLoop& loop, std::shared_ptr<OffsetStore> store, OffsetCommitterOptions options)
    : state_(std::make_shared<State>(loop, std::move(store), options)) {}

OffsetCommitter::~OffsetCommitter() = default;

void OffsetCommitter::start() {
  state_->round_pause = std::make_shared<Pause>(state_->loop);
  start_periodic(
      state_->loop, [state = state_] { return State::rounds(state, state->round_pause); },
      [state = state_] { return state->closed; }, "offset rounds");
}

void OffsetCommitter::note(const MessageQueue& queue, int64_t offset) { state_->note(queue, offset); }

asio::awaitable<Status> OffsetCommitter::commit(MessageQueue queue, int64_t offset, TimePoint deadline) {
  return State::commit(state_, std::move(queue), offset, deadline);
}

void OffsetCommitter::forget(const MessageQueue& queue) {
  const auto lane = state_->lanes.find(queue.broker_name);
  if (lane == state_->lanes.end()) return;
  auto& entries = lane->second.entries;
  const auto found = entries.find(queue);
  if (found == entries.end()) return;
  Entry& entry = found->second;
  // First, and without memory: the offset must not be written whatever comes.
  entry.noted.reset();
  entry.for_commit = false;
  entry.committed.reset();
  entry.disowned = true;
  Waiters waiters = std::exchange(entry.waiters, {});
  Waiters answer_waiters = std::exchange(entry.answer_waiters, {});
  if (!entry.sent) entries.erase(found);
  if (waiters.empty() && answer_waiters.empty()) return;
  const Status forgotten = fail(ErrorKind::kClosed, "the queue is not this member's any more");
  end_all(std::move(waiters), forgotten);
  end_all(std::move(answer_waiters), forgotten);
}

asio::awaitable<void> OffsetCommitter::flush(TimePoint deadline) { return State::flush(state_, deadline); }

void OffsetCommitter::close() {
  if (std::exchange(state_->closed, true)) return;
  const Status closed = fail(ErrorKind::kClosed, "the consumer is closed");
  for (auto& [name, lane] : state_->lanes) {
    for (auto& [queue, entry] : lane.entries) {
      end_all(std::exchange(entry.waiters, {}), closed);
      end_all(std::exchange(entry.answer_waiters, {}), closed);
    }
  }
  state_->lanes.clear();
  for (const auto& flush : std::exchange(state_->flushes, {})) flush->interrupt();
  if (const auto pause = std::exchange(state_->round_pause, nullptr)) pause->interrupt();
}

}  // namespace rocketmq
