#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/message.h"
#include "protocol/remoting_command.h"
#include "protocol/route.h"
#include "protocol/subscription.h"

namespace rocketmq {

// What is asked of a broker. No offset is committed with it: brokers work off pulls and commits by different threads,
// so that a pull that waited for its turn would write its older offset over a newer one.
struct PullRequest {
  std::string group;
  MessageQueue queue;
  int64_t offset = 0;
  int32_t most = 32;
  // What the messages of an answer have together at most; a broker gives the first one whatever its size.
  int32_t most_bytes = kMaxFrameBytes - kMostBesideBody;
  int64_t suspend_ms = 15000;
  // The subscription goes along, for a broker that does not know it by a heartbeat: it has to compile a condition for
  // each pull, and its own settings of the group do not count then.
  bool with_subscription = false;
};
RemotingCommand pull_command(const PullRequest& request, const Subscription& subscription);

// What an answer with messages holds. Pure functions, on the event loop.
struct PulledMessages {
  std::vector<StoredMessage> wanted;
  // Where the next pull begins; not above what was asked for: it moves nothing.
  int64_t next_offset = -1;
  int64_t received = 0;
  int64_t filtered = 0;
  struct Unreadable {
    int64_t offset;
    std::string reason;
  };
  std::vector<Unreadable> unreadable;
  // Where a message is damaged; -1: none is.
  int64_t damaged_at = -1;
  // The sequence itself is broken: asked for one by one, a single message shows which one it is.
  bool broken = false;
};
// A message that cannot be read, or whose body does not fit its CRC, ends what is taken, as it may have been damaged on
// its way, unless it is the one to `step_over`.
PulledMessages read_pulled(const RemotingCommand& response, int64_t asked, int32_t most,
                           const Subscription& subscription, const std::string& retry_topic, int64_t step_over);

// Where the broker says that the next pull begins; -1 for nothing that can be.
int64_t next_offset_of(const RemotingCommand& response);

}  // namespace rocketmq
