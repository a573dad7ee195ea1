#include "base/thread.h"

#include <gtest/gtest.h>

#include <memory>

#ifdef __linux__
#include <pthread.h>
#endif

namespace rocketmq::test {

TEST(ThreadTest, AThreadKnowsItsNameHoweverLong) {
  for (const char* name : {"short", "a name that is longer than any system takes"}) {
    std::string seen;
    start_thread(name, [&] { seen = current_thread_name(); }).join();
    EXPECT_EQ(seen, name);
  }
}

TEST(ThreadTest, AForeignThreadHasANameThatTellsItApart) {
  const std::string mine = current_thread_name();
  EXPECT_FALSE(mine.empty());
  EXPECT_EQ(current_thread_name(), mine);
  std::string other;
  std::thread([&] { other = current_thread_name(); }).join();
  EXPECT_FALSE(other.empty());
  EXPECT_NE(other, mine);
}

TEST(ThreadTest, TheBodyIsDestroyedBeforeTheThreadEnds) {
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> alive = owned;
  start_thread("test", [owned = std::move(owned)] {}).join();
  EXPECT_TRUE(alive.expired());
}

#ifdef __linux__
// Weak, as a test that is linked for an older glibc than it runs on must not ask its linker for them.
extern "C" {
[[gnu::weak]] int pthread_getattr_default_np(pthread_attr_t* attributes) noexcept;
[[gnu::weak]] int pthread_setattr_default_np(const pthread_attr_t* attributes) noexcept;
}

// As with musl, whose threads have 128 KiB.
TEST(ThreadTest, AStackIsLargeEnoughForCallbacksWhateverTheSystemsDefault) {
  pthread_attr_t usual;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  pthread_attr_t small = usual;
  ASSERT_EQ(pthread_attr_setstacksize(&small, 128 * 1024), 0);
  ASSERT_EQ(pthread_setattr_default_np(&small), 0);
  size_t size = 0;
  start_thread("test", [&] {
    pthread_attr_t own;
    ASSERT_EQ(pthread_getattr_np(pthread_self(), &own), 0);
    EXPECT_EQ(pthread_attr_getstacksize(&own, &size), 0);
    pthread_attr_destroy(&own);
  }).join();
  EXPECT_GE(size, size_t{2} * 1024 * 1024);
  ASSERT_EQ(pthread_setattr_default_np(&usual), 0);
}
#endif

}  // namespace rocketmq::test
