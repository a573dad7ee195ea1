#pragma once

// FUZZ_TARGET(name)(const uint8_t* data, size_t size) { … } is libFuzzer's entry point, or, where the corpora are
// replayed as tests, one of several functions in a list. What must hold is checked with FUZZ_CHECK.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

#ifdef ROCKETMQ_FUZZ_REPLAY

namespace rocketmq::fuzz {

using Target = void (*)(const uint8_t*, size_t);
// The name of a target is that of its folder in corpus/.
std::map<std::string, Target>& targets();
struct Registration {
  Registration(const char* name, Target target) { targets()[name] = target; }
};

}  // namespace rocketmq::fuzz

#define FUZZ_TARGET(name)                                                              \
  static void name##_target(const uint8_t*, size_t);                                   \
  static const rocketmq::fuzz::Registration name##_registration(#name, name##_target); \
  static void name##_target

#else

#define FUZZ_TARGET(name)                                                   \
  static void name##_target(const uint8_t*, size_t);                        \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);  \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
    name##_target(data, size);                                              \
    return 0;                                                               \
  }                                                                         \
  static void name##_target

#endif
