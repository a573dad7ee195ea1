#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "protocol/route.h"

namespace rocketmq {

// The offsets of a broadcasting consumer, which no broker keeps: <directory>/<instance>/<group>/offsets.json, in the
// form of Apache's client. The instance is the instance name, or the host's name where there is none: the same after a
// restart, unlike the client id. The file is replaced as a whole, and the one before stays as offsets.json.bak:
// whenever the process or the machine dies, one of both is good. Any thread.
class LocalOffsets {
 public:
  // Reads what is there, or where this file was never written what Apache's client has left for the group and instance
  // (see find_apache_offsets); an empty `directory` is ".rocketmq_offsets" in the user's home. kInvalidArgument where
  // the directory cannot be used, kConflict where another consumer uses the file.
  static Result<std::shared_ptr<LocalOffsets>> open(std::filesystem::path directory, std::string_view instance_name,
                                                    std::string_view group);
  ~LocalOffsets();

  std::optional<int64_t> find(const MessageQueue& queue) const;
  void set(const MessageQueue& queue, int64_t offset);
  // Of which an offset is known, sorted.
  std::vector<MessageQueue> queues() const;
  // Writes the file where something changed; waits for the disk.
  Status save();
  // Another consumer may use the file from now on; nothing is written any more. Idempotent.
  void close();
  const std::filesystem::path& file() const { return file_; }

 private:
  explicit LocalOffsets(std::filesystem::path file);
  Status prepare();
  // False where there is no file yet.
  bool load();
  void import(const std::filesystem::path& file);
  std::optional<std::map<MessageQueue, int64_t>> read(const std::filesystem::path& path) const;

  const std::filesystem::path file_;
  const std::filesystem::path backup_;
  const std::filesystem::path next_;
  // One save at a time.
  std::mutex file_mutex_;
  // What the file holds is good, and worth to be the backup.
  bool file_is_good_ = false;
  bool open_ = false;
  std::optional<FileLock> lock_;
  mutable std::mutex mutex_;
  std::map<MessageQueue, int64_t> offsets_;
  bool changed_ = false;
};

}  // namespace rocketmq
