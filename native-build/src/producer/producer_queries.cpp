#include <algorithm>

#include "base/log.h"
#include "base/memory.h"
#include "client/client_lease.h"
#include "net/waited_coroutine.h"
#include "producer/producer_impl.h"
#include "producer/recall_handle.h"
#include "protocol/codes.h"
#include "protocol/names.h"

namespace rocketmq {

namespace {

Error timed_out(const std::string& what, std::string_view topic, TimePoint begin) {
  Error error;
  error.kind = ErrorKind::kTimeout;
  error.topic = topic;
  error.elapsed_ms = millis_between(begin, now());
  error.message = what + " did not come in " + std::to_string(error.elapsed_ms) + " ms";
  return error;
}

// These may go on after the end of the wait, at most as long as the client's loop: to share in the client would keep
// it, and so that loop. Who waits keeps the client.
asio::awaitable<Status> reach_one_of(ClientInstance* client, Route route) {
  // A heartbeat reaches every master, and so opens the connections.
  co_await client->send_heartbeats();
  for (const auto& broker : route->route.brokers) {
    const std::string master(route->route.master_address(broker.name));
    if (!master.empty() && client->remoting().connected(master)) co_return Status();
  }
  co_return fail(ErrorKind::kUnreachable, "no broker of the topic can be reached");
}

asio::awaitable<Result<RemotingCommand>> call(ClientInstance* client, std::string address, RemotingCommand request,
                                              Millis timeout) {
  auto response = co_await client->remoting().call(std::move(address), std::move(request), timeout);
  co_return response;
}

}  // namespace

// nullopt when nothing came in time. A close ends the wait: what would come is dropped with the client.
template <typename Value>
std::optional<Result<Value>> Producer::Impl::await_or_close(Waited<Value>& waited, TimePoint deadline) const {
  constexpr Millis kSlice{50};
  for (;;) {
    const bool closed = state_ == State::kClosed;
    auto value = waited.wait(closed ? now() : std::min(deadline, now() + kSlice));
    if (value) return value;
    if (closed) return Result<Value>(fail(check_usable().error()));
    if (now() >= deadline) return std::nullopt;
  }
}

Result<Route> Producer::Impl::wait_for_route(std::string_view topic, TimePoint begin, TimePoint deadline) {
  Route known = client_->routes().find(topic);
  if (known) return known;
  auto waited = std::make_shared<Waited<Route>>();
  client_->routes().get(std::string(topic), true, options_.default_topic_queues,
                        [waited](Result<Route> route) { waited->give(std::move(route)); });
  auto route = await_or_close(*waited, deadline);
  if (!route) return fail(timed_out("the route of the topic \"" + std::string(topic) + "\"", topic, begin));
  if (!*route) {
    Error error = route->error();
    error.topic = topic;
    error.elapsed_ms = millis_between(begin, now());
    return fail(std::move(error));
  }
  return **route;
}

Status Producer::Impl::warm_up(std::string_view topic) {
  if (auto usable = check_usable(); !usable) return usable;
  if (auto valid = validate_topic(topic); !valid) return valid;
  const TimePoint begin = now();
  const TimePoint deadline = begin + options_.send_timeout;
  Status status = connect_to(topic, begin, deadline);
  if (!status) {
    status.error().topic = topic;
    status.error().elapsed_ms = millis_between(begin, now());
    status.error().message = "the warm-up of topic \"" + std::string(topic) + "\" failed: " + status.error().message;
  }
  return status;
}

Status Producer::Impl::connect_to(std::string_view topic, TimePoint begin, TimePoint deadline) {
  auto route = wait_for_route(topic, begin, deadline);
  if (!route) return fail(route.error());
  const auto waited = start_waited(client_->loop(), reach_one_of(client_.get(), *route), "warm-up");
  auto connected = await_or_close(*waited, deadline);
  return connected ? *connected : fail(timed_out("the brokers' answers", topic, begin));
}

Result<std::vector<MessageQueue>> Producer::Impl::queues(std::string_view topic, Millis timeout) {
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  if (auto valid = validate_topic(topic); !valid) return fail(valid.error());
  const TimePoint begin = now();
  auto route = wait_for_route(topic, begin, begin + timeout_or_default(timeout));
  if (!route) return fail(std::move(route.error()));
  std::vector<MessageQueue> queues = (*route)->publish_queues;
  // Those of a topic that does not exist yet are the default topic's.
  for (MessageQueue& queue : queues) queue.topic = topic;
  return queues;
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
  if (auto usable = check_usable(); !usable) return fail(usable.error());
  if (auto valid = validate_topic(topic); !valid) return fail(valid.error());
  auto read = parse_recall_handle(handle);
  if (!read) return fail(read.error());
  if (read->topic != topic) {
    return fail(ErrorKind::kInvalidArgument, "the recall handle is of a message for the topic \"" + read->topic +
                                                 "\", not of one for \"" + std::string(topic) +
                                                 "\": give the topic that the message was sent to");
  }
  const TimePoint begin = now();
  const TimePoint deadline = begin + timeout_or_default(timeout);
  auto route = wait_for_route(topic, begin, deadline);
  if (!route) return fail(std::move(route.error()));
  const std::string broker = client_->routes().find_master(topic, read->broker_name);
  if (broker.empty()) {
    Error error;
    error.kind = ErrorKind::kUnreachable;
    error.topic = topic;
    error.message = "the broker \"" + read->broker_name + "\", which holds the message, has no master now";
    return fail(std::move(error));
  }
  RemotingCommand request = RemotingCommand::request(request_code::kRecallMessage);
  request.ext_fields.add("producerGroup", options_.group);
  request.ext_fields.add("topic", topic);
  request.ext_fields.add("recallHandle", handle);
  request.ext_fields.add("bname", read->broker_name);
  const Millis left(std::max<int64_t>(1, millis_between(now(), deadline)));
  const auto waited = start_waited(client_->loop(), call(client_.get(), broker, std::move(request), left), "recall");
  // The call has the same deadline, and tells more.
  constexpr Millis kMore{1000};
  auto response = await_or_close(*waited, deadline + kMore);
  if (!response) return fail(timed_out("the broker's answer", topic, begin));
  if (!*response) {
    Error error = response->error();
    error.topic = topic;
    return fail(std::move(error));
  }
  if ((*response)->code == response_code::kSuccess) return std::string((*response)->ext_fields.text("msgId"));
  Error error;
  error.kind = ErrorKind::kRejected;
  error.response_code = (*response)->code;
  error.remark = (*response)->remark;
  error.address = broker;
  error.topic = topic;
  error.elapsed_ms = millis_between(begin, now());
  error.message = "the broker " + broker + " did not recall the message, with code " +
                  std::to_string(error.response_code) + ": " + error.remark +
                  " (it may be delivered already, or the broker's recallMessageEnable is off)";
  return fail(std::move(error));
}

void Producer::Impl::start_detector() {
  client_->loop().post([self = shared_from_this()] {
    until_memory([&] {
      self->detector_pause_ = std::make_shared<Pause>(self->client_->loop());
      start_periodic(
          self->client_->loop(), [self] { return self->detector_loop(self->detector_pause_); },
          [self] { return self->background_ended_; }, "detector");
    });
  });
}

void Producer::Impl::end_background() {
  client_->loop().run_and_wait([this] {
    background_ended_ = true;
    linger_timer_ = nullptr;
    if (detector_pause_) detector_pause_->interrupt();
    detector_pause_ = nullptr;
  });
}

// Asks brokers that are avoided whether they answer again.
asio::awaitable<void> Producer::Impl::detector_loop(std::shared_ptr<Pause> pause) {
  while (!background_ended_) {
    co_await pause->wait(options_.detect_interval);
    if (background_ended_) break;
    try {
      for (const std::string& broker : client_->brokers().all_avoided()) detect(broker);
    } catch (const std::exception& e) {
      log(LogLevel::kWarn, "producer", "brokers that are avoided were not asked whether they answer: {}", e.what());
    }
  }
}

// Each by itself, as one that does not answer must not keep the others from being found.
void Producer::Impl::detect(const std::string& broker) {
  const auto [probed, added] = probed_.insert(broker);
  if (!added) return;
  try {
    start_coroutine(client_->loop(), probe(shared_from_this(), probed), "detector");
  } catch (...) {
    probed_.erase(probed);
    throw;
  }
}

asio::awaitable<void> Producer::Impl::probe(std::shared_ptr<Impl> self, std::set<std::string>::const_iterator probed) {
  const struct End {
    Impl& producer;
    const std::set<std::string>::const_iterator probed;
    ~End() { producer.probed_.erase(probed); }
  } end{*self, probed};
  ClientInstance& client = *self->client_;
  const bool answers = co_await client.watch().probe(*probed, self->options_.detect_timeout);
  if (answers && !self->background_ended_) client.brokers().succeeded(*client.brokers().of(*probed));
}

void Producer::Impl::on_suspected(const std::vector<std::shared_ptr<BrokerState>>& brokers, TimePoint at) {
  // The loop has others to serve: the rest goes with the next look, which comes soon.
  constexpr int kMostAtOnce = 256;
  int given_up = 0;
  for (const auto& each : operations_->snapshot()) {
    auto* operation = dynamic_cast<SendOperation*>(each.get());
    if (operation == nullptr || !operation->on_suspected(brokers, at)) continue;
    if (++given_up == kMostAtOnce) return;
  }
}

Result<std::vector<MessageQueue>> Producer::queues(std::string_view topic, Millis timeout) {
  return impl_->queues(topic, timeout);
}

Result<ChosenQueue> Producer::choose_queue(std::string_view topic, Millis timeout, const QueueChooser& choose) {
  return impl_->choose_queue(topic, timeout, choose);
}

Result<std::string> Producer::recall(std::string_view topic, std::string_view handle, Millis timeout) {
  return impl_->recall(topic, handle, timeout);
}

}  // namespace rocketmq
