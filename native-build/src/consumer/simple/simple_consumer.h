#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "client/client_options.h"
#include "protocol/pop.h"
#include "protocol/subscription.h"

namespace rocketmq {

// What one call of a simple consumer ends with.
struct SimpleResult {
  // Of a receive.
  std::vector<PoppedMessage> messages;
  // Of a change of the invisible time: what replaces the message's handle.
  std::string receipt_handle;
};

// The end of one asynchronous call; what is in it may be taken over.
struct SimpleOutcome {
  uint64_t context = 0;
  Result<SimpleResult>& result;
};

// Called on the callback threads with 1 to 1,024 outcomes, one call at a time for each consumer.
using SimpleCallback = std::function<void(std::vector<SimpleOutcome>& outcomes)>;

// Checked options; see rocketmq_simple_consumer_options.
struct SimpleConsumerOptions {
  std::string group{};
  SimpleCallback on_completed = nullptr;
  // Of a queue that the group has not consumed of.
  bool from_first_offset = false;
};

// Checked options; see rocketmq_receive_options.
struct ReceiveOptions {
  int32_t max_messages = kMostPopped;
  Millis invisible{60000};
  Millis await{20000};
};

struct SimpleConsumerStatistics {
  int64_t receives = 0;
  int64_t pops = 0;
  int64_t messages_received = 0;
  int64_t messages_filtered = 0;
  int64_t messages_left_out = 0;
  int64_t messages_acknowledged = 0;
  int64_t invisible_changes = 0;
  int64_t calls_in_flight = 0;
};

// Takes messages when it is asked to (POP of the protocol): brokers choose the queues, and hide what they gave until it
// is acknowledged or the invisible time ends. Every function from any thread; the synchronous ones not on the loop.
class SimpleConsumer {
 public:
  static Result<std::unique_ptr<SimpleConsumer>> create(ClientOptions client_options, SimpleConsumerOptions options);
  // Closes with no time to wait where that was not done; on a client thread "rmq-close" does the rest.
  ~SimpleConsumer();

  // A running consumer, and start, wait for a broker's word on a filter by SQL92 (kRejected), at most the client's
  // request_timeout.
  Status subscribe(Subscription subscription);
  Status unsubscribe(std::string_view topic);
  Status start();
  Result<SimpleResult> receive(const ReceiveOptions& options);
  Status acknowledge(std::string_view receipt_handle);
  Result<SimpleResult> change_invisible_duration(std::string_view receipt_handle, Millis invisible);
  // On success `context` comes back with exactly one outcome.
  Status receive_async(const ReceiveOptions& options, uint64_t context);
  Status acknowledge_async(std::string_view receipt_handle, uint64_t context);
  Status change_invisible_duration_async(std::string_view receipt_handle, Millis invisible, uint64_t context);
  Result<std::string> client_id() const;
  SimpleConsumerStatistics statistics() const;
  // Idempotent; receives under way end, for the rest it waits up to `timeout`, not on a client thread.
  Status close(Millis timeout);

 private:
  class Impl;
  explicit SimpleConsumer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rocketmq
