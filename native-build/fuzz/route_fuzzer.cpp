#include "fuzz_target.h"
#include "protocol/route.h"

// The route that a name server sends, with fastjson's non-standard keys: what is read survives a round trip.
FUZZ_TARGET(route)(const uint8_t* data, size_t size) {
  using namespace rocketmq;
  const auto route = parse_route({reinterpret_cast<const char*>(data), size});
  if (!route) {
    FUZZ_CHECK(route.error().kind == ErrorKind::kProtocolError);
    return;
  }
  for (const auto& queue : publish_queues("topic", *route)) FUZZ_CHECK(queue.queue_id >= 0);
  (void)subscribe_queues("topic", *route);
  const auto again = parse_route(route_to_json(*route));
  FUZZ_CHECK(again);
  FUZZ_CHECK(*again == *route);
}
