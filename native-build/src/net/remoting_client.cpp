#include "net/remoting_client.h"

#include <asio/steady_timer.hpp>

#include "base/log.h"
#include "net/patient_wait.h"
#include "net/remoting_impl.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

class OneWayHandler : public ResponseHandler {
 public:
  explicit OneWayHandler(std::function<void(Status)> done) : done_(std::move(done)) {}
  void on_response(RemotingCommand, const std::string&) override { done_({}); }
  void on_failure(Error error) override { done_(fail(std::move(error))); }

 private:
  const std::function<void(Status)> done_;
};

// The end of a request, for the coroutine that waits for it; on the loop only.
class CallState : public ResponseHandler {
 public:
  explicit CallState(EventLoop& loop) : wake(loop.context(), asio::steady_timer::time_point::max()) {}
  void on_response(RemotingCommand response, const std::string&) override { end(std::move(response)); }
  void on_failure(Error error) override { end(fail(std::move(error))); }
  void end(Result<RemotingCommand> outcome) {
    result = std::move(outcome);
    wake.cancel();
  }

  asio::steady_timer wake;
  std::optional<Result<RemotingCommand>> result;
};

}  // namespace

std::shared_ptr<RemotingClient> RemotingClient::create(EventLoop& loop, RemotingOptions options) {
  return std::shared_ptr<RemotingClient>(new RemotingClient(std::make_shared<Impl>(loop, options)));
}

RemotingClient::RemotingClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
RemotingClient::~RemotingClient() = default;

void RemotingClient::send(const std::string& address, const RemotingCommand& request, TimePoint deadline, Write write,
                          std::shared_ptr<ResponseHandler> handler) {
  std::vector<uint8_t> frame;
  RemotingCommand numbered = request;
  // The opaque's place in the frame is known for the binary header only, so JSON gets it before encoding.
  numbered.opaque = next_opaque();
  if (auto encoded = encode_frame(numbered, frame, impl_->options.max_frame_bytes); !encoded) {
    return handler->on_failure(encoded.error());
  }
  impl_->submit(address, {frame.data(), frame.size()}, numbered.opaque, deadline, write, false, handler);
}

int32_t RemotingClient::next_opaque() { return impl_->next_opaque.fetch_add(1, std::memory_order_relaxed) & INT32_MAX; }

void RemotingClient::send_frame(const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline,
                                Write write, std::shared_ptr<ResponseHandler> handler) {
  impl_->submit(address, frame, opaque, deadline, write, false, handler);
}

bool RemotingClient::withdraw(int32_t opaque) { return impl_->pending.withdraw(opaque); }

std::optional<Result<RemotingCommand>> RemotingClient::exchange(
    const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline,
    const std::function<void(std::shared_ptr<SyncChannel>)>& begun) {
  return impl_->exchange(address, opaque, frame, deadline, begun);
}

void RemotingClient::send_one_way(const std::string& address, int32_t opaque, ByteView frame, TimePoint deadline,
                                  std::function<void(Status)> done) {
  impl_->submit(address, frame, opaque, deadline, Write::kBatched, true,
                std::make_shared<OneWayHandler>(std::move(done)));
}

asio::awaitable<Result<RemotingCommand>> RemotingClient::call(std::string address, RemotingCommand request,
                                                              Millis timeout) {
  const auto impl = impl_;
  const TimePoint deadline = now() + timeout;
  for (bool again = false;; again = true) {
    auto state = std::make_shared<CallState>(impl->loop);
    send(address, request, deadline, Write::kBatched, state);
    if (!state->result) {
      asio::error_code ignored;
      make_room_to_wait(state->wake.get_executor());
      co_await state->wake.async_wait(patiently(ignored));
    }
    if (!state->result) co_return fail(ErrorKind::kClosed, "the client was closed");
    const bool gone = *state->result && (*state->result)->code == response_code::kGoAway;
    if (!gone || again) co_return std::move(*state->result);
  }
}

void RemotingClient::call_one_way(const std::string& address, RemotingCommand request) {
  request.flag |= RemotingCommand::kOneWayFlag;
  request.opaque = next_opaque();
  std::vector<uint8_t> frame;
  if (!encode_frame(request, frame, impl_->options.max_frame_bytes)) return;
  send_one_way(address, request.opaque, {frame.data(), frame.size()}, now() + impl_->options.connect_timeout,
               [address](Status status) {
                 if (!status)
                   log(LogLevel::kDebug, "net", "a one-way request to {} was lost: {}", address,
                       status.error().message);
               });
}

void RemotingClient::set_server_request_handler(ServerRequestHandler handler) {
  std::lock_guard lock(impl_->mutex);
  impl_->server_request_handler = std::move(handler);
}

void RemotingClient::set_connection_handlers(ConnectionHandler connected, ConnectionHandler disconnected) {
  std::lock_guard lock(impl_->mutex);
  impl_->connected_handler = std::move(connected);
  impl_->disconnected_handler = std::move(disconnected);
}

void RemotingClient::set_peer_observer(std::shared_ptr<PeerObserver> observer) {
  std::lock_guard lock(impl_->mutex);
  impl_->observer = std::move(observer);
}

void RemotingClient::retain(const std::vector<std::string>& keep) {
  impl_->loop.post([impl = impl_, keep] { impl->retain(keep); });
}

bool RemotingClient::connected(const std::string& address) const {
  std::lock_guard lock(impl_->mutex);
  auto found = impl_->channels.find(address);
  return found != impl_->channels.end() && found->second.connection != nullptr;
}

uint64_t RemotingClient::connection_number(const std::string& address) const {
  std::lock_guard lock(impl_->mutex);
  auto found = impl_->channels.find(address);
  if (found == impl_->channels.end() || found->second.connection == nullptr) return 0;
  return found->second.connection_number;
}

void RemotingClient::close() {
  impl_->loop.run_and_wait([impl = impl_] { impl->close_all(); });
}

}  // namespace rocketmq
