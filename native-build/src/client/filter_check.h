#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "client/client_instance.h"
#include "protocol/subscription.h"

namespace rocketmq {

// What a broker says to a filter.
struct FilterCheck {
  // Some broker of the topic answered; a filter by tag needs no answer.
  bool answered = false;
  // kRejected with the broker's own words.
  Status status;
};

// On the loop: asks a broker of the topic whether it takes the filter, until the deadline.
asio::awaitable<FilterCheck> check_filter(ClientInstance& client, std::string group, Subscription subscription,
                                          TimePoint deadline);

// The same from another thread, which waits.
FilterCheck check_filter_and_wait(const std::shared_ptr<ClientInstance>& client, const std::string& group,
                                  const Subscription& subscription, TimePoint deadline);

// On the loop: for a filter to which no broker answered yet. Asks again until one does, and logs a refusal. `wanted`
// gives the filter as long as it is in use, and nothing from then on; it is called before the client is used.
asio::awaitable<void> check_filter_later(ClientInstance& client, std::string group,
                                         std::function<std::optional<Subscription>()> wanted);

}  // namespace rocketmq
