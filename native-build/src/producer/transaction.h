#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/thread.h"
#include "protocol/message.h"

namespace rocketmq {

// The numbers are those of the C API (ROCKETMQ_TRANSACTION_*).
enum class TransactionState : int32_t { kUnknown = 0, kCommit = 1, kRollback = 2 };

// What END_TRANSACTION tells a broker.
struct TransactionEnd {
  std::string topic;
  std::string broker_name;
  std::string message_id;
  std::string transaction_id;
  // Where the half message lies: in the broker's queue of half messages, and in its log.
  int64_t queue_offset = 0;
  int64_t commit_log_offset = 0;
  bool from_check = false;
};

// A broker's question what became of a half message.
struct TransactionCheck {
  uint64_t id = 0;
  // With the topic and the queue to which it goes; unpacked.
  StoredMessage message;
  std::string broker_name;
  std::string transaction_id;
};

// Called on a check thread ("rmq-check-N"). `check` stays valid until it is answered, or the producer's end, and until
// the callback returns. One that throws has answered kUnknown.
using CheckCallback = std::function<void(TransactionCheck& check)>;

// Checked options; see rocketmq_transaction_options.
struct TransactionOptions {
  CheckCallback on_check;
  int32_t check_threads = 4;
  int32_t max_pending_checks = 2000;
  Millis check_timeout{60000};
  // Starts the check threads; for tests.
  std::function<std::thread(std::string name, std::function<void()> body)> thread_starter = start_thread;
};

}  // namespace rocketmq
