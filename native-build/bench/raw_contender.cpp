// The contender "raw": a socket and frames made beforehand, the least that any client can cost.
#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <memory>
#include <thread>

#include "contender.h"
#include "raw_frames.h"
#include "raw_socket.h"

namespace {

using bench::Command;
using bench::CommandError;
using bench::Json;
using bench::PublishRun;
using bench::RawResponse;
using bench::RawRoute;
using bench::RawSocket;
using bench::SendTemplate;

constexpr size_t kLargestWrite = size_t{256} * 1024;

// Publishes with a window: this thread writes, another one counts responses.
class Pipeline {
 public:
  Pipeline(RawSocket& socket, const SendTemplate& frame, int64_t window, PublishRun& run)
      : socket_(socket),
        frame_(frame),
        window_(window),
        // Frame by frame, each write would carry one message.
        burst_(std::clamp<int64_t>(window / 4, 1, static_cast<int64_t>(1 + kLargestWrite / frame.size()))),
        run_(run),
        output_(static_cast<size_t>(burst_) * frame.size()) {}

  void publish(uint32_t first_number) {
    std::thread reader([this] { count_responses(); });
    run_.begin();
    std::exception_ptr failure;
    try {
      send(first_number);
    } catch (...) {
      failure = std::current_exception();
      socket_.shut_down();
    }
    reader.join();
    run_.end();
    // The reader's is the cause where both failed.
    if (reader_failure_) std::rethrow_exception(reader_failure_);
    if (failure) std::rethrow_exception(failure);
  }

 private:
  void send(uint32_t first_number) {
    for (int64_t sent = 0; sent < run_.count();) {
      const int64_t burst = std::min(burst_, run_.count() - sent);
      wait_for_answers(sent + burst - window_);
      const int64_t at = bench::monotonic_ns();
      for (int64_t i = 0; i < burst; ++i) {
        // The time of sending, until the response makes the latency of it.
        run_.latencies_ns[static_cast<size_t>(sent + i)] = at;
        frame_.write(output_.data() + static_cast<size_t>(i) * frame_.size(), static_cast<int32_t>(sent + i),
                     first_number + static_cast<uint32_t>(sent + i));
      }
      socket_.write(output_.data(), static_cast<size_t>(burst) * frame_.size());
      sent += burst;
    }
  }

  void wait_for_answers(int64_t wanted) {
    wanted_.store(wanted);
    for (int64_t answered = answered_; answered < wanted; answered = answered_) answered_.wait(answered);
  }

  void count_responses() {
    try {
      for (int64_t answered = 0; answered < run_.count();) {
        int64_t at = 0;
        socket_.read([&](std::string_view frame) {
          if (at == 0) at = bench::monotonic_ns();
          answered += take(frame, at) ? 1 : 0;
        });
        answered_.store(answered);
        if (answered >= wanted_.load()) answered_.notify_one();
      }
    } catch (...) {
      reader_failure_ = std::current_exception();
      socket_.shut_down();
      answered_.store(run_.count());
      answered_.notify_one();
    }
  }

  bool take(std::string_view frame, int64_t at) {
    const RawResponse response = bench::read_response(frame);
    if (!response.is_response) return false;
    if (response.opaque < 0 || response.opaque >= run_.count()) throw CommandError("a response answers no request");
    int64_t& latency = run_.latencies_ns[static_cast<size_t>(response.opaque)];
    latency = at - latency;
    if (response.code != 0) run_.fail(response.opaque, "the broker answered code " + std::to_string(response.code));
    return true;
  }

  RawSocket& socket_;
  const SendTemplate& frame_;
  const int64_t window_;
  const int64_t burst_;
  PublishRun& run_;
  std::vector<char> output_;
  std::atomic<int64_t> answered_{0};
  // How many answers the writer waits for.
  std::atomic<int64_t> wanted_{0};
  std::exception_ptr reader_failure_;
};

class RawContender {
 public:
  explicit RawContender(std::string name_servers) : name_servers_(std::move(name_servers)) {}

