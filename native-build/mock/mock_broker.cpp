#include "mock/mock_broker.h"

#include <asio/post.hpp>

#include "base/clock.h"
#include "mock/mock_cluster.h"
#include "mock/properties.h"
#include "protocol/codes.h"
#include "protocol/names.h"
#include "protocol/subscription.h"

namespace rocketmq::mock {

namespace {

std::string offset_key(std::string_view group, std::string_view topic, int64_t queue) {
  return std::string(group) + "@" + std::string(topic) + "@" + std::to_string(queue);
}

SharedBytes to_body(const std::string& text) {
  const ByteView bytes = as_bytes(text);
  return SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end()));
}

std::vector<StoredMessage> decode_one(const std::vector<uint8_t>& bytes) {
  auto decoded = decode_messages(SharedBytes(std::vector<uint8_t>(bytes)));
  return decoded ? std::move(decoded->messages) : std::vector<StoredMessage>();
}

// The one condition that the mock knows: "name = 'value'".
bool fulfils(const std::vector<uint8_t>& stored, std::string_view condition) {
  const size_t sign = condition.find(" = '");
  if (sign == std::string_view::npos || condition.back() != '\'') return false;
  const std::string_view name = condition.substr(0, sign);
  const std::string_view value = condition.substr(sign + 4, condition.size() - sign - 5);
  const auto messages = decode_one(stored);
  return !messages.empty() && messages.front().property(name) == value;
}

}  // namespace

MockBroker::MockBroker(asio::io_context& loop, std::recursive_mutex& mutex, MockCluster& cluster, std::string name)
    : MockServer(loop, mutex), cluster_(cluster), name_(std::move(name)), pop_(loop, *this) {}

Host MockBroker::own_host() const {
  Host host;
  const uint8_t loopback[] = {127, 0, 0, 1};
  std::copy(std::begin(loopback), std::end(loopback), host.address);
  host.port = std::stoi(address().substr(address().rfind(':') + 1));
  return host;
}

void MockBroker::handle(const std::shared_ptr<Session>& session, const RemotingCommand& request, Reply reply) {
  switch (request.code) {
    case request_code::kSendMessageV2:
      return send(request, reply);
    case request_code::kSendBatchMessage:
      return send_batch(request, reply);
    case request_code::kSendReplyMessageV2:
      return push_reply(request, reply);
    case request_code::kEndTransaction:
      return end_transaction(request);
    case request_code::kPullMessage:
      return pull(request, reply, true, true);
    case request_code::kConsumerSendMessageBack:
      return send_back(request, reply);
    case request_code::kHeartbeat:
      return heartbeat(session, request, reply);
    case request_code::kUnregisterClient:
      return unregister(request, reply);
    case request_code::kCheckClientConfig:
      return reply(RemotingCommand::response_to(request, response_code::kSuccess));
    case request_code::kQueryConsumerOffset:
    case request_code::kUpdateConsumerOffset:
    case request_code::kGetMaxOffset:
    case request_code::kGetMinOffset:
    case request_code::kSearchOffsetByTimestamp:
      return offsets(request, reply);
    case request_code::kLockBatchMq:
    case request_code::kUnlockBatchMq:
      return locks(request, reply);
    case request_code::kGetConsumerListByGroup: {
      std::vector<std::string> ids;
      for (const auto& [id, connection] : groups_[std::string(request.ext_fields.text("consumerGroup"))]) {
        ids.push_back(id);
      }
      auto response = RemotingCommand::response_to(request, response_code::kSuccess);
      response.body = to_body(consumer_list_to_json(ids));
      return reply(response);
    }
    default:
      if (pop_.handle(request, reply)) return;
      return reply(RemotingCommand::response_to(request, response_code::kRequestCodeNotSupported, "not in the mock"));
  }
}

