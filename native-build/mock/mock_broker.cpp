#include "mock/mock_broker.h"

#include "mock/mock_cluster.h"
#include "protocol/codes.h"

namespace rocketmq::mock {

MockBroker::MockBroker(asio::io_context& loop, std::recursive_mutex& mutex, MockCluster& cluster, std::string name)
    : MockServer(loop, mutex), cluster_(cluster), name_(std::move(name)), pop_(loop, *this) {
  add_send_handlers();
  add_pull_handlers();
  add_offset_handlers();
  add_group_handlers();
  add_lock_handlers();
  add_producer_handlers();
  add_pop_handlers();
}

void MockBroker::add_pop_handlers() {
  for (const int32_t code : {request_code::kPopMessage, request_code::kNotification, request_code::kAckMessage,
                             request_code::kChangeInvisibleTime}) {
    on(code, [this](const auto&, const auto& request, const auto& reply) { pop_.handle(request, reply); });
  }
}

Host MockBroker::own_host() const {
  Host host;
  const uint8_t loopback[] = {127, 0, 0, 1};
  std::copy(std::begin(loopback), std::end(loopback), host.address);
  host.port = std::stoi(address().substr(address().rfind(':') + 1));
  return host;
}

void MockBroker::handle(const std::shared_ptr<Session>& session, const RemotingCommand& request, Reply reply) {
  const auto found = handlers_.find(request.code);
  if (found != handlers_.end()) return found->second(session, request, reply);
  reply(RemotingCommand::response_to(request, response_code::kRequestCodeNotSupported, "not in the mock"));
}

int MockBroker::invisible_count() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(pop_.invisible_count());
}

void MockBroker::send_to_clients(const RemotingCommand& request) {
  std::vector<uint8_t> bytes;
  if (encode_frame(request, bytes)) send_to_all(bytes);
}

}  // namespace rocketmq::mock
