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
  // A blank after the brace is all the same to JSON, but leaves the header to the parser for all of it: both must
  // agree.
  if (command->serialize_type == SerializeType::kJson && size > 5 && data[4] == '{') {
    std::vector<uint8_t> spaced(data, data + size);
    spaced.insert(spaced.begin() + 5, ' ');
    const uint32_t length = (static_cast<uint32_t>(data[1]) << 16 | static_cast<uint32_t>(data[2]) << 8 | data[3]) + 1;
    for (int i = 0; i < 3; ++i) spaced[1 + i] = static_cast<uint8_t>(length >> (16 - 8 * i));
    const auto other = decode_frame(SharedBytes(spaced));
    FUZZ_CHECK(other || length > 0xffffff);
    if (other) {
      FUZZ_CHECK(other->code == command->code && other->opaque == command->opaque && other->flag == command->flag);
      FUZZ_CHECK(other->version == command->version && other->language == command->language);
      FUZZ_CHECK(other->remark == command->remark && other->ext_fields.size() == command->ext_fields.size());
      for (size_t i = 0; i < other->ext_fields.size(); ++i) {
        const auto [name, value] = other->ext_fields.at(i);
        FUZZ_CHECK(command->ext_fields.text(name) == value);
      }
    }
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
