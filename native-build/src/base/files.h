#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace rocketmq {

// UTF-8, in both directions.
std::filesystem::path path_of(std::string_view text);
std::string text_of_path(const std::filesystem::path& path);

// nullopt where there is no such file. The error tells the path and the system's reason.
Result<std::optional<std::string>> read_file(const std::filesystem::path& path);

// Writes a file, and waits until the disk has it.
Status write_durably(const std::filesystem::path& path, std::string_view content);

// Gives a file another name, in place of whatever has it; then waits until the disk knows.
Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

// The user's; empty where the system does not tell.
std::filesystem::path home_directory();

// Keeps a file from being locked by another process. Ends with the process, at the latest.
class FileLock {
 public:
  // kConflict when another process has it, kInvalidArgument when the file cannot be made. A file system without locks
  // gives a lock that holds off nobody.
  static Result<FileLock> acquire(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(std::intptr_t handle) : handle_(handle) {}
  std::intptr_t handle_;
};

}  // namespace rocketmq
