#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "c_producer.h"
#include "contender.h"

namespace bench {

// A push consumer of librocketmq of one topic, which acknowledges all it gets. Failures are CommandErrors.
class CConsumer {
 public:
  // On the one consuming thread.
  using Listener = std::function<void(const rocketmq_message_batch&)>;

  // `consume_from` is one of ROCKETMQ_CONSUME_FROM_*.
  CConsumer(const std::string& name_servers, const std::string& group, const std::string& topic, int32_t consume_from,
            int64_t batch, Listener listener);
  ~CConsumer();

  CConsumer(const CConsumer&) = delete;
  CConsumer& operator=(const CConsumer&) = delete;

  // One topic more, before start().
  void subscribe(const std::string& topic);
  void start();

 private:
  static void on_messages(uint64_t context, const rocketmq_message_batch* batch);

  const Listener listener_;
  rocketmq_push_consumer* consumer_ = nullptr;
};

// The commands with a consumer.
Json drain(const std::string& name_servers, const Command& command);
Json end_to_end(const std::string& name_servers, CProducer& producer, const Command& command);

}  // namespace bench
