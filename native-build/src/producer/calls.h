#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/one_shot_event.h"
#include "client/client_instance.h"
#include "client/completions.h"
#include "producer/producer.h"

namespace rocketmq {

// One call of a producer that waits for servers and is no send: a warm-up, a question for queues, a recall, the
// asynchronous end of a transaction. Ends exactly once.
struct Call final : Completion {
  static constexpr int kKind = 2;
  // The gauges count sends.
  Call() {
    kind = kKind;
    told = Told::kOnLane;
    gauged_count = 0;
  }

  // Its producer, which must live as long as somebody tells its end; let go of with it.
  std::shared_ptr<void> owner;
  std::string topic;
  TimePoint begin;
  TimePoint deadline;
  // An asynchronous one, whose `context` goes to the callback.
  bool asynchronous = false;
  uint64_t context = 0;
  // Written once, before `ended`.
  std::optional<Result<CallEnd>> end;
  // For who waits for a synchronous one.
  OneShotEvent ended;
};

// The calls of one producer; among its operations, which end and tell them as the others. Any thread.
class Calls : public std::enable_shared_from_this<Calls> {
 public:
  // Ends one call, once: what comes later is dropped, and what comes after the producer's end too. Keeps neither of
  // them.
  class Ender {
   public:
    Ender(std::weak_ptr<Calls> calls, std::weak_ptr<Call> call) : calls_(std::move(calls)), call_(std::move(call)) {}
    void operator()(Result<CallEnd> end) const;

   private:
    std::weak_ptr<Calls> calls_;
    std::weak_ptr<Call> call_;
  };
  // On the loop, as long as that goes on: to share in the client would keep it, and so the loop. Ends by the call's
  // deadline, or a second later.
  using Work = std::function<asio::awaitable<Result<CallEnd>>(ClientInstance* client)>;

  Calls(std::shared_ptr<CompletionQueue> operations, CallCallback on_ended)
      : operations_(std::move(operations)), on_ended_(std::move(on_ended)) {}

  // Before the first call.
  void start(std::shared_ptr<ClientInstance> client) { client_ = std::move(client); }
  // Where an asynchronous one can tell its end.
  Status check_callback() const;

  // From here on it ends exactly once. kClosed; kTooManyRequests.
  Status add(const std::shared_ptr<Call>& call);
  Ender ender_of(const std::shared_ptr<Call>& call) { return {weak_from_this(), call}; }
  // Has the loop do the work, whose end is the call's. What it throws has not begun it, and taken the call back; where
  // a close has ended that meanwhile, nothing is thrown.
  void begin(const std::shared_ptr<Call>& call, const Work& work, const char* name);
  // Takes back a call that could not be begun; false where a close has ended it, which is told.
  bool take_back(const std::shared_ptr<Call>& call);
  // Of a synchronous one. By its deadline it ends whatever the loop does.
  Result<CallEnd> wait(const std::shared_ptr<Call>& call);

  // On the callback lane: tells the end of an asynchronous one.
  void call_back(const Call& call);
  // Ends it with kClosed unless it has ended.
  void abort(Call& call);

 private:
  static asio::awaitable<void> carry_out(ClientInstance* client, Work work, Ender ender);
  void told();
  // False when it has ended before.
  bool take(const std::shared_ptr<Call>& call);
  void finish(const std::shared_ptr<Call>& call, Result<CallEnd> end);

  const std::shared_ptr<CompletionQueue> operations_;
  const CallCallback on_ended_;
  std::shared_ptr<ClientInstance> client_;
  std::mutex mutex_;
  std::set<std::shared_ptr<Call>> open_;
  // With those whose end is not told yet.
  size_t under_way_ = 0;
};

}  // namespace rocketmq
