#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory.h"

namespace rocketmq {

// Stands for the usual allocator, so that Json is a type of ours.
template <typename T>
struct JsonAllocator : std::allocator<T> {
  JsonAllocator() = default;
  template <typename Other>
  JsonAllocator(const JsonAllocator<Other>&) {}
  template <typename Other>
  struct rebind {
    using other = JsonAllocator<Other>;
  };
};

using Json = nlohmann::basic_json<std::map, std::vector, std::string, bool, int64_t, uint64_t, double, JsonAllocator>;

}  // namespace rocketmq

// The destructor of an array or an object takes memory for a stack of what lies inside, and to fail there would end
// the process: it waits for memory.
template <>
struct std::allocator<rocketmq::Json> {
  using value_type = rocketmq::Json;
  using propagate_on_container_move_assignment = std::true_type;

  allocator() = default;
  template <typename Other>
  allocator(const std::allocator<Other>&) noexcept {}

  rocketmq::Json* allocate(size_t count) {
    void* memory = nullptr;
    rocketmq::until_memory([&] { memory = ::operator new(count * sizeof(rocketmq::Json)); });
    return static_cast<rocketmq::Json*>(memory);
  }
  void deallocate(rocketmq::Json* memory, size_t) noexcept { ::operator delete(memory); }
  bool operator==(const allocator&) const = default;
};

namespace rocketmq {

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
