#include "consumer/push/queue_state_machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace rocketmq::test {

namespace {

using Kind = QueueAction::Kind;
using State = QueueStateMachine::State;

constexpr int64_t kLength = 60;

// A queue on a broker, and the consumer around its state machine: carries actions out in any order, and watches what
// must always hold.
class World {
 public:
  World(uint32_t seed, bool orderly)
      : random_(seed), orderly_(orderly), machine_({"t", "b", 0}, settings(orderly), nullptr) {}

  static QueueSettings settings(bool orderly) {
    QueueSettings settings;
    settings.orderly = settings.needs_lock = orderly;
    settings.most_messages = 8;
    settings.consume_timeout = Millis(5000);
    settings.silent_pull_timeout = Millis(20000);
    return settings;
  }

  void run(int steps) {
    machine_.start(at_);
    note_actions();
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
  }

  // Everything is answered and acknowledged from now on.
  void end(bool close) {
    close ? machine_.close(at_) : machine_.drop(at_);
    note_actions();
    for (int i = 0; i < 300 && machine_.state() != State::kEnded; ++i) {
      while (!out_.empty()) finish(out_.size() - 1);
      answer();
      pass(Millis(1500));
    }
    EXPECT_EQ(machine_.state(), State::kEnded);
    EXPECT_FALSE(reset_.has_value()) << "an operator's offset was never committed";
  }

 private:
  struct Request {
    Kind kind;
    uint64_t id;
    int64_t offset;
  };
  struct Batch {
    std::shared_ptr<ProcessQueue> from;
    std::vector<StoredMessage> messages;
  };

  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

  void step() {
    switch (below(16)) {
      case 0:
        machine_.drop(at_);
        break;
      case 1:
      case 2:
        machine_.take(at_);
        break;
      case 3:
        reset_ = below(kLength);
        if (machine_.state() == State::kEnded) reset_.reset();
        machine_.reset(reset_.value_or(0), at_);
        break;
      case 4:
        if (orderly_ && below(3) == 0) {
          below(2) == 0 ? machine_.lock_refused(at_) : machine_.lock_doubted(at_);
        }
        break;
      case 5:
      case 6:
        if (orderly_ && wants_lock_) machine_.lock_granted(at_ + Millis(3000), at_);
        break;
      case 7:
        pass(Millis(below(2500)));
        break;
      case 8:
      case 9:
      case 10:
        take();
        break;
      case 11:
      case 12:
        if (!out_.empty()) finish(below(static_cast<uint32_t>(out_.size())));
        break;
      default:
        answer();
        break;
    }
    note_actions();
    if (machine_.state() == State::kEnded && below(4) == 0) begin_again();
  }

  void begin_again() {
    // What is out of the one before stays out.
    if (orderly_ && !out_.empty()) return;
    requests_.clear();
    wants_lock_ = false;
    machine_.~QueueStateMachine();
    new (&machine_) QueueStateMachine({"t", "b", 0}, settings(orderly_), nullptr);
    machine_.start(at_);
    note_actions();
  }

  void pass(Millis time) {
    const TimePoint until = at_ + time;
    for (int i = 0; i < 100; ++i) {
      const TimePoint wake = machine_.wake_at(at_);
      if (wake > until) break;
      at_ = wake;
      machine_.timer(at_);
      note_actions();
    }
    at_ = until;
    if (orderly_ && wants_lock_ && below(2) == 0) machine_.lock_granted(at_ + Millis(3000), at_);
    note_actions();
  }

  void take() {
    const auto cache = machine_.cache();
    if (!cache) return;
    auto messages = cache->take(1 + below(3), at_);
    if (messages.empty()) return;
    if (orderly_) {
      EXPECT_TRUE(out_.empty()) << "two batches of an orderly queue are out";
      EXPECT_TRUE(machine_.locked(at_)) << "a batch was given out without the lock";
    }
    out_.push_back({cache, std::move(messages)});
  }

  void finish(size_t index) {
    Batch batch = std::move(out_[index]);
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(index));
    const size_t done = below(static_cast<uint32_t>(batch.messages.size() + 1));
    std::vector<int64_t> offsets;
    for (size_t i = 0; i < done; ++i) {
      offsets.push_back(batch.messages[i].queue_offset);
      finished_[batch.from.get()].insert(batch.messages[i].queue_offset);
    }
    std::vector<StoredMessage> rest(batch.messages.begin() + static_cast<std::ptrdiff_t>(done), batch.messages.end());
    machine_.finished(*batch.from, offsets, at_);
    note_actions();
    if (!rest.empty()) machine_.put_back(*batch.from, rest, Millis(200), at_);
    note_actions();
  }

