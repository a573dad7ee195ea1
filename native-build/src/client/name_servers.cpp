#include "client/name_servers.h"

#include <algorithm>

#include "base/log.h"
#include "base/random.h"

namespace rocketmq {

namespace {
// Even of many servers each gets time enough for one round trip.
constexpr Millis kLeastPerServer{200};
}  // namespace

NameServers::NameServers(std::shared_ptr<RemotingClient> remoting, const std::vector<Address>& addresses,
                         Millis timeout)
    : remoting_(std::move(remoting)), timeout_(timeout) {
  for (const Address& address : addresses) addresses_.push_back(address.text());
  // Clients spread over the servers from the start.
  if (!addresses_.empty()) current_ = random_below(static_cast<uint32_t>(addresses_.size()));
}

asio::awaitable<Result<RemotingCommand>> NameServers::call(RemotingCommand request) {
  const size_t count = addresses_.size();
  const Millis share = std::max(kLeastPerServer, timeout_ / static_cast<int64_t>(std::max<size_t>(count, 1)));
  const size_t first = current_;
  const TimePoint begin = now();
  Error last;
  std::string story;
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (first + i) % count;
    auto response = co_await remoting_->call(addresses_[index], request, std::min(share, timeout_));
    if (response) {
      current_ = index;
      co_return response;
    }
    last = response.error();
    if (last.kind == ErrorKind::kClosed) co_return response;
    if (!story.empty()) story += "; ";
    story += last.message;
    log(LogLevel::kDebug, "client", "name server {} failed: {}", addresses_[index], last.message);
  }
  // The next request begins with another server than this one did.
  current_ = (first + 1) % std::max<size_t>(count, 1);
  last.message = "no name server answered: " + story;
  last.elapsed_ms = millis_between(begin, now());
  co_return fail(std::move(last));
}

}  // namespace rocketmq
