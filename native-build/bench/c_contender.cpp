// The contender "c": librocketmq by way of its C API.
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "c_consumer.h"
#include "c_producer.h"
#include "contender.h"

namespace {

using bench::Command;
using bench::CommandError;
using bench::CProducer;
using bench::Json;
using bench::Outgoing;
using bench::PublishRun;

constexpr int64_t kUsualInFlight = 1024;

class CContender {
 public:
  explicit CContender(std::string name_servers) : name_servers_(std::move(name_servers)) {}

  Json first_ack(const Command& command) {
    // A client that lives already would lend its connections.
    producers_.clear();
    const int64_t begin = bench::monotonic_ns();
    producer(kUsualInFlight).send(Outgoing(command.topic(), command.size()));
    return {{"ms", static_cast<double>(bench::monotonic_ns() - begin) / 1e6}};
  }

  Json publish(const Command& command) {
    const std::string& mode = command.text("mode");
    const Outgoing outgoing(command.topic(), command.size());
    PublishRun run(command.count());
    if (mode == "sync") {
      producer(kUsualInFlight).publish_sync(outgoing, command.number_or("threads", 1, 1, 1024), run);
    } else if (mode == "async") {
      const int64_t linger = command.number_or("linger", 0, 0, 60'000);
      producer(command.in_flight(), linger).publish_async(outgoing, run);
    } else {
      throw CommandError("mode=" + mode + " is unknown: use sync or async");
    }
    return run.answer();
  }

  Json drain(const Command& command) { return bench::drain(name_servers_, command); }

  Json end_to_end(const Command& command) {
    return bench::end_to_end(name_servers_, producer(kUsualInFlight), command);
  }

  Json more_producers(const Command& command) {
    const int64_t count = command.number("count", 1, 10'000);
    const int64_t each = command.number("each", 1, 1'000'000);
    const Outgoing outgoing(command.topic(), command.size());
    std::vector<std::unique_ptr<CProducer>> more;
    const int64_t begin = bench::monotonic_ns();
    for (int64_t i = 0; i < count; ++i) {
      more.push_back(std::make_unique<CProducer>(name_servers_, "bench-c-more-" + std::to_string(i), kUsualInFlight));
      for (int64_t sent = 0; sent < each; ++sent) more.back()->send(outgoing);
    }
    const double seconds = static_cast<double>(bench::monotonic_ns() - begin) / 1e9;
    return {{"threads", bench::thread_count()}, {"rss_kb", bench::resident_kb()}, {"seconds", seconds}};
  }

 private:
  CProducer& producer(int64_t in_flight, int64_t linger_ms = 0) {
    auto& found = producers_[{in_flight, linger_ms}];
    if (!found) {
      const std::string group = "bench-c-" + std::to_string(in_flight) + "-" + std::to_string(linger_ms);
      found = std::make_unique<CProducer>(name_servers_, group, in_flight, linger_ms);
    }
    return *found;
  }

  const std::string name_servers_;
  // By their limit of sends in flight and the linger time of their batches, which are fixed for a producer's life.
  std::map<std::pair<int64_t, int64_t>, std::unique_ptr<CProducer>> producers_;
};

bench::Handlers make_handlers(const std::string& name_servers) {
  auto contender = std::make_shared<CContender>(name_servers);
  return {{"first-ack", [contender](const Command& command) { return contender->first_ack(command); }},
          {"publish", [contender](const Command& command) { return contender->publish(command); }},
          {"drain", [contender](const Command& command) { return contender->drain(command); }},
          {"end-to-end", [contender](const Command& command) { return contender->end_to_end(command); }},
          {"producers", [contender](const Command& command) { return contender->more_producers(command); }},
          {"status", [](const Command&) { return bench::process_status("rmq-"); }}};
}

}  // namespace

int main(int argc, char** argv) { return bench::run_contender(argc, argv, make_handlers); }
