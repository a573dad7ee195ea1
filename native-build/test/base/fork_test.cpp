#include "base/fork.h"

#include <gtest/gtest.h>

#ifndef _WIN32

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "base/log.h"
#include "base/thread.h"
#include "eventually.h"
#include "forked_threads.h"

namespace rocketmq::test {

namespace {

// Runs `holds` in a child process, which ends without destroying anything.
bool in_child(bool (*holds)()) {
  const pid_t child = fork();
  if (child == 0) _exit(holds() ? 0 : 1);
  int status = -1;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

uint64_t parents_generation = 0;
int64_t parents_process = 0;
std::atomic<int> received;

void count(void*, const LogRecord&) { ++received; }

}  // namespace

TEST(ForkTest, AChildIsTold) {
  parents_generation = fork_generation();
  parents_process = current_process_id();
  EXPECT_TRUE(in_child([] {
    return fork_generation() != parents_generation && fork_generation() == fork_generation() &&
           current_process_id() != parents_process;
  }));
  EXPECT_EQ(fork_generation(), parents_generation);
}

// The parent's log thread does not exist there.
TEST(ForkTest, AChildLogsToASinkOfItsOwn) {
  if (const char* reason = why_a_fork_starts_no_thread()) GTEST_SKIP() << reason;
  received = 0;
  set_log_sink(count, nullptr, LogLevel::kInfo);
  EXPECT_TRUE(in_child([] {
    write_log(LogLevel::kInfo, "test", "to nobody");
    set_log_sink(count, nullptr, LogLevel::kInfo);
    write_log(LogLevel::kInfo, "test", "to the child's sink");
    const bool logged = eventually([] { return received == 1; });
    set_log_sink(nullptr, nullptr, LogLevel::kOff);
    return logged && received == 1;
  }));
  write_log(LogLevel::kInfo, "test", "to the parent's sink");
  EXPECT_TRUE(eventually([] { return received == 1; }));
  set_log_sink(nullptr, nullptr, LogLevel::kOff);
}

}  // namespace rocketmq::test

#endif