void MockBroker::locks(const RemotingCommand& request, Reply reply) {
  auto wanted = parse_lock_request(as_text(request.body.view()));
  if (!wanted) return reply(RemotingCommand::response_to(request, response_code::kSystemError, "bad lock request"));
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  if (request.code == request_code::kLockBatchMq) {
    response.body = to_body(locked_queues_to_json(locks_.lock(*wanted)));
  } else {
    locks_.unlock(*wanted);
  }
  reply(response);
}

bool MockBroker::ensure_topic(const RemotingCommand& request, const Reply& reply) {
  const std::string topic(request.ext_fields.text("b"));
  if (cluster_.topics.count(topic) != 0) return true;
  if (!cluster_.options.auto_create_topics) {
    reply(RemotingCommand::response_to(request, response_code::kTopicNotExist, "no topic " + topic));
    return false;
  }
  const auto wanted = static_cast<int>(request.ext_fields.number("d", 4));
  cluster_.topics[topic] = {std::min(wanted, cluster_.options.queues), 6};
  return true;
}

// The messages of the body one by one, as a broker does.
void MockBroker::send_batch(const RemotingCommand& request, Reply reply) {
  if (!ensure_topic(request, reply)) return;
  const std::string topic(request.ext_fields.text("b"));
  const int queue = static_cast<int>(request.ext_fields.number("e", 0));
  std::string ids;
  int64_t first = -1;
  for (ByteReader reader(request.body.view()); reader.remaining() > 0;) {
    reader.i32();  // size
    reader.i32();  // magic
    reader.i32();  // checksum
    MessageToStore message;
    message.topic = topic;
    message.queue_id = queue;
    message.flag = reader.i32();
    message.body = reader.bytes(static_cast<size_t>(std::max(0, reader.i32())));
    const std::string properties(as_text(reader.bytes(static_cast<size_t>(std::max<int>(0, reader.i16())))));
    if (!reader.ok()) {
      return reply(RemotingCommand::response_to(request, response_code::kMessageIllegal, "the batch is broken"));
    }
    message.properties = properties;
    message.born_timestamp_ms = request.ext_fields.number("g", 0);
    message.born_host = own_host();
    StoredMessage id;
    id.store_host = own_host();
    id.commit_log_offset = log_end_;
    ids += (ids.empty() ? "" : ",") + id.offset_message_id();
    const int64_t offset = store(message, 0);
    if (first < 0) first = offset;
  }
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  response.ext_fields.add("msgId", ids);
  response.ext_fields.add("queueId", queue);
  response.ext_fields.add("queueOffset", first);
  reply(response);
}

void MockBroker::send(const RemotingCommand& request, Reply reply) {
  if (!ensure_topic(request, reply)) return;
  std::string topic(request.ext_fields.text("b"));
  if (topic.rfind(kRetryTopicPrefix, 0) == 0 &&
      request.ext_fields.number("j", 0) > request.ext_fields.number("l", 16)) {
    topic = dead_letter_topic(topic.substr(kRetryTopicPrefix.size()));
    cluster_.topics.emplace(topic, MockCluster::Topic{1, 6});
  }
  const int queue = static_cast<int>(request.ext_fields.number("e", 0));
  std::string properties(request.ext_fields.text("i"));
  // A broker marks every message so; requests need it for their replies.
  if (!property_of(properties, property::kCorrelationId).empty()) {
    append_property(properties, property::kCluster, "mock");
  }
  MessageToStore message;
  message.topic = topic;
  message.properties = properties;
  message.body = request.body.view();
  message.queue_id = queue;
  message.flag = static_cast<int32_t>(request.ext_fields.number("h", 0));
  message.system_flag = static_cast<int32_t>(request.ext_fields.number("f", 0));
  message.born_timestamp_ms = request.ext_fields.number("g", 0);
  message.born_host = own_host();
  message.reconsume_times = static_cast<int32_t>(request.ext_fields.number("j", 0));
  if (property_of(properties, property::kTransactionPrepared) == "true") return send_half(message, request, reply);
  const bool dead = topic.rfind(kDeadLetterTopicPrefix, 0) == 0;
  const std::string level = dead ? std::string() : property_of(properties, property::kDelay);
  const int64_t log_offset = log_end_;
  const int64_t offset = store(message, level.empty() ? 0 : std::stoi(level));
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  StoredMessage id;
  id.store_host = own_host();
  id.commit_log_offset = log_offset;
  response.ext_fields.add("msgId", id.offset_message_id());
  response.ext_fields.add("queueId", queue);
  response.ext_fields.add("queueOffset", offset);
  reply(response);
}

