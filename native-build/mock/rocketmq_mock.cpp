#include "mock/rocketmq_mock.h"

#include <cstring>

#include "mock/mock_handle.h"

using rocketmq::mock::MockServer;
using rocketmq::mock::with_server;

rocketmq_mock* rocketmq_mock_create(int32_t name_servers, int32_t brokers, int32_t queues, int32_t auto_create_topics) {
  return new rocketmq_mock({name_servers, brokers, queues, auto_create_topics != 0});
}

void rocketmq_mock_destroy(rocketmq_mock* mock) { delete mock; }

int32_t rocketmq_mock_name_servers(rocketmq_mock* mock, char* out, int32_t capacity) {
  const std::string addresses = mock->cluster.name_server_addresses();
  if (addresses.size() >= static_cast<size_t>(capacity)) return -1;
  std::memcpy(out, addresses.c_str(), addresses.size() + 1);
  return 0;
}

int32_t rocketmq_mock_create_topic(rocketmq_mock* mock, const char* topic, int32_t queues) {
  mock->cluster.create_topic(topic, queues);
  return 0;
}

int32_t rocketmq_mock_create_topics(rocketmq_mock* mock, const char* prefix, int32_t topics, int32_t queues) {
  mock->cluster.create_topics(prefix, topics, queues);
  return 0;
}

int32_t rocketmq_mock_put(rocketmq_mock* mock, int32_t broker, const char* topic, int32_t queue, const char* body) {
  if (broker < 0 || broker >= mock->cluster.broker_count()) return -1;
  mock->cluster.broker(broker).put(topic, queue, body);
  return 0;
}

int32_t rocketmq_mock_stop(rocketmq_mock* mock, int32_t kind, int32_t index) {
  return with_server(mock, kind, index, [](MockServer& server) {
    server.stop();
    return 0;
  });
}

int32_t rocketmq_mock_start(rocketmq_mock* mock, int32_t kind, int32_t index) {
  return with_server(mock, kind, index, [](MockServer& server) {
    server.start();
    return 0;
  });
}

int32_t rocketmq_mock_request_count(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t request_code) {
  return with_server(mock, kind, index, [&](MockServer& server) { return server.request_count(request_code); });
}

int32_t rocketmq_mock_record_requests(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t on) {
  return with_server(mock, kind, index, [&](MockServer& server) {
    server.record_requests(on != 0);
    return 0;
  });
}

int32_t rocketmq_mock_connection_count(rocketmq_mock* mock, int32_t kind, int32_t index) {
  return with_server(mock, kind, index, [](MockServer& server) { return server.connection_count(); });
}

int32_t rocketmq_mock_open_transactions(rocketmq_mock* mock, int32_t broker) {
  if (broker < 0 || broker >= mock->cluster.broker_count()) return -1;
  return mock->cluster.broker(broker).open_transactions();
}

int32_t rocketmq_mock_check_transactions(rocketmq_mock* mock, int32_t broker) {
  if (broker < 0 || broker >= mock->cluster.broker_count()) return -1;
  return mock->cluster.broker(broker).check_transactions();
}

int32_t rocketmq_mock_message_count(rocketmq_mock* mock, const char* topic) {
  return mock->cluster.message_count(topic);
}

int64_t rocketmq_mock_committed_offset(rocketmq_mock* mock, int32_t broker, const char* group, const char* topic,
                                       int32_t queue) {
  if (broker < 0 || broker >= mock->cluster.broker_count()) return -1;
  return mock->cluster.broker(broker).committed_offset(group, topic, queue);
}
