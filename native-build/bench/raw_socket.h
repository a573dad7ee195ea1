#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// Big-endian numbers, as frames carry them.
template <typename Number>
void put(char* at, Number value) {
  for (size_t i = 0; i < sizeof value; ++i) {
    at[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * (sizeof value - 1 - i)));
  }
}
template <typename Number>
void append(std::string& out, Number value) {
  out.resize(out.size() + sizeof value);
  put(out.data() + out.size() - sizeof value, value);
}
template <typename Number>
Number get(std::string_view bytes, size_t at = 0) {
  uint64_t value = 0;
  for (size_t i = at; i < at + sizeof(Number); ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return static_cast<Number>(value);
}

// A blocking TCP connection, whose reads and writes wait 10 s at most. Failures are CommandErrors.
class RawSocket {
 public:
  // "host:port"; of several, separated by ';', the first.
  explicit RawSocket(const std::string& addresses);
  ~RawSocket();

  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  void write(const char* bytes, size_t length);
  // Reads what is there, and gives each whole frame, without its length, to `take`.
  template <typename Take>
  void read(Take&& take) {
    fill();
    while (end_ - begin_ >= 4) {
      const auto length = get<uint32_t>({input_.data() + begin_, 4});
      check_length(length);
      if (end_ - begin_ - 4 < length) break;
      const std::string_view frame(input_.data() + begin_ + 4, length);
      begin_ += 4 + length;
      take(frame);
    }
  }
  // Ends all reads and writes, those of other threads included.
  void shut_down();

 private:
  void fill();
  void check_length(uint32_t length);

  const std::string address_;
  int descriptor_ = -1;
  std::vector<char> input_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace bench
