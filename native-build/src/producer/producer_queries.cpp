#include <algorithm>
#include <optional>
#include <utility>

#include "client/await_route.h"
#include "client/client_lease.h"
#include "client/countdown.h"
#include "net/coroutine.h"
#include "producer/producer_impl.h"
#include "producer/recall_handle.h"
#include "protocol/codes.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

Error timed_out(const std::string& what, TimePoint begin) {
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.message = what + " did not come in " + std::to_string(millis_between(begin, now())) + " ms";
  return error;
}

// What a call knows of itself.
struct Query {
  std::string topic;
  int32_t default_queues = 0;
  TimePoint begin;
  TimePoint deadline;
};

asio::awaitable<Result<Route>> route_of(ClientInstance* client, Query query) {
  return await_route(client->loop(), client->routes(), query.topic, true, query.default_queues, query.deadline);
}

// Those of a topic that does not exist yet are the default topic's.
std::vector<MessageQueue> queues_to_send_to(const RouteSnapshot& route, std::string_view topic) {
  std::vector<MessageQueue> queues = route.publish_queues;
  for (MessageQueue& queue : queues) queue.topic = topic;
  return queues;
}

asio::awaitable<Result<CallEnd>> queues_of(ClientInstance* client, Query query) {
  auto route = co_await route_of(client, query);
  if (!route) co_return fail(std::move(route.error()));
  CallEnd end;
  end.queues = queues_to_send_to(**route, query.topic);
  co_return end;
}

// A question opens the connection, and its answer shows that the broker is there.
asio::awaitable<void> reach_broker(ClientInstance* client, std::string address, Millis timeout,
                                   std::shared_ptr<Countdown> all) {
  CountdownShare share(all);
  share.succeeded = co_await client->watch().probe(std::move(address), timeout);
}

// Side by side, so that one that does not answer keeps no other from being reached.
asio::awaitable<Result<CallEnd>> reach_topic(ClientInstance* client, Query query) {
  auto route = co_await route_of(client, query);
  if (!route) co_return fail(std::move(route.error()));
  std::vector<std::string> masters;
  for (const auto& broker : (*route)->route.brokers) {
    std::string master((*route)->route.master_address(broker.name));
    if (!master.empty()) masters.push_back(std::move(master));
  }
  if (masters.empty()) co_return fail(ErrorKind::kUnreachable, "no broker of the topic has a master now");
  const size_t count = masters.size();
  auto all = std::make_shared<Countdown>(client->loop(), count);
  const Millis left = left_until(query.deadline);
  for (std::string& master : masters) {
    start_coroutine(client->loop(), reach_broker(client, std::move(master), left, all), "warm-up");
  }
  // They shall know the client, too.
  client->heartbeat_soon();
  // One that answered is enough; the others get a moment, as they may be on their way.
  constexpr Millis kMoment{500};
  if (all->left > 0) co_await all->pause.wait(std::min(left, kMoment));
  // Each ends by its own deadline.
  if (all->left > 0 && all->left + all->failed == count) co_await all->pause.wait(left + Millis(1000));
  if (all->left + all->failed < count) co_return CallEnd{};
  if (now() >= query.deadline) co_return fail(timed_out("the brokers' answers", query.begin));
  co_return fail(ErrorKind::kUnreachable, "no broker of the topic can be reached");
}

asio::awaitable<Result<CallEnd>> warm_up_topic(ClientInstance* client, Query query) {
  auto end = co_await reach_topic(client, query);
  if (!end) end.error().message = "the warm-up of topic \"" + query.topic + "\" failed: " + end.error().message;
  co_return end;
}

