#include "base/clock.h"
#include "mock/mock_broker.h"
#include "mock/mock_cluster.h"
#include "mock/properties.h"
#include "protocol/codes.h"

namespace rocketmq::mock {

// What a broker knows of producers: their half messages, and how to reach them.

void MockBroker::add_producer_handlers() {
  on(request_code::kEndTransaction,
     [this](const auto&, const auto& request, const auto&) { end_transaction(request); });
  on(request_code::kSendReplyMessageV2,
     [this](const auto&, const auto& request, const auto& reply) { push_reply(request, reply); });
}

void MockBroker::send_half(const MessageToStore& message, const RemotingCommand& request, const Reply& reply) {
  Half half;
  half.topic = message.topic;
  half.properties = message.properties;
  half.body.assign(message.body.begin(), message.body.end());
  half.message = message;
  half.message.queue_offset = half_offset_++;
  half.message.commit_log_offset = store_.advance(static_cast<int64_t>(half.body.size()) + 1);
  half.message.store_host = own_host();
  half.message.store_timestamp_ms = wall_clock_ms();
  auto response = sent_response(request, half.message.commit_log_offset, message.queue_id, half.message.queue_offset);
  response.ext_fields.add("transactionId", property_of(message.properties, property::kUniqueId));
  halves_.emplace(half.message.commit_log_offset, std::move(half));
  reply(response);
}

void MockBroker::end_transaction(const RemotingCommand& request) {
  auto found = halves_.find(request.ext_fields.number("commitLogOffset", -1));
  if (found == halves_.end()) return;
  Half& half = found->second;
  const bool ours =
      property_of(half.properties, property::kProducerGroup) == request.ext_fields.text("producerGroup") &&
      half.message.queue_offset == request.ext_fields.number("tranStateTableOffset", -1);
  const int64_t state = request.ext_fields.number("commitOrRollback", 0);
  if (!ours || state == 0) return;
  if (state == system_flag::kTransactionCommit) {
    std::string properties;
    for (const auto& [name, value] : parse_properties(half.properties)) {
      if (name != property::kTransactionPrepared) append_property(properties, name, value);
    }
    MessageToStore message = half.message;
    message.topic = half.topic;
    message.properties = properties;
    message.body = {half.body.data(), half.body.size()};
    store(message, 0);
  }
  halves_.erase(found);
}

int MockBroker::open_transactions() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(halves_.size());
}

int MockBroker::check_transactions() {
  std::lock_guard lock(mutex_);
  int asked = 0;
  std::map<int64_t, Half> again;
  for (auto& [offset, half] : halves_) {
    half.message.topic = half.topic;
    half.message.properties = half.properties;
    half.message.body = {half.body.data(), half.body.size()};
    half.message.queue_offset = half_offset_++;
    half.message.commit_log_offset = store_.advance(static_cast<int64_t>(half.body.size()) + 1);
    RemotingCommand request = RemotingCommand::request(request_code::kCheckTransactionState, SerializeType::kJson);
    request.flag = RemotingCommand::kOneWayFlag;
    request.ext_fields.add("topic", "RMQ_SYS_TRANS_HALF_TOPIC");
    request.ext_fields.add("tranStateTableOffset", half.message.queue_offset);
    request.ext_fields.add("commitLogOffset", half.message.commit_log_offset);
    const std::string id = property_of(half.properties, property::kUniqueId);
    request.ext_fields.add("msgId", id);
    request.ext_fields.add("transactionId", id);
    request.ext_fields.add("bname", name_);
    std::vector<uint8_t> body;
    encode_stored_message(half.message, body);
    request.body = SharedBytes(std::move(body));
    for (const auto& [client, connection] : producers_[property_of(half.properties, property::kProducerGroup)]) {
      auto live = connection.lock();
      if (!live) continue;
      live->send(request);
      ++asked;
      break;
    }
    again.emplace(half.message.commit_log_offset, std::move(half));
  }
  halves_ = std::move(again);
  return asked;
}

void MockBroker::push_reply(const RemotingCommand& request, const Reply& reply) {
  const auto& fields = request.ext_fields;
  const std::string client = property_of(fields.text("i"), property::kReplyToClient);
  auto found = reply_channels_.find(client);
  const auto live = found == reply_channels_.end() ? nullptr : found->second.lock();
  if (!live) {
    return reply(RemotingCommand::response_to(request, response_code::kSystemError,
                                              "push reply message fail, channel of <" + client + "> not found."));
  }
  RemotingCommand push = RemotingCommand::request(request_code::kPushReplyMessageToClient, SerializeType::kJson);
  push.opaque = static_cast<int32_t>(store_.advance(1));
  push.ext_fields.add("producerGroup", fields.text("a"));
  push.ext_fields.add("topic", fields.text("b"));
  push.ext_fields.add("queueId", fields.text("e"));
  push.ext_fields.add("sysFlag", fields.text("f"));
  push.ext_fields.add("bornTimestamp", fields.text("g"));
  push.ext_fields.add("flag", fields.text("h"));
  push.ext_fields.add("properties", fields.text("i"));
  push.ext_fields.add("reconsumeTimes", fields.text("j"));
  push.ext_fields.add("bornHost", "127.0.0.1:4711");
  push.ext_fields.add("storeHost", address());
  push.ext_fields.add("storeTimestamp", wall_clock_ms());
  push.body = request.body;
  live->send(push);
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  response.ext_fields.add("msgId", "0");
  response.ext_fields.add("queueId", fields.text("e"));
  response.ext_fields.add("queueOffset", 0);
  reply(response);
}

std::set<std::string> MockBroker::producers_of(const std::string& group) const {
  std::set<std::string> ids;
  std::lock_guard lock(mutex_);
  auto found = producers_.find(group);
  if (found == producers_.end()) return ids;
  for (const auto& [id, connection] : found->second) ids.insert(id);
  return ids;
}

void MockBroker::register_producer(const std::string& group, const std::string& client,
                                   const std::shared_ptr<Session>& session) {
  auto& connection = producers_[group][client];
  if (connection.lock() == session) return;
  connection = session;
  reply_channels_[client] = session;
  producers_of_connection_[session.get()].emplace(group, client);
}

void MockBroker::unregister_producer(const std::string& group, const std::string& client) {
  producers_[group].erase(client);
  reply_channels_.erase(client);
}

void MockBroker::forget_producers(Session* session) {
  const auto found = producers_of_connection_.find(session);
  if (found == producers_of_connection_.end()) return;
  for (const auto& [group, client] : found->second) {
    auto& connections = producers_[group];
    const auto place = connections.find(client);
    const auto live = place == connections.end() ? nullptr : place->second.lock();
    if (place != connections.end() && (!live || live.get() == session)) connections.erase(place);
    // As a broker does, also where it is another connection by now.
    reply_channels_.erase(client);
  }
  producers_of_connection_.erase(found);
}

}  // namespace rocketmq::mock
