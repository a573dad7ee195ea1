#pragma once

#include <asio/awaitable.hpp>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fork.h"
#include "base/log_pace.h"
#include "client/client_lease.h"
#include "consumer/missing_topics.h"
#include "consumer/simple/operation.h"
#include "consumer/simple/simple_consumer.h"

namespace rocketmq {

// The parts of a simple consumer stand in files of their own: simple_consumer.cpp (life cycle, subscriptions),
// receive.cpp (what a receive does), pop.cpp (its requests to brokers), acknowledge.cpp.
//
// What calls do happens on the client's event loop, in coroutines that keep this object alive and look at ended_ after
// each wait: from then on they begin nothing new.
class SimpleConsumer::Impl : public ConsumerMember, public std::enable_shared_from_this<SimpleConsumer::Impl> {
 public:
  using Operation = SimpleOperations::Operation;

  Impl(ClientOptions client_options, SimpleConsumerOptions options);

  bool in_child_process() const { return generation_ != fork_generation(); }
  Status start();
  Status subscribe(Subscription subscription);
  Status unsubscribe(std::string_view topic);
  Result<Operation> receive(const ReceiveOptions& options, bool asynchronous, uint64_t context);
  Result<Operation> acknowledge(std::string_view handle, bool asynchronous, uint64_t context);
  Result<Operation> change_invisible(std::string_view handle, Millis invisible, bool asynchronous, uint64_t context);
  Result<SimpleResult> wait(Result<Operation> operation);
  Result<std::string> client_id() const;
  SimpleConsumerStatistics statistics() const;
  Status close(Millis timeout);

  const std::string& group() const override { return options_.group; }
  ConsumerHeartbeat heartbeat() const override;
  void rebalance_soon() override {}
  bool handle_request(const RemotingCommand& request, std::function<void(RemotingCommand)> reply) override;

 private:
  static constexpr Millis kNow{0};
  // A broker chooses the queues.
  static constexpr int32_t kAnyQueue = -1;
  enum class State { kCreated, kStarted, kClosing, kClosed };
  // The queues of a topic on one broker.
  struct Target {
    std::string topic;
    std::string broker_name;
    auto operator<=>(const Target&) const = default;
  };
  // What one look at all targets showed.
  struct Look {
    size_t targets = 0;
    // Some broker answered.
    bool answered = false;
    // What brokers gave, with what the filter left out.
    size_t given = 0;
    // A failure that waiting does not mend.
    bool refused = false;
    // There may be more targets in a moment.
    bool looking_up = false;
    std::optional<Error> failure;
    bool is_one_of_several() const { return targets > 1 || looking_up; }
  };
  struct Popped {
    // How many the broker gave, those that the filter left out included.
    size_t given = 0;
    std::vector<PoppedMessage> messages;
  };
  // A request for messages that is under way.
  struct PendingPop {
    std::shared_ptr<Pause> pause;
    std::optional<Result<Popped>> result;
    // Nobody waits for it any more.
    bool left = false;
  };
  // A place among those that wait, for as long as it lives.
  struct Waiting {
    using All = std::set<std::shared_ptr<Pause>>;
    Waiting(All& of, const std::shared_ptr<Pause>& pause) : all(of), own(pause) { all.insert(own); }
    ~Waiting() { all.erase(own); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    All& all;
    const std::shared_ptr<Pause> own;
  };
  // What came after its receive had ended.
  struct Late {
    TimePoint give_back_at;
    PoppedMessage message;
  };

  // Life cycle.
  Status check_usable() const;
  void finish_close(bool was_started, Millis timeout);
  void start(asio::awaitable<void> coroutine, const char* name);
  // On the loop, which the client outlives.
  ClientInstance& client() { return *loop_client_; }
  // For other threads, which keep it as long as they use it; nullptr unless started.
  std::shared_ptr<ClientInstance> running_client() const;
  std::vector<Subscription> subscriptions() const;
  bool find_subscription(const std::string& topic, Subscription* out) const;
  Status check_filter(const std::shared_ptr<ClientInstance>& client, const Subscription& filter,
                      TimePoint deadline) const;

