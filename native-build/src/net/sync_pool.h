#pragma once

#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/sync_channel.h"

namespace rocketmq {

// The connections to one server whose callers read the answers themselves: as long as its main connection lives. Any
// thread.
class SyncPool {
 public:
  SyncPool();
  // nullptr where all are in use, or none can be had quickly. What is lent goes back by give_back.
  std::shared_ptr<SyncChannel> borrow(const asio::ip::tcp::endpoint& endpoint, const std::string& address,
                                      int32_t max_frame_bytes, TimePoint deadline);
  // One that is not `usable` is closed. Needs no memory.
  void give_back(std::shared_ptr<SyncChannel> lent, bool usable);
  // Closes those that a broker would close soon.
  void drop_idle();
  // For good: what is lent goes with its return.
  void end();

 private:
  struct Idle {
    std::shared_ptr<SyncChannel> channel;
    TimePoint since;
  };

  std::mutex mutex_;
  std::vector<Idle> idle_;
  // Lent ones too.
  int open_ = 0;
  // After one could not be opened, none is tried for a while.
  TimePoint not_before_;
  bool ended_ = false;
};

}  // namespace rocketmq
