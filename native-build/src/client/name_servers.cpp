#include "client/name_servers.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "base/random.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {
// Even of many servers each gets time enough for one round trip.
constexpr Millis kLeastPerServer{200};

Error refusal_of(const std::string& address, const RemotingCommand& response) {
  Error error;
  error.kind = ErrorKind::kRejected;
  error.message = fmt::format("{} refused with code {}{}{}", address, response.code,
                              response.remark.empty() ? "" : ": ", response.remark);
  error.response_code = response.code;
  error.remark = response.remark;
  error.address = address;
  if (response.code == response_code::kRequestCodeNotSupported) {
    error.message += ": it is no name server; a broker answers so";
  }
  return error;
}
}  // namespace

NameServers::NameServers(std::shared_ptr<RemotingClient> remoting, const std::vector<Address>& addresses,
                         Millis timeout)
    : remoting_(std::move(remoting)), timeout_(timeout) {
  for (const Address& address : addresses) addresses_.push_back(address.text());
  // Clients spread over the servers from the start.
  if (!addresses_.empty()) current_ = random_below(static_cast<uint32_t>(addresses_.size()));
}

asio::awaitable<Result<RemotingCommand>> NameServers::call(RemotingCommand request, Check check) {
  const size_t count = addresses_.size();
  const Millis share = std::max(kLeastPerServer, timeout_ / static_cast<int64_t>(std::max<size_t>(count, 1)));
  const size_t first = current_;
  const TimePoint begin = now();
  Error last;
  std::string story;
  std::optional<RemotingCommand> refusal;
  size_t refused_by = first;
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (first + i) % count;
    auto response = co_await remoting_->call(addresses_[index], request, std::min(share, timeout_));
    if (response && response->code == response_code::kSuccess) {
      const Status readable = check ? check(*response) : Status();
      if (readable) {
        current_ = index;
        co_return response;
      }
      last = readable.error();
      last.message = addresses_[index] + " sent an answer that cannot be read: " + last.message;
    } else if (response) {
      last = refusal_of(addresses_[index], *response);
      // "It does not exist" tells more than any other refusal.
      if (!refusal || (response->code == response_code::kTopicNotExist && refusal->code != response->code)) {
        refusal = std::move(*response);
        refused_by = index;
      }
    } else {
      last = response.error();
      if (last.kind == ErrorKind::kClosed) co_return response;
    }
    if (!story.empty()) story += "; ";
    story += last.message;
    log(LogLevel::kDebug, "client", "name server {} failed: {}", addresses_[index], last.message);
  }
  if (refusal) {
    current_ = refused_by;
    co_return std::move(*refusal);
  }
  // The next request begins with another server than this one did.
  current_ = (first + 1) % std::max<size_t>(count, 1);
  last.message = "no name server answered: " + story + ": check the addresses, and that a name server runs there";
  last.elapsed_ms = millis_between(begin, now());
  co_return fail(std::move(last));
}

Error NameServers::refusal(const RemotingCommand& response) const { return refusal_of(addresses_[current_], response); }

std::string NameServers::listed() const {
  std::string all;
  for (const std::string& each : addresses_) all += (all.empty() ? "" : ";") + each;
  return all;
}

}  // namespace rocketmq
