#include <algorithm>

#include "base/log.h"
#include "consumer/push_consumer_impl.h"

namespace rocketmq {

namespace {

constexpr int32_t kMostDelayLevels = 18;

}  // namespace

Status PushConsumer::Impl::check_acknowledgement(const Delivery& delivery, int32_t success_count, int32_t delay_level,
                                                 Millis suspension) const {
  const auto count = static_cast<int32_t>(delivery.messages.size());
  if (success_count < -1 || success_count > count) {
    return fail(ErrorKind::kInvalidArgument, "success_count is " + std::to_string(success_count) +
                                                 ", outside -1 (all) to " + std::to_string(count) +
                                                 ", the messages of the batch");
  }
  if (delay_level < kToDeadLetters || delay_level > kMostDelayLevels) {
    return fail(ErrorKind::kInvalidArgument, "delay_level is " + std::to_string(delay_level) +
                                                 ", outside -1 (dead letters) to " + std::to_string(kMostDelayLevels));
  }
  if (options_.orderly && delay_level > 0) {
    return fail(ErrorKind::kInvalidArgument,
                "delay_level is " + std::to_string(delay_level) +
                    ", but an orderly consumer delivers again in place: give suspend_ms, or -1 for the dead letters");
  }
  if (!options_.orderly && suspension != Millis(0)) {
    return fail(ErrorKind::kInvalidArgument, "suspend_ms is " + std::to_string(suspension.count()) +
                                                 ", but only an orderly consumer suspends a queue: give delay_level");
  }
  if (suspension != Millis(0) && (suspension < kLeastSuspension || suspension > kLongestSuspension)) {
    return fail(ErrorKind::kInvalidArgument, "suspend_ms is " + std::to_string(suspension.count()) + ", outside " +
                                                 std::to_string(kLeastSuspension.count()) + " to " +
                                                 std::to_string(kLongestSuspension.count()) +
                                                 ": 0 takes the option suspend_queue_ms");
  }
  return {};
}

Status PushConsumer::Impl::acknowledge(uint64_t delivery_id, int32_t success_count, int32_t delay_level,
                                       Millis suspension) {
  if (in_child_process()) return check_usable();
  auto record = dispatcher_.find(delivery_id);
  if (record) {
    auto valid = check_acknowledgement(record->delivery, success_count, delay_level, suspension);
    if (!valid) return valid;
  }
  record = dispatcher_.claim(delivery_id);
  if (!record) {
    return fail(ErrorKind::kInvalidState,
                "the delivery " + std::to_string(delivery_id) + " is unknown, was acknowledged before, or timed out");
  }
  // Last of all: close takes the consumer for idle from then on.
  struct Release {
    Dispatcher& dispatcher;
    const Dispatcher::Record& record;
    ~Release() { dispatcher.release(record); }
  };
  const Release release{dispatcher_, record};
  const auto& messages = record->delivery.messages;
  const size_t consumed = success_count < 0 ? messages.size() : static_cast<size_t>(success_count);
  if (record->queue->on_direct_end) {
    std::lock_guard lock(mutex_);
    if (!detached_) record->queue->on_direct_end(consumed == messages.size(), {});
    return {};
  }
  const int64_t at = wall_clock_ms();
  last_consume_ms_ = at;
  record->queue->note_consume(at);
  for (size_t i = 0; i < consumed; ++i) record->queue->finish(messages[i].queue_offset);
  consumed_ += static_cast<int64_t>(consumed);
  std::lock_guard lock(mutex_);
  if (detached_) {
    return fail(ErrorKind::kInvalidState,
                "the consumer was closed before this acknowledgement: the batch goes to "
                "another member of the group");
  }
  if (options_.orderly) {
    end_orderly_batch(record, consumed, delay_level, suspension);
  } else if (consumed < messages.size()) {
    give_back(record, consumed, delay_level);
  }
  after_progress(record->queue);
  return {};
}

// The pull loop may wait for the room that an acknowledgement makes, and who gives up an orderly queue for its end.
void PushConsumer::Impl::after_progress(const Queue& queue) {
  if (!queue->throttled && !queue->dropped()) return;
  client().loop().post([queue] {
    if (queue->pause) queue->pause->interrupt();
  });
}

void PushConsumer::Impl::on_failed_delivery(const Dispatcher::Record& record, const std::string& reason) {
  std::lock_guard lock(mutex_);
  if (detached_) return;
  if (record->queue->on_direct_end) return record->queue->on_direct_end(false, reason);
  if (options_.orderly) {
    end_orderly_batch(record, 0, 0, Millis(0));
  } else {
    give_back(record, 0, 0);
  }
  after_progress(record->queue);
}

void PushConsumer::Impl::give_back(const Dispatcher::Record& record, size_t first, int32_t delay_level) {
  if (options_.broadcasting) return pass_over(record, first);
  if (record->queue->dropped()) return;
  begin_send_backs(record->delivery.messages.size() - first);
  for (size_t i = first; i < record->delivery.messages.size(); ++i) {
    start(send_back(record->queue, record->delivery.messages[i], delay_level), "send back");
  }
}

// What one member of a broadcast fails to consume is no affair of the others, so no broker takes it back.
void PushConsumer::Impl::pass_over(const Dispatcher::Record& record, size_t first) {
  for (size_t i = first; i < record->delivery.messages.size(); ++i) {
    const StoredMessage& message = record->delivery.messages[i];
    log(LogLevel::kWarn, "consumer",
        "the message {} at offset {} of queue {} of topic {} was not consumed: passed over", message.message_id(),
        message.queue_offset, record->delivery.queue.queue_id, record->delivery.queue.topic);
    record->queue->finish(message.queue_offset);
  }
}

// The messages from `first` on were not consumed: they come again in place, save for those that are given up.
void PushConsumer::Impl::end_orderly_batch(const Dispatcher::Record& record, size_t first, int32_t delay_level,
                                           Millis suspension) {
  const Queue& queue = record->queue;
  const auto& messages = record->delivery.messages;
  if (first == messages.size() || queue->dropped()) return dispatcher_.end_batch(queue, false);
  if (suspension == Millis(0)) suspension = options_.suspend_queue_time;
  begin_send_backs(1);
  std::vector<StoredMessage> rest(messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end());
  start(settle(queue, std::move(rest), delay_level, suspension), "failed batch");
}

asio::awaitable<void> PushConsumer::Impl::settle(Queue queue, std::vector<StoredMessage> rest, int32_t delay_level,
                                                 Millis suspension) {
  bool again = false;
  {
    // Also when an exception ends it: close waits for the one, the queue for the other.
    struct End {
      Impl& impl;
      const Queue& queue;
      const bool& again;
      ~End() {
        impl.dispatcher_.end_batch(queue, again);
        impl.end_send_back();
      }
    };
    const End end{*this, queue, again};
    const auto most = static_cast<int64_t>(options_.max_reconsume_times);
    for (StoredMessage& message : rest) {
      const bool given_up = delay_level == kToDeadLetters || message.reconsume_times >= most;
      if (given_up && options_.broadcasting) {
        log(LogLevel::kWarn, "consumer", "the message {} was not consumed in {} deliveries: passed over",
            message.message_id(), message.reconsume_times + 1);
        queue->finish(message.queue_offset);
        continue;
      }
      bool buried = false;
      if (given_up && !ended_ && !queue->dropped()) buried = co_await bury(*queue, message);
      if (buried) {
        ++sent_back_;
        queue->finish(message.queue_offset);
        continue;
      }
      again = true;
      ++message.reconsume_times;
      queue->put_back(std::move(message));
    }
  }
  if (ended_) co_return;
  // Whoever gives the queue up waits for its last batch.
  if (queue->dropped() && queue->pause) queue->pause->interrupt();
  if (!again) co_return;
  Pause pause(client().loop());
  co_await pause.wait(suspension);
  if (!ended_) dispatcher_.end_rest(queue);
}

}  // namespace rocketmq
