#include "net/coroutine.h"

#include <thread>

#include "base/log.h"
#include "base/memory.h"
#include "net/patient_wait.h"

namespace rocketmq {

asio::awaitable<bool> Pause::wait(Millis duration) {
  if (!interrupted_) {
    timer_.expires_after(duration);
    asio::error_code error;
    make_room_to_wait(timer_.get_executor());
    co_await timer_.async_wait(patiently(error));
  }
  co_return std::exchange(interrupted_, false);
}

void Pause::interrupt() {
  interrupted_ = true;
  timer_.cancel();
}

namespace {

// Until what failed begins again.
constexpr Millis kRestartPause{100};
// The same where there is no memory for a wait; the loop rests meanwhile, as in until_memory().
constexpr Millis kMemoryPause{10};

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

struct Periodic {
  EventLoop& loop;
  const std::function<asio::awaitable<void>()> begin;
  const std::function<bool()> ended;
  const char* const name;
};

asio::awaitable<void> run_periodic(std::shared_ptr<const Periodic> periodic) {
  if (periodic->ended()) co_return;
  try {
    auto body = periodic->begin();
    co_await std::move(body);
    co_return;
  } catch (const std::exception& e) {
    log(LogLevel::kError, "net", "the coroutine \"{}\" failed, and begins again: {}", periodic->name, e.what());
  }
  bool waited = false;
  try {
    Pause pause(periodic->loop);
    co_await pause.wait(kRestartPause);
    waited = true;
  } catch (const std::exception& e) {
    log(LogLevel::kDebug, "net", "no wait before \"{}\" begins again: {}", periodic->name, e.what());
  }
  if (!waited) std::this_thread::sleep_for(kMemoryPause);
  // Posted, so that others have their turn first.
  until_memory([&] { start_coroutine(periodic->loop, run_periodic(periodic), periodic->name); });
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

void start_periodic(EventLoop& loop, std::function<asio::awaitable<void>()> begin, std::function<bool()> ended,
                    const char* name) {
  start_coroutine(
      loop, run_periodic(std::make_shared<const Periodic>(Periodic{loop, std::move(begin), std::move(ended), name})),
      name);
}

}  // namespace rocketmq
