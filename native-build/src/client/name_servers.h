#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/address.h"
#include "net/remoting_client.h"

namespace rocketmq {

// The name servers of a cluster: a request goes to the one that answered last, and to the others in turn
// when that one fails. Lives on the event loop.
class NameServers {
 public:
  NameServers(std::shared_ptr<RemotingClient> remoting, const std::vector<Address>& addresses, Millis timeout);

  // Any answer of a server is a success here, whatever its code. Otherwise the failure of the last server,
  // its message naming what each one did; each server gets `timeout` divided by their number, so that
  // the whole takes no longer than one timeout, but at least 200 ms.
  asio::awaitable<Result<RemotingCommand>> call(RemotingCommand request);

  const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  std::shared_ptr<RemotingClient> remoting_;
  std::vector<std::string> addresses_;
  Millis timeout_;
  size_t current_ = 0;
};

}  // namespace rocketmq
