#include "mock/mock_broker.h"
#include "protocol/codes.h"

namespace rocketmq::mock {

void MockBroker::add_lock_handlers() {
  const Handler locks = [this](const auto&, const auto& request, const auto& reply) {
    auto wanted = parse_lock_request(as_text(request.body.view()));
    if (!wanted) return reply(RemotingCommand::response_to(request, response_code::kSystemError, "bad lock request"));
    auto response = RemotingCommand::response_to(request, response_code::kSuccess);
    if (request.code == request_code::kLockBatchMq) {
      const std::string json = locked_queues_to_json(locks_.lock(*wanted));
      const ByteView bytes = as_bytes(json);
      response.body = SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
    } else {
      locks_.unlock(*wanted);
    }
    reply(response);
  };
  on(request_code::kLockBatchMq, locks);
  on(request_code::kUnlockBatchMq, locks);
}

std::string MockBroker::lock_owner(const std::string& group, const std::string& topic, int queue) const {
  std::lock_guard lock(mutex_);
  return locks_.owner(group, {topic, name_, queue});
}

void MockBroker::set_lock_owner(const std::string& group, const std::string& topic, int queue,
                                const std::string& client_id) {
  std::lock_guard lock(mutex_);
  locks_.give(group, {topic, name_, queue}, client_id);
}

}  // namespace rocketmq::mock
