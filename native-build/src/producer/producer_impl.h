#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fork.h"
#include "client/client_lease.h"
#include "client/completions.h"
#include "net/coroutine.h"
#include "producer/auto_batcher.h"
#include "producer/calls.h"
#include "producer/in_flight_limits.h"
#include "producer/producer.h"
#include "producer/queue_selector.h"
#include "producer/requests.h"
#include "producer/send_operation.h"
#include "producer/transactions.h"

namespace rocketmq {

// The parts of a producer stand in files of their own: producer.cpp (life cycle, sends), producer_batches.cpp,
// producer_queries.cpp, producer_transactions.cpp, producer_requests.cpp, producer_detector.cpp.
class Producer::Impl : public SendOwner, public ProducerMember, public std::enable_shared_from_this<Producer::Impl> {
 public:
  Impl(ClientOptions client_options, ProducerOptions options)
      : client_options_(std::move(client_options)),
        options_(std::move(options)),
        limits_(options_.max_in_flight_count, options_.max_in_flight_bytes),
        operations_(std::make_shared<CompletionQueue>([this](const auto& ended) { tell(ended); }, kGatherFrom,
                                                      [this] { release_told(); })),
        batcher_(options_, [this](const OutgoingMessage& first, Millis timeout) { return open_batch(first, timeout); }),
        requests_(std::make_shared<Requests>(operations_, options_.max_in_flight_count, options_.default_topic_queues)),
        calls_(std::make_shared<Calls>(operations_, options_.on_call_ended)) {}

  bool in_child_process() const { return generation_ != fork_generation(); }
  Status check_usable() const;
  Status check_not_started(std::string_view what) const;
  Status start();
  Result<SendReceipt> send_and_wait(const OutgoingMessage& message, Millis timeout, SendOperation::Mode mode);
  Status send_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited);
  Result<SendReceipt> send_batch(const std::vector<OutgoingMessage>& messages, Millis timeout);
  Status send_batch_async(const std::vector<OutgoingMessage>& messages, Millis timeout, uint64_t context, bool limited);
  Result<size_t> fit_batch(const std::vector<OutgoingMessage>& messages) const;
  Status set_transaction_options(TransactionOptions options);
  Result<SendReceipt> send_half(const OutgoingMessage& message, Millis timeout);
  Status send_half_async(const OutgoingMessage& message, Millis timeout, uint64_t context, bool limited);
  Status end_transaction(uint64_t transaction, TransactionState state);
  Status end_transaction_async(uint64_t transaction, TransactionState state, uint64_t context);
  Status answer_check(uint64_t check, TransactionState state);
  Status set_reply_callback(ReplyCallback on_reply);
  Result<std::shared_ptr<Request>> begin_request(const OutgoingMessage& message, Millis timeout, bool asynchronous,
                                                 uint64_t context, bool limited);
  Status warm_up(std::string_view topic);
  Status warm_up_async(std::string_view topic, uint64_t context);
  Result<std::vector<MessageQueue>> queues(std::string_view topic, Millis timeout);
  Result<std::optional<std::vector<MessageQueue>>> known_queues(std::string_view topic) const;
  Status queues_async(std::string_view topic, Millis timeout, uint64_t context);
  Result<ChosenQueue> choose_queue(std::string_view topic, Millis timeout, const QueueChooser& choose);
  Result<std::string> recall(std::string_view topic, std::string_view handle, Millis timeout);
  Status recall_async(std::string_view topic, std::string_view handle, Millis timeout, uint64_t context);
  Status flush(Millis timeout);
  Result<std::string> client_id() const;
  Result<ProducerStatistics> statistics() const;
  Status close(Millis timeout);
  // For the end of the handle: as close, with some time for the callbacks that may use it.
  void close_for_good();

  const std::string& group() const override { return options_.group; }
  bool check_transaction(const RemotingCommand& request, StoredMessage& message, const std::string& address) override;
  bool take_reply(const std::shared_ptr<const RemotingCommand>& reply) override { return requests_->take_reply(reply); }

  ClientInstance& client() override { return *client_; }
  const ProducerOptions& options() const override { return options_; }
  const QueueSelector& selector() const override { return *selector_; }
  void on_suspected(const std::vector<std::shared_ptr<BrokerState>>& brokers, TimePoint at) override;
  void on_retry() override { retried_.fetch_add(1, std::memory_order_relaxed); }
  void on_finished(std::shared_ptr<SendOperation> operation) override;

 private:
  enum class State { kCreated, kStarted, kClosing, kClosed };
  // With more in flight, completions are gathered, in place of waking a thread for each piece that a broker answers.
  static constexpr int64_t kGatherFrom = 128;

