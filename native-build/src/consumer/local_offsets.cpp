#include "consumer/local_offsets.h"

#include <asio/ip/host_name.hpp>
#include <set>
#include <utility>

#include "base/fork.h"
#include "base/log.h"
#include "client/client_instance.h"
#include "consumer/apache_offsets.h"
#include "protocol/admin_bodies.h"

namespace rocketmq {

namespace fs = std::filesystem;

namespace {

// The files in use by this process: a lock of the system does not keep a process from itself. A child process is
// another one, with the parent's names in its copy. Never freed, so that no static destructor runs.
struct FilesInUse {
  std::mutex mutex;
  std::set<std::pair<uint64_t, fs::path>> paths;
};
FilesInUse& files_in_use() {
  static auto* const files = new FilesInUse;
  return *files;
}

// What every file system takes as a name. A percent sign itself is escaped too, so that no two names become one.
std::string file_name_of(std::string_view name) {
  std::string escaped;
  for (const char c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (plain) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

std::string own_host() {
  asio::error_code ignored;
  const std::string host = asio::ip::host_name(ignored);
  return host.empty() ? "localhost" : host_label(host);
}

}  // namespace

LocalOffsets::LocalOffsets(fs::path file)
    : file_(std::move(file)), backup_(fs::path(file_) += ".bak"), next_(fs::path(file_) += ".tmp") {}

LocalOffsets::~LocalOffsets() { close(); }

Result<std::shared_ptr<LocalOffsets>> LocalOffsets::open(fs::path directory, std::string_view instance_name,
                                                         std::string_view group) {
  if (directory.empty()) {
    directory = home_directory();
    if (directory.empty()) {
      return fail(ErrorKind::kInvalidArgument,
                  "this user has no home directory to keep a broadcasting consumer's offsets in: set offset_directory");
    }
    directory /= ".rocketmq_offsets";
  }
  const std::string instance = instance_name.empty() ? own_host() : std::string(instance_name);
  std::error_code error;
  const fs::path absolute = fs::absolute(directory, error);
  const fs::path folder = (error ? directory : absolute) / file_name_of(instance) / file_name_of(group);
  std::shared_ptr<LocalOffsets> offsets(new LocalOffsets(folder / "offsets.json"));
  if (auto prepared = offsets->prepare(); !prepared) return fail(prepared.error());
  if (!offsets->load()) {
    if (const auto apaches = find_apache_offsets(directory, instance_name, group)) offsets->import(*apaches);
  }
  return offsets;
}

Status LocalOffsets::prepare() {
  const auto conflict = [this](const char* where) {
    return fail(ErrorKind::kConflict, "a broadcasting consumer of this group in " + std::string(where) + " uses \"" +
                                          text_of_path(file_) +
                                          "\": give this one an instance_name or an offset_directory of its own");
  };
  {
    FilesInUse& used = files_in_use();
    std::lock_guard lock(used.mutex);
    if (!used.paths.emplace(fork_generation(), file_).second) return conflict("this process");
    open_ = true;
  }
  const auto unusable = [this](const std::string& reason) {
    return fail(ErrorKind::kInvalidArgument, "the offset_directory \"" + text_of_path(file_.parent_path()) +
                                                 "\" cannot be used: " + reason +
                                                 "; give one that this user may write to");
  };
  std::error_code error;
  fs::create_directories(file_.parent_path(), error);
  if (error) return unusable(error.message());
  auto lock = FileLock::acquire(fs::path(file_) += ".lock");
  if (!lock)
    return lock.error().kind == ErrorKind::kConflict ? conflict("another process") : unusable(lock.error().message);
  lock_.emplace(std::move(*lock));
  // Better now than when the first offsets are lost.
  if (auto written = write_durably(next_, "{}"); !written) return unusable(written.error().message);
  return {};
}

std::optional<std::map<MessageQueue, int64_t>> LocalOffsets::read(const fs::path& path) const {
  auto content = read_file(path);
  if (!content) {
    log(LogLevel::kError, "consumer", "{}", content.error().message);
    return std::nullopt;
  }
  if (!*content) return std::nullopt;
  auto offsets = parse_offset_table(**content, "the file \"" + text_of_path(path) + "\"");
  if (!offsets) {
    log(LogLevel::kError, "consumer", "{}", offsets.error().message);
    return std::nullopt;
  }
  return std::move(*offsets);
}

bool LocalOffsets::load() {
  std::error_code ignored;
  const bool first_start = !fs::exists(file_, ignored) && !fs::exists(backup_, ignored);
  if (first_start) return false;
  auto offsets = read(file_);
  file_is_good_ = offsets.has_value();
  if (!offsets) {
    offsets = read(backup_);
    if (offsets) {
      log(LogLevel::kWarn, "consumer", "the offsets are taken from \"{}\", as \"{}\" is not good",
          text_of_path(backup_), text_of_path(file_));
    } else {
      log(LogLevel::kError, "consumer", "neither \"{}\" nor its backup is good: every queue starts as in a new group",
          text_of_path(file_));
    }
  }
  std::lock_guard lock(mutex_);
  if (offsets) offsets_ = std::move(*offsets);
  return true;
}

// The other file stays as it is. The first save makes this one's own of it.
void LocalOffsets::import(const fs::path& file) {
  auto offsets = read(file);
  if (!offsets) offsets = read(fs::path(file) += ".bak");
  if (!offsets) return;
  log(LogLevel::kInfo, "consumer", "the offsets of {} queues are taken over from \"{}\"", offsets->size(),
      text_of_path(file));
  std::lock_guard lock(mutex_);
  offsets_ = std::move(*offsets);
  changed_ = !offsets_.empty();
}

std::optional<int64_t> LocalOffsets::find(const MessageQueue& queue) const {
  std::lock_guard lock(mutex_);
  auto found = offsets_.find(queue);
  return found == offsets_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<MessageQueue> LocalOffsets::queues() const {
  std::lock_guard lock(mutex_);
  std::vector<MessageQueue> queues;
  queues.reserve(offsets_.size());
  for (const auto& [queue, offset] : offsets_) queues.push_back(queue);
  return queues;
}

void LocalOffsets::set(const MessageQueue& queue, int64_t offset) {
  std::lock_guard lock(mutex_);
  auto [place, fresh] = offsets_.emplace(queue, offset);
  if (!fresh && place->second == offset) return;
  place->second = offset;
  changed_ = true;
}

Status LocalOffsets::save() {
  std::lock_guard file_lock(file_mutex_);
  std::string content;
  {
    std::lock_guard lock(mutex_);
    if (!open_ || !changed_) return {};
    content = offset_table_to_json(offsets_);
    changed_ = false;
  }
  Status saved = write_durably(next_, content);
  // A file that is not good must not become the backup.
  if (saved && file_is_good_) saved = rename_durably(file_, backup_);
  if (saved) saved = rename_durably(next_, file_);
  std::lock_guard lock(mutex_);
  if (saved) {
    file_is_good_ = true;
  } else {
    changed_ = true;
    std::error_code ignored;
    file_is_good_ = file_is_good_ && fs::exists(file_, ignored);
  }
  return saved;
}

void LocalOffsets::close() {
  std::lock_guard file_lock(file_mutex_);
  std::lock_guard lock(mutex_);
  if (!std::exchange(open_, false)) return;
  lock_.reset();
  FilesInUse& used = files_in_use();
  std::lock_guard used_lock(used.mutex);
  used.paths.erase({fork_generation(), file_});
}

}  // namespace rocketmq
