#include "mock/mock_pop.h"

#include <algorithm>

#include "base/clock.h"
#include "mock/mock_broker.h"
#include "mock/mock_cluster.h"
#include "protocol/codes.h"
#include "protocol/pop.h"
#include "protocol/subscription.h"

namespace rocketmq::mock {

namespace {

constexpr int32_t kReviveQueue = 3;

std::string group_of(const RemotingCommand& request) { return std::string(request.ext_fields.text("consumerGroup")); }
std::string topic_of(const RemotingCommand& request) { return std::string(request.ext_fields.text("topic")); }

// Where a message may come that the request waits for.
std::vector<std::string> topics_of(const RemotingCommand& request) {
  return {topic_of(request), pop_retry_topic(group_of(request), topic_of(request))};
}

void append_entry(std::string& info, char mark, int queue, const std::string& value) {
  if (!info.empty()) info += ';';
  info += std::string(1, mark) + " " + std::to_string(queue) + " " + value;
}

}  // namespace

void MockPop::handle(const RemotingCommand& request, const Reply& reply) {
  switch (request.code) {
    case request_code::kPopMessage:
      return pop(request, reply, true);
    case request_code::kNotification:
      return notify(request, reply, true);
    case request_code::kAckMessage:
      return acknowledge(request, reply);
    default:
      return change_invisible(request, reply);
  }
}

// A stored message under another topic's name, and with its checkpoint.
static void append_recoded(const std::vector<uint8_t>& stored, const std::string& topic, const std::string& checkpoint,
                           std::vector<uint8_t>& out) {
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

void MockPop::take(const RemotingCommand& request, const std::string& real_topic, int64_t pop_time, Taken& taken) {
  const std::string group = group_of(request);
  const std::string topic = topic_of(request);
  const char mark = real_topic == topic ? '0' : '1';
  const int64_t most = request.ext_fields.number("maxMsgNums", 32);
  const auto subscription = make_tag_subscription(topic, request.ext_fields.text("exp"));
  const std::chrono::milliseconds invisible(request.ext_fields.number("invisibleTime", 0));
  for (auto [each, end] = broker_.store_.queues_of(real_topic); each != end; ++each) {
    const auto& [key, queue] = *each;
    int64_t& next = next_[{group, real_topic, key.second}];
    next = std::max(next, queue.first_offset);
    const int64_t start = next;
    std::string offsets;
    for (; next < queue.end() && taken.count < most; ++next) {
      const auto& stored = *queue.at(next);
      // By hash, as a broker does; SQL92 lets everything pass here.
      if (mark == '0' && subscription && request.ext_fields.text("expType") == "TAG" && !subscription->codes.empty() &&
          subscription->codes.count(stored.tag_hash) == 0) {
        continue;
      }
      offsets += (offsets.empty() ? "" : ",") + std::to_string(next);
      ++taken.count;
      const Key checkpoint(group, real_topic, key.second, next, pop_time);
      hide(checkpoint, invisible);
      if (mark == '0') {
        taken.body.insert(taken.body.end(), stored.bytes.begin(), stored.bytes.end());
        continue;
      }
      ReceiptHandle handle{start, pop_time, invisible.count(), kReviveQueue, mark, broker_.name_, key.second,
                           next,  topic};
      append_recoded(stored.bytes, topic, handle.checkpoint(), taken.body);
    }
    if (offsets.empty()) continue;
    append_entry(taken.start_offsets, mark, key.second, std::to_string(start));
    append_entry(taken.offsets, mark, key.second, offsets);
  }
}

void MockPop::pop(const RemotingCommand& request, const Reply& reply, bool may_hold) {
  auto response = RemotingCommand::response_to(request, response_code::kPollingTimeout);
  if (broker_.cluster_.topics.count(topic_of(request)) == 0) {
    response.code = response_code::kTopicNotExist;
    response.remark = "no topic " + topic_of(request);
    return reply(response);
  }
  // Each pop has a time of its own, by which checkpoints are told apart.
  last_pop_time_ = std::max(last_pop_time_ + 1, wall_clock_ms());
  const int64_t pop_time = last_pop_time_;
  Taken taken;
  take(request, topic_of(request), pop_time, taken);
  take(request, pop_retry_topic(group_of(request), topic_of(request)), pop_time, taken);
  if (taken.count == 0 && may_hold && request.ext_fields.number("pollTime", 0) > 0) return hold(request, reply);
  response.ext_fields.add("popTime", pop_time);
  response.ext_fields.add("invisibleTime", request.ext_fields.number("invisibleTime", 0));
  response.ext_fields.add("reviveQid", kReviveQueue);
  response.ext_fields.add("restNum", 0);
  response.ext_fields.add("startOffsetInfo", taken.start_offsets);
  response.ext_fields.add("msgOffsetInfo", taken.offsets);
  if (taken.count > 0) response.code = response_code::kSuccess;
  response.body = SharedBytes(std::move(taken.body));
  reply(response);
}

bool MockPop::has_messages(const std::string& group, const std::string& topic) const {
  for (const std::string& each_topic : {topic, pop_retry_topic(group, topic)}) {
    for (auto [each, end] = broker_.store_.queues_of(each_topic); each != end; ++each) {
      const auto& [key, queue] = *each;
      const auto next = next_.find({group, key.first, key.second});
      if (queue.end() > (next == next_.end() ? queue.first_offset : next->second)) return true;
    }
  }
  return false;
}

void MockPop::notify(const RemotingCommand& request, const Reply& reply, bool may_hold) {
  const bool found = has_messages(group_of(request), topic_of(request));
  if (!found && may_hold && request.ext_fields.number("pollTime", 0) > 0) return hold(request, reply);
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  response.ext_fields.add("hasMsg", found);
  response.ext_fields.add("pollingFull", false);
  reply(response);
}

void MockPop::hold(const RemotingCommand& request, const Reply& reply) {
  auto held = std::make_shared<Held>(Held{
      request, reply, asio::steady_timer(loop_, std::chrono::milliseconds(request.ext_fields.number("pollTime", 0)))});
  held->timer.async_wait([this, held](asio::error_code error) {
    if (error) return;
    std::lock_guard lock(broker_.mutex_);
    if (let_go(held)) answer(*held, false);
  });
  for (const std::string& topic : topics_of(request)) held_.emplace(topic, held);
}

bool MockPop::let_go(const std::shared_ptr<Held>& held) {
  bool found = false;
  for (const std::string& topic : topics_of(held->request)) {
    auto [each, end] = held_.equal_range(topic);
    while (each != end) {
      if (each->second == held) {
        each = held_.erase(each);
        found = true;
      } else {
        ++each;
      }
    }
  }
  return found;
}

void MockPop::answer(Held& held, bool may_hold) {
  held.timer.cancel();
  if (held.request.code == request_code::kPopMessage) {
    pop(held.request, held.reply, may_hold);
  } else {
    notify(held.request, held.reply, may_hold);
  }
}

void MockPop::on_stored(const std::string& topic) {
  std::vector<std::shared_ptr<Held>> released;
  for (auto [each, end] = held_.equal_range(topic); each != end; ++each) released.push_back(each->second);
  for (const auto& held : released) {
    if (let_go(held)) answer(*held, true);
  }
}

void MockPop::hide(const Key& key, std::chrono::milliseconds duration) {
  auto timer = std::make_shared<asio::steady_timer>(loop_, duration);
  timer->async_wait([this, key, timer](asio::error_code error) {
    if (error) return;
    std::lock_guard lock(broker_.mutex_);
    if (checkpoints_.erase(key) > 0) revive(key);
  });
  checkpoints_[key] = timer;
}

void MockPop::revive(const Key& key) {
  const auto& [group, topic, queue, offset, pop_time] = key;
  const bool is_retry = topic.rfind("%RETRY%", 0) == 0;
  broker_.store_again(topic, queue, offset, is_retry ? topic : pop_retry_topic(group, topic));
}

namespace {

// Of a request about a message that was given out; nothing for a checkpoint that is none.
struct About {
  std::string group;
  std::string topic;
  int queue;
  int64_t offset;
  int64_t pop_time;
};

About about(const RemotingCommand& request) {
  const auto& fields = request.ext_fields;
  const auto handle = ReceiptHandle::parse(std::string(fields.text("extraInfo")) + " topic");
  return {group_of(request), topic_of(request), static_cast<int>(fields.number("queueId", -1)),
          fields.number("offset", -1), handle ? handle->pop_time_ms : -1};
}

}  // namespace

void MockPop::acknowledge(const RemotingCommand& request, const Reply& reply) {
  const About message = about(request);
  const StoredQueue* queue = broker_.store_.find({message.topic, message.queue});
  if (queue == nullptr || message.offset >= queue->end()) {
    return reply(RemotingCommand::response_to(request, response_code::kNoMessage, "offset is illegal"));
  }
  const auto found = checkpoints_.find({message.group, message.topic, message.queue, message.offset, message.pop_time});
  // One that comes too late is taken all the same, as by a broker.
  if (found != checkpoints_.end()) {
    found->second->cancel();
    checkpoints_.erase(found);
  }
  reply(RemotingCommand::response_to(request, response_code::kSuccess));
}

void MockPop::change_invisible(const RemotingCommand& request, const Reply& reply) {
  const About message = about(request);
  const auto found = checkpoints_.find({message.group, message.topic, message.queue, message.offset, message.pop_time});
  if (found == checkpoints_.end()) {
    return reply(RemotingCommand::response_to(request, response_code::kNoMessage, "no such message is given out"));
  }
  found->second->cancel();
  checkpoints_.erase(found);
  last_pop_time_ = std::max(last_pop_time_ + 1, wall_clock_ms());
  const int64_t invisible = request.ext_fields.number("invisibleTime", 0);
  hide({message.group, message.topic, message.queue, message.offset, last_pop_time_},
       std::chrono::milliseconds(invisible));
  auto response = RemotingCommand::response_to(request, response_code::kSuccess);
  response.ext_fields.add("popTime", last_pop_time_);
  response.ext_fields.add("invisibleTime", invisible);
  response.ext_fields.add("reviveQid", kReviveQueue);
  reply(response);
}

}  // namespace rocketmq::mock
