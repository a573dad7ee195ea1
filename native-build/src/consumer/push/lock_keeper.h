#pragma once

#include <asio/awaitable.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/log_pace.h"
#include "consumer/push/push_context.h"
#include "net/coroutine.h"

namespace rocketmq {

class QueueActor;

// Asks brokers for the locks of an orderly consumer's queues, renews them, and gives them back: of each broker for all
// queues together, the brokers side by side. Tells each queue's actor. Owned by the consumer; on the event loop.
class LockKeeper {
 public:
  explicit LockKeeper(PushContext& context);

  // The renewals; of `context`, which keeps the keeper.
  static asio::awaitable<void> run(std::shared_ptr<PushContext> context);

  void want(const std::shared_ptr<QueueActor>& actor);
  // Gives it back, and renews it no more.
  void unlock(const MessageQueue& queue);
  // Renews it no more.
  void forget(const MessageQueue& queue);
  // A broker that went may come back without its locks.
  void doubt(const std::string& broker_name);
  // No lock is asked for any more; those that are granted from now on are given back at once.
  void close() { closed_ = true; }
  // Sends what unlock() gathered.
  void send_unlocks();
  // Ends run(). The loop may go from then on.
  void shut();

 private:
  struct Broker {
    std::map<MessageQueue, std::weak_ptr<QueueActor>> queues;
    std::set<MessageQueue> unlocks;
    TimePoint renew_at = TimePoint::min();
    bool asking = false;
    // Some queues came since it was asked, or are not locked.
    bool missing = false;
    TimePoint ask_again_at = TimePoint::min();
    Millis retry{100};
    bool ask_posted = false;
    LogPace failures;
  };

  // Of a request for locks: without an answer it is asked again.
  struct Asked {
    std::shared_ptr<PushContext> context;
    std::string broker_name;
    void operator()() const;
  };
  // Of what was posted, for one broker to be asked or for the locks to be given back: it has its turn, or will get
  // none.
  struct Posted {
    std::shared_ptr<PushContext> context;
    std::string broker_name;
    void operator()() const;
  };
  struct UnlocksPosted {
    std::shared_ptr<PushContext> context;
    void operator()() const;
  };

  Millis until_next(Millis step) const;
  void look_after_all();
  void ask_again(Broker& broker);
  void ask_soon(const std::string& broker_name, Broker& broker);
  void ask(const std::string& broker_name, Broker& broker);
  // `all`: those that are locked are among the queues, too, to renew them.
  asio::awaitable<void> lock(std::shared_ptr<PushContext> context, std::string broker_name,
                             std::set<MessageQueue> queues, bool all, AtEnd<Asked> asked);
  static asio::awaitable<void> ask_now(std::shared_ptr<PushContext> context, std::string broker_name,
                                       AtEnd<Posted> posted);
  static asio::awaitable<void> send_unlocks_now(std::shared_ptr<PushContext> context, AtEnd<UnlocksPosted> posted);
  void on_locked(const std::string& broker_name, const std::set<MessageQueue>& asked,
                 const std::set<MessageQueue>& locked, TimePoint asked_at, bool all);
  void send_unlock(const std::string& broker_name, std::set<MessageQueue> queues);

  PushContext& context_;
  // What run() waits on; until shut(), as it is the loop's.
  std::shared_ptr<Pause> pause_;
  std::map<std::string, Broker> brokers_;
  // Given back while an answer was on its way, which may grant them once more.
  std::set<MessageQueue> given_back_;
  bool unlocks_posted_ = false;
  bool closed_ = false;
};

}  // namespace rocketmq
