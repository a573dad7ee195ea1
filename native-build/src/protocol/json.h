#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace rocketmq {

using Json = nlohmann::json;

// JSON of the cold paths (routes, heartbeats, headers that are no plain ones). Without state, any thread.

// Parses JSON from the network: nullopt for what is malformed, or nested deeper than any body of the
// protocol. Accepts what fastjson writes beyond the standard: unquoted integer keys ({0:"x"}), and objects
// as keys ({{"topic":"T"}:5}), which become their own text as a string.
std::optional<Json> parse_json(std::string_view text);

// Text that is not UTF-8 is replaced by U+FFFD.
std::string dump_json(const Json& json);

// The member, or the other value where it is absent or of another type.
std::string json_text(const Json& object, const char* name, std::string_view otherwise = {});
int64_t json_number(const Json& object, const char* name, int64_t otherwise);
bool json_bool(const Json& object, const char* name, bool otherwise);

}  // namespace rocketmq
