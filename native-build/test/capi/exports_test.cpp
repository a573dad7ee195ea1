#ifndef _WIN32
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

namespace rocketmq::test {

namespace {

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  EXPECT_TRUE(pipe) << command;
  std::string output;
  std::array<char, 4096> bytes{};
  while (const size_t count = fread(bytes.data(), 1, bytes.size(), pipe.get())) output.append(bytes.data(), count);
  return output;
}

}  // namespace

// Programs that were linked against an earlier library of this SONAME find all their functions, and a program's
// other libraries meet nothing of ours. A function may be added to the list, and never leaves it.
TEST(ExportsTest, AreTheFunctionsOfTheAbiListAndNothingElse) {
  std::set<std::string> listed;
  std::ifstream list(ROCKETMQ_EXPORTS);
  for (std::string name; list >> name;) listed.insert(name);
  ASSERT_GT(listed.size(), 20U);
  std::set<std::string> exported;
  std::istringstream symbols(output_of("nm -D --defined-only " ROCKETMQ_LIBRARY));
  for (std::string line; std::getline(symbols, line);) {
    // "address type name"; an absolute symbol is the linker's own.
    std::istringstream words(line);
    std::string address;
    std::string type;
    std::string name;
    words >> address >> type >> name;
    if (type != "A") exported.insert(name.substr(0, name.find('@')));
  }
  EXPECT_EQ(exported, listed);
  EXPECT_NE(output_of("readelf -d " ROCKETMQ_LIBRARY).find("[librocketmq.so.0]"), std::string::npos);
}

}  // namespace rocketmq::test
#endif
