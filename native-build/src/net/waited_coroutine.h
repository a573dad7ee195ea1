#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <utility>

#include "base/waited.h"
#include "net/coroutine.h"

namespace rocketmq {

template <typename Value>
asio::awaitable<void> give_end(asio::awaitable<Result<Value>> coroutine, std::shared_ptr<Waited<Value>> waited) {
  auto end = co_await std::move(coroutine);
  waited->give(std::move(end));
}

// Starts a coroutine on the loop, for whose end another thread waits as long as it likes: what it needs afterwards it
// must keep itself. One that an exception leaves gives nothing.
template <typename Value>
std::shared_ptr<Waited<Value>> start_waited(EventLoop& loop, asio::awaitable<Result<Value>> coroutine,
                                            const char* name) {
  auto waited = std::make_shared<Waited<Value>>();
  start_coroutine(loop, give_end(std::move(coroutine), waited), name);
  return waited;
}

}  // namespace rocketmq
