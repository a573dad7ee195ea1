#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/address.h"
#include "protocol/remoting_command.h"

namespace rocketmq {

// Checked options of a client; see rocketmq_client_options. Those that are equal share one ClientInstance, which keeps
// its copy unchanged.
struct ClientOptions {
  std::vector<Address> name_servers;
  std::string instance_name;
  std::string namespace_name;
  Millis connect_timeout{3000};
  Millis request_timeout{3000};
  Millis route_refresh_interval{30000};
  Millis heartbeat_interval{30000};
  int32_t max_frame_bytes = kMaxFrameBytes;

  bool operator==(const ClientOptions&) const = default;
};

}  // namespace rocketmq
