#include "client/broker_watch.h"

#include <utility>

#include "base/log.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

constexpr Millis kInterval{100};
// A look that is so late shows that this process itself stood still, or its loop did.
constexpr Millis kLate{150};
// Without anything to watch it sleeps, until somebody sends again.
constexpr int kIdleLooks = 10;

}  // namespace

BrokerWatch::BrokerWatch(EventLoop& loop, std::shared_ptr<BrokerStates> states,
                         std::shared_ptr<RemotingClient> remoting, RouteTable& routes, Millis probe_timeout, Tell tell)
    : loop_(loop),
      states_(std::move(states)),
      remoting_(std::move(remoting)),
      routes_(routes),
      probe_timeout_(probe_timeout),
      tell_(std::move(tell)),
      pause_(loop) {}

void BrokerWatch::start() {
  try {
    start_periodic(loop_, [this] { return watch(); }, [this] { return stopped_; }, "broker watch");
  } catch (const std::exception& e) {
    // The next one who sends tries again.
    awake_ = false;
    log(LogLevel::kWarn, "client", "the watch over the brokers could not start: {}", e.what());
  }
}

void BrokerWatch::stop() {
  stopped_ = true;
  pause_.interrupt();
}

asio::awaitable<void> BrokerWatch::watch() {
  int idle = 0;
  TimePoint last = now();
  TimePoint deaf_until = last;
  // What was waited for before this began was not watched.
  while (!stopped_) {
    co_await pause_.wait(kInterval);
    if (stopped_) co_return;
    const TimePoint at = now();
    if (at - last > kInterval + kLate) deaf_until = at;
    last = at;
    try {
      auto look = states_->look(at, deaf_until);
      for (auto& state : look.to_probe) start_coroutine(loop_, probe_suspected(std::move(state)), "probe");
      if (!look.suspected.empty()) tell_(look.suspected, at);
      idle = look.busy || !look.suspected.empty() ? 0 : idle + 1;
    } catch (const std::exception& e) {
      log(LogLevel::kError, "client", "the watch over the brokers failed: {}", e.what());
    }
    if (idle < kIdleLooks) continue;
    awake_ = false;
    // Who began to wait meanwhile has seen it awake.
    if (!states_->any_waited_for() || awake_.exchange(true)) co_return;
    idle = 0;
  }
}

asio::awaitable<void> BrokerWatch::probe_suspected(std::shared_ptr<BrokerState> state) {
  std::string address = state->address();
  const bool answers = co_await probe(std::move(address), probe_timeout_);
  if (answers) states_->heard(*state);
}

asio::awaitable<bool> BrokerWatch::probe(std::string address, Millis timeout) {
  const auto queue = routes_.any_queue_at(address);
  if (stopped_ || !queue) co_return false;
  RemotingCommand request = RemotingCommand::request(request_code::kGetMaxOffset);
  request.ext_fields.add("topic", queue->topic);
  request.ext_fields.add("queueId", queue->queue_id);
  request.ext_fields.add("bname", queue->broker_name);
  // Whatever it says: it answers.
  const auto response = co_await remoting_->call(std::move(address), std::move(request), timeout);
  co_return response.has_value();
}

}  // namespace rocketmq
