#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "client/client_instance.h"
#include "consumer/offset_store.h"
#include "protocol/route.h"

namespace rocketmq {

// Where a queue of which no offset is stored begins. The numbers are those of the C API (ROCKETMQ_CONSUME_FROM_*).
enum class ConsumeFrom { kLastOffset = 0, kFirstOffset = 1, kTimestamp = 2 };

struct StartPolicy {
  ConsumeFrom from = ConsumeFrom::kLastOffset;
  // Of kTimestamp.
  int64_t timestamp_ms = 0;
};

// The offset at which a queue begins: the stored one; the retry topic's from its beginning, as what waits there was
// never consumed; otherwise by the policy. With `appeared_later` (see QueueArrivals), "last" is the queue's minimum.
// A coroutine of the client's event loop. `ended` says after each wait whether the client may be gone; kClosed then.
asio::awaitable<Result<int64_t>> find_start_offset(ClientInstance& client, OffsetStore& store, StartPolicy policy,
                                                   MessageQueue queue, bool appeared_later,
                                                   std::function<bool()> ended);

// Tells a member of a broadcast which of its queues came after it: what was sent to those before they were discovered
// is not to be passed over. (Of a group, the broker knows.) Owned by the consumer; on the event loop.
class QueueArrivals {
 public:
  // No such topic: all of its queues come later.
  void note_missing(const std::string& topic);
  // A topic's queues: those of which offsets were stored in an earlier life, and those that are there now. The first
  // call for a topic counts.
  void note_queues(const std::string& topic, const std::vector<MessageQueue>& queues);
  // Unsubscribed: a later subscription begins anew.
  void forget(const std::string& topic) { first_.erase(topic); }
  bool appeared_later(const MessageQueue& queue) const;

 private:
  // By topic: the queues that were there first.
  std::map<std::string, std::set<MessageQueue>> first_;
};

}  // namespace rocketmq
