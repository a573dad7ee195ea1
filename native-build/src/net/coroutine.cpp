#include "net/coroutine.h"

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "base/log.h"
#include "base/memory.h"

namespace rocketmq {

asio::awaitable<bool> Pause::wait(Millis duration) {
  if (!interrupted_) {
    timer_.expires_after(duration);
    asio::error_code error;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  co_return std::exchange(interrupted_, false);
}

void Pause::interrupt() {
  interrupted_ = true;
  timer_.cancel();
}

namespace {

asio::awaitable<void> run(std::shared_ptr<asio::awaitable<void>> body) {
  auto awaited = std::move(*body);
  co_await std::move(awaited);
}

void log_failure(const char* name, const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    log(LogLevel::kError, "net", "the coroutine \"{}\" failed: {}", name, e.what());
  }
}

}  // namespace

void start_coroutine(EventLoop& loop, asio::awaitable<void> coroutine, const char* name) {
  // Held here too, so that where it cannot be posted it does not end under the loop's lock, whatever follows from that.
  const auto body = std::make_shared<asio::awaitable<void>>(std::move(coroutine));
  // Posted, as co_spawn would run the beginning at once on the loop's own thread, under the caller's locks. What is
  // posted begins: too much is owed by coroutines for them to get lost.
  loop.post([&loop, name, body] {
    until_memory([&] {
      asio::co_spawn(loop.context(), run(body),
                     [name](const std::exception_ptr& failure) { log_failure(name, failure); });
    });
  });
}

}  // namespace rocketmq
