#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "client/client_instance.h"
#include "producer/transaction.h"

namespace rocketmq {

// Tells the broker at `address` what became of a half message. One-way: `done` gets ok when the request was handed to
// the connection, which may still lose it; on the loop or at once. Any thread.
void send_end_transaction(ClientInstance& client, const std::string& address, const std::string& producer_group,
                          const TransactionEnd& end, TransactionState state, TimePoint deadline,
                          std::function<void(Status)> done);

}  // namespace rocketmq
