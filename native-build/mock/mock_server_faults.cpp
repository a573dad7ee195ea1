#include <asio/steady_timer.hpp>

#include "mock/mock_server.h"
#include "protocol/codes.h"

namespace rocketmq::mock {

void MockServer::inject(int32_t request_code, Fault fault) {
  std::lock_guard lock(mutex_);
  ActiveFault active{std::move(fault), std::nullopt};
  if (active.fault.lasts) active.until = now() + *active.fault.lasts;
  faults_[request_code].push_back(std::move(active));
}

void MockServer::clear_faults() {
  std::lock_guard lock(mutex_);
  faults_.clear();
}

void MockServer::freeze() {
  run_on_loop([this] { frozen_ = true; });
}

void MockServer::thaw() {
  run_on_loop([this] {
    frozen_ = false;
    const auto requests = std::move(held_requests_);
    held_requests_.clear();
    for (const auto& [session, request] : requests) carry_out(session, request);
    for (const auto& session : open_sessions()) session->go_on();
  });
}

void MockServer::stop_reading() {
  run_on_loop([this] { reading_ = false; });
}

void MockServer::resume_reading() {
  run_on_loop([this] {
    reading_ = true;
    for (const auto& session : open_sessions()) session->go_on();
  });
}

void MockServer::limit_writing(size_t bytes_per_second) {
  run_on_loop([this, bytes_per_second] { write_rate_ = bytes_per_second; });
}

bool MockServer::with_session(int index, const std::function<void(Session&)>& action) {
  bool found = false;
  run_on_loop([&] {
    const auto sessions = open_sessions();
    found = index >= 0 && index < static_cast<int>(sessions.size());
    if (found) action(*sessions[static_cast<size_t>(index)]);
  });
  return found;
}

bool MockServer::reset_connection(int index) {
  return with_session(index, [](Session& session) { session.close(true); });
}

bool MockServer::black_hole_connection(int index) {
  return with_session(index, [](Session& session) { session.black_hole(); });
}

void MockServer::reset_connections() {
  run_on_loop([this] {
    for (const auto& session : open_sessions()) session->close(true);
  });
}

void MockServer::black_hole_connections() {
  run_on_loop([this] {
    for (const auto& session : open_sessions()) session->black_hole();
  });
}

void MockServer::half_open_connections() {
  run_on_loop([this] {
    for (const auto& session : open_sessions()) session->half_open();
  });
}

void MockServer::notice_half_open_connections() {
  run_on_loop([this] {
    for (const auto& session : open_sessions()) session->notice_end();
  });
}

void MockServer::send_to_all(const std::vector<uint8_t>& bytes) {
  run_on_loop([&] {
    for (const auto& session : open_sessions()) session->send_bytes(bytes);
  });
}

std::optional<Fault> MockServer::next_fault(int32_t request_code) {
  for (const int32_t code : {request_code, kAnyRequest}) {
    auto found = faults_.find(code);
    if (found == faults_.end()) continue;
    auto& faults = found->second;
    faults.remove_if([](const ActiveFault& each) { return each.until && now() >= *each.until; });
    if (faults.empty()) continue;
    Fault& fault = faults.front().fault;
    Fault taken = fault;
    if (fault.times > 0 && --fault.times == 0) faults.pop_front();
    return taken;
  }
  return std::nullopt;
}

namespace {

RemotingCommand with_shifted_field(const RemotingCommand& command, std::string_view name, int64_t change) {
  RemotingCommand changed = command;
  changed.ext_fields = {};
  for (size_t i = 0; i < command.ext_fields.size(); ++i) {
    const auto [field, value] = command.ext_fields.at(i);
    if (field == name) {
      changed.ext_fields.add(field, command.ext_fields.number(name, 0) + change);
    } else {
      changed.ext_fields.add(field, value);
    }
  }
  return changed;
}

RemotingCommand not_found_there(const RemotingCommand& request) {
  auto response = RemotingCommand::response_to(request, response_code::kPullNotFound);
  const int64_t offset = request.ext_fields.number("queueOffset", 0);
  response.ext_fields.add("suggestWhichBrokerId", 0);
  response.ext_fields.add("minOffset", 0);
  response.ext_fields.add("maxOffset", offset + 1);
  response.ext_fields.add("nextBeginOffset", offset);
  return response;
}

// A whole frame whose header is neither JSON nor binary.
std::vector<uint8_t> garbage_frame() {
  std::vector<uint8_t> bytes;
  ByteWriter writer(bytes);
  writer.i32(12);
  writer.i32(8);
  writer.text("{garbage");
  return bytes;
}

}  // namespace

void MockServer::misbehave(const std::shared_ptr<Session>& session, const RemotingCommand& request,
                           const Fault& fault) {
  const Reply nowhere = [](RemotingCommand) {};
  const auto half_then = [session](Session::Then then) {
    return [session, then](RemotingCommand response) {
      std::vector<uint8_t> bytes;
      if (!encode_frame(response, bytes)) return;
      bytes.resize(bytes.size() / 2);
      session->send_bytes(std::move(bytes), then);
    };
  };
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
      return handle(session, request, half_then(Session::Then::kClose));
    case Fault::Kind::kHalfFrameReset:
      return handle(session, request, half_then(Session::Then::kReset));
    case Fault::Kind::kGarbage:
      return session->send_bytes({'H', 'T', 'T', 'P', '/', '1', '.', '1', ' ', '4', '0', '0'});
    case Fault::Kind::kGarbageFrame:
      return session->send_bytes(garbage_frame());
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
    case Fault::Kind::kShiftField:
      return handle(session, with_shifted_field(request, fault.text, fault.code),
                    [session](RemotingCommand response) { session->send(response); });
    case Fault::Kind::kShiftAnswer:
      return handle(session, request, [session, fault](const RemotingCommand& response) {
        session->send(with_shifted_field(response, fault.text, fault.code));
      });
    case Fault::Kind::kNotMoving:
      return session->send(not_found_there(request));
    case Fault::Kind::kBlackHole:
      return session->black_hole();
    case Fault::Kind::kLate: {
      auto timer = std::make_shared<asio::steady_timer>(loop_, fault.delay);
      return timer->async_wait([this, timer, session, request](asio::error_code error) {
        if (error) return;
        std::lock_guard lock(mutex_);
        handle(session, request, [session](RemotingCommand response) { session->send(response); });
      });
    }
  }
}

}  // namespace rocketmq::mock
