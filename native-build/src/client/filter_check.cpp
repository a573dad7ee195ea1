#include "client/filter_check.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "net/waited_coroutine.h"
#include "protocol/codes.h"
#include "protocol/heartbeat.h"

namespace rocketmq {

namespace {

constexpr Millis kRetryPause{100};
constexpr Millis kLaterPause{1000};

bool may_pass(int32_t code) {
  return code == response_code::kSystemBusy || code == response_code::kServiceNotAvailable ||
         code == response_code::kFlowControl;
}

// What an answer means; nothing when the question is to be put again.
std::optional<FilterCheck> read_answer(const RemotingCommand& response, const std::string& address,
                                       const Subscription& subscription) {
  if (response.code == response_code::kSuccess) return FilterCheck{true, {}};
  // A broker that does not know the question cannot refuse the filter before the first pull.
  if (response.code == response_code::kRequestCodeNotSupported) return FilterCheck{true, {}};
  if (may_pass(response.code)) return std::nullopt;
  Error error;
  error.kind = ErrorKind::kRejected;
  error.response_code = response.code;
  error.remark = response.remark;
  error.address = address;
  error.topic = subscription.topic;
  error.message = address + " refused the filter \"" + subscription.expression + "\" of topic \"" + subscription.topic +
                  "\" with code " + std::to_string(response.code) + ": " + response.remark;
  return FilterCheck{true, fail(std::move(error))};
}

}  // namespace

asio::awaitable<FilterCheck> check_filter(ClientInstance& client, std::string group, Subscription subscription,
                                          TimePoint deadline) {
  if (!subscription.by_sql()) co_return FilterCheck{true, {}};
  for (;;) {
    if (!client.routes().find(subscription.topic)) co_await client.routes().refresh(subscription.topic);
    const std::string address = client.any_broker_of(subscription.topic);
    const Millis left(millis_between(now(), deadline));
    if (!address.empty() && left > Millis(0)) {
      RemotingCommand request = RemotingCommand::request(request_code::kCheckClientConfig, SerializeType::kJson);
      request.body = SharedBytes::copy_of(filter_check_to_json(client.client_id(), group, subscription));
      auto response = co_await client.remoting().call(address, std::move(request), left);
      if (response) {
        auto answer = read_answer(*response, address, subscription);
        if (answer) co_return std::move(*answer);
      } else if (response.error().kind == ErrorKind::kClosed) {
        co_return FilterCheck{};
      } else {
        client.routes().invalidate(subscription.topic);
      }
    }
    if (now() + kRetryPause >= deadline) co_return FilterCheck{};
    Pause pause(client.loop());
    co_await pause.wait(kRetryPause);
  }
}

FilterCheck check_filter_and_wait(const std::shared_ptr<ClientInstance>& client, const std::string& group,
                                  const Subscription& subscription, TimePoint deadline) {
  if (!subscription.by_sql()) return {true, {}};
  const auto waited = start_waited(
      client->loop(),
      // It may go on after the wait, at most as long as the client's loop.
      [](ClientInstance* of, std::string name, Subscription about,
         TimePoint until) -> asio::awaitable<Result<FilterCheck>> {
        FilterCheck check = co_await check_filter(*of, std::move(name), std::move(about), until);
        co_return check;
      }(client.get(), group, subscription, deadline),
      "filter check");
  const auto check = waited->wait(deadline);
  return check ? **check : FilterCheck{};
}

asio::awaitable<void> check_filter_later(ClientInstance& client, std::string group,
                                         std::function<std::optional<Subscription>()> wanted) {
  for (bool answered = false; !answered;) {
    Pause pause(client.loop());
    co_await pause.wait(kLaterPause);
    const auto subscription = wanted();
    if (!subscription) co_return;
    const FilterCheck check =
        co_await check_filter(client, group, *subscription, now() + client.options().request_timeout);
    answered = check.answered;
    if (!check.status) {
      log(LogLevel::kError, "consumer", "group {} gets no messages of topic {}: {}", group, subscription->topic,
          check.status.error().message);
    }
  }
}

}  // namespace rocketmq