// Stores now or after the delay; the offset that a message without one gets.
int64_t MockBroker::store(MessageToStore message, int32_t delay_level) {
  struct Owned {
    MessageToStore message;
    std::string topic;
    std::string properties;
    std::vector<uint8_t> body;
  };
  auto owned = std::make_shared<Owned>();
  owned->topic = message.topic;
  owned->properties = message.properties;
  owned->body.assign(message.body.begin(), message.body.end());
  owned->message = message;
  const auto append_it = [this, owned]() -> int64_t {
    const QueueKey key{owned->topic, owned->message.queue_id};
    MessageToStore& stored = owned->message;
    stored.topic = owned->topic;
    stored.properties = owned->properties;
    stored.body = {owned->body.data(), owned->body.size()};
    stored.queue_offset = queues_[key].end();
    stored.commit_log_offset = log_end_;
    stored.store_timestamp_ms = wall_clock_ms();
    stored.store_host = own_host();
    Stored bytes;
    encode_stored_message(stored, bytes.bytes);
    bytes.tag_hash = java_string_hash(property_of(owned->properties, property::kTags));
    return append(key, std::move(bytes));
  };
  if (delay_level <= 0) return append_it();
  auto timer = std::make_shared<asio::steady_timer>(loop_, delay_unit_ * delay_level);
  timer->async_wait([this, timer, append_it](asio::error_code error) {
    std::lock_guard lock(mutex_);
    if (!error) append_it();
  });
  return 0;
}

int64_t MockBroker::append(const QueueKey& key, Stored stored) {
  by_log_offset_[log_end_] = key;
  log_end_ += static_cast<int64_t>(stored.bytes.size());
  Queue& queue = queues_[key];
  queue.messages.push_back(std::move(stored));
  const int64_t offset = queue.end() - 1;
  asio::post(loop_, [this, key] {
    std::lock_guard lock(mutex_);
    release_pulls(key);
    pop_.on_stored(key.first);
  });
  return offset;
}

void MockBroker::release_pulls(const QueueKey& key) {
  std::vector<HeldPull> released;
  for (auto [each, end] = held_.equal_range(key); each != end; each = held_.erase(each)) {
    released.push_back(std::move(each->second));
  }
  for (HeldPull& held : released) {
    held.timer->cancel();
    // The offset that came with the request was taken when it came, and may be old by now.
    pull(held.request, held.reply, true, false);
  }
}

