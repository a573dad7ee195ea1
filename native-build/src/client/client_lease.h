#pragma once

#include <memory>

#include "base/error.h"
#include "client/client_instance.h"
#include "client/client_options.h"

namespace rocketmq {

// A share in the process's client for a cluster. The last one to go shuts the client down, and waits for its
// threads: so a lease must not be released on one of them.
class ClientLease {
 public:
  ClientLease() = default;
  static ClientLease acquire(const ClientOptions& options);
  ~ClientLease();
  ClientLease(ClientLease&&) noexcept = default;
  ClientLease& operator=(ClientLease&&) = delete;

  ClientInstance& operator*() const { return *instance_; }
  ClientInstance* operator->() const { return instance_.get(); }
  explicit operator bool() const { return instance_ != nullptr; }
  // Outlives the lease as an object: shut down then, it refuses everything, but is safe to call.
  const std::shared_ptr<ClientInstance>& instance() const { return instance_; }
  void release();

 private:
  explicit ClientLease(std::shared_ptr<ClientInstance> instance) : instance_(std::move(instance)) {}
  std::shared_ptr<ClientInstance> instance_;
};

}  // namespace rocketmq
