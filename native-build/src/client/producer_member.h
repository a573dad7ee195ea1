#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/broker_state.h"
#include "protocol/message.h"
#include "protocol/remoting_command.h"

namespace rocketmq {

// What the client instance needs of a producer. Called on the event loop; must not block.
class ProducerMember {
 public:
  virtual ~ProducerMember() = default;
  virtual const std::string& group() const = 0;
  // The broker at `address` asks what became of a half message of this group, whose body is as it was stored. False
  // when the producer checks no transactions.
  virtual bool check_transaction(const RemotingCommand& request, StoredMessage& message,
                                 const std::string& address) = 0;
  // False when no request of the producer waits for this reply.
  virtual bool take_reply(const std::shared_ptr<const RemotingCommand>& reply) = 0;
  // Nothing comes from these brokers: what waits for them may be better off elsewhere. Told again and again, as long
  // as it is so.
  virtual void on_suspected(const std::vector<std::shared_ptr<BrokerState>>& brokers, TimePoint at) = 0;
};

}  // namespace rocketmq
