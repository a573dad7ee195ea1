#pragma once

#include <asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mock/mock_pop.h"
#include "mock/mock_server.h"
#include "mock/queue_locks.h"
#include "protocol/heartbeat.h"
#include "protocol/message.h"

namespace rocketmq::mock {

class MockCluster;

// A broker that stores, holds pulls until messages arrive, keeps offsets and groups, delays, and redelivers.
// A delay level of n lasts n times delay_unit.
class MockBroker : public MockServer {
 public:
  MockBroker(asio::io_context& loop, std::recursive_mutex& mutex, MockCluster& cluster, std::string name);

  const std::string& name() const { return name_; }
  void set_delay_unit(std::chrono::milliseconds unit);
  // Stores a message, as from another producer; `properties` as "k\001v\002…". The queue's offset of it.
  int64_t put(const std::string& topic, int queue, const std::string& body, const std::string& properties = {});
  // Stores bytes in place of a message.
  void put_raw(const std::string& topic, int queue, std::vector<uint8_t> bytes);
  // Forgets what lies before `offset`.
  void trim(const std::string& topic, int queue, int64_t offset);
  std::vector<StoredMessage> messages(const std::string& topic) const;
  // -1 where there is none.
  int64_t committed_offset(const std::string& group, const std::string& topic, int queue) const;
  void set_committed_offset(const std::string& group, const std::string& topic, int queue, int64_t offset);
  std::set<std::string> clients_of(const std::string& group) const;
  // Which client has the lock of a queue; {} for none.
  std::string lock_owner(const std::string& group, const std::string& topic, int queue) const;
  // Gives a lock to a client, in place of whoever has it; to {}: takes it away.
  void set_lock_owner(const std::string& group, const std::string& topic, int queue, const std::string& client_id);
  // Popped messages that are neither acknowledged nor over their invisible time.
  int invisible_count() const;
  // Sends a request to every connected client.
  void send_to_clients(const RemotingCommand& request);

  // The client ids whose heartbeats name the producer group.
  std::set<std::string> producers_of(const std::string& group) const;
  // Half messages that were neither committed nor rolled back.
  int open_transactions() const;
  // Asks a producer of its group about each of them, and stores the message anew before, as a broker does. How many
  // were asked about.
  int check_transactions();

 protected:
  void handle(const std::shared_ptr<Session>& session, const RemotingCommand& request, Reply reply) override;
  void on_disconnect(Session* session) override;

 private:
  friend class MockPop;
  struct Stored {
    std::vector<uint8_t> bytes;
    int32_t tag_hash = 0;
  };
  struct Queue {
    int64_t first_offset = 0;
    std::vector<Stored> messages;
    int64_t end() const { return first_offset + static_cast<int64_t>(messages.size()); }
  };
  struct HeldPull {
    RemotingCommand request;
    Reply reply;
    std::shared_ptr<asio::steady_timer> timer;
  };
  using QueueKey = std::pair<std::string, int>;
  struct Half {
    std::string topic;
    std::string properties;
    std::vector<uint8_t> body;
    MessageToStore message;
  };

  void send(const RemotingCommand& request, Reply reply);
  // False, and answered, where the topic is not there and may not be made.
  bool ensure_topic(const RemotingCommand& request, const Reply& reply);
  void send_batch(const RemotingCommand& request, Reply reply);
  void pull(const RemotingCommand& request, Reply reply, bool may_hold, bool may_commit);
  void send_back(const RemotingCommand& request, Reply reply);
  void heartbeat(const std::shared_ptr<Session>& session, const RemotingCommand& request, Reply reply);
  void unregister(const RemotingCommand& request, Reply reply);
  void offsets(const RemotingCommand& request, Reply reply);
  void locks(const RemotingCommand& request, Reply reply);
  int64_t store(MessageToStore message, int32_t delay_level);
  int64_t append(const QueueKey& key, Stored stored);
  void release_pulls(const QueueKey& key);
  // In mock_broker_producers.cpp.
  void send_half(const MessageToStore& message, const RemotingCommand& request, const Reply& reply);
  void end_transaction(const RemotingCommand& request);
  void push_reply(const RemotingCommand& request, const Reply& reply);
  void register_producer(const std::string& group, const std::string& client, const std::shared_ptr<Session>& session);
  void unregister_producer(const std::string& group, const std::string& client);
  void forget_producers(Session* session);
  void leave(const std::string& group, const std::string& client);
  // Stores a message once more, in queue 0 of another topic, with one delivery more.
  void store_again(const std::string& topic, int queue, int64_t offset, const std::string& to);
  // A stored message under another topic's name, and with its checkpoint.
  static void append_recoded(const std::vector<uint8_t>& stored, const std::string& topic,
                             const std::string& checkpoint, std::vector<uint8_t>& out);
  void notify_group(const std::string& group);
  Host own_host() const;

  MockCluster& cluster_;
  const std::string name_;
  MockPop pop_;
  std::chrono::milliseconds delay_unit_{10};
  int64_t log_end_ = 0;
  std::map<QueueKey, Queue> queues_;
  std::map<int64_t, QueueKey> by_log_offset_;
  std::multimap<QueueKey, HeldPull> held_;
  std::map<std::string, int64_t> offsets_;
  QueueLocks locks_;
  // group → client id → its connection.
  std::map<std::string, std::map<std::string, std::weak_ptr<Session>>> groups_;
  std::map<std::string, std::map<std::string, std::weak_ptr<Session>>> producers_;
  // For replies: client id → the connection by which it registered a producer group that was not known of it before.
  // As a broker does, it is forgotten with any group of the client that leaves.
  std::map<std::string, std::weak_ptr<Session>> reply_channels_;
  int64_t half_offset_ = 0;
  // By the offset in the log.
  std::map<int64_t, Half> halves_;
};

}  // namespace rocketmq::mock
