#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "measurement.h"
#include "rocketmq/rocketmq.h"

namespace bench {

inline rocketmq_string to_c(const std::string& text) { return {text.data(), static_cast<int64_t>(text.size())}; }

rocketmq_error empty_error();
// Throws a CommandError with the error's message unless the status is OK.
void check(int32_t status, const rocketmq_error& error);
rocketmq_client_options client_options(const std::string& name_servers);

// A message that is sent again and again.
class Outgoing {
 public:
  Outgoing(std::string topic, int64_t size);
  // It points into this object.
  const rocketmq_message& message() const { return message_; }
  // Overwrites the body's first 8 bytes, big-endian.
  void set_number(int64_t value);

  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

 private:
  const std::string topic_;
  std::string body_;
  rocketmq_message message_{};
};

// A started producer of librocketmq. Failures are CommandErrors.
class CProducer {
 public:
  // With a linger time, asynchronous sends that come within it go in batches.
  CProducer(const std::string& name_servers, const std::string& group, int64_t in_flight, int64_t linger_ms = 0);
  ~CProducer();

  CProducer(const CProducer&) = delete;
  CProducer& operator=(const CProducer&) = delete;

  rocketmq_send_result send(const Outgoing& outgoing);
  // Sends the run's messages `first` to `end` - 1 and takes their latencies.
  void send_range(const Outgoing& outgoing, int64_t first, int64_t end, PublishRun& run);
  void publish_sync(const Outgoing& outgoing, int64_t threads, PublishRun& run);
  // One at a time.
  void publish_async(const Outgoing& outgoing, PublishRun& run);

 private:
  static void on_sent(uint64_t context, const rocketmq_send_completion* const* completions, int32_t count);
  void ended(int64_t count);

  rocketmq_producer* producer_ = nullptr;
  PublishRun* run_ = nullptr;
  // Messages of run_ without an end yet.
  std::atomic<int64_t> open_{0};
};

}  // namespace bench
