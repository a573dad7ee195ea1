#include "client/client_lease.h"

#include <atomic>
#include <list>
#include <mutex>

#include "base/fork.h"

namespace rocketmq {

namespace {

struct Shared {
  std::shared_ptr<ClientInstance> instance;
  int leases;
};

struct Registry {
  explicit Registry(uint64_t of_generation) : generation(of_generation) {}
  const uint64_t generation;
  std::mutex mutex;
  std::list<Shared> clients;
};

std::atomic<int> next_number{1};

// A child process gets a registry of its own: in it, the parent's clients have lost their threads, and the
// parent's mutex may be locked for ever. Neither is ever freed, so that no static destructor runs.
Registry& registry() {
  static std::atomic<Registry*> current{new Registry(fork_generation())};
  Registry* found = current.load();
  while (found->generation != fork_generation()) {
    auto* fresh = new Registry(fork_generation());
    if (current.compare_exchange_strong(found, fresh)) return *fresh;
    delete fresh;
  }
  return *found;
}

}  // namespace

ClientLease ClientLease::acquire(const ClientOptions& options) {
  Registry& shared = registry();
  std::lock_guard lock(shared.mutex);
  for (Shared& client : shared.clients) {
    if (client.instance->options() == options) {
      ++client.leases;
      return ClientLease(client.instance);
    }
  }
  auto instance = std::make_shared<ClientInstance>(options, next_number.fetch_add(1));
  shared.clients.push_back({instance, 1});
  return ClientLease(std::move(instance));
}

ClientLease::~ClientLease() { release(); }

void ClientLease::release() {
  if (!instance_) return;
  auto instance = std::move(instance_);
  instance_ = nullptr;
  bool last = false;
  {
    Registry& shared = registry();
    std::lock_guard lock(shared.mutex);
    for (auto client = shared.clients.begin(); client != shared.clients.end(); ++client) {
      if (client->instance != instance) continue;
      last = --client->leases == 0;
      if (last) shared.clients.erase(client);
      break;
    }
  }
  if (last) instance->shutdown();
}

}  // namespace rocketmq
