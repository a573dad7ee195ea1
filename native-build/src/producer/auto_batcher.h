#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "producer/batch_encoder.h"
#include "producer/producer.h"
#include "producer/send_operation.h"

namespace rocketmq {

// Gathers single sends that may go together, until a batch is full or has waited for the linger time. Any thread.
class AutoBatcher {
 public:
  // A batch that is complete: gives its operation the messages and starts it.
  class Batch {
   public:
    // Never throws: the operation ends with an error where it cannot be started.
    void start();

   private:
    friend class AutoBatcher;
    explicit Batch(const ProducerOptions& options) : encoder(options) {}
    BatchEncoder encoder;
    std::shared_ptr<SendOperation> operation;
    TimePoint due;
  };
  // Makes the operation of a new batch, for the topic and the queue of this message.
  using Open = std::function<Result<std::shared_ptr<SendOperation>>(const OutgoingMessage& first, Millis timeout)>;

  AutoBatcher(const ProducerOptions& options, Open open) : options_(options), open_(std::move(open)) {}

  // False for what must go by itself: delayed, with a priority, a reply, or too large.
  bool may_add(const OutgoingMessage& message) const;
  // Adds a send; on failure it is not added. `complete` gets batches that the caller is to start, `wake_at` when
  // start_due is to be called next, where that is sooner than known before.
  Status add(const OutgoingMessage& message, Millis timeout, BatchMember member, std::vector<Batch>& complete,
             std::optional<TimePoint>& wake_at);
  // Completes the batch that this message would join, so that it does not overtake.
  void flush_before(const OutgoingMessage& message, Millis timeout, std::vector<Batch>& complete);
  // Starts those that have waited long enough, and tells when the next ones will have. Needs no memory.
  std::optional<TimePoint> start_due(TimePoint at);
  // Starts all of them.
  void flush() { (void)start_due(TimePoint::max()); }
  // All of them; from now on nothing is added (kClosed).
  std::vector<Batch> close();

 private:
  template <typename Text>
  struct BasicKey {
    Text topic;
    Text broker_name;
    Text sharding_key;
    int32_t queue_id = 0;
    Millis timeout{0};
  };
  using Key = BasicKey<std::string>;
  using KeyView = BasicKey<std::string_view>;
  struct Less {
    using is_transparent = void;
    template <typename Left, typename Right>
    bool operator()(const BasicKey<Left>& left, const BasicKey<Right>& right) const {
      return view(left) < view(right);
    }
    template <typename Text>
    static auto view(const BasicKey<Text>& key) {
      return std::tuple<std::string_view, std::string_view, std::string_view, int32_t, int64_t>(
          key.topic, key.broker_name, key.sharding_key, key.queue_id, key.timeout.count());
    }
  };
  static KeyView key_of(const OutgoingMessage& message, Millis timeout);
  bool is_full(const Batch& batch) const;

  const ProducerOptions& options_;
  const Open open_;
  std::mutex mutex_;
  std::map<Key, Batch, Less> batches_;
  // When start_due was asked for; nothing while no batch waits.
  std::optional<TimePoint> armed_;
  bool closed_ = false;
};

}  // namespace rocketmq
