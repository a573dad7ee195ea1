#pragma once

#include <asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "mock/mock_server.h"

namespace rocketmq::mock {

class MockBroker;

// POP at a mock broker: takes messages for a group, holds requests until there are some, and puts what is not
// acknowledged in its invisible time into the group's retry topic. On the loop, under the cluster's mutex.
class MockPop {
 public:
  using Reply = std::function<void(RemotingCommand)>;

  MockPop(asio::io_context& loop, MockBroker& broker) : loop_(loop), broker_(broker) {}

  // For the requests of POP.
  void handle(const RemotingCommand& request, const Reply& reply);
  // A message was stored in the topic: answers what waits for it.
  void on_stored(const std::string& topic);
  // Messages given out, and neither acknowledged nor over their time.
  size_t invisible_count() const { return checkpoints_.size(); }

 private:
  // Group, topic where it lies, queue, offset, time of the pop.
  using Key = std::tuple<std::string, std::string, int, int64_t, int64_t>;
  struct Held {
    RemotingCommand request;
    Reply reply;
    asio::steady_timer timer;
  };
  struct Taken {
    std::vector<uint8_t> body;
    std::string start_offsets;
    std::string offsets;
    int64_t count = 0;
  };

  void pop(const RemotingCommand& request, const Reply& reply, bool may_hold);
  void notify(const RemotingCommand& request, const Reply& reply, bool may_hold);
  void acknowledge(const RemotingCommand& request, const Reply& reply);
  void change_invisible(const RemotingCommand& request, const Reply& reply);
  void answer(Held& held, bool may_hold);
  // False for one that is held no more.
  bool let_go(const std::shared_ptr<Held>& held);
  void hold(const RemotingCommand& request, const Reply& reply);
  bool has_messages(const std::string& group, const std::string& topic) const;
  // From all queues of `real_topic`, which is `topic` or the group's retry topic of it.
  void take(const RemotingCommand& request, const std::string& real_topic, int64_t pop_time, Taken& taken);
  void hide(const Key& key, std::chrono::milliseconds duration);
  void revive(const Key& key);

  asio::io_context& loop_;
  MockBroker& broker_;
  int64_t last_pop_time_ = 0;
  // Group, topic, queue: the next offset to give out.
  std::map<std::tuple<std::string, std::string, int>, int64_t> next_;
  std::map<Key, std::shared_ptr<asio::steady_timer>> checkpoints_;
  // By the topics in which a message may come that is waited for.
  std::multimap<std::string, std::shared_ptr<Held>> held_;
};

}  // namespace rocketmq::mock
