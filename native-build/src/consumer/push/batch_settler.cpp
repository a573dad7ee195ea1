#include "consumer/push/batch_settler.h"

#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "consumer/push/send_back.h"

namespace rocketmq {

namespace {

// Before this consumer itself delivers again what no broker takes back.
constexpr Millis kLocalRedelivery{5000};
// Batches that are settled in one turn of the loop.
constexpr int kMostAtOnce = 256;

}  // namespace

Status check_acknowledgement(const PushConsumerOptions& options, size_t messages, int32_t success_count,
                             int32_t delay_level, Millis suspension) {
  const auto count = static_cast<int32_t>(messages);
  if (success_count < -1 || success_count > count) {
    return fail(ErrorKind::kInvalidArgument, "success_count is " + std::to_string(success_count) +
                                                 ", outside -1 (all) to " + std::to_string(count) +
                                                 ", the messages of the batch");
  }
  if (delay_level < kToDeadLetters) {
    return fail(ErrorKind::kInvalidArgument,
                "delay_level is " + std::to_string(delay_level) +
                    ": give -1 for the dead-letter queue, 0 for the broker's schedule, or one of its levels from 1 on");
  }
  if (options.orderly && delay_level > 0) {
    return fail(ErrorKind::kInvalidArgument,
                "delay_level is " + std::to_string(delay_level) +
                    ", but an orderly consumer delivers again in place: give suspend_ms, or -1 for the dead letters");
  }
  if (!options.orderly && suspension != Millis(0)) {
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

BatchSettler::BatchSettler(std::shared_ptr<PushContext> context, QueueTable& queues)
    : context_(std::move(context)), queues_(queues) {}

bool BatchSettler::settle_ended() {
  for (int settled = 0; settled < kMostAtOnce; ++settled) {
    const Record record = context_->dispatcher->take_ended();
    if (!record) return false;
    try {
      settle(record);
    } catch (const std::exception& e) {
      log(LogLevel::kError, "consumer", "a batch of {} is settled later: {}", record->queue->queue().topic, e.what());
      context_->dispatcher->put_back_ended(record);
      return false;
    }
    context_->dispatcher->release(record);
  }
  return true;
}

// May be called again after an exception.
void BatchSettler::settle(const Record& record) {
  const auto& messages = record->delivery->messages;
  ProcessQueue& cache = *record->queue;
  if (cache.on_direct_end) {
    if (!context_->ended) cache.on_direct_end(record->consumed == messages.size(), record->failure);
    return;
  }
  if (!record->settling) {
    std::vector<int64_t> offsets;
    offsets.reserve(record->consumed);
    for (size_t i = 0; i < record->consumed; ++i) offsets.push_back(messages[i].queue_offset);
    const int64_t at = wall_clock_ms();
    if (record->consumed > 0 || record->failure.empty()) {
      context_->counters.last_consume_ms = at;
      cache.note_consume(at);
    }
    record->settling = true;
    record->settled = record->consumed;
    finish(record, std::move(offsets));
  }
  if (record->settled == messages.size()) return;
  if (context_->options.orderly) return end_orderly(record);
  if (context_->is_broadcasting()) return pass_over_rest(record);
  send_rest_back(record);
}

void BatchSettler::finish(const Record& record, std::vector<int64_t> offsets) {
  if (offsets.empty()) return;
  const auto actor = queues_.find(record->queue->queue());
  if (actor) {
    actor->finished(*record->queue, offsets);
  } else {
    for (const int64_t offset : offsets) record->queue->finish(offset);
  }
}

void BatchSettler::finish(const std::shared_ptr<ProcessQueue>& cache, int64_t offset) {
  const auto actor = context_->ended ? nullptr : queues_.find(cache->queue());
  if (actor) {
    actor->finished(*cache, {&offset, 1});
  } else {
    cache->finish(offset);
  }
}

void BatchSettler::put_back(const std::shared_ptr<ProcessQueue>& cache, std::span<StoredMessage> messages,
                            Millis rest) {
  const auto actor = context_->ended ? nullptr : queues_.find(cache->queue());
  if (actor) {
    actor->put_back(*cache, messages, rest);
  } else {
    for (StoredMessage& message : messages) cache->put_back(std::move(message));
  }
}

void BatchSettler::Returning::operator()() {
  if (context->ended) return;
  for (; decided < messages.size(); ++decided) {
    ++messages[decided].reconsume_times;
    any_left = true;
  }
  // Of those that are gone nothing is found.
  if (any_left) settler->put_back(cache, messages, rest);
  end_one();
}

void BatchSettler::Returning::end_one() {
  if (std::exchange(under_way, false)) settler->end_one();
}

AtEnd<BatchSettler::Returning> BatchSettler::begin_returning(Returning returning) {
  begin_one();
  return AtEnd<Returning>(std::move(returning));
}

void BatchSettler::send_rest_back(const Record& record) {
  const auto& messages = record->delivery->messages;
  while (record->settled < messages.size()) {
    // Given up meanwhile: it is another member's.
    if (record->queue->discarded()) {
      ++record->settled;
      continue;
    }
    auto returning = begin_returning({this, context_, record->queue, {messages[record->settled]}});
    // From here on it is not lost, whatever comes.
    ++record->settled;
    context_->start(send_one_back(std::move(returning), record->delay_level), "send back");
  }
}

asio::awaitable<void> BatchSettler::send_one_back(AtEnd<Returning> returning, int32_t delay_level) {
  const auto context = returning->context;
  const auto cache = returning->cache;
  const StoredMessage& message = returning->messages.front();
  bool taken = false;
  try {
    MessageQueue queue = cache->queue();
    taken = co_await send_back(context, std::move(queue), message, delay_level);
  } catch (const std::exception& e) {
    log(LogLevel::kError, "consumer", "a message could not be given back: {}", e.what());
  }
  if (context->ended) co_return;
  if (taken) {
    ++context->counters.sent_back;
    returning->decided = 1;
    finish(cache, message.queue_offset);
    co_return;
  }
  returning->end_one();
  if (cache->discarded()) co_return;
  // The offset must not pass a message that nobody else has.
  log(LogLevel::kWarn, "consumer", "the message {} could not be given back: it is delivered again here",
      message.message_id());
  Pause pause(context->client->loop());
  co_await pause.wait(kLocalRedelivery);
}

// What one member of a broadcast fails to consume is no affair of the others, so no broker takes it back.
void BatchSettler::pass_over_rest(const Record& record) {
  const auto& messages = record->delivery->messages;
  for (; record->settled < messages.size(); ++record->settled) {
    const StoredMessage& message = messages[record->settled];
    log(LogLevel::kWarn, "consumer",
        "the message {} at offset {} of queue {} of topic {} was not consumed: passed over", message.message_id(),
        message.queue_offset, record->queue->queue().queue_id, record->queue->queue().topic);
    finish(record->queue, message.queue_offset);
  }
}

// The messages that were not consumed come again in place, save for those that are given up.
void BatchSettler::end_orderly(const Record& record) {
  const auto& messages = record->delivery->messages;
  const Millis suspension = record->suspension == Millis(0) ? context_->options.suspend_queue_time : record->suspension;
  auto returning = begin_returning({this,
                                    context_,
                                    record->queue,
                                    {messages.begin() + static_cast<std::ptrdiff_t>(record->settled), messages.end()},
                                    suspension});
  // From here on they are not lost, and put back once.
  record->settled = messages.size();
  context_->start(settle_orderly(std::move(returning), record->delay_level), "failed batch");
}

asio::awaitable<void> BatchSettler::settle_orderly(AtEnd<Returning> returning, int32_t delay_level) {
  const auto context = returning->context;
  const auto cache = returning->cache;
  const auto most = static_cast<int64_t>(context->options.max_reconsume_times);
  while (returning->decided < returning->messages.size()) {
    StoredMessage& message = returning->messages[returning->decided];
    const bool given_up = delay_level == kToDeadLetters || message.reconsume_times >= most;
    bool gone = false;
    if (given_up && context->is_broadcasting()) {
      log(LogLevel::kWarn, "consumer", "the message {} was not consumed in {} deliveries: passed over",
          message.message_id(), message.reconsume_times + 1);
      gone = true;
    } else if (given_up && !context->ended && !cache->discarded()) {
      try {
        MessageQueue queue = cache->queue();
        gone = co_await send_to_dead_letters(context, std::move(queue), message);
      } catch (const std::exception& e) {
        log(LogLevel::kError, "consumer", "a message could not be sent to the dead-letter queue: {}", e.what());
      }
      if (gone) ++context->counters.sent_back;
    }
    if (context->ended) co_return;
    ++returning->decided;
    if (gone) {
      finish(cache, message.queue_offset);
    } else {
      ++message.reconsume_times;
      returning->any_left = true;
    }
  }
}

void BatchSettler::begin_one() {
  std::lock_guard lock(mutex_);
  ++under_way_;
}

void BatchSettler::end_one() {
  std::lock_guard lock(mutex_);
  if (--under_way_ == 0) idle_.notify_all();
}

bool BatchSettler::wait_idle(TimePoint deadline) {
  std::unique_lock lock(mutex_);
  return idle_.wait_until(lock, deadline, [&] { return under_way_ == 0; });
}

}  // namespace rocketmq
