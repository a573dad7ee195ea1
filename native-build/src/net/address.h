#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace rocketmq {

// Where a server is, as text: looked up when it is connected to. A value.
struct Address {
  std::string host;  // without brackets
  uint16_t port = 0;

  // "host:port", "[::1]:9876".
  std::string text() const;
  bool operator==(const Address&) const = default;
};

// "host:port"; IPv6 literals in brackets. A scheme in front ("http://") is passed over, as Apache's clients do.
// kInvalidArgument naming the text and what is wrong.
Result<Address> parse_address(std::string_view text);

// The same for what name servers and brokers announce: they write IPv6 addresses without brackets, and the port is
// what follows the last ':'.
Result<Address> parse_announced_address(std::string_view text);

// Addresses separated by ';' (blanks around them are ignored, repeated ones dropped). kInvalidArgument when
// there is none.
Result<std::vector<Address>> parse_address_list(std::string_view text);

}  // namespace rocketmq
