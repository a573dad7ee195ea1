#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace bench {

// Bytes to write, at the end of a buffer that is kept.
class Output {
 public:
  // Room for `size` more bytes; taken() tells how many it got.
  uint8_t* room(size_t size);
  void taken(size_t size) { end_ += size; }
  // Bytes at the front were written.
  void written(size_t size);
  const uint8_t* data() const { return bytes_.data() + begin_; }
  size_t size() const { return end_ - begin_; }

 private:
  std::vector<uint8_t> bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

// How the headers of answers are written.
enum class AnswerHeader {
  // As brokers do by default, whatever the request's header.
  kJson,
  // As the request's header.
  kAsRequest,
};

// The answers of a name server and broker that keeps nothing.
class SinkAnswers {
 public:
  // `port` is where the broker of all routes listens.
  SinkAnswers(uint16_t port, AnswerHeader header);

  // Answers a frame (without its length) unless it is one-way. False for what is no frame.
  bool answer(rocketmq::ByteView frame, Output& output);

 private:
  bool answer_binary_send(rocketmq::ByteView frame, Output& output);
  bool answer_decoded(rocketmq::ByteView frame, Output& output);
  // The acknowledgement of one more message.
  void acknowledge(uint32_t opaque, std::string_view queue_id, bool one_way, bool binary, Output& output);

  const AnswerHeader header_;
  const std::string route_;
  // What every message id begins with: the broker's address.
  const std::string id_prefix_;
  // By queue, whatever the topic.
  std::vector<int64_t> offsets_;
  uint64_t stored_ = 0;
};

}  // namespace bench
