#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "mock/mock_handle.h"

// The faults of rocketmq_mock.h.

namespace {

using rocketmq::mock::Fault;
using rocketmq::mock::MockServer;
using rocketmq::mock::with_server;

int32_t inject(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t request_code, int32_t fault_kind,
               const Fault& fault) {
  if (fault_kind < 0 || fault_kind > static_cast<int32_t>(Fault::Kind::kLate)) return -1;
  return with_server(mock, kind, index, [&](MockServer& server) {
    server.inject(request_code, fault);
    return 0;
  });
}

Fault make_fault(int32_t kind, int32_t times, int32_t code, int32_t delay_ms, const char* text) {
  return {static_cast<Fault::Kind>(kind), code, text == nullptr ? "" : text, std::chrono::milliseconds(delay_ms),
          times};
}

template <typename Action>
int32_t do_with_server(rocketmq_mock* mock, int32_t kind, int32_t index, Action action) {
  return with_server(mock, kind, index, [&](MockServer& server) {
    action(server);
    return 0;
  });
}

bool is_broker(const rocketmq_mock* mock, int32_t index) { return index >= 0 && index < mock->cluster.broker_count(); }

}  // namespace

int32_t rocketmq_mock_inject(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t request_code, int32_t fault,
                             int32_t times, int32_t code, int32_t delay_ms, const char* text) {
  return inject(mock, kind, index, request_code, fault, make_fault(fault, times, code, delay_ms, text));
}

int32_t rocketmq_mock_inject_for(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t request_code, int32_t fault,
                                 int32_t duration_ms, int32_t code, int32_t delay_ms, const char* text) {
  return inject(mock, kind, index, request_code, fault,
                make_fault(fault, -1, code, delay_ms, text).during(std::chrono::milliseconds(duration_ms)));
}

int32_t rocketmq_mock_clear_faults(rocketmq_mock* mock, int32_t kind, int32_t index) {
  return do_with_server(mock, kind, index, [](MockServer& server) { server.clear_faults(); });
}

int32_t rocketmq_mock_reset_connections(rocketmq_mock* mock, int32_t kind, int32_t index) {
  return do_with_server(mock, kind, index, [](MockServer& server) { server.reset_connections(); });
}

int32_t rocketmq_mock_reset_connection(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t connection) {
  return with_server(mock, kind, index,
                     [&](MockServer& server) { return server.reset_connection(connection) ? 0 : -1; });
}

int32_t rocketmq_mock_black_hole_connection(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t connection) {
  return with_server(mock, kind, index,
                     [&](MockServer& server) { return server.black_hole_connection(connection) ? 0 : -1; });
}

int32_t rocketmq_mock_freeze(rocketmq_mock* mock, int32_t kind, int32_t index) {
  return do_with_server(mock, kind, index, [](MockServer& server) { server.freeze(); });
}

int32_t rocketmq_mock_thaw(rocketmq_mock* mock, int32_t kind, int32_t index) {
  return do_with_server(mock, kind, index, [](MockServer& server) { server.thaw(); });
}

int32_t rocketmq_mock_stop_reading(rocketmq_mock* mock, int32_t kind, int32_t index) {
  return do_with_server(mock, kind, index, [](MockServer& server) { server.stop_reading(); });
}

int32_t rocketmq_mock_resume_reading(rocketmq_mock* mock, int32_t kind, int32_t index) {
  return do_with_server(mock, kind, index, [](MockServer& server) { server.resume_reading(); });
}

int32_t rocketmq_mock_limit_writing(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t bytes_per_second) {
  if (bytes_per_second < 0) return -1;
  return do_with_server(mock, kind, index,
                        [&](MockServer& server) { server.limit_writing(static_cast<size_t>(bytes_per_second)); });
}

int32_t rocketmq_mock_corrupt(rocketmq_mock* mock, int32_t broker, const char* topic, int32_t queue, int64_t offset) {
  if (!is_broker(mock, broker)) return -1;
  return mock->cluster.broker(broker).corrupt(topic, queue, offset) ? 0 : -1;
}

int32_t rocketmq_mock_set_listed_members(rocketmq_mock* mock, int32_t broker, const char* group,
                                         const char* client_ids) {
  if (!is_broker(mock, broker)) return -1;
  if (client_ids == nullptr) {
    mock->cluster.broker(broker).set_listed_members(group, std::nullopt);
    return 0;
  }
  std::vector<std::string> ids;
  std::istringstream stream(client_ids);
  for (std::string id; std::getline(stream, id, ',');) ids.push_back(id);
  mock->cluster.broker(broker).set_listed_members(group, std::move(ids));
  return 0;
}
