#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "c_consumer.h"

namespace bench {

namespace {

constexpr int64_t kSmallestBody = 8;
constexpr int64_t kLongestWarmUpNs = 30'000'000'000;
constexpr int kProbesAtOnce = 8;
constexpr std::chrono::milliseconds kProbePause{200};
constexpr std::chrono::seconds kLongestWait{10};
constexpr int64_t kHeadStartNs = 50'000'000;

int64_t first_number(const rocketmq_message_view& message) {
  if (message.body_length < kSmallestBody) return 0;
  uint64_t value = 0;
  for (int64_t i = 0; i < kSmallestBody; ++i) value = value << 8 | message.body[i];
  return static_cast<int64_t>(value);
}

using QueueName = std::pair<std::string, int32_t>;

// The times planned for sending: known by their exact values, so that nothing else in the topic counts.
class Schedule {
 public:
  Schedule(int64_t count, int64_t rate) : count_(count), interval_ns_(1'000'000'000 / rate) {}

  void begin(int64_t at_ns) { begin_ns_.store(at_ns); }
  int64_t count() const { return count_; }
  int64_t planned_ns(int64_t message) const { return begin_ns_.load() + message * interval_ns_; }
  // -1 for a time that was not planned.
  int64_t message_at(int64_t planned) const {
    const int64_t begin = begin_ns_.load();
    if (begin == 0 || planned < begin || (planned - begin) % interval_ns_ != 0) return -1;
    const int64_t message = (planned - begin) / interval_ns_;
    return message < count_ ? message : -1;
  }

 private:
  const int64_t count_;
  const int64_t interval_ns_;
  std::atomic<int64_t> begin_ns_{0};
};

// What the listener saw.
class Arrivals {
 public:
  explicit Arrivals(const Schedule& schedule)
      : schedule_(schedule), latencies_ns_(static_cast<size_t>(schedule.count()), kAbsent) {}

  // What probes carry. No other run's: a broker may give a new group a young topic's whole history.
  int64_t probe() const { return probe_; }

  void take(const rocketmq_message_batch& batch, int64_t at_ns) {
    std::lock_guard lock(mutex_);
    for (int32_t i = 0; i < batch.count; ++i) {
      const int64_t planned = first_number(*batch.messages[i]);
      if (planned == probe_) {
        const rocketmq_string& broker = batch.broker_name;
        probed_.emplace(std::string(broker.data, static_cast<size_t>(broker.length)), batch.queue_id);
        changed_.notify_one();
        continue;
      }
      const int64_t message = schedule_.message_at(planned);
      // A second delivery says nothing of latency.
      if (message < 0 || latencies_ns_[static_cast<size_t>(message)] != kAbsent) continue;
      latencies_ns_[static_cast<size_t>(message)] = at_ns - planned;
      if (++received_ == schedule_.count()) changed_.notify_one();
    }
  }

  // True when a probe came from each of these queues.
  bool wait_for_probes(const std::set<QueueName>& queues) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, kProbePause, [&] { return std::includes(probed_.begin(), probed_.end(), queues.begin(), queues.end()); });
  }

  std::vector<int64_t> wait_for_all() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLongestWait, [&] { return received_ == schedule_.count(); });
    std::vector<int64_t> all;
    std::copy_if(latencies_ns_.begin(), latencies_ns_.end(), std::back_inserter(all),
                 [](int64_t latency) { return latency != kAbsent; });
    return all;
  }

 private:
  static constexpr int64_t kAbsent = -1;

  const Schedule& schedule_;
  const int64_t probe_ = -monotonic_ns();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<QueueName> probed_;
  std::vector<int64_t> latencies_ns_;
  int64_t received_ = 0;
};

// Returns when the consumer is at each queue's end: a queue without a start yet would lose the first messages, one with
// a history to read would delay them.
void send_probes(CProducer& producer, Outgoing& outgoing, Arrivals& arrivals) {
  outgoing.set_number(arrivals.probe());
  std::set<QueueName> queues;
  for (const int64_t end = monotonic_ns() + kLongestWarmUpNs; monotonic_ns() < end;) {
    for (int i = 0; i < kProbesAtOnce; ++i) {
      const rocketmq_send_result result = producer.send(outgoing);
      queues.emplace(result.broker_name, result.queue_id);
    }
    if (arrivals.wait_for_probes(queues)) return;
  }
  throw CommandError("the consumer did not receive a probe from each of the topic's " + std::to_string(queues.size()) +
                     " queues within 30 s: check that its group is its own");
}

}  // namespace

Json end_to_end(const std::string& name_servers, CProducer& producer, const Command& command) {
  Schedule schedule(command.count(), command.number("rate", 1, 1'000'000));
  Arrivals arrivals(schedule);
  CConsumer consumer(name_servers, command.text("group"), command.topic(), ROCKETMQ_CONSUME_FROM_LAST_OFFSET, 1,
                     [&](const rocketmq_message_batch& batch) {
                       const int64_t at = monotonic_ns();
                       arrivals.take(batch, at);
                     });
  consumer.start();
  Outgoing outgoing(command.topic(), command.size(kSmallestBody));
  send_probes(producer, outgoing, arrivals);
  PublishRun run(schedule.count());
  schedule.begin(monotonic_ns() + kHeadStartNs);
  for (int64_t i = 0; i < schedule.count(); ++i) {
    const int64_t planned = schedule.planned_ns(i);
    outgoing.set_number(planned);
    wait_until(planned);
    producer.send_range(outgoing, i, i + 1, run);
    // From the plan on: a send that its predecessor delayed has waited.
    int64_t& latency = run.latencies_ns[static_cast<size_t>(i)];
    if (latency >= 0) latency = monotonic_ns() - planned;
  }
  Json publish = run.latency();
  auto delivered = arrivals.wait_for_all();
  if (delivered.empty()) throw CommandError("none of the messages came back within 10 s");
  const auto received = static_cast<int64_t>(delivered.size());
  // While both the producer and the consumer are there.
  Json answer = thread_counts("rmq-");
  answer["received"] = received;
  answer["publish"] = std::move(publish);
  answer["delivery"] = percentiles(std::move(delivered));
  return answer;
}

}  // namespace bench