  void answer() {
    if (requests_.empty()) return;
    const size_t index = below(static_cast<uint32_t>(requests_.size()));
    const Request request = requests_[index];
    requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(index));
    const bool fails = below(5) == 0;
    switch (request.kind) {
      case Kind::kFindStart:
        machine_.start_found(request.id, fails ? std::nullopt : std::optional(std::max<int64_t>(stored_, 0)), at_);
        break;
      case Kind::kReadCommitted:
        machine_.committed_read(request.id, fails ? std::nullopt : std::optional(stored_), at_);
        break;
      case Kind::kCommit:
        if (!fails) stored_ = request.offset;
        machine_.committed(request.id, !fails, at_);
        break;
      default:
        answer_pull(request, fails);
    }
    note_actions();
  }

  void answer_pull(const Request& request, bool fails) {
    if (fails) return machine_.pull_ended(request.id, PullEnd::kFailed, -1, at_);
    if (request.offset >= kLength) return machine_.pull_ended(request.id, PullEnd::kHeld, -1, at_);
    if (below(20) == 0) {
      moved_ = below(kLength);
      return machine_.offset_moved(request.id, moved_, at_);
    }
    std::vector<StoredMessage> messages;
    const int64_t end = std::min<int64_t>(kLength, request.offset + 1 + below(5));
    for (int64_t offset = request.offset; offset < end; ++offset) {
      messages.emplace_back().queue_offset = offset;
    }
    machine_.pulled(request.id, std::move(messages), end, at_);
  }

  void note_actions() {
    if (const auto cache = machine_.cache(); cache && starts_.count(cache.get()) == 0) {
      starts_[cache.get()] = cache->next_offset();
      kept_.push_back(cache);
    }
    std::array<QueueAction, 16> actions;
    const size_t count = machine_.take_actions(actions);
    EXPECT_LT(count, actions.size());
    for (size_t i = 0; i < count; ++i) note(actions[i]);
    EXPECT_TRUE(!noted_ || machine_.may_commit(at_)) << "an offset is left to the rounds without the lock";
  }

  void note(const QueueAction& action) {
    switch (action.kind) {
      case Kind::kWantLock:
        wants_lock_ = true;
        break;
      case Kind::kUnlock:
        EXPECT_TRUE(out_.empty()) << "unlocked while a batch is out";
        wants_lock_ = false;
        break;
      case Kind::kStopRenewing:
        wants_lock_ = false;
        break;
      case Kind::kFindStart:
      case Kind::kReadCommitted:
      case Kind::kPull:
        requests_.push_back({action.kind, action.id, action.offset});
        break;
      case Kind::kForget:
        noted_ = false;
        break;
      case Kind::kEnded:
        EXPECT_FALSE(noted_) << "an offset is left to the rounds at the end";
        break;
      case Kind::kNote:
      case Kind::kCommit:
        check_offset(action);
        noted_ = action.kind == Kind::kNote;
        if (action.kind == Kind::kCommit) requests_.push_back({action.kind, action.id, action.offset});
        break;
      default:
        break;
    }
  }

  void check_offset(const QueueAction& action) {
    if (action.kind == Kind::kCommit && (reset_ == action.offset || (!reset_ && tried_reset_ == action.offset))) {
      // Again, where it was not stored.
      tried_reset_ = action.offset;
      reset_.reset();
      return;
    }
    EXPECT_FALSE(reset_.has_value()) << action.offset << " in place of an operator's " << *reset_;
    const auto cache = machine_.cache();
    if (!cache) return;
    if (action.kind == Kind::kCommit && action.offset == moved_) return;
    for (int64_t offset = starts_[cache.get()]; offset < action.offset; ++offset) {
      EXPECT_EQ(finished_[cache.get()].count(offset), 1U) << action.offset << " passes " << offset;
    }
  }

  std::mt19937 random_;
  const bool orderly_;
  TimePoint at_ = TimePoint(std::chrono::hours(1));
  QueueStateMachine machine_;
  std::vector<Request> requests_;
  std::vector<Batch> out_;
  // All caches there were, each with its first offset and what was finished of it.
  std::vector<std::shared_ptr<ProcessQueue>> kept_;
  std::map<ProcessQueue*, std::set<int64_t>> finished_;
  std::map<ProcessQueue*, int64_t> starts_;
  std::optional<int64_t> reset_;
  std::optional<int64_t> tried_reset_;
  int64_t moved_ = -1;
  int64_t stored_ = -1;
  bool wants_lock_ = false;
  // The rounds have an offset to write.
  bool noted_ = false;
};

