#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace rocketmq {

// The id of a master among the addresses of a broker.
inline constexpr int64_t kMasterId = 0;
// No longer name of a broker is taken from the network: each of its queues carries it.
inline constexpr size_t kMaxBrokerNameBytes = 255;

struct MessageQueue {
  std::string topic;
  std::string broker_name;
  int32_t queue_id = 0;

  // The order by which all members of a group sort: topic, broker name, queue id (as Java's compareTo:
  // by UTF-16 code units).
  bool operator<(const MessageQueue& other) const;
  bool operator==(const MessageQueue& other) const = default;
};

// A topic's route as name servers tell it.
struct TopicRoute {
  static constexpr int32_t kReadPermission = 4;
  static constexpr int32_t kWritePermission = 2;

  struct Broker {
    std::string cluster;
    std::string name;
    std::map<int64_t, std::string> addresses;  // by broker id; 0 is the master
    bool enable_acting_master = false;
    // The master's address, or the acting master's, which reads and keeps offsets; {} where there is none.
    std::string_view master_address() const;
    // The master's alone: an acting master stores no message.
    std::string_view writable_address() const;
    bool operator==(const Broker&) const = default;
  };
  struct QueueData {
    std::string broker_name;
    int32_t read_queues = 0;
    int32_t write_queues = 0;
    int32_t permission = 0;
    bool operator==(const QueueData&) const = default;
  };
  std::string order_topic_conf;
  std::vector<Broker> brokers;
  std::vector<QueueData> queues;
  // Of a static topic, whose logical queues are mapped to those of brokers: the brokers with a part of the mapping.
  std::vector<std::string> mapping_brokers = {};
  bool operator==(const TopicRoute&) const = default;

  // The queues that the route lists are not those of the topic then, and are of no use.
  bool is_static() const { return !mapping_brokers.empty(); }

  const Broker* find_broker(std::string_view name) const;
  // The master's address, or the acting master's; {} where there is none.
  std::string_view master_address(std::string_view broker_name) const;
  // By id; {} where absent.
  std::string_view address(std::string_view broker_name, int64_t broker_id) const;
};

// Reads standard JSON, and the older form with unquoted integer keys ({0:"ip:port"}).
Result<TopicRoute> parse_route(std::string_view json);
std::string route_to_json(const TopicRoute& route);
// With so many queues of each broker at the most.
TopicRoute limit_queues(TopicRoute route, int32_t queues);
// The brokers and their numbers of queues, for people.
std::string route_summary(const TopicRoute& route);

// The queues of a topic to send to (writable, with a master), sorted; orderTopicConf ("b1:4;b2:4") is
// honoured. None of a static topic.
std::vector<MessageQueue> publish_queues(std::string_view topic, const TopicRoute& route);
// The queues of a topic to read from, sorted.
std::vector<MessageQueue> subscribe_queues(std::string_view topic, const TopicRoute& route);

}  // namespace rocketmq
