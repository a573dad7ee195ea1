#pragma once

#include <future>
#include <string>

#include "net/remoting_client.h"

namespace rocketmq::test {

// A request's end, to be waited for.
class Outcome : public ResponseHandler {
 public:
  void on_response(RemotingCommand response, const std::string&) override { end_.set_value(std::move(response)); }
  void on_failure(Error error) override { end_.set_value(fail(std::move(error))); }
  Result<RemotingCommand> get() { return end_.get_future().get(); }

 private:
  std::promise<Result<RemotingCommand>> end_;
};

inline std::shared_ptr<Outcome> ask_async(RemotingClient& client, const std::string& address, Millis timeout,
                                          RemotingClient::Write write = RemotingClient::Write::kBatched) {
  auto outcome = std::make_shared<Outcome>();
  client.send(address, RemotingCommand::request(105), now() + timeout, write, outcome);
  return outcome;
}

// The same on the caller's own connection; nullopt where there is none.
inline std::optional<Result<RemotingCommand>> exchange(RemotingClient& client, const std::string& address,
                                                       Millis timeout) {
  RemotingCommand request = RemotingCommand::request(105);
  request.opaque = client.next_opaque();
  std::vector<uint8_t> frame;
  EXPECT_TRUE(encode_frame(request, frame));
  return client.exchange(address, request.opaque, {frame.data(), frame.size()}, now() + timeout,
                         [](std::shared_ptr<SyncChannel>) {});
}

}  // namespace rocketmq::test
