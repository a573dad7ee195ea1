#include "protocol/heartbeat.h"

#include "protocol/json.h"

namespace rocketmq {

namespace {

Json subscription_to_json(const Subscription& subscription) {
  return {{"topic", subscription.topic},
          {"subString", subscription.expression},
          {"tagsSet", subscription.tags},
          {"codeSet", subscription.codes},
          {"subVersion", subscription.version},
          {"expressionType", subscription.expression_type},
          {"classFilterMode", false}};
}

Subscription subscription_from_json(const Json& json) {
  Subscription subscription;
  subscription.topic = json_text(json, "topic");
  subscription.expression = json_text(json, "subString", "*");
  subscription.expression_type = json_text(json, "expressionType", "TAG");
  subscription.version = json_number(json, "subVersion", 0);
  if (auto tags = json.find("tagsSet"); tags != json.end() && tags->is_array()) {
    for (const Json& tag : *tags) {
      if (tag.is_string()) subscription.tags.insert(tag.get<std::string>());
    }
  }
  if (auto codes = json.find("codeSet"); codes != json.end() && codes->is_array()) {
    for (const Json& code : *codes) {
      if (code.is_number_integer()) subscription.codes.insert(code.get<int32_t>());
    }
  }
  return subscription;
}

const Json* array_member(const Json& json, const char* name) {
  auto found = json.find(name);
  return found != json.end() && found->is_array() ? &*found : nullptr;
}

}  // namespace

std::string heartbeat_to_json(const Heartbeat& heartbeat) {
  Json producers = Json::array();
  for (const std::string& group : heartbeat.producer_groups) producers.push_back({{"groupName", group}});
  Json consumers = Json::array();
  for (const ConsumerHeartbeat& consumer : heartbeat.consumers) {
    Json subscriptions = Json::array();
    for (const Subscription& each : consumer.subscriptions) subscriptions.push_back(subscription_to_json(each));
    consumers.push_back({{"groupName", consumer.group},
                         {"consumeType", consumer.consume_type},
                         {"messageModel", consumer.broadcasting ? "BROADCASTING" : "CLUSTERING"},
                         {"consumeFromWhere", consumer.consume_from_where},
                         {"subscriptionDataSet", std::move(subscriptions)},
                         {"unitMode", false}});
  }
  return dump_json({{"clientID", heartbeat.client_id},
                    {"producerDataSet", std::move(producers)},
                    {"consumerDataSet", std::move(consumers)},
                    {"heartbeatFingerprint", 0},
                    {"withoutSub", false}});
}

std::string filter_check_to_json(std::string_view client_id, std::string_view group, const Subscription& subscription) {
  return dump_json(
      {{"clientId", client_id}, {"group", group}, {"subscriptionData", subscription_to_json(subscription)}});
}

Result<Heartbeat> parse_heartbeat(std::string_view json) {
  auto parsed = parse_json(json);
  if (!parsed || !parsed->is_object()) return fail(ErrorKind::kProtocolError, "the heartbeat is no JSON object");
  Heartbeat heartbeat;
  heartbeat.client_id = json_text(*parsed, "clientID");
  if (const Json* producers = array_member(*parsed, "producerDataSet")) {
    for (const Json& each : *producers) heartbeat.producer_groups.push_back(json_text(each, "groupName"));
  }
  if (const Json* consumers = array_member(*parsed, "consumerDataSet")) {
    for (const Json& each : *consumers) {
      ConsumerHeartbeat consumer;
      consumer.group = json_text(each, "groupName");
      consumer.broadcasting = json_text(each, "messageModel") == "BROADCASTING";
      consumer.consume_from_where = json_text(each, "consumeFromWhere");
      consumer.consume_type = json_text(each, "consumeType");
      if (const Json* subscriptions = array_member(each, "subscriptionDataSet")) {
        for (const Json& data : *subscriptions) consumer.subscriptions.push_back(subscription_from_json(data));
      }
      heartbeat.consumers.push_back(std::move(consumer));
    }
  }
  return heartbeat;
}

Result<std::vector<std::string>> parse_consumer_list(std::string_view json) {
  auto parsed = parse_json(json);
  const Json* list = parsed && parsed->is_object() ? array_member(*parsed, "consumerIdList") : nullptr;
  if (list == nullptr) return fail(ErrorKind::kProtocolError, "the list of a group's members is no list");
  std::vector<std::string> ids;
  for (const Json& id : *list) {
    if (id.is_string()) ids.push_back(id.get<std::string>());
  }
  return ids;
}

std::string consumer_list_to_json(const std::vector<std::string>& client_ids) {
  return dump_json({{"consumerIdList", client_ids}});
}

}  // namespace rocketmq
