#include "fuzz_target.h"
#include "protocol/remoting_command.h"

// A frame without its length, as it comes from any server: what can be read can be written, and read again as it was.
FUZZ_TARGET(frame)(const uint8_t* data, size_t size) {
  using namespace rocketmq;
  const auto command = decode_frame(SharedBytes(std::vector<uint8_t>(data, data + size)));
  if (!command) {
    FUZZ_CHECK(command.error().kind == ErrorKind::kProtocolError);
    return;
  }
  std::vector<uint8_t> frame;
  if (!encode_frame(*command, frame)) return;
  const auto again = decode_frame(SharedBytes(std::vector<uint8_t>(frame.begin() + 4, frame.end())));
  FUZZ_CHECK(again);
  FUZZ_CHECK(again->code == command->code);
  FUZZ_CHECK(again->opaque == command->opaque);
  FUZZ_CHECK(again->flag == command->flag);
  FUZZ_CHECK(again->body.view() == command->body.view());
}
