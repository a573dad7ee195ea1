#include "mock/mock_server.h"

#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <future>

namespace rocketmq::mock {

using asio::ip::tcp;

void Session::read() {
  asio::async_read(socket_, asio::buffer(length_), [self = shared_from_this()](asio::error_code error, size_t) {
    if (error) return self->close(false);
    const auto length = static_cast<uint32_t>(ByteReader({self->length_, 4}).i32());
    if (length < 4 || length > static_cast<uint32_t>(kMaxFrameBytes)) return self->close(true);
    self->frame_.resize(length);
    asio::async_read(self->socket_, asio::buffer(self->frame_), [self](asio::error_code failed, size_t) {
      if (failed) return self->close(false);
      auto request = decode_frame(SharedBytes(std::move(self->frame_)));
      self->frame_ = {};
      if (!request) return self->close(true);
      if (request->is_response()) {
        self->server_.on_response(std::move(*request));
      } else {
        self->server_.on_request(self, std::move(*request));
      }
      if (self->open_) self->read();
    });
  });
}

void Session::send(const RemotingCommand& command) {
  std::vector<uint8_t> bytes;
  if (encode_frame(command, bytes)) send_bytes(std::move(bytes));
}

void Session::send_bytes(std::vector<uint8_t> bytes, bool then_close) {
  // Tests send from their own threads.
  asio::post(socket_.get_executor(), [self = shared_from_this(), bytes = std::move(bytes), then_close]() mutable {
    if (!self->open_) return;
    self->output_.push_back(std::move(bytes));
    self->close_after_output_ = self->close_after_output_ || then_close;
    if (self->output_.size() == 1) self->write_next();
  });
}

void Session::write_next() {
  asio::async_write(socket_, asio::buffer(output_.front()),
                    [self = shared_from_this()](asio::error_code error, size_t) {
                      if (error) return self->close(false);
                      self->output_.pop_front();
                      if (!self->output_.empty()) return self->write_next();
                      if (self->close_after_output_) self->close(false);
                    });
}

void Session::close(bool reset) {
  if (!open_) return;
  open_ = false;
  asio::error_code ignored;
  if (reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.cancel(ignored);
  socket_.close(ignored);
  std::lock_guard lock(server_.mutex_);
  server_.on_disconnect(this);
  server_.sessions_.erase(shared_from_this());
}

MockServer::MockServer(asio::io_context& loop, std::recursive_mutex& mutex) : loop_(loop), mutex_(mutex) {
  acceptor_ = std::make_unique<tcp::acceptor>(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  port_ = acceptor_->local_endpoint().port();
  asio::post(loop_, [this] { accept(); });
}

void MockServer::run_on_loop(const std::function<void()>& task) {
  std::promise<void> done;
  asio::post(loop_, [&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

void MockServer::accept() {
  acceptor_->async_accept([this](asio::error_code error, tcp::socket socket) {
    // One that was accepted before stop() may be told of after it.
    if (error || !acceptor_) return;
    auto session = std::make_shared<Session>(*this, std::move(socket));
    {
      std::lock_guard lock(mutex_);
      sessions_.insert(session);
    }
    session->read();
    accept();
  });
}

void MockServer::stop() {
  run_on_loop([this] {
    acceptor_.reset();
    const auto sessions = sessions_;
    for (const auto& session : sessions) session->close(false);
  });
}

void MockServer::start() {
  run_on_loop([this] {
    if (acceptor_) return;
    acceptor_ = std::make_unique<tcp::acceptor>(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), port_));
    accept();
  });
}

void MockServer::reset_connections() {
  run_on_loop([this] {
    const auto sessions = sessions_;
    for (const auto& session : sessions) session->close(true);
  });
}

void MockServer::send_to_all(const std::vector<uint8_t>& bytes) {
  run_on_loop([&] {
    const auto sessions = sessions_;
    for (const auto& session : sessions) session->send_bytes(bytes);
  });
}

void MockServer::inject(int32_t request_code, Fault fault) {
  std::lock_guard lock(mutex_);
  faults_[request_code].push_back(std::move(fault));
}

void MockServer::clear_faults() {
  std::lock_guard lock(mutex_);
  faults_.clear();
}

int MockServer::connection_count() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(sessions_.size());
}

std::vector<RemotingCommand> MockServer::requests(int32_t request_code) const {
  std::vector<RemotingCommand> found;
  std::lock_guard lock(mutex_);
  for (const auto& request : requests_) {
    if (request_code == kAnyRequest || request.code == request_code) found.push_back(request);
  }
  return found;
}

int MockServer::request_count(int32_t request_code) const {
  int count = 0;
  std::lock_guard lock(mutex_);
  for (const auto& request : requests_) count += request_code == kAnyRequest || request.code == request_code ? 1 : 0;
  return count;
}

std::vector<RemotingCommand> MockServer::responses(int32_t opaque) const {
  std::vector<RemotingCommand> found;
  std::lock_guard lock(mutex_);
  for (const auto& response : responses_) {
    if (response.opaque == opaque) found.push_back(response);
  }
  return found;
}

void MockServer::on_response(RemotingCommand response) {
  std::lock_guard lock(mutex_);
  responses_.push_back(std::move(response));
}

bool MockServer::await_requests(int32_t request_code, int count, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return arrived_.wait_for(lock, timeout, [&] { return request_count(request_code) >= count; });
}

std::optional<Fault> MockServer::next_fault(int32_t request_code) {
  for (const int32_t code : {request_code, kAnyRequest}) {
    auto found = faults_.find(code);
    if (found == faults_.end() || found->second.empty()) continue;
    Fault& fault = found->second.front();
    Fault taken = fault;
    if (fault.times > 0 && --fault.times == 0) found->second.pop_front();
    return taken;
  }
  return std::nullopt;
}

void MockServer::on_request(const std::shared_ptr<Session>& session, RemotingCommand request) {
  std::lock_guard lock(mutex_);
  requests_.push_back(request);
  arrived_.notify_all();
  const auto fault = next_fault(request.code);
  if (fault) return misbehave(session, request, *fault);
  const bool one_way = request.is_one_way();
  handle(session, request, [session, one_way](RemotingCommand response) {
    if (!one_way) session->send(response);
  });
}

void MockServer::misbehave(const std::shared_ptr<Session>& session, const RemotingCommand& request,
                           const Fault& fault) {
  const Reply nowhere = [](RemotingCommand) {};
  switch (fault.kind) {
    case Fault::Kind::kRespond:
      return session->send(RemotingCommand::response_to(request, fault.code, fault.text));
    case Fault::Kind::kDelay:
      return handle(session, request, [this, session, delay = fault.delay](RemotingCommand response) {
        auto timer = std::make_shared<asio::steady_timer>(loop_, delay);
        timer->async_wait([timer, session, response](asio::error_code) { session->send(response); });
      });
    case Fault::Kind::kStatus:
      return handle(session, request, [session, code = fault.code](RemotingCommand response) {
        response.code = code;
        session->send(response);
      });
    case Fault::Kind::kDrop:
      return handle(session, request, nowhere);
    case Fault::Kind::kIgnore:
      return;
    case Fault::Kind::kReset:
      return session->close(true);
    case Fault::Kind::kClose:
      return session->close(false);
    case Fault::Kind::kHalfFrame:
      return handle(session, request, [session](RemotingCommand response) {
        std::vector<uint8_t> bytes;
        if (!encode_frame(response, bytes)) return;
        bytes.resize(bytes.size() / 2);
        session->send_bytes(std::move(bytes), true);
      });
    case Fault::Kind::kGarbage:
      return session->send_bytes({'H', 'T', 'T', 'P', '/', '1', '.', '1', ' ', '4', '0', '0'});
    case Fault::Kind::kOversize: {
      std::vector<uint8_t> bytes;
      ByteWriter(bytes).i32(fault.code);
      return session->send_bytes(std::move(bytes));
    }
    case Fault::Kind::kWrongOpaque:
      return handle(session, request, [session](RemotingCommand response) {
        RemotingCommand wrong = response;
        wrong.opaque += 1000000;
        session->send(wrong);
        session->send(response);
      });
  }
}

}  // namespace rocketmq::mock
