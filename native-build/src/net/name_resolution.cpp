#include "net/name_resolution.h"

#include <asio/steady_timer.hpp>
#include <memory>
#include <mutex>

#include "base/attempt.h"
#include "base/thread.h"
#include "net/patient_wait.h"

namespace rocketmq {

namespace {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

// Shared by the waiting coroutine and the resolving thread; whichever is last frees it.
struct Resolution {
  std::mutex mutex;
  // Cleared when the coroutine is gone, with which the loop may go too.
  EventLoop* loop = nullptr;
  std::shared_ptr<asio::steady_timer> wake;
  Endpoints endpoints;
  std::string error;
};

struct Detach {
  std::shared_ptr<Resolution> resolution;
  ~Detach() {
    std::lock_guard lock(resolution->mutex);
    resolution->loop = nullptr;
    resolution->wake = nullptr;
  }
};

void look_up(const std::shared_ptr<Resolution>& resolution, const Address& address) {
  asio::io_context context;
  asio::ip::tcp::resolver resolver(context);
  asio::error_code error;
  const auto results = resolver.resolve(address.host, std::to_string(address.port), error);
  std::lock_guard lock(resolution->mutex);
  if (resolution->loop == nullptr) return;
  for (const auto& result : results) resolution->endpoints.push_back(result.endpoint());
  if (error) resolution->error = error.message();
  resolution->loop->post([wake = resolution->wake] { wake->cancel(); });
}

tl::unexpected<Error> failed(const Address& address, const std::string& reason) {
  Error error;
  error.kind = ErrorKind::kUnreachable;
  error.message = "the host name \"" + address.host + "\" cannot be resolved: " + reason;
  error.address = address.text();
  return fail(std::move(error));
}

}  // namespace

asio::awaitable<Result<Endpoints>> resolve(EventLoop& loop, Address address, Millis timeout) {
  asio::error_code error;
  const auto literal = asio::ip::make_address(address.host, error);
  if (!error) co_return Endpoints{{literal, address.port}};
  auto resolution = std::make_shared<Resolution>();
  resolution->loop = &loop;
  resolution->wake = std::make_shared<asio::steady_timer>(loop.context(), timeout);
  const auto wake = resolution->wake;
  const Detach detach{resolution};
  // What left the thread would end the process: whoever waits finds no answer in time instead.
  start_thread("rmq-resolve", [resolution, address] {
    attempt("net", "the look-up of the host", address.host, [&] { look_up(resolution, address); });
  }).detach();
  make_room_to_wait(wake->get_executor());
  co_await wake->async_wait(patiently(error));
  std::lock_guard lock(resolution->mutex);
  if (!resolution->error.empty()) co_return failed(address, resolution->error);
  if (resolution->endpoints.empty()) co_return failed(address, "no answer in time");
  co_return resolution->endpoints;
}

}  // namespace rocketmq
