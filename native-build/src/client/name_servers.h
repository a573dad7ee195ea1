#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/address.h"
#include "net/remoting_client.h"

namespace rocketmq {

// The name servers of a cluster: a request goes to the one that answered last, and to the others in turn when that one
// fails. One that is not ready, or whose answer cannot be read, fails as one that is gone: it harms itself alone.
// Owned by ClientInstance; lives on the event loop.
class NameServers {
 public:
  NameServers(std::shared_ptr<RemotingClient> remoting, const std::vector<Address>& addresses, Millis timeout);

  // Whether a server's answer of the code SUCCESS can be read.
  using Check = std::function<Status(const RemotingCommand& response)>;

  // The first answer of the code SUCCESS that passes `check`. Where no server gives one: that of a server that does not
  // know what is asked for (TOPIC_NOT_EXIST), else any that refused; else the failure of the last server, its message
  // naming what each one did. Each server gets `timeout` divided by their number, so that the whole takes no longer
  // than one timeout, but at least 200 ms.
  asio::awaitable<Result<RemotingCommand>> call(RemotingCommand request, Check check = nullptr);

  const std::vector<std::string>& addresses() const { return addresses_; }
  // All of them, joined by ';'.
  std::string listed() const;
  // What a refusal that `call` has just given says, of the server that gave it.
  Error refusal(const RemotingCommand& response) const;

 private:
  std::shared_ptr<RemotingClient> remoting_;
  std::vector<std::string> addresses_;
  Millis timeout_;
  size_t current_ = 0;
};

}  // namespace rocketmq
