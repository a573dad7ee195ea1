#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "client/client_instance.h"
#include "consumer/simple_consumer.h"

namespace rocketmq {

// One call of a simple consumer, from its acceptance to its end.
struct SimpleOperation {
  enum class Kind { kReceive, kAcknowledge, kChangeInvisible };

  Kind kind = Kind::kReceive;
  bool asynchronous = false;
  uint64_t context = 0;
  TimePoint begin = now();
  TimePoint deadline{};

  // Of a receive.
  ReceiveOptions receive;
  // On the loop: what was taken so far.
  std::vector<PoppedMessage> messages;
  // On the loop: what it waits on between its looks; nullptr outside of its coroutine.
  std::shared_ptr<Pause> pause;
  // On the loop: a pop for it is under way elsewhere.
  bool served = false;

  // Whoever sets it gives the result.
  std::atomic<bool> ended{false};
  std::optional<Result<SimpleResult>> result;
  // For who waits for a synchronous one.
  std::mutex mutex;
  std::condition_variable changed;
  bool has_result = false;
};

// The calls of one consumer that have not ended: each ends once, whoever ends it, and the asynchronous ones are told of
// on the client's callback thread. Any thread.
class SimpleOperations : public std::enable_shared_from_this<SimpleOperations> {
 public:
  using Operation = std::shared_ptr<SimpleOperation>;

  explicit SimpleOperations(SimpleCallback on_completed) : on_completed_(std::move(on_completed)) {}

  // kTooManyRequests, kClosed after refuse().
  // The client lives as long as operations that have not ended.
  Status add(const Operation& operation, ClientInstance* client);
  // Does nothing for one that has ended.
  void end(const Operation& operation, Result<SimpleResult> result);
  // The same; takes the result, or is false and leaves it as it is.
  bool try_end(const Operation& operation, Result<SimpleResult>& result);
  // Of a synchronous one.
  Result<SimpleResult> wait(const Operation& operation);

  // From now on none is added.
  void refuse();
  void end_all(const Error& error, bool receives_only);
  // False when some are left at the deadline; without one, waits for the last.
  bool wait_empty(const TimePoint* deadline);
  int64_t count() const;

 private:
  void deliver();
  void remove(const Operation& operation);

  const SimpleCallback on_completed_;
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::unordered_set<Operation> operations_;
  // Has room for all operations, so that an end needs no memory.
  std::vector<Operation> finished_;
  ClientInstance* client_ = nullptr;
  bool refusing_ = false;
  bool delivering_ = false;
};

}  // namespace rocketmq
