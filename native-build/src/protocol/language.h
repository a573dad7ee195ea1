#pragma once

#include <cstdint>
#include <string_view>

namespace rocketmq {

// RocketMQ's LanguageCode, by name in JSON headers and by number in binary ones; what is unknown is OTHER.
inline constexpr uint8_t kLanguageOther = 7;
std::string_view language_name(uint8_t code);
uint8_t language_code(std::string_view name);

}  // namespace rocketmq
