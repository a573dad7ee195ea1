#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "mock/mock_broker.h"
#include "mock/mock_server.h"
#include "protocol/route.h"

namespace rocketmq::mock {

struct MockOptions {
  int name_servers = 1;
  int brokers = 1;
  // Of topics that are created on demand.
  int queues = 4;
  bool auto_create_topics = true;
};

class MockCluster;

class MockNameServer : public MockServer {
 public:
  MockNameServer(asio::io_context& loop, std::recursive_mutex& mutex, MockCluster& cluster)
      : MockServer(loop, mutex), cluster_(cluster) {}

 protected:
  void handle(const std::shared_ptr<Session>& session, const RemotingCommand& request, Reply reply) override;

 private:
  MockCluster& cluster_;
};

// Name servers and brokers in this process, on the thread "mock-io", for tests. Topics have the same number
// of queues on every broker.
class MockCluster {
 public:
  explicit MockCluster(MockOptions options = {});
  ~MockCluster();

  std::string name_server_addresses() const;
  MockNameServer& name_server(int index = 0) { return *name_servers_.at(static_cast<size_t>(index)); }
  MockBroker& broker(int index = 0) { return *brokers_.at(static_cast<size_t>(index)); }
  int broker_count() const { return static_cast<int>(brokers_.size()); }

  // perm: 6 is readable and writable. A topic that is there gets the new number of queues in its route.
  void create_topic(const std::string& topic, int queues, int32_t permission = 6);
  // "<prefix>0", "<prefix>1", …
  void create_topics(const std::string& prefix, int topics, int queues);
  void delete_topic(const std::string& topic);
  // In place of the topic's own route.
  void set_route(const std::string& topic, const TopicRoute& route);
  // Over all brokers.
  std::vector<StoredMessage> messages(const std::string& topic) const;
  int message_count(const std::string& topic) const { return static_cast<int>(messages(topic).size()); }

  // For the servers.
  struct Topic {
    int queues = 0;
    int32_t permission = 6;
  };
  const MockOptions options;
  std::unordered_map<std::string, Topic> topics;
  std::map<std::string, TopicRoute> routes;
  TopicRoute route_of(const std::string& topic) const;

 private:
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  mutable std::recursive_mutex mutex_;
  std::thread thread_;
  std::vector<std::unique_ptr<MockNameServer>> name_servers_;
  std::vector<std::unique_ptr<MockBroker>> brokers_;
};

}  // namespace rocketmq::mock
