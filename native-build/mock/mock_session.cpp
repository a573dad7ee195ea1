#include "mock/mock_session.h"

#include <algorithm>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <utility>

#include "mock/mock_server.h"

namespace rocketmq::mock {

namespace {

// How often a server with a limited rate writes.
constexpr std::chrono::milliseconds kWriteInterval{20};

}  // namespace

void Session::read() {
  if (!open_) return;
  if (!server_.reading_) {
    waits_to_read_ = true;
    return;
  }
  asio::async_read(socket_, asio::buffer(length_), [self = shared_from_this()](asio::error_code error, size_t) {
    if (error) return self->close(false);
    self->read_frame();
  });
}

void Session::read_frame() {
  const auto length = static_cast<uint32_t>(ByteReader({length_, 4}).i32());
  if (length < 4 || length > static_cast<uint32_t>(kMaxFrameBytes)) return close(true);
  frame_.resize(length);
  asio::async_read(socket_, asio::buffer(frame_), [self = shared_from_this()](asio::error_code error, size_t) {
    if (error) return self->close(false);
    auto request = decode_frame(SharedBytes(std::move(self->frame_)));
    self->frame_ = {};
    if (!request) return self->close(true);
    if (self->black_hole_) {
      // Goes nowhere.
    } else if (request->is_response()) {
      self->server_.on_response(std::move(*request));
    } else {
      self->server_.on_request(self, std::move(*request));
    }
    self->read();
  });
}

void Session::send(const RemotingCommand& command) {
  std::vector<uint8_t> bytes;
  if (encode_frame(command, bytes)) send_bytes(std::move(bytes));
}

void Session::send_bytes(std::vector<uint8_t> bytes, Then then) {
  // Tests send from their own threads.
  asio::post(socket_.get_executor(), [self = shared_from_this(), bytes = std::move(bytes), then]() mutable {
    if (!self->open_ || self->black_hole_) return;
    self->output_.push_back(std::move(bytes));
    self->after_output_ = std::max(self->after_output_, then);
    self->write_next();
  });
}

void Session::black_hole() {
  black_hole_ = true;
  if (!writing_) output_.clear();
}

void Session::half_open() {
  black_hole();
  half_open_ = true;
}

void Session::notice_end() {
  if (!std::exchange(half_open_, false)) return;
  open_ ? close(true) : server_.on_closed(*this);
}

void Session::go_on() {
  if (waits_to_read_) {
    waits_to_read_ = false;
    read();
  }
  write_next();
}

void Session::write_next() {
  if (!open_ || writing_ || black_hole_ || output_.empty() || server_.frozen_) return;
  writing_ = true;
  written_ = 0;
  write_some();
}

void Session::write_some() {
  size_t size = output_.front().size() - written_;
  const size_t rate = server_.write_rate_;
  if (rate > 0) size = std::min(size, std::max<size_t>(1, rate * kWriteInterval.count() / 1000));
  const auto done = [self = shared_from_this(), size, rate](asio::error_code error, size_t) {
    if (error) return self->close(false);
    self->written_ += size;
    if (self->written_ < self->output_.front().size()) {
      if (rate == 0) return self->write_some();
      auto timer = std::make_shared<asio::steady_timer>(self->socket_.get_executor(), kWriteInterval);
      return timer->async_wait([self, timer](asio::error_code) {
        if (self->open_) self->write_some();
      });
    }
    self->output_.pop_front();
    self->writing_ = false;
    if (!self->output_.empty()) return self->write_next();
    if (self->after_output_ != Then::kStay) self->close(self->after_output_ == Then::kReset);
  };
  asio::async_write(socket_, asio::buffer(output_.front().data() + written_, size), done);
}

void Session::close(bool reset) {
  if (!open_) return;
  open_ = false;
  asio::error_code ignored;
  if (reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.cancel(ignored);
  socket_.close(ignored);
  if (!half_open_) server_.on_closed(*this);
}

}  // namespace rocketmq::mock
