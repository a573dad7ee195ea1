#include "consumer/allocation.h"

#include <algorithm>

namespace rocketmq {

std::vector<MessageQueue> allocate_averagely(const std::vector<MessageQueue>& queues,
                                             const std::vector<std::string>& client_ids, const std::string& self) {
  const auto found = std::find(client_ids.begin(), client_ids.end(), self);
  if (found == client_ids.end() || queues.empty()) return {};
  const size_t members = client_ids.size();
  const auto index = static_cast<size_t>(found - client_ids.begin());
  const size_t rest = queues.size() % members;
  const size_t each = queues.size() / members;
  // The first `rest` members take one more.
  const size_t begin = index * each + std::min(index, rest);
  const size_t count = each + (index < rest ? 1 : 0);
  return {queues.begin() + static_cast<std::ptrdiff_t>(begin),
          queues.begin() + static_cast<std::ptrdiff_t>(begin + count)};
}

}  // namespace rocketmq
