#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "consumer/offset_store.h"
#include "net/event_loop.h"
#include "protocol/route.h"

namespace rocketmq {

struct OffsetCommitterOptions {
  // Between the rounds in which what was noted is sent.
  Millis interval{5000};
  // Requests that wait for an answer of one broker at a time.
  int32_t most_in_flight = 64;
  // How far a queue may go beyond what was sent of it before it is sent at once: about what comes again after a crash.
  // 0: any distance.
  int64_t most_unsent = 0;
};

// Sends a consumer's offsets to its store. Each broker has a lane of its own: a broker that is silent or slow delays
// nothing but its own offsets. Of a queue one offset is on its way at a time, so that an older one never overtakes a
// newer; where it is not known whether an earlier one arrived, the newest is sent once more in the next round.
//
// Owned by the consumer. Every function on the event loop, and none after close().
class OffsetCommitter {
 public:
  OffsetCommitter(EventLoop& loop, std::shared_ptr<OffsetStore> store, OffsetCommitterOptions options = {});
  ~OffsetCommitter();
  OffsetCommitter(const OffsetCommitter&) = delete;
  OffsetCommitter& operator=(const OffsetCommitter&) = delete;

  // Begins the rounds.
  void start();
  // The next round sends it, in place of what was noted of the queue before, or, as far beyond what was sent before as
  // `most_unsent`, it is sent at once. What was committed already is not sent again.
  void note(const MessageQueue& queue, int64_t offset);
  // Sends it now, in place of what was noted of the queue, and waits for the answer. kTimeout at `deadline`: what was
  // not sent until then never is. kClosed where forget() or close() came first.
  asio::awaitable<Status> commit(MessageQueue queue, int64_t offset, TimePoint deadline);
  // What is noted of the queue must not be written any more: another member may have gone further. What is on its way
  // cannot be called back.
  void forget(const MessageQueue& queue);
  // Sends all that is noted, each queue at most once more, and waits until nothing is on its way any more or for
  // `deadline`.
  asio::awaitable<void> flush(TimePoint deadline);
  // Nothing is sent any more; who waits is told kClosed. Before the event loop ends. Idempotent.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rocketmq