  // Receiving.
  asio::awaitable<void> run_receive(Operation operation);
  asio::awaitable<Look> look(Operation operation);
  std::vector<Target> find_targets(Look* look);
  void look_up(const std::string& topic);
  void on_looked_up(const std::string& topic, const Result<Route>& found);
  asio::awaitable<void> wait_for_route(Millis most);
  bool is_silent(const Target& target);
  Error why_silent(const Target& target) const;
  void note_heard(const Target& target);
  // Takes as much as there is, or as much as is left of what the operation asks for.
  asio::awaitable<void> take(Operation operation, Target target, Millis poll, Millis patience, Look* look);
  asio::awaitable<Result<Popped>> pop_in_time(Target target, int32_t most, Millis invisible, Millis poll,
                                              Millis patience);
  void pop_beside(const Target& target, const Operation& operation);
  asio::awaitable<void> run_pop(Target target, std::shared_ptr<PendingPop> pending, int32_t most, Millis invisible,
                                Millis poll);
  void take_late(std::vector<PoppedMessage> messages);
  void take_kept(const Operation& operation);
  asio::awaitable<void> give_late_back(Millis after);
  asio::awaitable<Result<Popped>> pop(Target target, int32_t most, Millis invisible, Millis poll);
  int32_t most_of(const Target& target, int32_t wanted);
  void give_back(const std::vector<PoppedMessage>& messages);
  void give_back(const PoppedMessage& message);
  Popped keep_wanted(PoppedMessages popped, const Target& target, const Subscription& subscription);
  void end_receive(const Operation& operation, const Look& look);
  // Waits at several brokers: each tells when it has messages.
  asio::awaitable<void> wait_for_messages(Operation operation, Millis most);
  asio::awaitable<bool> wait_for_answer(Operation operation);
  asio::awaitable<void> watch(Target target);
  asio::awaitable<Result<bool>> ask_for_messages(Target target);
  asio::awaitable<bool> serve_first(Target target);

  // Acknowledging.
  asio::awaitable<void> run_acknowledge(Operation operation, ReceiptHandle handle);
  asio::awaitable<void> run_change_invisible(Operation operation, ReceiptHandle handle, Millis invisible);
  asio::awaitable<void> acknowledge_filtered(ReceiptHandle handle);
  RemotingCommand request_about(int32_t code, const ReceiptHandle& handle) const;
  // `repeatable`: whether it may be carried out twice.
  asio::awaitable<void> send_to_silent(std::string address, RemotingCommand request);
  asio::awaitable<Result<RemotingCommand>> call_broker_of(ReceiptHandle handle, RemotingCommand request,
                                                          bool repeatable, TimePoint deadline);

  const ClientOptions client_options_;
  const SimpleConsumerOptions options_;
  const uint64_t generation_ = fork_generation();
  std::optional<ClientLease> lease_;
  // Until the close: a coroutine that never wakes would otherwise keep the loop that keeps it.
  std::shared_ptr<ClientInstance> client_;
  ClientInstance* loop_client_ = nullptr;
  const std::shared_ptr<SimpleOperations> operations_;

  mutable std::mutex mutex_;
  std::condition_variable closed_;
  std::atomic<State> state_{State::kCreated};
  std::map<std::string, Subscription> subscriptions_;

  struct UnknownTopic {
    TimePoint next_look;
    Error error;
  };

  // On the event loop.
  bool ended_ = false;
  std::map<std::string, UnknownTopic> unknown_;
  MissingTopics missing_topics_;
  std::set<std::string> looking_up_;
  size_t next_target_ = 0;
  // Receives that wait for several brokers, the one that has waited longest first.
  std::list<Operation> waiting_;
  std::set<Target> watched_;
  // Brokers that did not answer in time, with why; when they answered last, by name; how many requests to them nobody
  // waits for; and what these brought.
  struct Silence {
    Error error;
    TimePoint at;
  };
  std::map<Target, Silence> silent_;
  LogPace left_out_pace_;
  std::map<std::string, TimePoint> heard_;
  std::map<Target, int> left_;
  // Whose answers were too large: how many are asked for at once, until when.
  struct Fewer {
    int32_t most;
    TimePoint until;
  };
  std::map<Target, Fewer> fewer_;
  std::deque<Late> late_;
  // What coroutines wait on between their requests, to be woken at the end.
  Waiting::All pauses_;
  // Of those who wait for a route.
  Waiting::All route_waits_;
  asio::awaitable<void> pause_for(Millis duration);

  std::atomic<int64_t> receives_{0};
  std::atomic<int64_t> pops_{0};
  std::atomic<int64_t> received_{0};
  std::atomic<int64_t> filtered_{0};
  std::atomic<int64_t> left_out_{0};
  std::atomic<int64_t> acknowledged_{0};
  std::atomic<int64_t> changed_{0};
  std::atomic<int64_t> started_ms_{0};
};

// The error of a request that a broker refused.
Error refusal_of(const RemotingCommand& response, const std::string& address, std::string_view topic);
// Whether a broker that refused so may do it a moment later.
bool may_pass(int32_t response_code);

}  // namespace rocketmq
