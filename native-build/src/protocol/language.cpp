#include "protocol/language.h"

#include <algorithm>
#include <array>

namespace rocketmq {

namespace {

// By LanguageCode's numbers.
constexpr std::array<std::string_view, 14> kNames = {"JAVA",   "CPP",  "DOTNET", "PYTHON", "DELPHI",
                                                     "ERLANG", "RUBY", "OTHER",  "HTTP",   "GO",
                                                     "PHP",    "OMS",  "RUST",   "NODE_JS"};

}  // namespace

std::string_view language_name(uint8_t code) { return kNames[code < kNames.size() ? code : kLanguageOther]; }

uint8_t language_code(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  return found == kNames.end() ? kLanguageOther : static_cast<uint8_t>(found - kNames.begin());
}

}  // namespace rocketmq
