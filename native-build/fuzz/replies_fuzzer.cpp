#include <memory>

#include "fuzz_target.h"
#include "producer/requests.h"

// The frame of a reply that a broker hands over: whatever its fields say, a message or a protocol error comes of it.
FUZZ_TARGET(replies)(const uint8_t* data, size_t size) {
  using namespace rocketmq;
  auto command = decode_frame(SharedBytes(std::vector<uint8_t>(data, data + size)));
  if (!command) return;
  const auto reply = decode_reply(std::make_shared<const RemotingCommand>(std::move(*command)));
  if (!reply) {
    FUZZ_CHECK(reply.error().kind == ErrorKind::kProtocolError);
    return;
  }
  size_t read = host_text(reply->born_host).size() + host_text(reply->store_host).size() + reply->topic.size();
  for (const auto& [name, value] : reply->properties) {
    FUZZ_CHECK(!name.empty());
    read += name.size() + value.size();
  }
  for (const uint8_t byte : reply->body.view()) read += byte;
  FUZZ_CHECK(read < SIZE_MAX);
}
