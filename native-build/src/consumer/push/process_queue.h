#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "protocol/admin_bodies.h"
#include "protocol/message.h"
#include "protocol/route.h"

namespace rocketmq {

// What all queues of a consumer hold together.
struct CacheTotals {
  std::atomic<int64_t> messages{0};
  std::atomic<int64_t> bytes{0};
};

// How many queues of one topic a consumer has: limits of the topic are shared among them. On the event loop.
struct TopicShare {
  int64_t queues = 0;
};

// The messages of one queue that were pulled: those that wait, and those given out and not yet finished. Owned by the
// queue's state machine, which alone adds, finishes, opens and closes; the consume threads only take. Any thread.
//
// No message is lost for want of memory: what add() or take() could not do whole is as it was.
class ProcessQueue {
 public:
  // Of an orderly consumer's queue one batch at a time is out.
  ProcessQueue(MessageQueue queue, bool one_batch_at_a_time, std::shared_ptr<CacheTotals> totals);
  ~ProcessQueue();
  ProcessQueue(const ProcessQueue&) = delete;
  ProcessQueue& operator=(const ProcessQueue&) = delete;

  const MessageQueue& queue() const { return queue_; }

  // Messages may be taken until then.
  void open(TimePoint until);
  void close();
  // Closes for good, and forgets what waits. What is out can still be finished.
  void discard();

  bool discarded() const;

  // The next offset to pull.
  int64_t next_offset() const;
  // Adds pulled messages, and moves on to `next_offset`.
  void add(std::vector<StoredMessage> messages, int64_t next_offset);
  // Up to `most` waiting messages in the order of their offsets; they are out now.
  std::vector<StoredMessage> take(size_t most, TimePoint at);
  // Whether take() would give something.
  bool may_take(TimePoint at) const;
  // It is consumed, or in a broker's hands again.
  void finish(int64_t offset);
  // It waits again.
  void put_back(StoredMessage message);

  // The lowest offset that is not finished: what may be committed.
  int64_t commit_offset() const;
  size_t out_count() const;
  // Whether the limits allow another pull.
  bool has_room(int64_t most_messages, int64_t most_bytes, int64_t widest_span) const;
  ProcessQueueInfo info() const;
  void note_consume(int64_t at_ms) { last_consume_ms_.store(at_ms, std::memory_order_relaxed); }

  // Set, once, where this holds nothing but a message that an operator wants consumed: gets the outcome, with the
  // reason of a failure that is none of the application's choice. No broker hears of the message otherwise.
  std::function<void(bool consumed, const std::string& failure)> on_direct_end;

  // For the dispatcher alone: its list of queues with messages.
  std::shared_ptr<ProcessQueue> next_ready;
  bool ready = false;

 private:
  struct Entry {
    StoredMessage message;
    int64_t bytes = 0;
    bool out = false;
  };
  int64_t lowest() const { return entries_.empty() ? next_offset_ : std::min(next_offset_, entries_.begin()->first); }
  bool is_open(TimePoint at) const;
  void count(int64_t messages, int64_t bytes);

  const MessageQueue queue_;
  const bool one_batch_at_a_time_;
  const std::shared_ptr<CacheTotals> totals_;
  std::atomic<int64_t> last_consume_ms_{0};
  mutable std::mutex mutex_;
  TimePoint open_until_ = TimePoint::min();
  bool discarded_ = false;
  std::map<int64_t, Entry> entries_;
  // Below it nothing waits.
  int64_t first_waiting_ = INT64_MAX;
  size_t out_ = 0;
  int64_t bytes_ = 0;
  int64_t next_offset_ = -1;
};

}  // namespace rocketmq