asio::awaitable<Result<CallEnd>> recall_message(ClientInstance* client, Query query, std::string group,
                                                std::string broker_name, std::string handle) {
  auto route = co_await route_of(client, query);
  if (!route) co_return fail(std::move(route.error()));
  const std::string broker = client->routes().find_master(query.topic, broker_name);
  if (broker.empty()) {
    co_return fail(ErrorKind::kUnreachable,
                   "the broker \"" + broker_name + "\", which holds the message, has no master now");
  }
  RemotingCommand request = RemotingCommand::request(request_code::kRecallMessage);
  request.ext_fields.add("producerGroup", group);
  request.ext_fields.add("topic", query.topic);
  request.ext_fields.add("recallHandle", handle);
  request.ext_fields.add("bname", broker_name);
  auto response = co_await client->remoting().call(broker, std::move(request), left_until(query.deadline));
  if (!response) co_return fail(std::move(response.error()));
  if (response->code == response_code::kSuccess) {
    CallEnd end;
    end.message_id = response->ext_fields.text("msgId");
    co_return end;
  }
  Error error;
  error.kind = ErrorKind::kRejected;
  error.response_code = response->code;
  error.remark = response->remark;
  error.address = broker;
  error.message = "the broker " + broker + " did not recall the message, with code " +
                  std::to_string(error.response_code) + ": " + error.remark +
                  " (it may be delivered already, or the broker's recallMessageEnable is off)";
  co_return fail(std::move(error));
}

Query query_of(const Call& call, const ProducerOptions& options) {
  return {call.topic, options.default_topic_queues, call.begin, call.deadline};
}

Calls::Work warm_up_work(const Call& call, const ProducerOptions& options) {
  return [query = query_of(call, options)](ClientInstance* client) { return warm_up_topic(client, query); };
}

Calls::Work queues_work(const Call& call, const ProducerOptions& options) {
  return [query = query_of(call, options)](ClientInstance* client) { return queues_of(client, query); };
}

Result<Calls::Work> recall_work(const Call& call, std::string_view handle, const ProducerOptions& options) {
  auto read = parse_recall_handle(handle);
  if (!read) return fail(read.error());
  if (read->topic != call.topic) {
    return fail(ErrorKind::kInvalidArgument, "the recall handle is of a message for the topic \"" + read->topic +
                                                 "\", not of one for \"" + call.topic +
                                                 "\": give the topic that the message was sent to");
  }
  return [query = query_of(call, options), group = options.group, broker = read->broker_name,
          text = std::string(handle)](ClientInstance* client) {
    return recall_message(client, query, group, broker, text);
  };
}

}  // namespace

std::shared_ptr<Call> Producer::Impl::new_call(Millis timeout) {
  auto call = std::make_shared<Call>();
  call->owner = shared_from_this();
  call->begin = now();
  call->deadline = call->begin + timeout_or_default(timeout);
  return call;
}

Result<std::shared_ptr<Call>> Producer::Impl::make_call(std::string_view topic, Millis timeout) {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  if (auto valid = validate_topic(topic); !valid) return fail(valid.error());
  auto call = new_call(timeout);
  call->topic = topic;
  return call;
}

Result<CallEnd> Producer::Impl::call_and_wait(const std::shared_ptr<Call>& call, const Calls::Work& work,
                                              const char* name) {
  if (auto added = calls_->add(call); !added) return fail(added.error());
  calls_->begin(call, work, name);
  return calls_->wait(call);
}

Status Producer::Impl::call_async(const std::shared_ptr<Call>& call, uint64_t context, const Calls::Work& work,
                                  const char* name) {
  if (auto told = calls_->check_callback(); !told) return told;
  call->asynchronous = true;
  call->context = context;
  if (auto added = calls_->add(call); !added) return added;
  calls_->begin(call, work, name);
  return {};
}

Status Producer::Impl::warm_up(std::string_view topic) {
  auto call = make_call(topic, Millis(0));
  if (!call) return fail(std::move(call.error()));
  auto end = call_and_wait(*call, warm_up_work(**call, options_), "warm-up");
  if (!end) return fail(std::move(end.error()));
  return {};
}

Status Producer::Impl::warm_up_async(std::string_view topic, uint64_t context) {
  auto call = make_call(topic, Millis(0));
  if (!call) return fail(std::move(call.error()));
  return call_async(*call, context, warm_up_work(**call, options_), "warm-up");
}

Result<std::optional<std::vector<MessageQueue>>> Producer::Impl::known_queues(std::string_view topic) const {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  if (auto valid = validate_topic(topic); !valid) return fail(valid.error());
  const Route known = client_->routes().find(topic);
  if (!known) return std::nullopt;
  return queues_to_send_to(*known, topic);
}

