#include "consumer/missing_topics.h"

#include "base/log.h"

namespace rocketmq {

void MissingTopics::tell(const std::string& topic, const std::string& group, const std::vector<Address>& name_servers) {
  if (!told_.insert(topic).second) return;
  std::string asked;
  for (const Address& each : name_servers) asked += (asked.empty() ? "" : ";") + each.text();
  log(LogLevel::kWarn, "consumer",
      "topic \"{}\", which group \"{}\" subscribes to, is not known to the name servers {}: check its name, or create "
      "it "
      "(mqadmin updateTopic -n <name server> -c <cluster> -t \"{}\"); it is looked for until it is there",
      topic, group, asked, topic);
}

}  // namespace rocketmq
