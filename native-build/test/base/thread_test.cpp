#include "base/thread.h"

#include <gtest/gtest.h>

#include <memory>

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

}  // namespace rocketmq::test
