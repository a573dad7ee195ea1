#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "client/broker_state.h"
#include "net/peer_observer.h"

namespace rocketmq {

// The one home for what is known of the servers of a cluster, by address: whether they are reachable, silent, leaving,
// refusing or slow. Owned by ClientInstance; told by the connections (as their observer), by BrokerWatch and by who
// sends; asked by producers and consumers. Any thread. While nothing is wrong, asking is one atomic load.
//
// A server that sends nothing at all for a while, although requests and a probe wait for it, is first suspected and
// then held for silent. Slow is another thing: one that answers probes, or whose answers are known to take long, may
// take all the time that a request has. So a send is given up before its deadline only where its message is as good
// as lost, not where that would store a copy.
class BrokerStates : public PeerObserver {
 public:
  // So long nothing came, in units of what its answers take: 2 and 4 times as long at least.
  static constexpr Millis kSuspectedAfter{500};
  static constexpr Millis kSilentAfter{2000};

  // What is known of the address, from now on; kept until retain() drops it.
  std::shared_ptr<BrokerState> of(const std::string& address);

  // No server has a trouble.
  bool all_well() const { return troubled_.load(std::memory_order_acquire) == 0; }
  bool avoided(std::string_view address, TimePoint at = now()) const;
  bool silent(std::string_view address) const;
  // It could not be reached of late, is leaving, or is suspected; not one that refuses, or answers late.
  bool unreachable(std::string_view address, TimePoint at = now()) const;
  std::vector<std::string> all_avoided(TimePoint at = now()) const;
  // Whether one of them could not be reached, or its connection broke, since then.
  bool any_failed_since(const std::vector<std::string>& addresses, TimePoint since) const;

  // A connection to it failed or broke: avoided for 1 s, doubling with each further time up to 30 s, or until it
  // answers.
  void lost(BrokerState& state, TimePoint at = now());
  // It refused, or did not answer in time: the same, but until it succeeds.
  void failed(BrokerState& state, TimePoint at = now());
  // It answered, whatever it was; one more thing to know is what that took, for those who avoid slow ones.
  void heard(BrokerState& state, TimePoint at = now());
  void succeeded(BrokerState& state);
  void note_latency(BrokerState& state, Millis latency, TimePoint at = now());
  // It said that it is about to end.
  void leaving(BrokerState& state, TimePoint until);

  // One look of BrokerWatch at all servers: who is suspected now, and of these, whom to ask whether they live.
  // `deaf_until`: until then this process itself did not listen, so that no silence before it counts.
  struct Look {
    std::vector<std::shared_ptr<BrokerState>> suspected;
    std::vector<std::shared_ptr<BrokerState>> to_probe;
    // Something is waited for, so that there should be another look soon.
    bool busy = false;
  };
  Look look(TimePoint at, TimePoint deaf_until);
  bool any_waited_for() const;

  // Forgets what is in no route any more.
  void retain(const std::vector<std::string>& addresses);

  void on_connect_failed(const std::string& address, const Error& error) override;
  void on_disconnected(const std::string& address, const Error& cause) override;
  void on_timeout(const std::string& address, Millis silence) override;
  void on_went_away(const std::string& address, TimePoint until) override;
  void on_answered(const std::string& address, Millis took) override;

 private:
  std::shared_ptr<BrokerState> find(std::string_view address) const;
  // Under the mutex.
  void heard_now(BrokerState& state);
  void update(BrokerState& state);
  void end_old_troubles(BrokerState& state, TimePoint at);
  static void prolong(BrokerState::Trouble& trouble, TimePoint at);

  std::atomic<int32_t> troubled_{0};
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<BrokerState>, std::less<>> states_;
};

}  // namespace rocketmq