void MockBroker::pull(const RemotingCommand& request, Reply reply, bool may_hold, bool may_commit) {
  const auto& fields = request.ext_fields;
  const QueueKey key{std::string(fields.text("topic")), static_cast<int>(fields.number("queueId", 0))};
  const int64_t offset = fields.number("queueOffset", 0);
  const int64_t flags = fields.number("sysFlag", 0);
  if (may_commit && (flags & 1) != 0) {
    offsets_[offset_key(fields.text("consumerGroup"), key.first, key.second)] = fields.number("commitOffset", 0);
  }
  Queue& queue = queues_[key];
  auto response = RemotingCommand::response_to(request, response_code::kPullNotFound);
  response.ext_fields.add("suggestWhichBrokerId", 0);
  response.ext_fields.add("minOffset", queue.first_offset);
  response.ext_fields.add("maxOffset", queue.end());
  if (offset < queue.first_offset || offset > queue.end()) {
    response.code = response_code::kPullOffsetMoved;
    response.ext_fields.add("nextBeginOffset", offset < queue.first_offset ? queue.first_offset : queue.end());
    return reply(response);
  }
  auto subscription = make_tag_subscription(key.first, fields.text("subscription"));
  std::vector<uint8_t> body;
  int64_t next = offset;
  for (int64_t found = 0; next < queue.end() && found < fields.number("maxMsgNums", 32); ++next) {
    const Stored& stored = queue.messages[static_cast<size_t>(next - queue.first_offset)];
    // By hash, as a broker does.
    if (fields.text("expressionType") == kSql92) {
      if (!fulfils(stored.bytes, fields.text("subscription"))) continue;
    } else if (subscription && !subscription->codes.empty() && subscription->codes.count(stored.tag_hash) == 0) {
      continue;
    }
    body.insert(body.end(), stored.bytes.begin(), stored.bytes.end());
    ++found;
  }
  const bool nothing = next == offset;
  if (nothing && may_hold && (flags & 2) != 0) {
    auto timer = std::make_shared<asio::steady_timer>(
        loop_, std::chrono::milliseconds(fields.number("suspendTimeoutMillis", 0)));
    timer->async_wait([this, key, timer](asio::error_code error) {
      if (error) return;
      std::lock_guard lock(mutex_);
      for (auto [each, end] = held_.equal_range(key); each != end; ++each) {
        if (each->second.timer != timer) continue;
        const HeldPull held = each->second;
        held_.erase(each);
        return pull(held.request, held.reply, false, false);
      }
    });
    held_.emplace(key, HeldPull{request, reply, timer});
    return;
  }
  response.ext_fields.add("nextBeginOffset", next);
  if (!nothing) response.code = body.empty() ? response_code::kPullRetryImmediately : response_code::kSuccess;
  response.body = SharedBytes(std::move(body));
  reply(response);
}

void MockBroker::send_back(const RemotingCommand& request, Reply reply) {
  const auto& fields = request.ext_fields;
  const std::string group(fields.text("group"));
  auto where = by_log_offset_.find(fields.number("offset", -1));
  if (where == by_log_offset_.end()) {
    return reply(RemotingCommand::response_to(request, response_code::kSystemError, "no message at that offset"));
  }
  std::vector<StoredMessage> found;
  for (const Stored& stored : queues_[where->second].messages) {
    for (auto& message : decode_one(stored.bytes)) {
      if (message.commit_log_offset == where->first) found.push_back(std::move(message));
    }
  }
  if (found.empty()) {
    return reply(RemotingCommand::response_to(request, response_code::kSystemError, "the message cannot be read"));
  }
  const StoredMessage& message = found.front();
  const auto level = static_cast<int32_t>(fields.number("delayLevel", 0));
  const bool dead = level < 0 || message.reconsume_times >= fields.number("maxReconsumeTimes", 16);
  std::string properties;
  bool origin = false;
  for (const auto& [name, value] : message.properties) {
    if (name == property::kDelay) continue;
    origin = origin || name == property::kRetryTopic;
    append_property(properties, name, value);
  }
  if (!origin) append_property(properties, property::kRetryTopic, message.topic);
  if (message.property(property::kOriginMessageId).empty()) {
    append_property(properties, property::kOriginMessageId, fields.text("originMsgId"));
  }
  const std::string topic = dead ? dead_letter_topic(group) : retry_topic(group);
  cluster_.topics.emplace(topic, MockCluster::Topic{1, 6});
  MessageToStore again;
  again.topic = topic;
  again.properties = properties;
  again.body = message.body.view();
  again.flag = message.flag;
  again.born_timestamp_ms = message.born_timestamp_ms;
  again.born_host = message.born_host;
  again.reconsume_times = message.reconsume_times + 1;
  store(again, dead ? 0 : level == 0 ? 3 + message.reconsume_times : level);
  reply(RemotingCommand::response_to(request, response_code::kSuccess));
}

