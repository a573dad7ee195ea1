#include "producer/calls.h"

#include <exception>
#include <new>
#include <utility>

#include "base/log.h"
#include "base/memory.h"
#include "net/coroutine.h"

namespace rocketmq {

namespace {

constexpr size_t kMostCalls = 65536;

Error closed_before_end() {
  return as_far_as_memory_goes(ErrorKind::kClosed, false, [] {
    Error error;
    error.kind = ErrorKind::kClosed;
    error.message = "the producer was closed before the call had ended";
    return error;
  });
}

Error timed_out(const Call& call) {
  return as_far_as_memory_goes(ErrorKind::kTimeout, false, [&] {
    Error error;
    error.kind = ErrorKind::kTimeout;
    error.message = "the call did not end within " + std::to_string(millis_between(call.begin, call.deadline)) + " ms";
    return error;
  });
}

Error without_end() {
  return as_far_as_memory_goes(ErrorKind::kInternalError, false, [] {
    Error error;
    error.message = "the call failed, as the log tells (for want of memory, say): it may be repeated";
    return error;
  });
}

}  // namespace

void Calls::Ender::operator()(Result<CallEnd> end) const {
  const auto calls = calls_.lock();
  const auto call = call_.lock();
  if (calls && call) calls->finish(call, std::move(end));
}

Status Calls::check_callback() const {
  if (on_ended_) return {};
  return fail(ErrorKind::kInvalidArgument,
              "on_call_ended is not set, so that nobody would learn of the call's end: set it in the producer's "
              "options");
}

Status Calls::add(const std::shared_ptr<Call>& call) {
  {
    std::lock_guard lock(mutex_);
    if (under_way_ >= kMostCalls) {
      return fail(ErrorKind::kTooManyRequests,
                  std::to_string(under_way_) + " calls of this producer are under way: wait until some have ended");
    }
    open_.insert(call);
    ++under_way_;
  }
  if (operations_->add(*call)) return {};
  take(call);
  told();
  return fail(ErrorKind::kClosed, "the producer is closed: create another one");
}

void Calls::told() {
  std::lock_guard lock(mutex_);
  --under_way_;
}

bool Calls::take_back(const std::shared_ptr<Call>& call) {
  if (!take(call)) return false;
  operations_->remove(*call);
  told();
  return true;
}

void Calls::begin(const std::shared_ptr<Call>& call, const Work& work, const char* name) {
  try {
    start_coroutine(client_->loop(), carry_out(client_.get(), work, ender_of(call)), name);
  } catch (...) {
    if (take_back(call)) throw;
  }
}

asio::awaitable<void> Calls::carry_out(ClientInstance* client, Work work, Ender ender) {
  const struct AtLeast {
    const Ender& ender;
    ~AtLeast() { ender(fail(without_end())); }
  } at_least{ender};
  auto end = co_await work(client);
  ender(std::move(end));
}

bool Calls::take(const std::shared_ptr<Call>& call) {
  std::lock_guard lock(mutex_);
  return open_.erase(call) != 0;
}

void Calls::finish(const std::shared_ptr<Call>& call, Result<CallEnd> end) {
  if (!take(call)) return;
  if (!end) {
    Error& error = end.error();
    try {
      if (error.topic.empty()) error.topic = call->topic;
    } catch (const std::bad_alloc&) {
      // It must come all the same.
      error.topic.clear();
    }
    error.elapsed_ms = millis_between(call->begin, now());
  }
  call->end = std::move(end);
  if (call->asynchronous) return operations_->end(call);
  operations_->remove(*call);
  told();
  call->ended.set();
}

Result<CallEnd> Calls::wait(const std::shared_ptr<Call>& call) {
  // The loop ends it by its deadline, unless it rests for want of memory.
  constexpr Millis kMore{2000};
  if (!call->ended.wait_until(call->deadline + kMore)) finish(call, fail(timed_out(*call)));
  call->ended.wait();
  return std::move(*call->end);
}

void Calls::call_back(const Call& call) {
  try {
    until_memory([&] { on_ended_({call.context, *call.end}); });
  } catch (const std::exception& e) {
    log(LogLevel::kError, "producer", "the callback for ended calls failed: {}", e.what());
  } catch (...) {
    log(LogLevel::kError, "producer", "the callback for ended calls failed with an exception of an unknown type");
  }
  told();
}

void Calls::abort(Call& call) {
  finish(std::static_pointer_cast<Call>(call.shared_from_this()), fail(closed_before_end()));
}

}  // namespace rocketmq
