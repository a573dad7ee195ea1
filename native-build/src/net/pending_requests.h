#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "net/remoting_client.h"

namespace rocketmq {

// The requests that wait for a response, by opaque. Whoever takes one out ends it: so each ends once. Any
// thread.
class PendingRequests {
 public:
  struct Request {
    std::shared_ptr<ResponseHandler> handler;
    TimePoint deadline;
    std::string address;
    // The connection it was written to; nullptr while it waits for one.
    const void* connection = nullptr;
  };

  // True when no earlier deadline is known, so that the timer must be set anew.
  bool add(int32_t opaque, Request request);
  // False when it has ended meanwhile.
  bool set_connection(int32_t opaque, const void* connection);
  std::optional<Request> take(int32_t opaque);
  std::vector<Request> take_of(const void* connection);
  std::vector<Request> take_all();
  // Those whose deadline has passed; `next` is the earliest of the rest.
  std::vector<Request> take_expired(TimePoint at, std::optional<TimePoint>* next);
  int64_t count() const;

 private:
  template <typename Predicate>
  std::vector<Request> take_if(Predicate predicate);

  mutable std::mutex mutex_;
  std::unordered_map<int32_t, Request> requests_;
  // What the timer is set to.
  std::optional<TimePoint> armed_;
};

}  // namespace rocketmq
