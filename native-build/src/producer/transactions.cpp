#include "producer/transactions.h"

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/waited.h"
#include "producer/end_transaction.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

// Every broker of RocketMQ 5 has the first one, and every broker that creates topics on demand the second.
constexpr const char* kTopicsOfAllBrokers[] = {"RMQ_SYS_TRANS_HALF_TOPIC", "TBW102"};
constexpr Millis kSearchAgain{1000};
constexpr Millis kAnswerGrace{1000};

// The broker's log offset that ends an offset message id: its last 16 hexadecimal digits.
std::optional<int64_t> commit_log_offset(std::string_view offset_message_id) {
  constexpr size_t kDigits = 16;
  if (offset_message_id.size() < kDigits) return std::nullopt;
  const std::string_view digits = offset_message_id.substr(offset_message_id.size() - kDigits);
  uint64_t offset = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), offset, 16);
  if (error != std::errc() || end != digits.data() + digits.size() || offset > INT64_MAX) return std::nullopt;
  return static_cast<int64_t>(offset);
}

const char* name_of(TransactionState state) {
  switch (state) {
    case TransactionState::kCommit:
      return "COMMIT";
    case TransactionState::kRollback:
      return "ROLLBACK";
    default:
      return "UNKNOWN";
  }
}

// Why a transaction was not ended; as far as there is memory for it.
void describe(Error& error, const TransactionEnd& end, TransactionState state, TimePoint begin) {
  error.elapsed_ms = millis_between(begin, now());
  try {
    error.topic = end.topic;
    error.message = "the transaction of message " + end.message_id + " was not ended with " + name_of(state) + ": " +
                    error.message + "; end it again, or leave it to the broker's check";
  } catch (const std::bad_alloc&) {
    error.topic.clear();
  }
}

void send_answer(ClientInstance& client, const std::string& address, const std::string& group,
                 const TransactionEnd& end, TransactionState state) {
  log(LogLevel::kDebug, "producer", "the check of transaction {} gives {}", end.message_id, name_of(state));
  send_end_transaction(
      client, address, group, end, state, now() + client.options().request_timeout, [id = end.message_id](Status sent) {
        if (sent) return;
        log(LogLevel::kInfo, "producer", "the state of transaction {} was not told, the broker will ask again: {}", id,
            sent.error().message);
      });
}

}  // namespace

Transactions::Transactions(std::string group, TransactionOptions options)
    : group_(std::move(group)), options_(std::move(options)) {}

void Transactions::start(std::shared_ptr<ClientInstance> client) {
  client_ = std::move(client);
  checks_ = std::make_unique<TransactionChecks>(
      // A checker that hangs may outlive this object.
      options_, [client = client_, group = group_, weak = weak_from_this()](
                    const std::string& address, const TransactionEnd& end, TransactionState state) {
        send_answer(*client, address, group, end, state);
        auto self = weak.lock();
        if (self && state != TransactionState::kUnknown) self->note_answered(end.message_id);
      });
  client_->keep_reachable();
  start_coroutine(client_->loop(), find_brokers(client_.get(), search_), "search for brokers");
}

asio::awaitable<void> Transactions::find_brokers(ClientInstance* client, std::shared_ptr<Search> search) {
  Pause pause(client->loop());
  search->pause = &pause;
  const struct Unset {
    Search& search;
    ~Unset() { search.pause = nullptr; }
  } unset{*search};
  Millis wait = kSearchAgain;
  while (!search->stopped) {
    for (const char* topic : kTopicsOfAllBrokers) {
      const auto found = co_await client->routes().refresh(topic);
      if (search->stopped) co_return;
      if (!found) continue;
      // From here on the client refreshes it, and so learns of new brokers.
      client->heartbeat_soon();
      co_return;
    }
    co_await pause.wait(wait);
    wait = std::min(wait * 2, client->options().route_refresh_interval);
  }
}

void Transactions::stop() {
  checks_->stop();
  client_->loop().run_and_wait([&] {
    search_->stopped = true;
    if (search_->pause != nullptr) search_->pause->interrupt();
  });
}

