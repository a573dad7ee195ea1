#include "base/files.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

#ifdef _WIN32
#include <io.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <vector>
#endif

namespace rocketmq {

namespace fs = std::filesystem;

namespace {

constexpr std::intptr_t kNoHandle = -1;

tl::unexpected<Error> failed(const char* what, const fs::path& path, std::error_code reason) {
  return fail(ErrorKind::kInvalidArgument,
              std::string(what) + " \"" + text_of_path(path) + "\" failed: " + reason.message());
}

std::error_code last_errno() { return {errno, std::generic_category()}; }

struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File open_file(const fs::path& path, const char* mode) {
#ifdef _WIN32
  const std::wstring wide(mode, mode + std::char_traits<char>::length(mode));
  return File(_wfopen(path.c_str(), wide.c_str()));
#else
  return File(std::fopen(path.c_str(), mode));
#endif
}

bool flush_to_disk(std::FILE* file) {
  if (std::fflush(file) != 0) return false;
#ifdef _WIN32
  return _commit(_fileno(file)) == 0;
#else
  return ::fsync(fileno(file)) == 0;
#endif
}

// A new name is in the directory, which is flushed on its own. Not every file system can.
void flush_directory(const fs::path& directory) {
#ifndef _WIN32
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)::fsync(descriptor);
  (void)::close(descriptor);
#else
  (void)directory;
#endif
}

}  // namespace

fs::path path_of(std::string_view text) { return {std::u8string(text.begin(), text.end())}; }

std::string text_of_path(const fs::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

Result<std::optional<std::string>> read_file(const fs::path& path) {
  const File file = open_file(path, "rb");
  if (!file) {
    if (errno == ENOENT) return std::optional<std::string>();
    return failed("reading", path, last_errno());
  }
  std::string content;
  char part[4096];
  for (size_t count = 1; count > 0;) {
    count = std::fread(part, 1, sizeof part, file.get());
    content.append(part, count);
  }
  if (std::ferror(file.get()) != 0) return failed("reading", path, last_errno());
  return std::optional<std::string>(std::move(content));
}

Status write_durably(const fs::path& path, std::string_view content) {
  const File file = open_file(path, "wb");
  if (!file) return failed("writing", path, last_errno());
  const bool written = std::fwrite(content.data(), 1, content.size(), file.get()) == content.size();
  if (!written || !flush_to_disk(file.get())) return failed("writing", path, last_errno());
  return {};
}

Status rename_durably(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return failed("giving another name to", from, error);
  flush_directory(to.parent_path());
  return {};
}

fs::path home_directory() {
#ifdef _WIN32
  const wchar_t* profile = _wgetenv(L"USERPROFILE");
  return profile == nullptr ? fs::path() : fs::path(profile);
#else
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here changes the environment.
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return {home};
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return {found->pw_dir};
#endif
}

Result<FileLock> FileLock::acquire(const fs::path& path) {
  const auto conflict = [&path] {
    return fail(ErrorKind::kConflict, "the file \"" + text_of_path(path) + "\" is locked by another process");
  };
#ifdef _WIN32
  const HANDLE handle =
      ::CreateFileW(path.c_str(), GENERIC_WRITE, 0, nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    const DWORD reason = ::GetLastError();
    if (reason == ERROR_SHARING_VIOLATION) return conflict();
    return failed("locking", path, {static_cast<int>(reason), std::system_category()});
  }
  return FileLock(reinterpret_cast<std::intptr_t>(handle));
#else
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return failed("locking", path, last_errno());
  FileLock lock(descriptor);
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_SETLK, &whole) != 0 && (errno == EACCES || errno == EAGAIN)) return conflict();
  return lock;
#endif
}

FileLock::FileLock(FileLock&& other) noexcept : handle_(other.handle_) { other.handle_ = kNoHandle; }

FileLock::~FileLock() {
  if (handle_ == kNoHandle) return;
#ifdef _WIN32
  ::CloseHandle(reinterpret_cast<HANDLE>(handle_));
#else
  (void)::close(static_cast<int>(handle_));
#endif
}

}  // namespace rocketmq
