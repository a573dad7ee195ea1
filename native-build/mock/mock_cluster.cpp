#include "mock/mock_cluster.h"

#include "base/thread.h"
#include "protocol/codes.h"

namespace rocketmq::mock {

void MockNameServer::handle(const std::shared_ptr<Session>&, const RemotingCommand& request, Reply reply) {
  if (request.code != request_code::kGetRouteByTopic) {
    return reply(RemotingCommand::response_to(request, response_code::kRequestCodeNotSupported, "not in the mock"));
  }
  const std::string topic(request.ext_fields.text("topic"));
  const bool is_default = topic == "TBW102" && cluster_.options.auto_create_topics;
  if (!is_default && cluster_.topics.count(topic) == 0 && cluster_.routes.count(topic) == 0) {
    return reply(RemotingCommand::response_to(request, response_code::kTopicNotExist, "no route of " + topic));
  }
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  const std::string json = route_to_json(cluster_.route_of(topic));
  const ByteView bytes = as_bytes(json);
  response.body = SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  reply(response);
}

MockCluster::MockCluster(MockOptions cluster_options) : options(cluster_options), work_(loop_.get_executor()) {
  for (int i = 0; i < options.name_servers; ++i) {
    name_servers_.push_back(std::make_unique<MockNameServer>(loop_, mutex_, *this));
  }
  for (int i = 0; i < options.brokers; ++i) {
    brokers_.push_back(std::make_unique<MockBroker>(loop_, mutex_, *this, "broker-" + std::to_string(i)));
  }
  thread_ = start_thread("mock-io", [this] { loop_.run(); });
}

MockCluster::~MockCluster() {
  for (auto& server : name_servers_) server->stop();
  for (auto& broker : brokers_) broker->stop();
  work_.reset();
  loop_.stop();
  thread_.join();
}

std::string MockCluster::name_server_addresses() const {
  std::string addresses;
  for (const auto& server : name_servers_) addresses += (addresses.empty() ? "" : ";") + server->address();
  return addresses;
}

void MockCluster::create_topic(const std::string& topic, int queues, int32_t permission) {
  std::lock_guard lock(mutex_);
  topics[topic] = {queues, permission};
}

void MockCluster::create_topics(const std::string& prefix, int count, int queues) {
  for (int i = 0; i < count; ++i) create_topic(prefix + std::to_string(i), queues);
}

void MockCluster::delete_topic(const std::string& topic) {
  std::lock_guard lock(mutex_);
  topics.erase(topic);
  routes.erase(topic);
}

void MockCluster::set_route(const std::string& topic, const TopicRoute& route) {
  std::lock_guard lock(mutex_);
  routes[topic] = route;
}

TopicRoute MockCluster::route_of(const std::string& topic) const {
  auto set = routes.find(topic);
  if (set != routes.end()) return set->second;
  auto known = topics.find(topic);
  const Topic data = known == topics.end() ? Topic{options.queues, 7} : known->second;
  TopicRoute route;
  for (const auto& broker : brokers_) {
    route.brokers.push_back({"mock", broker->name(), {{0, broker->address()}}, false});
    route.queues.push_back({broker->name(), data.queues, data.queues, data.permission});
  }
  return route;
}

std::vector<StoredMessage> MockCluster::messages(const std::string& topic) const {
  std::vector<StoredMessage> all;
  std::lock_guard lock(mutex_);
  for (const auto& broker : brokers_) {
    for (auto& message : broker->messages(topic)) all.push_back(std::move(message));
  }
  return all;
}

}  // namespace rocketmq::mock
