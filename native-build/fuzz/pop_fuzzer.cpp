#include "fuzz_target.h"
#include "protocol/pop.h"

// A whole answer with popped messages, header and body: what comes out of it can be acknowledged.
FUZZ_TARGET(pop)(const uint8_t* data, size_t size) {
  using namespace rocketmq;
  const auto frame = decode_frame(SharedBytes(std::vector<uint8_t>(data, data + size)));
  if (!frame) return;
  DecodeLimits limits;
  limits.max_body_bytes = 1 << 16;
  limits.check_crc = size % 2 == 0;
  const auto popped = parse_pop_response(*frame, "orders", "broker-a", limits);
  if (!popped) {
    FUZZ_CHECK(popped.error().kind == ErrorKind::kProtocolError);
    return;
  }
  for (const auto& each : popped->messages) {
    FUZZ_CHECK(each.message.topic == "orders");
    const auto again = ReceiptHandle::parse(each.handle.text());
    FUZZ_CHECK(again);
    FUZZ_CHECK(again->text() == each.handle.text());
  }
}
