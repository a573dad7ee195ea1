#include "client/client_lease.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "base/thread.h"
#include "client/client_thread.h"
#include "cluster_access.h"
#include "eventually.h"
#include "forked_threads.h"
#include "protocol/codes.h"

#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace rocketmq::test {

using mock::MockCluster;

namespace {

ClientOptions some_options() {
  ClientOptions options;
  options.name_servers = {{"127.0.0.1", 9876}};
  return options;
}

std::atomic<int> marked_threads;

// Counts the threads of a client that live.
void mark_threads(ClientInstance& client) {
  const auto mark = [] {
    struct Mark {
      Mark() { ++marked_threads; }
      ~Mark() { --marked_threads; }
      // Without a use, the object would not be made.
      void use() const {}
    };
    thread_local const Mark on_this_thread;
    on_this_thread.use();
  };
  client.loop().post(mark);
  client.workers().make_lane()->post(mark);
}

}  // namespace

TEST(ClientLeaseTest, EqualOptionsShareOneClient) {
  const ClientLease one = ClientLease::acquire(some_options());
  const ClientLease two = ClientLease::acquire(some_options());
  EXPECT_EQ(&*one, &*two);
  EXPECT_EQ(one->options(), some_options());
}

TEST(ClientLeaseTest, AnyOtherOptionIsAnotherClient) {
  const std::function<void(ClientOptions&)> changes[] = {
      [](ClientOptions& options) { options.name_servers.push_back({"127.0.0.1", 9877}); },
      [](ClientOptions& options) { options.name_servers[0].port = 9877; },
      [](ClientOptions& options) { options.instance_name = "another"; },
      [](ClientOptions& options) { options.namespace_name = "another"; },
      [](ClientOptions& options) { options.connect_timeout += Millis(1); },
      [](ClientOptions& options) { options.request_timeout += Millis(1); },
      [](ClientOptions& options) { options.route_refresh_interval += Millis(1); },
      [](ClientOptions& options) { options.heartbeat_interval += Millis(1); },
      [](ClientOptions& options) { options.max_frame_bytes += 1; }};
  std::vector<ClientLease> leases;
  leases.push_back(ClientLease::acquire(some_options()));
  std::set<const ClientInstance*> clients{&*leases.front()};
  std::set<std::string> ids{leases.front()->client_id()};
  for (const auto& change : changes) {
    ClientOptions options = some_options();
    change(options);
    leases.push_back(ClientLease::acquire(options));
    clients.insert(&*leases.back());
    ids.insert(leases.back()->client_id());
  }
  EXPECT_EQ(clients.size(), leases.size());
  EXPECT_EQ(ids.size(), leases.size());
}

TEST(ClientLeaseTest, AClientIdNamesTheProcessAndTheInstance) {
  ClientOptions options = some_options();
  options.instance_name = "billing";
  const ClientLease lease = ClientLease::acquire(options);
  const std::string& id = lease->client_id();
  EXPECT_NE(id.find("@" + std::to_string(current_process_id()) + "#"), std::string::npos) << id;
  EXPECT_EQ(id.substr(id.rfind('#')), "#billing");
}

TEST(ClientLeaseTest, TheLastLeaseEndsTheThreads) {
  marked_threads = 0;
  ClientLease one = ClientLease::acquire(some_options());
  ClientLease two = ClientLease::acquire(some_options());
  mark_threads(*one);
  ASSERT_TRUE(eventually([] { return marked_threads == 2; }));
  one.release();
  EXPECT_FALSE(one);
  one.release();
  // Both still run what they are given.
  mark_threads(*two);
  two->loop().run_and_wait([] {});
  EXPECT_EQ(marked_threads, 2);
  two.release();
  EXPECT_EQ(marked_threads, 0);
}

TEST(ClientLeaseTest, TheLastLeaseClosesTheConnections) {
  MockCluster cluster;
  ClientLease lease = ClientLease::acquire(client_options(cluster));
  lease->routes().get("orders", true, 4, [](const auto&) {});
  ASSERT_TRUE(cluster.name_server().await_requests(request_code::kGetRouteByTopic, 1, kPatience));
  EXPECT_EQ(cluster.name_server().connection_count(), 1);
  lease.release();
  EXPECT_TRUE(eventually([&] { return cluster.name_server().connection_count() == 0; }));
}

TEST(ClientLeaseTest, ALeaseAfterTheLastIsANewClient) {
  ClientLease lease = ClientLease::acquire(some_options());
  const std::string id = lease->client_id();
  lease.release();
  EXPECT_NE(ClientLease::acquire(some_options())->client_id(), id);
}

TEST(ClientLeaseTest, AMovedLeaseIsReleasedOnce) {
  ClientLease lease = ClientLease::acquire(some_options());
  const ClientLease other = ClientLease::acquire(some_options());
  {
    const ClientLease moved = std::move(lease);
  }
  EXPECT_EQ(&*ClientLease::acquire(some_options()), &*other);
}

TEST(ClientLeaseTest, ManyThreadsMayAcquireAndRelease) {
  marked_threads = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 50; ++i) {
        const ClientLease lease = ClientLease::acquire(some_options());
        mark_threads(*lease);
        bool ran = false;
        lease->loop().run_and_wait([&] { ran = true; });
        EXPECT_TRUE(ran);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(marked_threads, 0);
}

TEST(ClientLeaseTest, ItsThreadsAreKnownAsSuch) {
  const ClientLease lease = ClientLease::acquire(some_options());
  EXPECT_FALSE(on_client_thread());
  bool on_loop = false;
  lease->loop().run_and_wait([&] { on_loop = on_client_thread(); });
  EXPECT_TRUE(on_loop);
  const auto on_callbacks = std::make_shared<std::promise<bool>>();
  lease->workers().make_lane()->post([on_callbacks] { on_callbacks->set_value(on_client_thread()); });
  EXPECT_TRUE(on_callbacks->get_future().get());
}

#ifndef _WIN32
// The parent's client has no threads there.
TEST(ClientLeaseTest, AChildProcessGetsAClientOfItsOwn) {
  if (const char* reason = why_a_fork_starts_no_thread()) GTEST_SKIP() << reason;
  ClientLease lease = ClientLease::acquire(some_options());
  const pid_t child = fork();
  if (child == 0) {
    ClientLease own = ClientLease::acquire(some_options());
    bool ran = false;
    own->loop().run_and_wait([&] { ran = true; });
    const bool differs = own->client_id() != lease->client_id();
    own.release();
    // Must not wait for the parent's threads.
    lease.release();
    _exit(ran && differs ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}
#endif

}  // namespace rocketmq::test