class QueueStateMachineProperties : public ::testing::TestWithParam<bool> {};

}  // namespace

TEST_P(QueueStateMachineProperties, HoldInAnyOrderOfEvents) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    World world(seed, GetParam());
    world.run(200);
    world.end(seed % 2 == 0);
    if (HasFailure()) FAIL() << "with the seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, QueueStateMachineProperties, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Orderly" : "Concurrent"; });

namespace {

// The ids of the last requests of a kind.
std::vector<QueueAction> actions_of(QueueStateMachine& machine, Kind kind) {
  std::array<QueueAction, 16> actions;
  const size_t count = machine.take_actions(actions);
  std::vector<QueueAction> found;
  std::copy_if(actions.begin(), actions.begin() + static_cast<std::ptrdiff_t>(count), std::back_inserter(found),
               [&](const QueueAction& action) { return action.kind == kind; });
  return found;
}

}  // namespace

TEST(QueueStateMachineTest, APullThatIsHeldLongAndALongIntervalAreNoSilence) {
  QueueSettings settings;
  settings.pull_interval = Millis(65000);
  QueueStateMachine machine({"t", "b", 0}, settings, nullptr);
  TimePoint at{std::chrono::hours(1)};
  machine.start(at);
  machine.start_found(actions_of(machine, Kind::kFindStart).at(0).id, 0, at);
  const auto first = actions_of(machine, Kind::kPull);
  ASSERT_EQ(first.size(), 1U);
  at += Millis(60000);
  machine.timer(at);
  machine.pull_ended(first[0].id, PullEnd::kHeld, -1, at);
  at += Millis(64999);
  machine.timer(at);
  EXPECT_TRUE(actions_of(machine, Kind::kPull).empty());
  at += Millis(1);
  machine.timer(at);
  EXPECT_EQ(actions_of(machine, Kind::kPull).size(), 1U);
  EXPECT_EQ(machine.state(), State::kConsuming);
}

// The next owner may be further by the time that a round writes.
TEST(QueueStateMachineTest, WithoutTheLockNothingIsLeftToTheRounds) {
  enum class End { kDoubted, kRanOut, kDroppedWhileOut };
  for (const End end : {End::kDoubted, End::kRanOut, End::kDroppedWhileOut}) {
    QueueSettings settings;
    settings.orderly = settings.needs_lock = true;
    settings.consume_timeout = Millis(1000);
    QueueStateMachine machine({"t", "b", 0}, settings, nullptr);
    TimePoint at{std::chrono::hours(1)};
    machine.start(at);
    machine.lock_granted(at + Millis(30000), at);
    machine.start_found(actions_of(machine, Kind::kFindStart).at(0).id, 7, at);
    std::vector<StoredMessage> messages(1);
    messages[0].queue_offset = 7;
    machine.pulled(actions_of(machine, Kind::kPull).at(0).id, std::move(messages), 8, at);
    const auto cache = machine.cache();
    const auto taken = cache->take(1, at);
    ASSERT_EQ(taken.size(), 1U);
    const std::vector<int64_t> consumed{7};
    switch (end) {
      case End::kDoubted:
        machine.finished(*cache, consumed, at);
        EXPECT_FALSE(actions_of(machine, Kind::kNote).empty());
        machine.lock_doubted(at);
        machine.drop(at);
        break;
      case End::kRanOut:
        machine.finished(*cache, consumed, at);
        at += Millis(30000);
        machine.drop(at);
        break;
      case End::kDroppedWhileOut:
        machine.drop(at);
        at += Millis(1000);
        machine.timer(at);
        // The lock is left to run out under what is out.
        EXPECT_FALSE(actions_of(machine, Kind::kNote).empty());
        EXPECT_EQ(machine.wake_at(at), at + Millis(29000));
        at += Millis(29000);
        machine.timer(at);
        break;
    }
    EXPECT_EQ(actions_of(machine, Kind::kForget).size(), 1U);
    EXPECT_EQ(machine.state(), end == End::kDroppedWhileOut ? State::kDraining : State::kEnded);
  }
}

