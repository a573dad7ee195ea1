#include "protocol/json.h"

#include <string>
#include <vector>

namespace rocketmq {

namespace {

constexpr size_t kDeepest = 64;

size_t end_of_string(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

// The end of the object that begins at `at`.
size_t end_of_object(std::string_view text, size_t at) {
  size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      if (at == std::string_view::npos) return at;
      continue;
    }
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) return at + 1;
    ++at;
  }
  return std::string_view::npos;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_number(char c) { return (c >= '0' && c <= '9') || c == '-'; }

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    // A line break between the members of an object that is a key.
    out += is_blank(c) ? ' ' : c;
  }
  out += '"';
}

// Rewrites keys that are no strings into strings; nullopt for what cannot be JSON at all.
std::optional<std::string> quote_keys(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  std::vector<char> open;
  bool key_next = false;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (is_blank(c)) {
      out += c;
      ++at;
      continue;
    }
    if (key_next && (c == '{' || is_number(c))) {
      size_t end = at;
      if (c == '{') {
        end = end_of_object(text, at);
        if (end == std::string_view::npos) return std::nullopt;
      } else {
        while (end < text.size() && is_number(text[end])) ++end;
      }
      append_quoted(out, text.substr(at, end - at));
      at = end;
      key_next = false;
      continue;
    }
    key_next = false;
    if (c == '"') {
      const size_t end = end_of_string(text, at);
      if (end == std::string_view::npos) return std::nullopt;
      out += text.substr(at, end - at);
      at = end;
      continue;
    }
    if (c == '{' || c == '[') {
      open.push_back(c);
      if (open.size() > kDeepest) return std::nullopt;
      key_next = c == '{';
    } else if (c == '}' || c == ']') {
      if (open.empty()) return std::nullopt;
      open.pop_back();
    } else if (c == ',') {
      key_next = !open.empty() && open.back() == '{';
    }
    out += c;
    ++at;
  }
  return out;
}

}  // namespace

std::optional<Json> parse_json(std::string_view text) {
  auto quoted = quote_keys(text);
  if (!quoted) return std::nullopt;
  Json json = Json::parse(*quoted, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

std::string dump_json(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string json_text(const Json& object, const char* name, std::string_view otherwise) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::string(otherwise);
  return found->get<std::string>();
}

int64_t json_number(const Json& object, const char* name, int64_t otherwise) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return otherwise;
  return found->get<int64_t>();
}

bool json_bool(const Json& object, const char* name, bool otherwise) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_boolean()) return otherwise;
  return found->get<bool>();
}

}  // namespace rocketmq
