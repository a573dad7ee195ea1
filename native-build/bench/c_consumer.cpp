#include "c_consumer.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace bench {

namespace {

constexpr int32_t kCloseTimeoutMs = 10'000;
constexpr std::chrono::seconds kLongestDrain{120};

}  // namespace

CConsumer::CConsumer(const std::string& name_servers, const std::string& group, const std::string& topic,
                     int32_t consume_from, int64_t batch, Listener listener)
    : listener_(std::move(listener)) {
  const rocketmq_client_options client = client_options(name_servers);
  rocketmq_push_consumer_options options{};
  options.size = sizeof options;
  options.group = to_c(group);
  options.on_messages = on_messages;
  options.context = reinterpret_cast<uint64_t>(this);
  options.consume_from = consume_from;
  options.max_batch_size = static_cast<int32_t>(batch);
  options.pull_batch_size = 32;
  rocketmq_error error = empty_error();
  check(rocketmq_push_consumer_create(&client, &options, &consumer_, &error), error);
  try {
    subscribe(topic);
  } catch (const CommandError&) {
    // No destructor runs for what a constructor throws.
    rocketmq_push_consumer_destroy(consumer_);
    throw;
  }
}

CConsumer::~CConsumer() {
  rocketmq_push_consumer_close(consumer_, kCloseTimeoutMs, nullptr);
  rocketmq_push_consumer_destroy(consumer_);
}

void CConsumer::subscribe(const std::string& topic) {
  const rocketmq_string name = to_c(topic);
  rocketmq_error error = empty_error();
  check(rocketmq_push_consumer_subscribe(consumer_, &name, ROCKETMQ_FILTER_TAG, nullptr, &error), error);
}

void CConsumer::start() {
  rocketmq_error error = empty_error();
  check(rocketmq_push_consumer_start(consumer_, &error), error);
}

void CConsumer::on_messages(uint64_t context, const rocketmq_message_batch* batch) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the C API's contexts are numbers.
  auto& self = *reinterpret_cast<CConsumer*>(context);
  self.listener_(*batch);
  rocketmq_push_consumer_acknowledge(self.consumer_, batch->delivery_id, nullptr, nullptr);
}

Json drain(const std::string& name_servers, const Command& command) {
  const int64_t wanted = command.count();
  std::mutex mutex;
  std::condition_variable ended;
  int64_t received = 0;
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  double end_cpu_s = 0;
  CConsumer consumer(name_servers, command.text("group"), command.topic(), ROCKETMQ_CONSUME_FROM_FIRST_OFFSET,
                     command.number("batch", 1, 1024), [&](const rocketmq_message_batch& batch) {
                       const int64_t at = monotonic_ns();
                       std::lock_guard lock(mutex);
                       if (received >= wanted) return;
                       if (received == 0) first_ns = at;
                       received += batch.count;
                       last_ns = at;
                       if (received < wanted) return;
                       end_cpu_s = cpu_seconds();
                       ended.notify_one();
                     });
  const double begin_cpu_s = cpu_seconds();
  const int64_t begin_ns = monotonic_ns();
  consumer.start();
  std::unique_lock lock(mutex);
  if (!ended.wait_for(lock, kLongestDrain, [&] { return received >= wanted; })) end_cpu_s = cpu_seconds();
  if (received == 0) {
    throw CommandError("none of " + std::to_string(wanted) + " messages of topic " + command.topic() +
                       " came within 120 s: publish to it first");
  }
  return {{"received", received},
          {"first_ms", static_cast<double>(first_ns - begin_ns) / 1e6},
          {"seconds", static_cast<double>(last_ns - first_ns) / 1e9},
          {"cpu_us", (end_cpu_s - begin_cpu_s) * 1e6 / static_cast<double>(received)},
          {"heap_b", 0}};
}

}  // namespace bench