TEST(QueueStateMachineTest, OfTwoResetsTheLastOneCounts) {
  QueueStateMachine machine({"t", "b", 0}, {}, nullptr);
  const TimePoint at{std::chrono::hours(1)};
  machine.start(at);
  machine.start_found(actions_of(machine, Kind::kFindStart).at(0).id, 100, at);
  machine.reset(5, at);
  const auto first = actions_of(machine, Kind::kCommit);
  machine.drop(at);
  machine.take(at);
  machine.reset(7, at);
  const auto second = actions_of(machine, Kind::kCommit);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].offset, 7);
  machine.committed(first.at(0).id, true, at);
  EXPECT_EQ(machine.state(), State::kCommitting);
  machine.committed(second[0].id, true, at);
  const auto pulls = actions_of(machine, Kind::kPull);
  ASSERT_EQ(pulls.size(), 1U);
  EXPECT_EQ(pulls[0].offset, 7);
}

// Whoever consumes the queue next does not know of it.
TEST(QueueStateMachineTest, AnOperatorsOffsetThatIsNotStoredIsTriedAgainBeforeTheEnd) {
  for (const bool ends_well : {true, false}) {
    QueueStateMachine machine({"t", "b", 0}, {}, nullptr);
    TimePoint at{std::chrono::hours(1)};
    machine.start(at);
    machine.start_found(actions_of(machine, Kind::kFindStart).at(0).id, 100, at);
    machine.reset(5, at);
    machine.drop(at);
    int attempts = 0;
    while (machine.state() != State::kEnded) {
      const auto commits = actions_of(machine, Kind::kCommit);
      ASSERT_EQ(commits.size(), 1U);
      EXPECT_EQ(commits[0].offset, 5);
      ASSERT_LE(++attempts, 10);
      machine.committed(commits[0].id, ends_well && attempts == 3, at);
      if (machine.state() == State::kEnded) break;
      EXPECT_EQ(machine.state(), State::kCommitting);
      at = machine.wake_at(at);
      ASSERT_LT(at, TimePoint::max());
      machine.timer(at);
    }
    EXPECT_EQ(attempts, ends_well ? 3 : 5);
  }
}

TEST(QueueStateMachineTest, AQueueThatIsTakenAgainBeginsAtTheOffsetThatWasNotStored) {
  QueueStateMachine machine({"t", "b", 0}, {}, nullptr);
  const TimePoint at{std::chrono::hours(1)};
  machine.start(at);
  machine.start_found(actions_of(machine, Kind::kFindStart).at(0).id, 100, at);
  machine.reset(5, at);
  machine.drop(at);
  machine.committed(actions_of(machine, Kind::kCommit).at(0).id, false, at);
  machine.take(at);
  EXPECT_EQ(machine.state(), State::kConsuming);
  EXPECT_EQ(actions_of(machine, Kind::kPull).at(0).offset, 5);
}

// The one before had no memory, say.
TEST(QueueStateMachineTest, ALookWantsTheLockOnceMoreUntilItIsHeld) {
  QueueSettings settings;
  settings.orderly = settings.needs_lock = true;
  QueueStateMachine machine({"t", "b", 0}, settings, nullptr);
  const TimePoint at{std::chrono::hours(1)};
  machine.start(at);
  EXPECT_EQ(actions_of(machine, Kind::kWantLock).size(), 1U);
  machine.timer(at);
  EXPECT_TRUE(actions_of(machine, Kind::kWantLock).empty());
  machine.look_again(at);
  EXPECT_EQ(actions_of(machine, Kind::kWantLock).size(), 1U);
  machine.lock_granted(at + Millis(30000), at);
  machine.look_again(at);
  EXPECT_TRUE(actions_of(machine, Kind::kWantLock).empty());
}

TEST(QueueStateMachineTest, AnOffsetThatCouldNotBeReadIsReadAgainWhileAPullIsHeld) {
  QueueSettings settings;
  settings.orderly = settings.needs_lock = true;
  QueueStateMachine machine({"t", "b", 0}, settings, nullptr);
  const TimePoint at{std::chrono::hours(1)};
  machine.start(at);
  machine.lock_granted(at + Millis(30000), at);
  machine.start_found(actions_of(machine, Kind::kFindStart).at(0).id, 7, at);
  ASSERT_EQ(actions_of(machine, Kind::kPull).size(), 1U);
  machine.lock_doubted(at);
  machine.lock_granted(at + Millis(30000), at);
  machine.committed_read(actions_of(machine, Kind::kReadCommitted).at(0).id, std::nullopt, at);
  const TimePoint again = machine.wake_at(at);
  ASSERT_LT(again, at + Millis(1000));
  machine.timer(again);
  EXPECT_EQ(actions_of(machine, Kind::kReadCommitted).size(), 1U);
}

}  // namespace rocketmq::test
