#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <cwchar>
#include <ios>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rocketmq {

// The standard's traits are for characters: libc++ has none for bytes.
struct ByteTraits {
  using char_type = uint8_t;
  using int_type = int;
  using off_type = std::streamoff;
  using pos_type = std::streampos;
  using state_type = std::mbstate_t;
  using comparison_category = std::strong_ordering;

  static constexpr void assign(uint8_t& to, uint8_t from) { to = from; }
  static constexpr uint8_t* assign(uint8_t* to, size_t count, uint8_t value) {
    return std::fill_n(to, count, value) - count;
  }
  static constexpr bool eq(uint8_t a, uint8_t b) { return a == b; }
  static constexpr bool lt(uint8_t a, uint8_t b) { return a < b; }
  static int compare(const uint8_t* a, const uint8_t* b, size_t count) {
    return count == 0 ? 0 : std::memcmp(a, b, count);
  }
  static constexpr size_t length(const uint8_t* bytes) {
    size_t count = 0;
    while (bytes[count] != 0) ++count;
    return count;
  }
  static const uint8_t* find(const uint8_t* bytes, size_t count, const uint8_t& value) {
    return count == 0 ? nullptr : static_cast<const uint8_t*>(std::memchr(bytes, value, count));
  }
  static uint8_t* move(uint8_t* to, const uint8_t* from, size_t count) {
    if (count > 0) std::memmove(to, from, count);
    return to;
  }
  static uint8_t* copy(uint8_t* to, const uint8_t* from, size_t count) { return move(to, from, count); }
  static constexpr uint8_t to_char_type(int value) { return static_cast<uint8_t>(value); }
  static constexpr int to_int_type(uint8_t value) { return value; }
  static constexpr bool eq_int_type(int a, int b) { return a == b; }
  static constexpr int eof() { return -1; }
  static constexpr int not_eof(int value) { return value == eof() ? 0 : value; }
};

using ByteView = std::basic_string_view<uint8_t, ByteTraits>;

inline ByteView as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// A view of bytes that keeps their owner alive: of a frame from the network, which all its messages share. Copies are
// cheap. The bytes do not change, so that any thread may read them.
class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(std::vector<uint8_t> bytes) {
    auto owned = std::make_shared<std::vector<uint8_t>>(std::move(bytes));
    view_ = {owned->data(), owned->size()};
    owner_ = std::move(owned);
  }
  static SharedBytes copy_of(ByteView bytes) { return SharedBytes(std::vector<uint8_t>(bytes.begin(), bytes.end())); }
  static SharedBytes copy_of(std::string_view text) { return copy_of(as_bytes(text)); }
  SharedBytes(std::shared_ptr<const void> owner, ByteView view) : owner_(std::move(owner)), view_(view) {}

  const uint8_t* data() const { return view_.data(); }
  size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  ByteView view() const { return view_; }
  // A part of it; clamped to what is there.
  SharedBytes slice(size_t offset, size_t length) const {
    if (offset > view_.size()) offset = view_.size();
    return {owner_, view_.substr(offset, length)};
  }

 private:
  std::shared_ptr<const void> owner_;
  ByteView view_;
};

// Writes the lowest bytes of a number as upper-case hexadecimal digits; returns their end.
inline char* write_hex(char* out, uint64_t value, int bytes) {
  for (int shift = bytes * 8 - 4; shift >= 0; shift -= 4) *out++ = "0123456789ABCDEF"[value >> shift & 15U];
  return out;
}

// Appends big-endian numbers and bytes to a vector that its user owns. One thread.
class ByteWriter {
 public:
  explicit ByteWriter(std::vector<uint8_t>& out) : out_(out) {}
  void u8(uint8_t value) { out_.push_back(value); }
  void i16(int16_t value) { number(static_cast<uint16_t>(value)); }
  void i32(int32_t value) { number(static_cast<uint32_t>(value)); }
  void i64(int64_t value) { number(static_cast<uint64_t>(value)); }
  void bytes(ByteView value) { out_.insert(out_.end(), value.begin(), value.end()); }
  void text(std::string_view value) { bytes(as_bytes(value)); }
  size_t size() const { return out_.size(); }
  // Overwrites four bytes written before.
  void set_i32(size_t at, int32_t value) {
    for (int i = 0; i < 4; ++i) out_[at + i] = static_cast<uint8_t>(static_cast<uint32_t>(value) >> (24 - 8 * i));
  }

 private:
  template <typename Unsigned>
  void number(Unsigned value) {
    for (int shift = static_cast<int>(sizeof(Unsigned)) * 8 - 8; shift >= 0; shift -= 8) {
      out_.push_back(static_cast<uint8_t>(value >> shift));
    }
  }
  std::vector<uint8_t>& out_;
};

// Reads big-endian numbers and bytes. A read beyond the end gives 0 or an empty view and makes ok() false
// for good, so that a parser checks once at its end.
class ByteReader {
 public:
  explicit ByteReader(ByteView input) : input_(input) {}
  uint8_t u8() { return static_cast<uint8_t>(number(1)); }
  int16_t i16() { return static_cast<int16_t>(number(2)); }
  int32_t i32() { return static_cast<int32_t>(number(4)); }
  int64_t i64() { return static_cast<int64_t>(number(8)); }
  ByteView bytes(int64_t length) {
    if (!ok_ || length < 0 || static_cast<uint64_t>(length) > input_.size() - position_) {
      ok_ = false;
      return {};
    }
    ByteView view = input_.substr(position_, static_cast<size_t>(length));
    position_ += static_cast<size_t>(length);
    return view;
  }
  void skip(int64_t length) { bytes(length); }
  bool ok() const { return ok_; }
  size_t position() const { return position_; }
  size_t remaining() const { return input_.size() - position_; }

 private:
  uint64_t number(int width) {
    ByteView view = bytes(width);
    uint64_t value = 0;
    for (uint8_t byte : view) value = value << 8 | byte;
    return value;
  }
  ByteView input_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace rocketmq
