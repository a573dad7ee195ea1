#include "base/random.h"

#include <random>

namespace rocketmq {

uint32_t random_below(uint32_t bound) {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_int_distribution<uint32_t>(0, bound - 1)(engine);
}

std::string random_hex(int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device entropy;
  std::string text;
  uint32_t bits = 0;
  for (int i = 0; i < digits; ++i) {
    if (i % 8 == 0) bits = entropy();
    text += kDigits[bits & 15U];
    bits >>= 4;
  }
  return text;
}

}  // namespace rocketmq