void MockBroker::store_again(const std::string& topic, int queue_id, int64_t offset, const std::string& to) {
  const Queue& queue = queues_[{topic, queue_id}];
  if (offset < queue.first_offset || offset >= queue.end()) return;
  for (const auto& message : decode_one(queue.messages[static_cast<size_t>(offset - queue.first_offset)].bytes)) {
    std::string properties;
    for (const auto& [name, value] : message.properties) append_property(properties, name, value);
    MessageToStore again;
    again.topic = to;
    again.properties = properties;
    again.body = message.body.view();
    again.flag = message.flag;
    again.born_timestamp_ms = message.born_timestamp_ms;
    again.born_host = message.born_host;
    again.reconsume_times = message.reconsume_times + 1;
    store(again, 0);
  }
}

void MockBroker::append_recoded(const std::vector<uint8_t>& stored, const std::string& topic,
                                const std::string& checkpoint, std::vector<uint8_t>& out) {
  for (const auto& message : decode_one(stored)) {
    std::string properties;
    for (const auto& [name, value] : message.properties) append_property(properties, name, value);
    append_property(properties, property::kPopCheckpoint, checkpoint);
    MessageToStore again;
    again.topic = topic;
    again.properties = properties;
    again.body = message.body.view();
    again.queue_id = message.queue_id;
    again.flag = message.flag;
    again.queue_offset = message.queue_offset;
    again.commit_log_offset = message.commit_log_offset;
    again.born_timestamp_ms = message.born_timestamp_ms;
    again.born_host = message.born_host;
    again.store_timestamp_ms = message.store_timestamp_ms;
    again.store_host = message.store_host;
    again.reconsume_times = message.reconsume_times;
    encode_stored_message(again, out);
  }
}

int MockBroker::invisible_count() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(pop_.invisible_count());
}

void MockBroker::heartbeat(const std::shared_ptr<Session>& session, const RemotingCommand& request, Reply reply) {
  auto heartbeat = parse_heartbeat(as_text(request.body.view()));
  if (!heartbeat) return reply(RemotingCommand::response_to(request, response_code::kSystemError, "bad heartbeat"));
  reply(RemotingCommand::response_to(request, response_code::kSuccess));
  for (const auto& group : heartbeat->producer_groups) register_producer(group, heartbeat->client_id, session);
  for (const auto& consumer : heartbeat->consumers) {
    cluster_.topics.emplace(retry_topic(consumer.group), MockCluster::Topic{1, 6});
    auto& members = groups_[consumer.group];
    const bool is_new = members.count(heartbeat->client_id) == 0;
    members[heartbeat->client_id] = session;
    if (is_new) notify_group(consumer.group);
  }
}

void MockBroker::unregister(const RemotingCommand& request, Reply reply) {
  const std::string group(request.ext_fields.text("consumerGroup"));
  const std::string client(request.ext_fields.text("clientID"));
  if (!group.empty()) leave(group, client);
  const std::string producers(request.ext_fields.text("producerGroup"));
  if (!producers.empty()) unregister_producer(producers, client);
  reply(RemotingCommand::response_to(request, response_code::kSuccess));
}

void MockBroker::leave(const std::string& group, const std::string& client) {
  if (groups_[group].erase(client) > 0) notify_group(group);
}

void MockBroker::on_disconnect(Session* session) {
  forget_producers(session);
  std::vector<std::pair<std::string, std::string>> gone;
  for (const auto& [group, members] : groups_) {
    for (const auto& [id, connection] : members) {
      auto live = connection.lock();
      if (!live || live.get() == session) gone.emplace_back(group, id);
    }
  }
  for (const auto& [group, id] : gone) leave(group, id);
}

void MockBroker::notify_group(const std::string& group) {
  RemotingCommand notice = RemotingCommand::request(request_code::kNotifyConsumerIdsChanged, SerializeType::kJson);
  notice.flag = RemotingCommand::kOneWayFlag;
  notice.ext_fields.add("consumerGroup", group);
  for (const auto& [id, connection] : groups_[group]) {
    if (auto live = connection.lock()) live->send(notice);
  }
}

