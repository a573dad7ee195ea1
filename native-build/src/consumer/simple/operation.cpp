#include "consumer/simple/operation.h"

#include <fmt/format.h>

#include <new>

#include "base/memory.h"

namespace rocketmq {

namespace {

constexpr int64_t kMostOperations = 65536;

}  // namespace

SimpleOperations::SimpleOperations(SimpleCallback on_completed)
    : has_callback_(on_completed != nullptr),
      queue_(std::make_shared<CompletionQueue>(
          [on_completed = std::move(on_completed)](const auto& ended) { tell(on_completed, ended); })) {}

Status SimpleOperations::add(const Operation& operation) {
  if (operation->asynchronous && !has_callback_) {
    return fail(
        ErrorKind::kInvalidArgument,
        "on_completed is not set, so that nobody would learn of the call's end: set it in the consumer's options");
  }
  if (const int64_t under_way = count(); under_way >= kMostOperations) {
    return fail(ErrorKind::kTooManyRequests, fmt::format("{} calls of this consumer are under way, which is the limit: "
                                                         "wait for some of them to end",
                                                         under_way));
  }
  if (queue_->add(*operation)) return {};
  return fail(ErrorKind::kClosed, "the consumer is closed: create another one");
}

void SimpleOperations::end(const Operation& operation, Result<SimpleResult> result) {
  (void)try_end(operation, result);
}

bool SimpleOperations::try_end(const Operation& operation, Result<SimpleResult>& result) {
  if (operation->ended.exchange(true)) return false;
  if (!result) result.error().elapsed_ms = millis_between(operation->begin, now());
  operation->result = std::move(result);
  if (operation->asynchronous) {
    queue_->end(operation);
    return true;
  }
  // First, so that who waited no longer finds it among those under way.
  queue_->remove(*operation);
  operation->has_result.set();
  return true;
}

Result<SimpleResult> SimpleOperations::wait(const Operation& operation) {
  operation->has_result.wait();
  return std::move(*operation->result);
}

void SimpleOperations::tell(const SimpleCallback& on_completed, const CompletionQueue::Batch& ended) {
  std::vector<SimpleOutcome> outcomes;
  until_memory([&] { outcomes.reserve(ended.size()); });
  for (const auto& each : ended) {
    auto& operation = static_cast<SimpleOperation&>(*each);
    outcomes.push_back({operation.context, *operation.result});
  }
  until_memory([&] { on_completed(outcomes); });
}

void SimpleOperations::end_all(const Error& error, bool receives_only) {
  queue_->for_each([&](Completion& each) {
    auto& operation = static_cast<SimpleOperation&>(each);
    if (receives_only && operation.kind != SimpleOperation::Kind::kReceive) return;
    Error own;
    try {
      own = error;
    } catch (const std::bad_alloc&) {
      // Without what the text needs.
      own = Error();
      own.kind = error.kind;
    }
    end(std::static_pointer_cast<SimpleOperation>(operation.shared_from_this()), fail(std::move(own)));
  });
}

}  // namespace rocketmq
