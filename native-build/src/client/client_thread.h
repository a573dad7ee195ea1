#pragma once

namespace rocketmq {

// True on a thread of the library that a client's shutdown waits for (event loops, callback and consume
// threads): there, closing must be handed to another thread.
bool on_client_thread();

// Marks the calling thread as one of those.
void mark_client_thread();
// For a time: callbacks run here, on a thread that waits for its own close.
class ClientThreadScope {
 public:
  ClientThreadScope();
  ~ClientThreadScope();
  ClientThreadScope(const ClientThreadScope&) = delete;
  ClientThreadScope& operator=(const ClientThreadScope&) = delete;

 private:
  const bool before_;
};

}  // namespace rocketmq