  Json first_ack(const Command& command) {
    disconnect();
    const int64_t begin = bench::monotonic_ns();
    PublishRun run(1);
    connected(command, run, [&](RawSocket& broker, const SendTemplate& frame) { send_in_turn(broker, frame, run); });
    const double ms = static_cast<double>(bench::monotonic_ns() - begin) / 1e6;
    run.latency();
    return {{"ms", ms}};
  }

  Json publish(const Command& command) {
    const std::string& mode = command.text("mode");
    PublishRun run(command.count());
    if (mode == "sync") {
      if (command.number_or("threads", 1, 1, 1024) != 1) {
        throw CommandError("threads=" + command.text("threads") +
                           " is not in this contender: it has one connection "
                           "without a lock; use threads=1");
      }
      connected(command, run, [&](RawSocket& broker, const SendTemplate& frame) { send_in_turn(broker, frame, run); });
    } else if (mode == "async") {
      const int64_t window = command.in_flight();
      connected(command, run, [&](RawSocket& broker, const SendTemplate& frame) {
        Pipeline(broker, frame, window, run).publish(next_number_);
      });
    } else {
      throw CommandError("mode=" + mode + " is unknown: use sync or async");
    }
    return run.answer();
  }

 private:
  template <typename Use>
  void connected(const Command& command, const PublishRun& run, Use&& use) {
    const std::string& topic = command.topic();
    try {
      auto route = routes_.find(topic);
      if (route == routes_.end()) {
        RawSocket name_server(name_servers_);
        route = routes_.emplace(topic, bench::find_route(name_server, topic)).first;
      }
      auto& broker = brokers_[route->second.address];
      if (!broker) broker = std::make_unique<RawSocket>(route->second.address);
      use(*broker, SendTemplate(route->second, topic, command.size()));
      next_number_ += static_cast<uint32_t>(run.count());
    } catch (...) {
      // Answers that are still under way would be taken for those of the next command.
      disconnect();
      throw;
    }
  }

  void disconnect() {
    brokers_.clear();
    routes_.clear();
  }

  void send_in_turn(RawSocket& broker, const SendTemplate& frame, PublishRun& run) {
    std::vector<char> output(frame.size());
    int32_t code = 0;
    run.begin();
    for (int64_t i = 0; i < run.count(); ++i) {
      const int64_t begin = bench::monotonic_ns();
      frame.write(output.data(), static_cast<int32_t>(i), next_number_ + static_cast<uint32_t>(i));
      broker.write(output.data(), output.size());
      for (bool answered = false; !answered;) {
        broker.read([&](std::string_view got) {
          const RawResponse response = bench::read_response(got);
          if (!response.is_response || response.opaque != i) return;
          answered = true;
          code = response.code;
        });
      }
      run.latencies_ns[static_cast<size_t>(i)] = bench::monotonic_ns() - begin;
      if (code != 0) run.fail(i, "the broker answered code " + std::to_string(code));
    }
    run.end();
  }

  const std::string name_servers_;
  std::map<std::string, RawRoute> routes_;
  // By address.
  std::map<std::string, std::unique_ptr<RawSocket>> brokers_;
  // Of the next message of this process; ids count with it.
  uint32_t next_number_ = 0;
};

bench::Handlers make_handlers(const std::string& name_servers) {
  auto contender = std::make_shared<RawContender>(name_servers);
  return {{"first-ack", [contender](const Command& command) { return contender->first_ack(command); }},
          {"publish", [contender](const Command& command) { return contender->publish(command); }},
          // It has no library, and thus no such threads.
          {"status", [](const Command&) { return bench::process_status("rmq-"); }}};
}

}  // namespace

int main(int argc, char** argv) { return bench::run_contender(argc, argv, make_handlers); }
