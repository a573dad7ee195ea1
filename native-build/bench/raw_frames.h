#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "raw_socket.h"

namespace bench {

// Where the messages of a topic go: its first broker that has a master and queues to write to.
struct RawRoute {
  std::string address;
  std::string broker_name;
  int64_t queues = 0;
};

// Asks the name server. Failures are CommandErrors.
RawRoute find_route(RawSocket& name_server, const std::string& topic);

// A SEND_MESSAGE_V2 request with the binary header, encoded once: each message overwrites its queue, unique
// id and opaque alone.
class SendTemplate {
 public:
  SendTemplate(const RawRoute& route, const std::string& topic, int64_t size);

  size_t size() const { return frame_.size(); }
  // Writes the frame of one message of this process, the `number`th.
  void write(char* at, int32_t opaque, uint32_t number) const;

 private:
  // Queues named by one digit keep the frame's length.
  int64_t queues_ = 1;
  std::string frame_;
  size_t queue_at_ = 0;
  size_t id_at_ = 0;
};

struct RawResponse {
  bool is_response;
  int32_t opaque;
  int32_t code;
  std::string_view body;
};

// Brokers answer with JSON headers by default, whatever the request's header. `frame` is without its length. A
// CommandError for what is no frame.
RawResponse read_response(std::string_view frame);

}  // namespace bench
