#include "net/address.h"

#include <algorithm>
#include <charconv>

namespace rocketmq {

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

bool is_host_character(char c, bool v6) {
  const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alphanumeric || c == '.' || c == '-' || c == '_' || (v6 && (c == ':' || c == '%'));
}

tl::unexpected<Error> invalid(std::string_view text, std::string_view reason) {
  return fail(ErrorKind::kInvalidArgument, "the address \"" + std::string(text) + "\" " + std::string(reason) +
                                               ": write host:port, such as 127.0.0.1:9876 or [::1]:9876");
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return is_host_character(c, false) && c != '.' && c != '-'; });
}

std::string_view without_scheme(std::string_view text) {
  constexpr std::string_view kMark = "://";
  const size_t mark = text.find(kMark);
  if (mark == std::string_view::npos || !is_word(text.substr(0, mark))) return text;
  text.remove_prefix(mark + kMark.size());
  if (!text.empty() && text.back() == '/') text.remove_suffix(1);
  return text;
}

// `all` is the part of `text` that counts.
Result<Address> parse(std::string_view text, std::string_view all, bool bare_v6) {
  const size_t colon = all.rfind(':');
  if (all.empty()) return invalid(text, "is empty");
  if (all.find(',') != std::string_view::npos) return invalid(text, "has a ',': separate addresses by ';'");
  std::string_view host = all.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (colon == std::string_view::npos || (!bracketed && all.back() == ']')) return invalid(text, "has no port");
  if (host.empty()) return invalid(text, "has no host");
  const bool v6 = bracketed || (bare_v6 && host.find(':') != std::string_view::npos);
  if (!v6 && host.find(':') != std::string_view::npos) {
    return invalid(text, "has more than one ':' (an IPv6 address goes in brackets)");
  }
  if (!std::all_of(host.begin(), host.end(), [&](char c) { return is_host_character(c, v6); })) {
    return invalid(text, "has a host with a character that no host name has");
  }
  const std::string_view digits = all.substr(colon + 1);
  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port < 1 || port > 65535) {
    return invalid(text, "has a port outside 1 to 65535");
  }
  return Address{std::string(host), static_cast<uint16_t>(port)};
}

}  // namespace

std::string Address::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(std::string_view text) { return parse(text, without_scheme(trim(text)), false); }

Result<Address> parse_announced_address(std::string_view text) { return parse(text, trim(text), true); }

Result<std::vector<Address>> parse_address_list(std::string_view text) {
  std::vector<Address> addresses;
  for (std::string_view rest = text;;) {
    const size_t end = rest.find(';');
    const std::string_view item = trim(rest.substr(0, end));
    if (!item.empty()) {
      auto address = parse_address(item);
      if (!address) return fail(address.error());
      if (std::find(addresses.begin(), addresses.end(), *address) == addresses.end()) {
        addresses.push_back(std::move(*address));
      }
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (addresses.empty()) {
    return fail(ErrorKind::kInvalidArgument,
                "there is no name server address: write host:port, several separated by ';'");
  }
  return addresses;
}

}  // namespace rocketmq
