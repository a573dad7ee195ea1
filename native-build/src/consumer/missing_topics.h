#pragma once

#include <set>
#include <string>
#include <vector>

#include "net/address.h"

namespace rocketmq {

// Says once of each topic that a consumer subscribes to that no name server knows it: most likely its name is wrong,
// and nothing else would say so. Owned by the consumer; on its event loop.
class MissingTopics {
 public:
  void tell(const std::string& topic, const std::string& group, const std::vector<Address>& name_servers);
  // It is there: its end would be told anew.
  void found(const std::string& topic) { told_.erase(topic); }

 private:
  std::set<std::string> told_;
};

}  // namespace rocketmq
