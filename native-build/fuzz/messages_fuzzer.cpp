#include <algorithm>

#include "fuzz_target.h"
#include "protocol/message.h"

// The body of a pull response: nothing points outside of it, and nothing unpacks beyond the limit.
FUZZ_TARGET(messages)(const uint8_t* data, size_t size) {
  using namespace rocketmq;
  DecodeLimits limits;
  limits.max_body_bytes = 1 << 16;
  limits.check_crc = size % 2 == 0;
  const SharedBytes body(std::vector<uint8_t>(data, data + size));
  // One message, as a broker asks for its transaction's state.
  if (auto one = decode_stored_message(body, limits.check_crc)) {
    if (const auto unpacked = unpack_body(*one, limits.max_body_bytes)) {
      FUZZ_CHECK(one->body.size() <= std::max(limits.max_body_bytes, size));
    } else {
      FUZZ_CHECK(unpacked.error().kind == ErrorKind::kProtocolError);
    }
  }
  const auto decoded = decode_messages(body, limits);
  if (!decoded) {
    FUZZ_CHECK(decoded.error().kind == ErrorKind::kProtocolError);
    return;
  }
  size_t read = 0;
  for (const StoredMessage& message : decoded->messages) {
    for (const uint8_t byte : message.body.view()) read += byte;
    for (const char byte : message.topic) read += static_cast<uint8_t>(byte);
    read += message.message_id().size() + message.property("TAGS").size();
    for (const auto& [name, value] : message.properties) {
      FUZZ_CHECK(!name.empty());
      read += name.size() + value.size();
    }
  }
  FUZZ_CHECK(read < SIZE_MAX);
}
