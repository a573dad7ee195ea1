#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rocketmq {

// A short text without memory of its own; what is longer is cut. For what is kept of every send, where an allocation
// would show. A value: as safe for threads as its owner.
template <size_t Capacity>
class FixedText {
 public:
  static constexpr size_t kCapacity = Capacity;

  FixedText() = default;
  FixedText& operator=(std::string_view text) {
    size_ = static_cast<uint8_t>(std::min(text.size(), Capacity));
    std::copy_n(text.begin(), size_, text_.begin());
    return *this;
  }
  std::string_view view() const { return {text_.data(), size_}; }
  size_t size() const { return size_; }

 private:
  static_assert(Capacity <= 255);
  uint8_t size_ = 0;
  std::array<char, Capacity> text_;
};

}  // namespace rocketmq