Result<std::unique_ptr<HalfMessage>> Transactions::prepare(const OutgoingMessage& message) {
  if (message.delay_level != 0 || message.deliver_at_ms != 0) {
    return fail(ErrorKind::kInvalidArgument, "a message in a transaction has delay_level " +
                                                 std::to_string(message.delay_level) + " and deliver_at_ms " +
                                                 std::to_string(message.deliver_at_ms) +
                                                 ": brokers do not delay it, leave both out");
  }
  if (message.priority) {
    return fail(ErrorKind::kInvalidArgument,
                "a message in a transaction has a priority, which brokers drop: leave it out");
  }
  if (!message.reply_to.empty()) {
    return fail(ErrorKind::kInvalidArgument, "a reply cannot be part of a transaction: send it by itself");
  }
  {
    std::lock_guard lock(mutex_);
    // One whose end got lost, and which nobody will end any more.
    for (auto each = answered_.begin(); open_.size() >= kMostOpen && each != answered_.end();) {
      const uint64_t oldest = *each++;
      if (!open_.at(oldest).ending) forget(oldest);
    }
    if (open_.size() >= kMostOpen) {
      return fail(ErrorKind::kTooManyRequests, std::to_string(open_.size()) +
                                                   " transactions were begun and not ended: end each one, with "
                                                   "UNKNOWN where the broker shall ask");
    }
  }
  auto half = std::make_unique<HalfMessage>();
  half->topic = message.topic;
  append_property(half->properties, property::kTransactionPrepared, "true");
  append_property(half->properties, property::kProducerGroup, group_);
  half->message = message;
  half->message.system_properties = half->properties;
  half->message.system_flag = system_flag::kTransactionPrepared;
  return half;
}

SendOperation::OnEnd Transactions::when_sent(const HalfMessage& half) {
  return [self = shared_from_this(), topic = half.topic](Result<SendReceipt>& result) {
    if (!result) return;
    const auto offset = commit_log_offset(result->offset_message_id.view());
    if (!offset) {
      result = fail(ErrorKind::kProtocolError, "the broker \"" + result->broker_name +
                                                   "\" acknowledged a half message without its place in the log: it "
                                                   "cannot be ended, and the broker will ask");
      result.error().may_be_stored = true;
      return;
    }
    TransactionEnd end;
    end.topic = topic;
    end.broker_name = result->broker_name;
    end.message_id = as_text(result->message_id);
    end.transaction_id = result->transaction_id.view();
    end.queue_offset = result->queue_offset;
    end.commit_log_offset = *offset;
    if (result->status == SendStatus::kOk) {
      result->transaction = self->begin(std::move(end));
    } else {
      self->roll_back(end, result->status);
    }
  };
}

uint64_t Transactions::begin(TransactionEnd end) {
  std::lock_guard lock(mutex_);
  const uint64_t number = ++last_transaction_;
  const auto noted = by_message_.emplace(end.message_id, number);
  try {
    open_.emplace(number, Open{std::move(end), false});
  } catch (...) {
    by_message_.erase(noted);
    throw;
  }
  return number;
}

// Under the lock.
void Transactions::forget(uint64_t transaction) {
  const auto found = open_.find(transaction);
  if (found == open_.end()) return;
  auto [first, last] = by_message_.equal_range(found->second.end.message_id);
  first = std::find_if(first, last, [&](const auto& each) { return each.second == transaction; });
  if (first != last) by_message_.erase(first);
  answered_.erase(transaction);
  open_.erase(found);
}

void Transactions::note_answered(const std::string& message_id) {
  std::lock_guard lock(mutex_);
  const auto [first, last] = by_message_.equal_range(message_id);
  for (auto each = first; each != last; ++each) answered_.insert(each->second);
}