  std::shared_ptr<SendOperation> make_operation(EncodedMessage encoded, const OutgoingMessage& message,
                                                SendOperation::Mode mode, uint64_t context, TimePoint begin,
                                                TimePoint deadline, bool limited);
  Millis timeout_or_default(Millis timeout) const { return timeout.count() > 0 ? timeout : options_.send_timeout; }
  // A place within the limits of asynchronous sends, given back at the end of the scope unless an operation took it.
  class Place {
   public:
    Place(Impl& producer, int64_t bytes, bool limited) : producer_(producer), bytes_(bytes), limited_(limited) {}
    ~Place() {
      if (reserved_) producer_.limits_.give_back(1, bytes_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    Status reserve(TimePoint deadline);
    bool is_limited() const { return limited_; }
    int64_t bytes() const { return limited_ ? bytes_ : 0; }
    void take() { reserved_ = false; }

   private:
    Impl& producer_;
    const int64_t bytes_;
    const bool limited_;
    bool reserved_ = false;
  };
  Status check_async() const;
  // `begin`: of the call, whose timeout covers the encoding, too.
  Result<SendReceipt> send_encoded_and_wait(EncodedMessage encoded, const OutgoingMessage& message, TimePoint begin,
                                            Millis timeout, SendOperation::Mode mode,
                                            SendOperation::OnEnd on_end = nullptr);
  Status start_async(EncodedMessage encoded, const OutgoingMessage& message, TimePoint begin, Millis timeout,
                     uint64_t context, Place& place, SendOperation::OnEnd on_end = nullptr);
  Status check_transactional(bool or_closing) const;

  // Sends that the producer puts together itself.
  bool goes_with_others(const OutgoingMessage& message, Millis timeout);
  Status join_batch(const OutgoingMessage& message, Millis timeout, BatchMember member);
  Result<SendReceipt> send_with_others(const OutgoingMessage& message, Millis timeout);
  Result<std::shared_ptr<SendOperation>> open_batch(const OutgoingMessage& first, Millis timeout);
  void wake_batcher(TimePoint at);
  void arm_linger_timer(TimePoint at);

  // Calls other than sends.
  std::shared_ptr<Call> new_call(Millis timeout);
  Result<std::shared_ptr<Call>> make_call(std::string_view topic, Millis timeout);
  Result<CallEnd> call_and_wait(const std::shared_ptr<Call>& call, const Calls::Work& work, const char* name);
  Status call_async(const std::shared_ptr<Call>& call, uint64_t context, const Calls::Work& work, const char* name);

  asio::awaitable<void> detector_loop(std::shared_ptr<Pause> pause);
  void detect(const std::string& broker);
  static asio::awaitable<void> probe(std::shared_ptr<Impl> self, std::set<std::string>::const_iterator probed);
  void start_detector();
  // Ends the linger timer and the detector, which keep the producer and its client.
  void end_background();

  // On the callback lane, or by the taker.
  void tell(const CompletionQueue::Batch& ended);
  void tell_sends();
  void release_told();
  bool make_room();
  Status add(SendOperation& operation);
  void close_and_wait(Millis timeout);
  bool begin_close(bool* was_started);
  void end_close(Millis timeout, bool was_started);
  void end_operations(TimePoint deadline);
  bool abort(Completion& operation);

  const ClientOptions client_options_;
  const ProducerOptions options_;
  const uint64_t generation_ = fork_generation();
  std::optional<ClientLease> lease_;
  // Outlives the lease: a late answer finds a client that is shut down, but not gone.
  std::shared_ptr<ClientInstance> client_;
  // From the start on.
  std::optional<QueueSelector> selector_;
  InFlightLimits limits_;
  const std::shared_ptr<CompletionQueue> operations_;
  AutoBatcher batcher_;
  const std::shared_ptr<Requests> requests_;
  const std::shared_ptr<Calls> calls_;
  // Not changed from start() on; nullptr for a producer without transactions.
  std::shared_ptr<Transactions> transactions_;
  // On the loop.
  std::unique_ptr<asio::steady_timer> linger_timer_;
  TimePoint linger_at_ = TimePoint::max();
  std::shared_ptr<Pause> detector_pause_;
  // Those that the detector waits for.
  std::set<std::string> probed_;
  bool background_ended_ = false;

  mutable std::mutex mutex_;
  std::condition_variable closed_;
  std::atomic<State> state_{State::kCreated};

  // Of tell(): what a callback is given, the places that it frees, and what the outcomes of batches refer to.
  std::vector<SendOutcome> outcomes_;
  int64_t told_places_ = 0;
  int64_t told_bytes_ = 0;
  std::deque<Result<SendReceipt>> of_members_;

  std::atomic<int64_t> accepted_{0};
  std::atomic<int64_t> succeeded_{0};
  std::atomic<int64_t> failed_{0};
  std::atomic<int64_t> retried_{0};
  std::atomic<int64_t> one_way_{0};
};

}  // namespace rocketmq
