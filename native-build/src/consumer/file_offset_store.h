#pragma once

#include <functional>
#include <memory>
#include <string>

#include "consumer/local_offsets.h"
#include "consumer/offset_store.h"

namespace rocketmq {

// The offsets of a member of a broadcast, in a file of its own. Reading and writing touch memory only; the file is
// written in the background. Owned by the consumer; on the client's event loop.
class FileOffsetStore : public OffsetStore {
 public:
  // `run_in_background` runs a task that waits for the disk on another thread, one at a time.
  FileOffsetStore(std::shared_ptr<LocalOffsets> offsets, std::string group,
                  std::function<void(std::function<void()>)> run_in_background);

  asio::awaitable<Result<std::optional<int64_t>>> read(MessageQueue queue) override;
  asio::awaitable<Status> write(MessageQueue queue, int64_t offset) override;
  void save_soon() override;

 private:
  const std::shared_ptr<LocalOffsets> offsets_;
  const std::string group_;
  const std::function<void(std::function<void()>)> run_in_background_;
};

}  // namespace rocketmq
