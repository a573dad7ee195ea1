#include "net/coroutine.h"

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "base/log.h"

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

void start_coroutine(EventLoop& loop, asio::awaitable<void> coroutine, const char* name) {
  // Posted, as co_spawn would run the beginning at once on the loop's own thread, under the caller's locks.
  loop.post([&loop, name, body = std::move(coroutine)]() mutable {
    asio::co_spawn(loop.context(), std::move(body), [name](std::exception_ptr failure) {
      if (!failure) return;
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& e) {
        log(LogLevel::kError, "net", "the coroutine \"{}\" failed: {}", name, e.what());
      }
    });
  });
}

}  // namespace rocketmq