Result<std::vector<MessageQueue>> Producer::Impl::queues(std::string_view topic, Millis timeout) {
  // A send that chooses its queue does not wait for the loop.
  auto known = known_queues(topic);
  if (!known) return fail(std::move(known.error()));
  if (*known) return std::move(**known);
  auto call = make_call(topic, timeout);
  if (!call) return fail(std::move(call.error()));
  auto end = call_and_wait(*call, queues_work(**call, options_), "queues of a topic");
  if (!end) return fail(std::move(end.error()));
  return std::move(end->queues);
}

Status Producer::Impl::queues_async(std::string_view topic, Millis timeout, uint64_t context) {
  auto call = make_call(topic, timeout);
  if (!call) return fail(std::move(call.error()));
  return call_async(*call, context, queues_work(**call, options_), "queues of a topic");
}

Result<ChosenQueue> Producer::Impl::choose_queue(std::string_view topic, Millis timeout, const QueueChooser& choose) {
  const TimePoint deadline = now() + timeout_or_default(timeout);
  auto all = queues(topic, timeout);
  if (!all) return fail(std::move(all.error()));
  const auto count = static_cast<int32_t>(all->size());
  if (count == 0) {
    return fail(ErrorKind::kTopicNotFound, "the topic \"" + std::string(topic) + "\" has no queue to choose from");
  }
  const int32_t place = choose(*all);
  if (place < 0 || place >= count) {
    return fail(ErrorKind::kInvalidArgument, "the selector chose the place " + std::to_string(place) +
                                                 ", outside 0 to " + std::to_string(count - 1) +
                                                 ": choose one of the queues it was given");
  }
  const Millis left(millis_between(now(), deadline));
  if (left.count() <= 0) {
    Error error;
    error.kind = ErrorKind::kTimeout;
    error.topic = topic;
    error.message = "the deadline passed before the queue was chosen: choose faster, or give the send more time";
    return fail(std::move(error));
  }
  return ChosenQueue{std::move((*all)[static_cast<size_t>(place)]), left};
}

Result<std::string> Producer::Impl::recall(std::string_view topic, std::string_view handle, Millis timeout) {
  auto call = make_call(topic, timeout);
  if (!call) return fail(std::move(call.error()));
  auto work = recall_work(**call, handle, options_);
  if (!work) return fail(std::move(work.error()));
  auto end = call_and_wait(*call, *work, "recall");
  if (!end) return fail(std::move(end.error()));
  return std::move(end->message_id);
}

Status Producer::Impl::recall_async(std::string_view topic, std::string_view handle, Millis timeout, uint64_t context) {
  auto call = make_call(topic, timeout);
  if (!call) return fail(std::move(call.error()));
  auto work = recall_work(**call, handle, options_);
  if (!work) return fail(std::move(work.error()));
  return call_async(*call, context, *work, "recall");
}

Result<std::vector<MessageQueue>> Producer::queues(std::string_view topic, Millis timeout) {
  return impl_->queues(topic, timeout);
}

Result<std::optional<std::vector<MessageQueue>>> Producer::known_queues(std::string_view topic) {
  return impl_->known_queues(topic);
}

Status Producer::queues_async(std::string_view topic, Millis timeout, uint64_t context) {
  return impl_->queues_async(topic, timeout, context);
}

Result<ChosenQueue> Producer::choose_queue(std::string_view topic, Millis timeout, const QueueChooser& choose) {
  return impl_->choose_queue(topic, timeout, choose);
}

Status Producer::warm_up(std::string_view topic) { return impl_->warm_up(topic); }

Status Producer::warm_up_async(std::string_view topic, uint64_t context) {
  return impl_->warm_up_async(topic, context);
}

Result<std::string> Producer::recall(std::string_view topic, std::string_view handle, Millis timeout) {
  return impl_->recall(topic, handle, timeout);
}

Status Producer::recall_async(std::string_view topic, std::string_view handle, Millis timeout, uint64_t context) {
  return impl_->recall_async(topic, handle, timeout, context);
}

}  // namespace rocketmq
