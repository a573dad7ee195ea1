#pragma once

#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mock/mock_pop.h"
#include "mock/mock_server.h"
#include "mock/mock_store.h"
#include "mock/queue_locks.h"
#include "protocol/heartbeat.h"
#include "protocol/message.h"
#include "protocol/subscription.h"

namespace rocketmq::mock {

class MockCluster;

// A broker that stores, holds pulls until messages arrive, keeps offsets and groups, delays, and redelivers.
// A delay level of n lasts n times delay_unit. Each subject has a file of its own (mock_broker_sends.cpp, …), which
// registers its handlers in the table by request code.
class MockBroker : public MockServer {
 public:
  // What a recall gives, whatever its handle.
  static constexpr std::string_view kRecalledId = "0A0B0C0D0E0F00000000000000000001";

  MockBroker(asio::io_context& loop, std::recursive_mutex& mutex, MockCluster& cluster, std::string name);

  const std::string& name() const { return name_; }

  // Messages (mock_broker_store.cpp).
  void set_delay_unit(std::chrono::milliseconds unit);
  // Stores a message, as from another producer; `properties` as "k\001v\002…". The queue's offset of it.
  int64_t put(const std::string& topic, int queue, const std::string& body, const std::string& properties = {});
  // Stores bytes in place of a message.
  void put_raw(const std::string& topic, int queue, std::vector<uint8_t> bytes);
  // Forgets what lies before `offset`.
  void trim(const std::string& topic, int queue, int64_t offset);
  // Flips bits in the body of a stored message, so that its CRC does not fit any more. False where there is none.
  bool corrupt(const std::string& topic, int queue, int64_t offset);
  std::vector<StoredMessage> messages(const std::string& topic) const;

  // Offsets (mock_broker_offsets.cpp): -1 where there is none.
  int64_t committed_offset(const std::string& group, const std::string& topic, int queue) const;
  void set_committed_offset(const std::string& group, const std::string& topic, int queue, int64_t offset);
  // As an operator does: the next pull learns of it, once, and until then commits are refused.
  void reset_offset(const std::string& group, const std::string& topic, int queue, int64_t offset);

  // Consumer groups (mock_broker_groups.cpp).
  std::set<std::string> clients_of(const std::string& group) const;
  // What is answered as the group's members, in this order, in place of who is there; nothing: who is there.
  void set_listed_members(const std::string& group, std::optional<std::vector<std::string>> ids);

  // Locks (mock_broker_locks.cpp).
  // Which client has the lock of a queue; {} for none.
  std::string lock_owner(const std::string& group, const std::string& topic, int queue) const;
  // Gives a lock to a client, in place of whoever has it; to {}: takes it away.
  void set_lock_owner(const std::string& group, const std::string& topic, int queue, const std::string& client_id);

  // Pulls (mock_broker_pulls.cpp).
  // Pulls that find nothing are held so long, in place of what they ask for.
  void set_hold(std::chrono::milliseconds duration);
  int held_pulls() const;

  // Popped messages that are neither acknowledged nor over their invisible time.
  int invisible_count() const;
  // Sends a request to every connected client.
  void send_to_clients(const RemotingCommand& request);

  // Producers and transactions (mock_broker_producers.cpp).
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
  using Handler =
      std::function<void(const std::shared_ptr<Session>& session, const RemotingCommand& request, const Reply& reply)>;
  using ConsumerId = std::pair<std::string, std::string>;  // group, client id
  struct HeldPull {
    RemotingCommand request;
    Reply reply;
    std::shared_ptr<asio::steady_timer> timer;
  };
  struct Half {
    std::string topic;
    std::string properties;
    std::vector<uint8_t> body;
    MessageToStore message;
  };

  void on(int32_t request_code, Handler handler) { handlers_[request_code] = std::move(handler); }
  void add_send_handlers();
  void add_pull_handlers();
  void add_offset_handlers();
  void add_group_handlers();
  void add_lock_handlers();
  void add_producer_handlers();
  void add_pop_handlers();

  void send(const RemotingCommand& request, const Reply& reply);
  void send_batch(const RemotingCommand& request, const Reply& reply);
  void send_back(const RemotingCommand& request, const Reply& reply);
  // False, and answered, where the topic is not there and may not be made.
  bool ensure_topic(const RemotingCommand& request, const Reply& reply);
  void pull(const RemotingCommand& request, const Reply& reply, bool may_hold, bool may_commit);
  void hold(const QueueKey& key, const RemotingCommand& request, const Reply& reply);
  void release_pulls(const QueueKey& key);
  void query_offset(const RemotingCommand& request, const Reply& reply);
  std::optional<int64_t> take_reset_offset(std::string_view group, std::string_view topic, int queue);
  void heartbeat(const std::shared_ptr<Session>& session, const RemotingCommand& request, const Reply& reply);
  void unregister(const RemotingCommand& request, const Reply& reply);
  void list_members(const RemotingCommand& request, const Reply& reply);
  void leave(const std::string& group, const std::string& client);
  void notify_group(const std::string& group);

  // Stores now or after the delay; the offset that a message without one gets.
  int64_t store(const MessageToStore& message, int32_t delay_level);
  int64_t append(const QueueKey& key, StoredBytes stored);
  // Stores a message once more, in queue 0 of another topic, with one delivery more.
  void store_again(const std::string& topic, int queue, int64_t offset, const std::string& to);
  Host own_host() const;
  // The answer to a send whose message lies there.
  RemotingCommand sent_response(const RemotingCommand& request, int64_t log_offset, int queue, int64_t offset) const;

  void send_half(const MessageToStore& message, const RemotingCommand& request, const Reply& reply);
  void end_transaction(const RemotingCommand& request);
  void push_reply(const RemotingCommand& request, const Reply& reply);
  void register_producer(const std::string& group, const std::string& client, const std::shared_ptr<Session>& session);
  void unregister_producer(const std::string& group, const std::string& client);
  void forget_producers(Session* session);

  MockCluster& cluster_;
  const std::string name_;
  std::unordered_map<int32_t, Handler> handlers_;
  MockPop pop_;
  std::chrono::milliseconds delay_unit_{10};
  MockStore store_;
  std::multimap<QueueKey, HeldPull> held_;
  std::optional<std::chrono::milliseconds> hold_;
  std::unordered_map<std::string, int64_t> offsets_;
  // Of groups that were not told yet.
  std::unordered_map<std::string, int64_t> reset_offsets_;
  QueueLocks locks_;
  // group → client id → its connection.
  std::map<std::string, std::map<std::string, std::weak_ptr<Session>>> groups_;
  std::map<Session*, std::set<ConsumerId>> members_of_connection_;
  std::map<std::string, std::vector<std::string>> listed_members_;
  // By group and topic, as the last heartbeat had it.
  std::map<std::pair<std::string, std::string>, Subscription> subscriptions_;
  std::map<std::string, std::map<std::string, std::weak_ptr<Session>>> producers_;
  std::map<Session*, std::set<ConsumerId>> producers_of_connection_;
  // For replies: client id → the connection by which it registered a producer group that was not known of it before.
  // As a broker does, it is forgotten with any group of the client that leaves, and with the end of any connection by
  // which the client registered.
  std::map<std::string, std::weak_ptr<Session>> reply_channels_;
  int64_t half_offset_ = 0;
  // By the offset in the log.
  std::map<int64_t, Half> halves_;
};

}  // namespace rocketmq::mock
