#include "mock/mock_broker.h"
#include "mock/mock_cluster.h"
#include "protocol/codes.h"
#include "protocol/names.h"

namespace rocketmq::mock {

// Heartbeats, and the consumer groups that they make.

void MockBroker::add_group_handlers() {
  on(request_code::kHeartbeat,
     [this](const auto& session, const auto& request, const auto& reply) { heartbeat(session, request, reply); });
  on(request_code::kUnregisterClient,
     [this](const auto&, const auto& request, const auto& reply) { unregister(request, reply); });
  on(request_code::kCheckClientConfig, [](const auto&, const auto& request, const auto& reply) {
    reply(RemotingCommand::response_to(request, response_code::kSuccess));
  });
  on(request_code::kGetConsumerListByGroup,
     [this](const auto&, const auto& request, const auto& reply) { list_members(request, reply); });
}

void MockBroker::heartbeat(const std::shared_ptr<Session>& session, const RemotingCommand& request,
                           const Reply& reply) {
  auto heartbeat = parse_heartbeat(as_text(request.body.view()));
  if (!heartbeat) return reply(RemotingCommand::response_to(request, response_code::kSystemError, "bad heartbeat"));
  reply(RemotingCommand::response_to(request, response_code::kSuccess));
  for (const auto& group : heartbeat->producer_groups) register_producer(group, heartbeat->client_id, session);
  for (const auto& consumer : heartbeat->consumers) {
    cluster_.topics.emplace(retry_topic(consumer.group), MockCluster::Topic{1, 6});
    for (const auto& subscription : consumer.subscriptions) {
      subscriptions_[{consumer.group, subscription.topic}] = subscription;
    }
    auto& members = groups_[consumer.group];
    const bool is_new = members.count(heartbeat->client_id) == 0;
    members[heartbeat->client_id] = session;
    members_of_connection_[session.get()].emplace(consumer.group, heartbeat->client_id);
    if (is_new) notify_group(consumer.group);
  }
}

void MockBroker::unregister(const RemotingCommand& request, const Reply& reply) {
  const std::string group(request.ext_fields.text("consumerGroup"));
  const std::string client(request.ext_fields.text("clientID"));
  if (!group.empty()) leave(group, client);
  const std::string producers(request.ext_fields.text("producerGroup"));
  if (!producers.empty()) unregister_producer(producers, client);
  reply(RemotingCommand::response_to(request, response_code::kSuccess));
}

void MockBroker::list_members(const RemotingCommand& request, const Reply& reply) {
  const std::string group(request.ext_fields.text("consumerGroup"));
  std::vector<std::string> ids;
  const auto listed = listed_members_.find(group);
  if (listed != listed_members_.end()) {
    ids = listed->second;
  } else {
    for (const auto& [id, connection] : groups_[group]) ids.push_back(id);
  }
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  const std::string json = consumer_list_to_json(ids);
  const ByteView bytes = as_bytes(json);
  response.body = SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  reply(response);
}

void MockBroker::leave(const std::string& group, const std::string& client) {
  if (groups_[group].erase(client) > 0) notify_group(group);
}

void MockBroker::on_disconnect(Session* session) {
  forget_producers(session);
  const auto found = members_of_connection_.find(session);
  if (found == members_of_connection_.end()) return;
  const auto members = std::move(found->second);
  members_of_connection_.erase(found);
  for (const auto& [group, id] : members) {
    // It may be there by another connection by now.
    auto& clients = groups_[group];
    const auto place = clients.find(id);
    if (place == clients.end()) continue;
    const auto live = place->second.lock();
    if (!live || live.get() == session) leave(group, id);
  }
}

void MockBroker::notify_group(const std::string& group) {
  RemotingCommand notice = RemotingCommand::request(request_code::kNotifyConsumerIdsChanged, SerializeType::kJson);
  notice.flag = RemotingCommand::kOneWayFlag;
  notice.ext_fields.add("consumerGroup", group);
  for (const auto& [id, connection] : groups_[group]) {
    if (auto live = connection.lock()) live->send(notice);
  }
}

std::set<std::string> MockBroker::clients_of(const std::string& group) const {
  std::set<std::string> ids;
  std::lock_guard lock(mutex_);
  auto found = groups_.find(group);
  if (found == groups_.end()) return ids;
  for (const auto& [id, connection] : found->second) ids.insert(id);
  return ids;
}

void MockBroker::set_listed_members(const std::string& group, std::optional<std::vector<std::string>> ids) {
  std::lock_guard lock(mutex_);
  if (ids) {
    listed_members_[group] = std::move(*ids);
  } else {
    listed_members_.erase(group);
  }
}

}  // namespace rocketmq::mock
