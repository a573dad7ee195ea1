#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "producer/producer.h"

// When a send is tried again, and when an attempt is given up: decisions without any state.
namespace rocketmq {

// What a response code says that is no acknowledgement.
struct Refusal {
  // The broker stored nothing, and another attempt may succeed.
  bool again = false;
  // The route may be stale.
  bool stale_route = false;
  // It is, so that there is no use in an attempt before it is looked up.
  bool wrong_queue = false;
  // It speaks against the broker, for any topic; or for this topic.
  bool broker_fails = false;
  bool topic_fails = false;
  // The broker is about to end, and has not looked at the message.
  bool leaving = false;
};

// `codes`: those after which the user wants another attempt, in place of the default. That is Apache's set for
// synchronous sends, and what a new route mends; nothing for asynchronous ones, which Apache's client never repeats.
Refusal judge_refusal(int32_t code, std::string_view remark, bool asynchronous,
                      const std::optional<std::vector<int32_t>>& codes);

// Of a code by which the broker tells that it stored the message.
std::optional<SendStatus> stored_status(int32_t code);

// A failure of the network, after which another attempt may succeed.
bool is_transient(ErrorKind kind);

// Before an attempt on the same broker; `pauses`: how many there were.
Millis pause_before(int32_t pauses);

// Whether an attempt on a suspected broker is given up for another broker. An attempt may use all the time of its
// send, as a slow broker that gets less stores a copy with each attempt. Not so on a broker that is silent: nothing at
// all came from it for seconds, not even for a probe. Where the time is short, the last quarter of it is kept for
// another broker, and suspicion is enough: a slow one would have answered the probe by then.
bool may_give_up(TimePoint sent_at, TimePoint deadline, TimePoint at, bool silent);

}  // namespace rocketmq
