#include "mock/mock_server.h"

#include <asio/post.hpp>
#include <future>

namespace rocketmq::mock {

using asio::ip::tcp;

MockServer::MockServer(asio::io_context& loop, std::recursive_mutex& mutex) : loop_(loop), mutex_(mutex) {
  acceptor_ = std::make_unique<tcp::acceptor>(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  port_ = acceptor_->local_endpoint().port();
  asio::post(loop_, [this] { accept(); });
}

void MockServer::run_on_loop(const std::function<void()>& task) const {
  std::promise<void> done;
  asio::post(loop_, [&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

std::vector<std::shared_ptr<Session>> MockServer::open_sessions() const {
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& [number, session] : sessions_) sessions.push_back(session);
  return sessions;
}

void MockServer::accept() {
  acceptor_->async_accept([this](asio::error_code error, tcp::socket socket) {
    // One that was accepted before stop() may be told of after it.
    if (error || !acceptor_) return;
    std::shared_ptr<Session> session;
    {
      std::lock_guard lock(mutex_);
      session = std::make_shared<Session>(*this, std::move(socket), accepted_++);
      sessions_.emplace(session->number(), session);
    }
    session->read();
    accept();
  });
}

void MockServer::stop() {
  run_on_loop([this] {
    acceptor_.reset();
    held_requests_.clear();
    for (const auto& session : open_sessions()) session->close(false);
  });
}

void MockServer::start() {
  run_on_loop([this] {
    if (acceptor_) return;
    acceptor_ = std::make_unique<tcp::acceptor>(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), port_));
    accept();
  });
}

void MockServer::on_closed(Session& session) {
  std::lock_guard lock(mutex_);
  on_disconnect(&session);
  sessions_.erase(session.number());
}

void MockServer::on_request(const std::shared_ptr<Session>& session, RemotingCommand request) {
  // One who waits for the request sees what it did.
  std::lock_guard lock(mutex_);
  ++counts_[request.code];
  ++counts_[kAnyRequest];
  if (recording_) requests_.push_back(request);
  arrived_.notify_all();
  if (frozen_) {
    held_requests_.emplace_back(session, std::move(request));
  } else {
    carry_out(session, request);
  }
}

void MockServer::carry_out(const std::shared_ptr<Session>& session, const RemotingCommand& request) {
  std::lock_guard lock(mutex_);
  const auto fault = next_fault(request.code);
  if (fault) return misbehave(session, request, *fault);
  const bool one_way = request.is_one_way();
  handle(session, request, [session, one_way](RemotingCommand response) {
    if (!one_way) session->send(response);
  });
}

void MockServer::on_response(RemotingCommand response) {
  std::lock_guard lock(mutex_);
  responses_[response.opaque].push_back(std::move(response));
}

int MockServer::connection_count() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(sessions_.size());
}

int MockServer::accepted_count() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(accepted_);
}

std::vector<RemotingCommand> MockServer::requests(int32_t request_code) const {
  std::vector<RemotingCommand> found;
  std::lock_guard lock(mutex_);
  for (const auto& request : requests_) {
    if (request_code == kAnyRequest || request.code == request_code) found.push_back(request);
  }
  return found;
}

void MockServer::record_requests(bool on) {
  std::lock_guard lock(mutex_);
  recording_ = on;
}

int MockServer::request_count(int32_t request_code) const {
  std::lock_guard lock(mutex_);
  const auto found = counts_.find(request_code);
  return found == counts_.end() ? 0 : found->second;
}

std::vector<RemotingCommand> MockServer::responses(int32_t opaque) const {
  std::lock_guard lock(mutex_);
  const auto found = responses_.find(opaque);
  return found == responses_.end() ? std::vector<RemotingCommand>() : found->second;
}

bool MockServer::await_requests(int32_t request_code, int count, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return arrived_.wait_for(lock, timeout, [&] { return request_count(request_code) >= count; });
}

}  // namespace rocketmq::mock
