#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "protocol/heartbeat.h"
#include "protocol/remoting_command.h"

namespace rocketmq {

// What the client instance needs of a consumer: its part of heartbeats, and to whom requests of brokers go. Consumers
// implement it, and own themselves. Called on the event loop; must not block.
class ConsumerMember {
 public:
  static constexpr Millis kNoHousekeeping = std::chrono::hours(1);

  virtual ~ConsumerMember() = default;
  virtual const std::string& group() const = 0;
  virtual ConsumerHeartbeat heartbeat() const = 0;
  // The members of the group changed.
  virtual void rebalance_soon() = 0;
  // What has to be looked at from time to time: so often, or more often. One timer of the client serves all members.
  virtual Millis housekeeping_interval() const { return kNoHousekeeping; }
  virtual void housekeeping() {}
  // A server's request for this group (RESET_CONSUMER_CLIENT_OFFSET, GET_CONSUMER_STATUS_FROM_CLIENT,
  // GET_CONSUMER_RUNNING_INFO, CONSUME_MESSAGE_DIRECTLY): replies now or later, or false when it is none of
  // these.
  virtual bool handle_request(const RemotingCommand& request, std::function<void(RemotingCommand)> reply) = 0;
};

}  // namespace rocketmq
