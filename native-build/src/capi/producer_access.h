#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/boundary.h"
#include "capi/given_out.h"
#include "capi/message_views.h"
#include "producer/producer.h"

namespace rocketmq::capi {

// The C view of a check; what it points at is the core's, and lives as long.
struct CheckViews {
  rocketmq_transaction_check check{};
  MessageViews message;
};

}  // namespace rocketmq::capi

struct rocketmq_producer {
  // What callbacks use outlives the producer, whose end waits for them.
  const std::shared_ptr<rocketmq::capi::GivenOut<rocketmq::capi::CheckViews>> checks =
      std::make_shared<rocketmq::capi::GivenOut<rocketmq::capi::CheckViews>>();
  std::unique_ptr<rocketmq::Producer> impl;
};

// What all functions share that send something by a producer.
namespace rocketmq::capi {

// A message as the core takes it; the properties' views live here, for the time of the caller's call.
struct MessageArgument {
  OutgoingMessage message;
  std::vector<std::pair<std::string_view, std::string_view>> properties;
};

struct SendOptions {
  Millis timeout{0};
  bool limited = true;
  rocketmq_select_callback select = nullptr;
  uint64_t select_context = 0;
};

Status read_message(const rocketmq_message* in, MessageArgument& out);
Result<SendOptions> read_options(const rocketmq_send_options* in);
// Names the queue that the caller's selector chooses, where there is one, and takes the time for it off the timeout.
// `broker_name` keeps its name.
Status select_queue(Producer& producer, SendOptions& options, const rocketmq_message* in, OutgoingMessage& message,
                    std::string& broker_name);
void to_c(const SendReceipt& receipt, rocketmq_send_result& out);

// Hands the ends of calls to the C callback.
CallCallback call_writer(rocketmq_call_callback callback, uint64_t context);

// Checks the arguments that all ways to send share, and sends.
template <typename Send>
Status with_message(rocketmq_producer* producer, const rocketmq_message* message, const rocketmq_send_options* options,
                    Send&& send) {
  if (producer == nullptr) return fail(null_argument("producer"));
  auto send_options = read_options(options);
  if (!send_options) return fail(send_options.error());
  MessageArgument argument;
  if (auto valid = read_message(message, argument); !valid) return valid;
  std::string broker_name;
  if (auto selected = select_queue(*producer->impl, *send_options, message, argument.message, broker_name); !selected) {
    return selected;
  }
  return send(*producer->impl, argument.message, *send_options);
}

}  // namespace rocketmq::capi
