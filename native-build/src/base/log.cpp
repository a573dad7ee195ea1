#include "base/log.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/fork.h"
#include "base/thread.h"

namespace rocketmq {

namespace {

constexpr size_t kMostWaiting = 4096;

struct Entry {
  LogLevel level;
  int64_t timestamp_ms;
  std::string layer;
  std::string thread;
  std::string message;
};

// One sink with its thread; a new sink gets a new one.
class LogThread {
 public:
  LogThread(LogSink sink, void* user) : sink_(sink), user_(user) {}

  // The thread keeps its object alive, as a sink may replace itself while it runs.
  static void start(const std::shared_ptr<LogThread>& self) {
    self->thread_ = start_thread("rmq-log", [self] { self->run(); });
  }

  void push(Entry entry) {
    std::lock_guard lock(mutex_);
    if (entries_.size() >= kMostWaiting) {
      ++dropped_;
      return;
    }
    if (dropped_ > 0) {
      entry.message += fmt::format(" ({} records before this one were lost: the log callback is too slow)", dropped_);
      dropped_ = 0;
    }
    entries_.push_back(std::move(entry));
    ready_.notify_one();
  }

  // Drops what waits, and waits for a sink that runs unless this is called from inside it.
  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      entries_.clear();
      ready_.notify_one();
    }
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ready_.wait(lock, [&] { return stopping_ || !entries_.empty(); });
      if (stopping_) return;
      const Entry entry = std::move(entries_.front());
      entries_.pop_front();
      lock.unlock();
      sink_(user_, {entry.level, entry.timestamp_ms, entry.layer, entry.thread, entry.message});
      lock.lock();
    }
  }

  const LogSink sink_;
  void* const user_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Entry> entries_;
  int64_t dropped_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

struct Log {
  explicit Log(uint64_t of_generation) : generation(of_generation) {}
  const uint64_t generation;
  std::mutex mutex;
  std::shared_ptr<LogThread> thread;
};

// Records that could not be made for want of memory, and are told of with the next one.
std::atomic<int64_t> lost_records{0};
std::atomic<int32_t> lowest{static_cast<int32_t>(LogLevel::kOff)};

// Never freed, so that no static destructor runs; one of its own in a child process, whose parent's thread
// does not exist there.
Log& instance() {
  static std::atomic<Log*> current{new Log(fork_generation())};
  Log* found = current.load();
  while (found->generation != fork_generation()) {
    auto* fresh = new Log(fork_generation());
    if (current.compare_exchange_strong(found, fresh)) return *fresh;
    delete fresh;
  }
  return *found;
}

}  // namespace

void set_log_sink(LogSink sink, void* user, LogLevel level) {
  std::shared_ptr<LogThread> earlier;
  {
    Log& log = instance();
    std::lock_guard lock(log.mutex);
    earlier = std::move(log.thread);
    log.thread = nullptr;
    if (sink != nullptr) {
      log.thread = std::make_shared<LogThread>(sink, user);
      LogThread::start(log.thread);
    }
    lowest = sink != nullptr ? static_cast<int32_t>(level) : static_cast<int32_t>(LogLevel::kOff);
  }
  if (earlier) earlier->stop();
}

void set_log_level(LogLevel level) {
  Log& log = instance();
  std::lock_guard lock(log.mutex);
  if (log.thread) lowest = static_cast<int32_t>(level);
}

bool log_enabled(LogLevel level) { return static_cast<int32_t>(level) >= lowest.load(std::memory_order_relaxed); }

void write_log(LogLevel level, std::string_view layer, std::string message) {
  if (level == LogLevel::kOff) return;
  std::shared_ptr<LogThread> thread;
  {
    Log& log = instance();
    std::lock_guard lock(log.mutex);
    thread = log.thread;
  }
  if (!thread) return;
  thread->push({level, wall_clock_ms(), std::string(layer), current_thread_name(), std::move(message)});
  if (const int64_t count = lost_records.exchange(0); count > 0) {
    thread->push({LogLevel::kWarn, wall_clock_ms(), "base", current_thread_name(),
                  std::to_string(count) + " log records were lost for want of memory"});
  }
}

void write_log(LogLevel level, std::string_view layer, fmt::string_view format, fmt::format_args args) noexcept {
  try {
    write_log(level, layer, fmt::vformat(format, args));
  } catch (...) {
    ++lost_records;
  }
}

}  // namespace rocketmq