void Transactions::roll_back(const TransactionEnd& end, SendStatus status) {
  log(LogLevel::kWarn, "producer",
      "the half message {} was stored with the status {} in place of SEND_OK: its transaction is rolled back",
      end.message_id, static_cast<int>(status));
  const std::string address = client_->routes().find_master(end.topic, end.broker_name);
  send_end_transaction(*client_, address, group_, end, TransactionState::kRollback,
                       now() + client_->options().request_timeout, [id = end.message_id](Status sent) {
                         if (sent) return;
                         log(LogLevel::kWarn, "producer",
                             "the transaction {} was not rolled back, the broker will ask: {}", id,
                             sent.error().message);
                       });
}

void Transactions::end_ended(uint64_t transaction, const Status& sent) {
  std::lock_guard lock(mutex_);
  if (sent) {
    forget(transaction);
  } else if (const auto found = open_.find(transaction); found != open_.end()) {
    found->second.ending = false;
  }
}

Status Transactions::end(uint64_t transaction, TransactionState state, Millis timeout,
                         std::function<void(Status)> done) {
  TransactionEnd end;
  {
    std::lock_guard lock(mutex_);
    auto found = open_.find(transaction);
    if (found == open_.end() || found->second.ending) {
      return fail(ErrorKind::kInvalidState,
                  "the transaction " + std::to_string(transaction) +
                      (found == open_.end() ? " is not open: it was ended before, or was never begun by this producer"
                                            : " is being ended by another call"));
    }
    end = found->second.end;
    found->second.ending = true;
  }
  const TimePoint begin = now();
  try {
    // Not this object, which keeps the client.
    auto ended = [weak = weak_from_this(), transaction, state, begin, end, done = std::move(done)](Status sent) {
      if (const auto self = weak.lock()) self->end_ended(transaction, sent);
      if (!sent) describe(sent.error(), end, state, begin);
      done(std::move(sent));
    };
    const std::string address = client_->routes().find_master(end.topic, end.broker_name);
    if (address.empty()) {
      ended(fail(ErrorKind::kUnreachable, "no route tells a master of the broker \"" + end.broker_name + "\""));
    } else {
      send_end_transaction(*client_, address, group_, end, state, begin + timeout, ended);
    }
  } catch (...) {
    end_ended(transaction, fail(ErrorKind::kOutOfMemory, {}));
    throw;
  }
  return {};
}

Status Transactions::end_and_wait(uint64_t transaction, TransactionState state, Millis timeout) {
  auto waited = std::make_shared<Waited<void>>();
  const TimePoint deadline = now() + timeout;
  auto begun = end(transaction, state, timeout, [waited](Status outcome) { waited->give(std::move(outcome)); });
  if (!begun) return fail(std::move(begun.error()));
  // It comes by the request's own deadline, unless the loop rests for want of memory.
  if (auto outcome = waited->wait(deadline + kAnswerGrace)) return std::move(*outcome);
  return fail(ErrorKind::kTimeout, "the end of the transaction " + std::to_string(transaction) +
                                       " was not handed to a connection in time, and may be yet: leave it to the "
                                       "broker's check, or end it again later");
}

void Transactions::check(const RemotingCommand& request, StoredMessage& message, const std::string& address) {
  TransactionEnd end;
  end.topic = request.ext_fields.text("topic");
  end.broker_name = request.ext_fields.text("bname");
  const std::string unique(message.property(property::kUniqueId));
  end.message_id = unique.empty() ? std::string(request.ext_fields.text("msgId")) : unique;
  end.transaction_id = request.ext_fields.text("transactionId");
  constexpr int64_t kAbsent = -1;
  end.queue_offset = request.ext_fields.number("tranStateTableOffset", kAbsent);
  end.commit_log_offset = request.ext_fields.number("commitLogOffset", kAbsent);
  end.from_check = true;
  if (end.queue_offset < 0 || end.commit_log_offset < 0) {
    log(LogLevel::kWarn, "producer", "{} asks for the state of transaction {} without telling where it lies", address,
        end.message_id);
    return;
  }
  // The message may point into the request, whose bytes it keeps.
  checks_->add(std::move(message), std::move(end), address);
}

int64_t Transactions::open() const {
  std::lock_guard lock(mutex_);
  return static_cast<int64_t>(open_.size() - answered_.size());
}

}  // namespace rocketmq
