#pragma once

#include <asio/awaitable.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "consumer/missing_topics.h"
#include "consumer/push/push_context.h"
#include "net/coroutine.h"

namespace rocketmq {

// Finds out from time to time which queues are this member's, and has the table take and give them up. The brokers of
// the group's topics are asked for its members side by side. Brokers may list different ones for a while; all that any
// of them lists count. So a topic is allocated as soon as one of its brokers has answered, and anew with each further
// member; only that a member is gone waits for all answers, or for the round's end: a silent broker holds up nothing
// else. Owned by the consumer; on the event loop.
class Rebalancer {
 public:
  Rebalancer(std::shared_ptr<PushContext> context, QueueTable& queues);

  // The rounds, until the context has ended.
  asio::awaitable<void> run(std::shared_ptr<PushContext> context);
  // Something changed: another round at once.
  void soon();
  // Ends the rounds.
  void shut();
  // Of a member of a broadcast: the queues of which offsets were stored in an earlier life.
  void set_stored_queues(const std::vector<MessageQueue>& queues);

 private:
  struct Known {
    Route route;
    std::vector<std::string> members;
  };
  struct Asking {
    // The members may have changed since.
    bool again = false;
  };

  // What is under way is so no more, however it ended.
  struct AskingEnds {
    Rebalancer* rebalancer;
    std::shared_ptr<PushContext> context;
    std::string address;
    bool answered = false;
    void operator()() const;
  };
  struct LookUpEnds {
    Rebalancer* rebalancer;
    std::shared_ptr<PushContext> context;
    std::string topic;
    void operator()() const;
  };
  struct TellingEnds {
    Rebalancer* rebalancer;
    std::shared_ptr<PushContext> context;
    void operator()() const;
  };

  void begin_round();
  bool is_complete() const { return open_.empty() && missing_ == 0; }
  void refuse_static(const std::string& topic);
  void tell_missing(const std::string& topic);
  void look_up(const std::string& topic);
  asio::awaitable<void> look_up_route(std::shared_ptr<PushContext> context, std::string topic, AtEnd<LookUpEnds> ends);
  void tell_brokers();
  asio::awaitable<void> send_heartbeats(std::shared_ptr<PushContext> context, AtEnd<TellingEnds> ends);
  void ask(const std::string& address);
  asio::awaitable<void> ask_members(std::shared_ptr<PushContext> context, std::string address, AtEnd<AskingEnds> ends);
  void on_members(const std::string& address, std::vector<std::string> members);
  // The topics of a broker that was just heard, or failed; `again`: it will be asked once more.
  void allocate_after(const std::string& address, bool again);
  // At the round's end: whatever is left.
  void allocate_rest();
  bool is_asked(const TopicRoute& route) const;
  void allocate(std::map<std::string, Known> topics);

  const std::shared_ptr<PushContext> context_;
  QueueTable& queues_;
  std::shared_ptr<Pause> pause_;
  bool soon_ = false;
  bool telling_ = false;
  bool tell_again_ = false;
  // Of this round: the topics that are not allocated yet, those without a route, and who is being asked.
  std::map<std::string, Route> open_;
  // Of this round, by topic: its route, and all members that a broker listed.
  std::map<std::string, Known> heard_;
  size_t missing_ = 0;
  std::map<std::string, Asking> asking_;
  std::set<std::string> looking_up_;
  // What the last allocation of a topic was made from: where it is the same, there is nothing to do.
  std::map<std::string, Known> known_;
  std::map<std::string, std::vector<MessageQueue>> stored_queues_;
  // Topics of which it was told that they are not consumed.
  std::set<std::string> refused_;
  // Topics of which it was told that no name server knows them.
  MissingTopics missing_topics_;
};

}  // namespace rocketmq
