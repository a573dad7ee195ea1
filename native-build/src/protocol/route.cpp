#include "protocol/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "protocol/json.h"

namespace rocketmq {

namespace {

// Java compares strings by UTF-16 units: there, supplementary characters (surrogates, 0xd800 and up) come
// before U+E000 to U+FFFF, which in UTF-8 they follow.
int compare_as_utf16(std::string_view a, std::string_view b) {
  const auto weight = [](uint8_t byte) -> int {
    if (byte < 0xee) return byte;
    return byte >= 0xf0 ? byte - 2 : byte + 16;
  };
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    const auto x = static_cast<uint8_t>(a[i]);
    const auto y = static_cast<uint8_t>(b[i]);
    if (x != y) return weight(x) - weight(y);
  }
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

TopicRoute::Broker broker_from_json(const Json& json) {
  TopicRoute::Broker broker;
  broker.cluster = json_text(json, "cluster");
  broker.name = json_text(json, "brokerName");
  broker.enable_acting_master = json_bool(json, "enableActingMaster", false);
  auto addresses = json.find("brokerAddrs");
  if (addresses == json.end() || !addresses->is_object()) return broker;
  for (const auto& [key, address] : addresses->items()) {
    int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error == std::errc() && end == key.data() + key.size() && address.is_string()) {
      broker.addresses[id] = address.get<std::string>();
    }
  }
  return broker;
}

// Absurd numbers of a broken server must not eat memory: the most queues of a topic over all its brokers.
constexpr int64_t kMostQueues = 100000;

// Takes the count from what `left` allows.
int32_t take_queues(int64_t wanted, int64_t& left) {
  const int64_t count = std::clamp<int64_t>(wanted, 0, left);
  left -= count;
  return static_cast<int32_t>(count);
}

std::vector<MessageQueue> ordered_queues(std::string_view topic, const std::string& conf) {
  std::vector<MessageQueue> queues;
  int64_t left = kMostQueues;
  for (std::string_view rest = conf; !rest.empty();) {
    const size_t end = rest.find(';');
    const std::string_view item = rest.substr(0, end);
    const size_t colon = item.find(':');
    int64_t count = 0;
    if (colon != std::string_view::npos) {
      std::from_chars(item.data() + colon + 1, item.data() + item.size(), count);
    }
    if (std::min(colon, item.size()) > kMaxBrokerNameBytes) count = 0;
    count = take_queues(count, left);
    for (int32_t id = 0; id < count; ++id) {
      queues.push_back({std::string(topic), std::string(item.substr(0, colon)), id});
    }
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return queues;
}

}  // namespace

bool MessageQueue::operator<(const MessageQueue& other) const {
  if (const int order = compare_as_utf16(topic, other.topic); order != 0) return order < 0;
  if (const int order = compare_as_utf16(broker_name, other.broker_name); order != 0) return order < 0;
  return queue_id < other.queue_id;
}

const TopicRoute::Broker* TopicRoute::find_broker(std::string_view name) const {
  for (const Broker& broker : brokers) {
    if (broker.name == name) return &broker;
  }
  return nullptr;
}

std::string_view TopicRoute::Broker::master_address() const {
  if (addresses.empty()) return {};
  const auto& [lowest_id, address] = *addresses.begin();
  return lowest_id == 0 || enable_acting_master ? std::string_view(address) : std::string_view();
}

std::string_view TopicRoute::Broker::writable_address() const {
  auto master = addresses.find(kMasterId);
  return master == addresses.end() ? std::string_view() : std::string_view(master->second);
}

std::string_view TopicRoute::master_address(std::string_view broker_name) const {
  const Broker* broker = find_broker(broker_name);
  return broker == nullptr ? std::string_view() : broker->master_address();
}

std::string_view TopicRoute::address(std::string_view broker_name, int64_t broker_id) const {
  const Broker* broker = find_broker(broker_name);
  if (broker == nullptr) return {};
  auto found = broker->addresses.find(broker_id);
  return found == broker->addresses.end() ? std::string_view() : std::string_view(found->second);
}

Result<TopicRoute> parse_route(std::string_view json) {
  auto parsed = parse_json(json);
  if (!parsed || !parsed->is_object()) return fail(ErrorKind::kProtocolError, "the route is no JSON object");
  TopicRoute route;
  route.order_topic_conf = json_text(*parsed, "orderTopicConf");
  if (auto mapping = parsed->find("topicQueueMappingByBroker"); mapping != parsed->end() && mapping->is_object()) {
    for (const auto& [broker, part] : mapping->items()) route.mapping_brokers.push_back(broker);
    std::sort(route.mapping_brokers.begin(), route.mapping_brokers.end());
  }
  if (auto brokers = parsed->find("brokerDatas"); brokers != parsed->end() && brokers->is_array()) {
    for (const Json& broker : *brokers) {
      if (broker.is_object()) route.brokers.push_back(broker_from_json(broker));
    }
  }
  if (auto queues = parsed->find("queueDatas"); queues != parsed->end() && queues->is_array()) {
    int64_t left_to_read = kMostQueues;
    int64_t left_to_write = kMostQueues;
    for (const Json& data : *queues) {
      if (!data.is_object()) continue;
      std::string name = json_text(data, "brokerName");
      if (name.size() > kMaxBrokerNameBytes) continue;
      route.queues.push_back({std::move(name), take_queues(json_number(data, "readQueueNums", 0), left_to_read),
                              take_queues(json_number(data, "writeQueueNums", 0), left_to_write),
                              static_cast<int32_t>(json_number(data, "perm", 0))});
    }
  }
  // Name servers list them in no order: equal routes shall compare equal.
  std::sort(route.brokers.begin(), route.brokers.end(), [](auto& a, auto& b) { return a.name < b.name; });
  std::sort(route.queues.begin(), route.queues.end(), [](auto& a, auto& b) { return a.broker_name < b.broker_name; });
  return route;
}

std::string route_to_json(const TopicRoute& route) {
  Json brokers = Json::array();
  for (const auto& broker : route.brokers) {
    Json addresses = Json::object();
    for (const auto& [id, address] : broker.addresses) addresses[std::to_string(id)] = address;
    brokers.push_back({{"cluster", broker.cluster},
                       {"brokerName", broker.name},
                       {"brokerAddrs", std::move(addresses)},
                       {"enableActingMaster", broker.enable_acting_master}});
  }
  Json queues = Json::array();
  for (const auto& data : route.queues) {
    queues.push_back({{"brokerName", data.broker_name},
                      {"readQueueNums", data.read_queues},
                      {"writeQueueNums", data.write_queues},
                      {"perm", data.permission},
                      {"topicSysFlag", 0}});
  }
  Json json = {
      {"brokerDatas", std::move(brokers)}, {"queueDatas", std::move(queues)}, {"filterServerTable", Json::object()}};
  if (!route.order_topic_conf.empty()) json["orderTopicConf"] = route.order_topic_conf;
  for (const std::string& broker : route.mapping_brokers) {
    json["topicQueueMappingByBroker"][broker] = {{"bname", broker}, {"scope", "__global__"}};
  }
  return dump_json(json);
}

std::vector<MessageQueue> publish_queues(std::string_view topic, const TopicRoute& route) {
  if (!route.order_topic_conf.empty()) return ordered_queues(topic, route.order_topic_conf);
  std::vector<MessageQueue> queues;
  if (route.is_static()) return queues;
  for (const auto& data : route.queues) {
    if ((data.permission & TopicRoute::kWritePermission) == 0) continue;
    const TopicRoute::Broker* broker = route.find_broker(data.broker_name);
    if (broker == nullptr || broker->writable_address().empty()) continue;
    for (int32_t id = 0; id < data.write_queues; ++id) queues.push_back({std::string(topic), data.broker_name, id});
  }
  std::sort(queues.begin(), queues.end());
  return queues;
}

std::vector<MessageQueue> subscribe_queues(std::string_view topic, const TopicRoute& route) {
  std::vector<MessageQueue> queues;
  for (const auto& data : route.queues) {
    if ((data.permission & TopicRoute::kReadPermission) == 0) continue;
    for (int32_t id = 0; id < data.read_queues; ++id) queues.push_back({std::string(topic), data.broker_name, id});
  }
  std::sort(queues.begin(), queues.end());
  return queues;
}

TopicRoute limit_queues(TopicRoute route, int32_t queues) {
  for (auto& data : route.queues) {
    data.read_queues = std::min(data.read_queues, queues);
    data.write_queues = std::min(data.write_queues, queues);
  }
  return route;
}

std::string route_summary(const TopicRoute& route) {
  std::string text;
  for (const auto& each : route.queues) {
    text += fmt::format("{}{} ({} to read, {} to write)", text.empty() ? "" : ", ", each.broker_name, each.read_queues,
                        each.write_queues);
  }
  return text.empty() ? "no broker" : text;
}

}  // namespace rocketmq
