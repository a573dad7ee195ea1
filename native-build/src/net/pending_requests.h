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

// What requests are written to: counts those that wait for their answers there. The count is PendingRequests' own.
class RequestTarget {
  friend class PendingRequests;
  int64_t pending_ = 0;
};

// The requests that wait for a response, by opaque. Whoever takes one out ends it: so each ends once. Owned by
// RemotingClient; any thread.
class PendingRequests {
 public:
  struct Request {
    std::shared_ptr<ResponseHandler> handler;
    TimePoint deadline;
    std::shared_ptr<const std::string> address;
    TimePoint submitted;
    // The connection it was written to; nullptr while it waits for one.
    RequestTarget* connection = nullptr;
  };

  // True when no earlier deadline is known, so that the timer must be set anew.
  bool add(int32_t opaque, Request request);
  // False when it has ended meanwhile.
  bool set_connection(int32_t opaque, RequestTarget* connection);
  std::optional<Request> take(int32_t opaque);
  // Only one that was written to this connection: a server's answers end no requests to others.
  std::optional<Request> take(int32_t opaque, const RequestTarget* connection);
  // Of one that was written to this connection; nullopt where it is not there.
  std::optional<TimePoint> deadline_of(int32_t opaque, const RequestTarget* connection);
  // Takes one that waits for its connection, which so never writes it; false where it is not there, or was written.
  bool withdraw(int32_t opaque);
  std::vector<Request> take_of(const RequestTarget* connection);
  std::vector<Request> take_all();
  // One of them, of any connection where it is nullptr; needs no memory, but looks through all.
  std::optional<Request> take_one_of(const RequestTarget* connection);
  // Those whose deadline has passed. Where it throws, for want of memory, all of them are still there.
  std::vector<Request> take_expired(TimePoint at);
  // The earliest deadline, to which the timer is to be set.
  std::optional<TimePoint> earliest() const;
  // The timer could not be set: the next add() asks for that once more.
  void arming_failed();
  // How many were written to it and wait.
  int64_t count_of(const RequestTarget& connection) const;
  int64_t count() const;

 private:
  struct Slot {
    int32_t opaque = 0;
    // Without a handler it is free.
    Request request;
  };

  Request* find(int32_t opaque);
  Request remove(int32_t opaque);
  template <typename Action>
  void for_each(Action action);
  template <typename Predicate>
  std::vector<Request> take_if(Predicate predicate);

  mutable std::mutex mutex_;
  // Opaques are consecutive, so that their remainders differ unless a request is very old: that one's place is
  // then taken, and the new one goes to `others_`. A send needs no memory for its place here.
  std::vector<Slot> slots_{1024};
  std::unordered_map<int32_t, Request> others_;
  int64_t count_ = 0;
  // What the timer is set to, or is to be set to.
  std::optional<TimePoint> armed_;
  bool arming_failed_ = false;
};

}  // namespace rocketmq
