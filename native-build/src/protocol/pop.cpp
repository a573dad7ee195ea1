#include "protocol/pop.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "protocol/names.h"
#include "protocol/route.h"

namespace rocketmq {

namespace {

constexpr char kBlank = ' ';
constexpr size_t kCheckpointFields = 8;
// No field is longer, as no name is.
constexpr size_t kLongestHandle = 1000;

template <typename Number>
bool read_number(std::string_view text, Number* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_retry_mark(std::string_view text) { return text == "0" || text == "1" || text == "2"; }

// The eight fields of POP_CK; nothing for what is none.
std::optional<ReceiptHandle> read_checkpoint(const std::vector<std::string_view>& fields) {
  ReceiptHandle handle;
  if (fields.size() < kCheckpointFields || !is_retry_mark(fields[4]) || fields[5].empty()) return std::nullopt;
  if (fields[5].size() > kMaxBrokerNameBytes || !is_utf8(fields[5])) return std::nullopt;
  const bool numbers = read_number(fields[0], &handle.start_offset) && read_number(fields[1], &handle.pop_time_ms) &&
                       read_number(fields[2], &handle.invisible_ms) && read_number(fields[3], &handle.revive_queue) &&
                       read_number(fields[6], &handle.queue_id) && read_number(fields[7], &handle.offset);
  if (!numbers || handle.start_offset < 0 || handle.queue_id < 0 || handle.offset < 0) return std::nullopt;
  handle.retry = fields[4].front();
  handle.broker_name = fields[5];
  return handle;
}

// What the header tells of the queues that were popped from, by retry mark and queue.
using QueueMark = std::pair<char, int32_t>;
struct PopInfo {
  int64_t pop_time_ms = 0;
  int64_t invisible_ms = 0;
  int32_t revive_queue = 0;
  std::map<QueueMark, int64_t> start_offsets;
  std::map<QueueMark, std::vector<int64_t>> offsets;
};

tl::unexpected<Error> malformed_pop(std::string_view what) {
  return fail(ErrorKind::kProtocolError, "the header of popped messages is malformed: its " + std::string(what) +
                                             " is missing or not what the protocol allows");
}

// Calls `take` with the mark and the last field of each "retry queue value" that ';' separates.
template <typename Take>
bool read_info(std::string_view info, Take take) {
  if (info.empty()) return true;
  for (const std::string_view entry : split(info, ';')) {
    const auto fields = split(entry, kBlank);
    int32_t queue = 0;
    if (fields.size() != 3 || !is_retry_mark(fields[0]) || !read_number(fields[1], &queue) || queue < 0) return false;
    if (!take(QueueMark(fields[0].front(), queue), fields[2])) return false;
  }
  return true;
}

Result<PopInfo> read_header(const ExtFields& fields) {
  PopInfo info;
  if (!read_number(fields.text("popTime"), &info.pop_time_ms)) return malformed_pop("popTime");
  if (!read_number(fields.text("invisibleTime"), &info.invisible_ms)) return malformed_pop("invisibleTime");
  if (!read_number(fields.text("reviveQid"), &info.revive_queue)) return malformed_pop("reviveQid");
  const bool starts = read_info(fields.text("startOffsetInfo"), [&](QueueMark mark, std::string_view text) {
    int64_t offset = 0;
    return read_number(text, &offset) && offset >= 0 && info.start_offsets.emplace(mark, offset).second;
  });
  if (!starts) return malformed_pop("startOffsetInfo");
  const bool offsets = read_info(fields.text("msgOffsetInfo"), [&](QueueMark mark, std::string_view text) {
    std::vector<int64_t> all;
    for (const std::string_view each : split(text, ',')) {
      if (!read_number(each, &all.emplace_back())) return false;
    }
    std::sort(all.begin(), all.end());
    return info.offsets.emplace(mark, std::move(all)).second;
  });
  if (!offsets) return malformed_pop("msgOffsetInfo");
  return info;
}

char retry_mark(std::string_view topic) {
  if (topic.substr(0, kRetryTopicPrefix.size()) != kRetryTopicPrefix) return '0';
  return topic.find('+') != std::string_view::npos ? '2' : '1';
}

// The queue of the header to which a message belongs. A broker may give messages of a retry topic the topic's own
// name.
std::optional<QueueMark> find_queue(const PopInfo& info, const StoredMessage& message) {
  const char own = retry_mark(message.topic);
  for (const char retry : {own, '1', '2'}) {
    const QueueMark mark{retry, message.queue_id};
    const auto found = info.offsets.find(mark);
    if (found == info.offsets.end() || info.start_offsets.count(mark) == 0) continue;
    if (std::binary_search(found->second.begin(), found->second.end(), message.queue_offset)) return mark;
  }
  return std::nullopt;
}

// Gives each message of one answer its handle.
class HandleMaker {
 public:
  HandleMaker(const PopInfo& info, std::string_view broker_name) : info_(info), broker_name_(broker_name) {}

  std::optional<ReceiptHandle> make(const StoredMessage& message) {
    if (message.queue_offset < 0 || message.queue_id < 0) return std::nullopt;
    // Set by a broker that gave the message another topic than that where it lies. A producer may have set it too,
    // but cannot know the time.
    auto own = read_checkpoint(split(message.property(property::kPopCheckpoint), kBlank));
    if (own && own->pop_time_ms == info_.pop_time_ms && own->broker_name == broker_name_ &&
        own->queue_id == message.queue_id && own->offset == message.queue_offset) {
      return own;
    }
    ReceiptHandle handle;
    QueueMark mark;
    if (info_.start_offsets.empty()) {
      // An older broker: the first message of a queue marks its start.
      mark = {retry_mark(message.topic), message.queue_id};
      handle.start_offset = first_offsets_.emplace(mark, message.queue_offset).first->second;
    } else {
      const auto found = find_queue(info_, message);
      if (!found) return std::nullopt;
      mark = *found;
      handle.start_offset = info_.start_offsets.at(mark);
    }
    handle.pop_time_ms = info_.pop_time_ms;
    handle.invisible_ms = info_.invisible_ms;
    handle.revive_queue = info_.revive_queue;
    handle.retry = mark.first;
    handle.broker_name = broker_name_;
    handle.queue_id = message.queue_id;
    handle.offset = message.queue_offset;
    return handle;
  }

 private:
  const PopInfo& info_;
  const std::string_view broker_name_;
  std::map<QueueMark, int64_t> first_offsets_;
};

std::string at_offset(int64_t offset) { return "the message at offset " + std::to_string(offset); }

}  // namespace

std::string pop_retry_topic(std::string_view group, std::string_view topic) {
  return retry_topic(group).append("_").append(topic);
}

std::string ReceiptHandle::real_topic(std::string_view group) const {
  switch (retry) {
    case '1':
      return pop_retry_topic(group, topic);
    case '2':
      return retry_topic(group).append("+").append(topic);
    default:
      return topic;
  }
}

std::string ReceiptHandle::checkpoint() const {
  std::string text;
  for (const int64_t number : {start_offset, pop_time_ms, invisible_ms, int64_t{revive_queue}}) {
    text.append(std::to_string(number)).push_back(kBlank);
  }
  text.push_back(retry);
  text.append(" ").append(broker_name).append(" ").append(std::to_string(queue_id));
  return text.append(" ").append(std::to_string(offset));
}

std::string ReceiptHandle::text() const { return checkpoint().append(" ").append(topic); }

Result<ReceiptHandle> ReceiptHandle::parse(std::string_view text) {
  const auto wrong = [](std::string_view why) {
    return fail(ErrorKind::kInvalidArgument,
                "the receipt handle " + std::string(why) +
                    ": pass on unchanged what came with the message, or with the last change of its invisible time");
  };
  if (text.empty()) return wrong("is empty");
  if (text.size() > kLongestHandle) {
    return wrong("has " + std::to_string(text.size()) + " bytes, over the limit of " + std::to_string(kLongestHandle));
  }
  if (!is_utf8(text)) return wrong("is not UTF-8");
  const auto fields = split(text, kBlank);
  auto handle = fields.size() == kCheckpointFields + 1 ? read_checkpoint(fields) : std::nullopt;
  if (!handle || !validate_topic(fields.back())) return wrong("\"" + std::string(text) + "\" is malformed");
  handle->topic = fields.back();
  return std::move(*handle);
}

Result<PoppedMessages> parse_pop_response(const RemotingCommand& response, std::string_view topic,
                                          std::string_view broker_name, const DecodeLimits& limits) {
  auto info = read_header(response.ext_fields);
  if (!info) return fail(info.error());
  auto decoded = decode_messages(response.body, limits);
  if (!decoded) return fail(decoded.error());
  PoppedMessages popped;
  for (const auto& each : decoded->undecodable) {
    popped.left_out.push_back(at_offset(each.queue_offset) + " cannot be read: " + each.reason);
  }
  if (decoded->rest_at) {
    popped.left_out.push_back("what lies from offset " + std::to_string(*decoded->rest_at) +
                              " on unpacks to more than one answer may");
  }
  const auto shared_topic = std::make_shared<const std::string>(topic);
  HandleMaker handles(*info, broker_name);
  popped.messages.reserve(decoded->messages.size());
  for (StoredMessage& message : decoded->messages) {
    auto handle = handles.make(message);
    if (!handle) {
      popped.left_out.push_back(at_offset(message.queue_offset) + " of queue " + std::to_string(message.queue_id) +
                                " has no checkpoint, and could not be acknowledged");
      continue;
    }
    handle->topic = topic;
    message.topic = *shared_topic;
    popped.messages.push_back({std::move(message), std::move(*handle), shared_topic});
  }
  return popped;
}

}  // namespace rocketmq
