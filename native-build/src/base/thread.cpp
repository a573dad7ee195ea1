#include "base/thread.h"

#include <chrono>
#include <sstream>

#include "base/fixed_text.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <pthread.h>
#include <unistd.h>
#endif

#if defined(__linux__) && !defined(__ANDROID__)
// Weak, as glibc has them from 2.18 on.
extern "C" {
[[gnu::weak]] int pthread_getattr_default_np(pthread_attr_t* attributes) noexcept;
[[gnu::weak]] int pthread_setattr_default_np(const pthread_attr_t* attributes) noexcept;
}
#endif

namespace rocketmq {

namespace {

// Without a destructor: mingw frees what is local to a thread before it destroys it.
thread_local FixedText<64> own_name;

void name_current_thread(const std::string& name) {
#ifdef _WIN32
  // Looked up, as not every Windows and not every SDK has it.
  using SetDescription = HRESULT(WINAPI*)(HANDLE, PCWSTR);
  const HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
  const auto set =
      reinterpret_cast<SetDescription>(reinterpret_cast<void*>(GetProcAddress(kernel, "SetThreadDescription")));
  if (set != nullptr) set(GetCurrentThread(), std::wstring(name.begin(), name.end()).c_str());
#else
  constexpr size_t kLongest = 15;
  pthread_setname_np(pthread_self(), name.substr(0, kLongest).c_str());
#endif
}

// std::thread asks for no size of its stack, and musl's usual 128 KiB are too few for a user's callbacks, such as those
// that enter a Java VM. Raised for all threads of the process that name no size themselves; elsewhere it is enough.
void ensure_stack_size() {
#if defined(__linux__) && !defined(__ANDROID__)
  constexpr size_t kLeastStack = size_t{2} * 1024 * 1024;
  if (pthread_getattr_default_np == nullptr || pthread_setattr_default_np == nullptr) return;
  pthread_attr_t attributes;
  if (pthread_getattr_default_np(&attributes) != 0) return;
  size_t size = 0;
  if (pthread_attr_getstacksize(&attributes, &size) == 0 && size < kLeastStack &&
      pthread_attr_setstacksize(&attributes, kLeastStack) == 0) {
    pthread_setattr_default_np(&attributes);
  }
  pthread_attr_destroy(&attributes);
#endif
}

}  // namespace

std::thread start_thread(std::string name, std::function<void()> body) {
  ensure_stack_size();
  return std::thread([name = std::move(name), body = std::move(body)] {
    own_name = name;
    name_current_thread(name);
    body();
  });
}

std::string current_thread_name() {
  if (own_name.size() == 0) {
    std::ostringstream text;
    text << std::this_thread::get_id();
    own_name = text.str();
  }
  return std::string(own_name.view());
}

void pause_briefly() {
#ifdef _WIN32
  std::this_thread::yield();
#else
  // The kernel adds its own 50 µs.
  std::this_thread::sleep_for(std::chrono::microseconds(30));
#endif
}

int64_t current_process_id() {
#ifdef _WIN32
  return GetCurrentProcessId();
#else
  return getpid();
#endif
}

}  // namespace rocketmq
