#include "c_producer.h"

#include <latch>
#include <thread>
#include <vector>

#include "contender.h"

namespace bench {

namespace {
constexpr int32_t kSendTimeoutMs = 10'000;
// As the other contenders have it: the number comes first.
constexpr int32_t kBatchBytes = 256 * 1024;
constexpr int32_t kMostInABatch = 256;
}  // namespace

rocketmq_error empty_error() {
  rocketmq_error error{};
  error.size = sizeof error;
  return error;
}

void check(int32_t status, const rocketmq_error& error) {
  if (status == ROCKETMQ_OK) return;
  throw CommandError(std::string(rocketmq_status_name(status)) + ": " + error.message);
}

rocketmq_client_options client_options(const std::string& name_servers) {
  rocketmq_client_options options{};
  options.size = sizeof options;
  options.name_servers = to_c(name_servers);
  return options;
}

Outgoing::Outgoing(std::string topic, int64_t size) : topic_(std::move(topic)), body_(static_cast<size_t>(size), 'x') {
  message_.size = sizeof message_;
  message_.topic = to_c(topic_);
  message_.body = reinterpret_cast<const uint8_t*>(body_.data());
  message_.body_length = size;
}

void Outgoing::set_number(int64_t value) {
  for (size_t i = 0; i < 8; ++i) body_[i] = static_cast<char>(static_cast<uint64_t>(value) >> (56 - 8 * i));
}

CProducer::CProducer(const std::string& name_servers, const std::string& group, int64_t in_flight, int64_t linger_ms) {
  const rocketmq_client_options client = client_options(name_servers);
  rocketmq_producer_options options{};
  options.size = sizeof options;
  options.group = to_c(group);
  options.on_sent = on_sent;
  options.context = reinterpret_cast<uint64_t>(this);
  options.send_timeout_ms = kSendTimeoutMs;
  options.compress_threshold_bytes = -1;
  options.max_in_flight_count = static_cast<int32_t>(in_flight);
  options.block_when_full = 1;
  options.auto_batch_linger_ms = static_cast<int32_t>(linger_ms);
  options.auto_batch_max_bytes = kBatchBytes;
  options.auto_batch_max_count = kMostInABatch;
  rocketmq_error error = empty_error();
  check(rocketmq_producer_create(&client, &options, &producer_, &error), error);
  const int32_t started = rocketmq_producer_start(producer_, &error);
  // No destructor runs for what a constructor throws.
  if (started != ROCKETMQ_OK) rocketmq_producer_destroy(producer_);
  check(started, error);
}

CProducer::~CProducer() {
  rocketmq_producer_close(producer_, kSendTimeoutMs, nullptr);
  rocketmq_producer_destroy(producer_);
}

rocketmq_send_result CProducer::send(const Outgoing& outgoing) {
  rocketmq_error error = empty_error();
  rocketmq_send_result result{};
  result.size = sizeof result;
  check(rocketmq_producer_send(producer_, &outgoing.message(), nullptr, &result, &error), error);
  return result;
}

void CProducer::send_range(const Outgoing& outgoing, int64_t first, int64_t end, PublishRun& run) {
  rocketmq_error error = empty_error();
  rocketmq_send_result result{};
  result.size = sizeof result;
  for (int64_t i = first; i < end; ++i) {
    const int64_t begin = monotonic_ns();
    const int32_t status = rocketmq_producer_send(producer_, &outgoing.message(), nullptr, &result, &error);
    run.latencies_ns[static_cast<size_t>(i)] = monotonic_ns() - begin;
    if (status != ROCKETMQ_OK) run.fail(i, error.message);
  }
}

void CProducer::publish_sync(const Outgoing& outgoing, int64_t threads, PublishRun& run) {
  std::latch start(1);
  std::vector<std::thread> callers;
  callers.reserve(static_cast<size_t>(threads));
  for (int64_t i = 0; i < threads; ++i) {
    callers.emplace_back([&, i] {
      start.wait();
      send_range(outgoing, run.count() * i / threads, run.count() * (i + 1) / threads, run);
    });
  }
  run.begin();
  start.count_down();
  for (std::thread& caller : callers) caller.join();
  run.end();
}

void CProducer::publish_async(const Outgoing& outgoing, PublishRun& run) {
  rocketmq_error error = empty_error();
  run_ = &run;
  open_ = run.count();
  run.begin();
  for (int64_t i = 0; i < run.count(); ++i) {
    // The time of sending, until the completion makes the latency of it.
    run.latencies_ns[static_cast<size_t>(i)] = monotonic_ns();
    const int32_t status =
        rocketmq_producer_send_async(producer_, &outgoing.message(), nullptr, static_cast<uint64_t>(i), &error);
    if (status == ROCKETMQ_OK) continue;
    run.fail(i, error.message);
    ended(1);
  }
  for (int64_t left = open_; left > 0; left = open_) open_.wait(left);
  run.end();
}

void CProducer::on_sent(uint64_t context, const rocketmq_send_completion* const* completions, int32_t count) {
  const int64_t at = monotonic_ns();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the C API's contexts are numbers.
  auto& self = *reinterpret_cast<CProducer*>(context);
  for (int32_t i = 0; i < count; ++i) {
    const rocketmq_send_completion& completion = *completions[i];
    int64_t& latency = self.run_->latencies_ns[completion.context];
    latency = at - latency;
    if (completion.error != nullptr) {
      self.run_->fail(static_cast<int64_t>(completion.context), completion.error->message);
    }
  }
  self.ended(count);
}

void CProducer::ended(int64_t count) {
  if (open_.fetch_sub(count) == count) open_.notify_one();
}

}  // namespace bench
