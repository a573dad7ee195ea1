#pragma once

#include <cstdint>
#include <optional>
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
  // Behind the last message that was taken; not above what was asked for: it moves nothing.
  int64_t next_offset = -1;
  // Where the broker says that the next pull begins. No more than its word says that nothing lies before it.
  int64_t claimed_next_offset = -1;
  int64_t received = 0;
  int64_t filtered = 0;
  struct Unreadable {
    int64_t offset;
    std::string reason;
  };
  // Passed over, for good.
  std::vector<Unreadable> unreadable;
  // To be asked for again: the first message that is damaged, or out of its place.
  std::optional<Unreadable> damaged;
  // It is the sequence itself that is: asked for one by one, a single message shows which one it is.
  bool broken = false;
};
// A message that cannot be read, or whose body does not fit its CRC, or whose offset does not fit between the others,
// ends what is taken, as it may have been damaged on its way, unless it is the one to `step_over`.
PulledMessages read_pulled(const RemotingCommand& response, int64_t asked, int32_t most,
                           const Subscription& subscription, const std::string& retry_topic, int64_t step_over);

// Where the broker says that the next pull begins; -1 for nothing that can be.
int64_t next_offset_of(const RemotingCommand& response);

// Whether a queue may go on beyond offsets of which no message was seen. A checksum protects a message's body alone: a
// single damaged digit of the next offset would lose all that lies before it. So two answers have to say so.
class SkipConfirmation {
 public:
  // An answer says that what is wanted begins at `to`, and not at `from`. Where to go on, as far as the answer before
  // to the same question said the same: the lower one of both. nullopt: `from` must be asked for again.
  std::optional<int64_t> confirm(int64_t from, int64_t to);
  // Whether the answer before was about it.
  bool is_about(int64_t from) const { return from == from_; }
  // An answer said something else.
  void forget() { from_ = -1; }

 private:
  int64_t from_ = -1;
  int64_t to_ = -1;
};

}  // namespace rocketmq