void MockBroker::offsets(const RemotingCommand& request, Reply reply) {
  const auto& fields = request.ext_fields;
  const std::string topic(fields.text("topic"));
  const int queue_id = static_cast<int>(fields.number("queueId", 0));
  const std::string key = offset_key(fields.text("consumerGroup"), topic, queue_id);
  const Queue& queue = queues_[{topic, queue_id}];
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  int64_t offset = 0;
  switch (request.code) {
    case request_code::kUpdateConsumerOffset:
      offsets_[key] = fields.number("commitOffset", 0);
      return reply(response);
    case request_code::kQueryConsumerOffset:
      if (offsets_.count(key) == 0) {
        // As a broker does for a queue that still has its first message, unless the client forbids it.
        const bool young = queue.first_offset == 0 && !queue.messages.empty();
        if (young && fields.text("setZeroIfNotFound") != "false") break;
        return reply(RemotingCommand::response_to(request, response_code::kQueryNotFound, "no offset"));
      }
      offset = offsets_[key];
      break;
    case request_code::kGetMaxOffset:
      offset = queue.end();
      break;
    case request_code::kGetMinOffset:
      offset = queue.first_offset;
      break;
    default:
      offset = queue.end();
      for (const Stored& stored : queue.messages) {
        const auto found = decode_one(stored.bytes);
        if (found.empty() || found.front().store_timestamp_ms < fields.number("timestamp", 0)) continue;
        offset = found.front().queue_offset;
        break;
      }
  }
  response.ext_fields.add("offset", offset);
  reply(response);
}

void MockBroker::set_delay_unit(std::chrono::milliseconds unit) {
  std::lock_guard lock(mutex_);
  delay_unit_ = unit;
}

int64_t MockBroker::put(const std::string& topic, int queue, const std::string& body, const std::string& properties) {
  std::lock_guard lock(mutex_);
  MessageToStore message;
  message.topic = topic;
  message.properties = properties;
  message.body = as_bytes(body);
  message.queue_id = queue;
  message.born_timestamp_ms = wall_clock_ms();
  message.born_host = own_host();
  return store(message, 0);
}

void MockBroker::put_raw(const std::string& topic, int queue, std::vector<uint8_t> bytes) {
  std::lock_guard lock(mutex_);
  append({topic, queue}, {std::move(bytes), 0});
}

void MockBroker::trim(const std::string& topic, int queue_id, int64_t offset) {
  std::lock_guard lock(mutex_);
  Queue& queue = queues_[{topic, queue_id}];
  const auto count = std::min<int64_t>(offset - queue.first_offset, static_cast<int64_t>(queue.messages.size()));
  queue.messages.erase(queue.messages.begin(), queue.messages.begin() + count);
  queue.first_offset = offset;
}

std::vector<StoredMessage> MockBroker::messages(const std::string& topic) const {
  std::vector<StoredMessage> all;
  std::lock_guard lock(mutex_);
  for (const auto& [key, queue] : queues_) {
    if (key.first != topic) continue;
    for (const Stored& stored : queue.messages) {
      for (auto& message : decode_one(stored.bytes)) all.push_back(std::move(message));
    }
  }
  return all;
}

int64_t MockBroker::committed_offset(const std::string& group, const std::string& topic, int queue) const {
  std::lock_guard lock(mutex_);
  auto found = offsets_.find(offset_key(group, topic, queue));
  return found == offsets_.end() ? -1 : found->second;
}

void MockBroker::set_committed_offset(const std::string& group, const std::string& topic, int queue, int64_t offset) {
  std::lock_guard lock(mutex_);
  offsets_[offset_key(group, topic, queue)] = offset;
}

std::set<std::string> MockBroker::clients_of(const std::string& group) const {
  std::set<std::string> ids;
  std::lock_guard lock(mutex_);
  auto found = groups_.find(group);
  if (found == groups_.end()) return ids;
  for (const auto& [id, connection] : found->second) ids.insert(id);
  return ids;
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

void MockBroker::send_to_clients(const RemotingCommand& request) {
  std::vector<uint8_t> bytes;
  if (encode_frame(request, bytes)) send_to_all(bytes);
}

}  // namespace rocketmq::mock
