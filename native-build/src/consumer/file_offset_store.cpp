#include "consumer/file_offset_store.h"

#include <utility>

#include "base/log.h"

namespace rocketmq {

FileOffsetStore::FileOffsetStore(std::shared_ptr<LocalOffsets> offsets, std::string group,
                                 std::function<void(std::function<void()>)> run_in_background)
    : offsets_(std::move(offsets)), group_(std::move(group)), run_in_background_(std::move(run_in_background)) {}

asio::awaitable<Result<std::optional<int64_t>>> FileOffsetStore::read(MessageQueue queue) {
  co_return offsets_->find(queue);
}

asio::awaitable<Status> FileOffsetStore::write(MessageQueue queue, int64_t offset) {
  offsets_->set(queue, offset);
  co_return Status{};
}

void FileOffsetStore::save_soon() {
  run_in_background_([offsets = offsets_, group = group_] {
    if (auto saved = offsets->save(); !saved) {
      log(LogLevel::kWarn, "consumer", "the offsets of group {} were not saved, and are tried again: {}", group,
          saved.error().message);
    }
  });
}

}  // namespace rocketmq
