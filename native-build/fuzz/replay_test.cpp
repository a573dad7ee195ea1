#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz_target.h"

namespace rocketmq::fuzz {

std::map<std::string, Target>& targets() {
  static std::map<std::string, Target> list;
  return list;
}

namespace {

std::vector<std::vector<uint8_t>> inputs(const std::string& target) {
  std::vector<std::vector<uint8_t>> all;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(ROCKETMQ_CORPUS) + "/" + target)) {
    std::ifstream file(entry.path(), std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return all;
}

class ReplayTest : public ::testing::TestWithParam<std::string> {};

// What fuzzing found worth keeping, each input also cut short and with each of its bytes changed.
TEST_P(ReplayTest, TheCorpusAndItsNeighbours) {
  const Target target = targets().at(GetParam());
  const auto corpus = inputs(GetParam());
  ASSERT_GE(corpus.size(), 3U);
  for (const auto& input : corpus) {
    target(input.data(), input.size());
    // Long inputs have the same parsers' edges as short ones.
    for (size_t i = 0; i < std::min<size_t>(input.size(), 512); ++i) {
      target(input.data(), i);
      auto changed = input;
      changed[i] ^= 0x80;
      target(changed.data(), changed.size());
      changed[i] = 0xff;
      target(changed.data(), changed.size());
    }
  }
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& [name, target] : targets()) all.push_back(name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Targets, ReplayTest, ::testing::ValuesIn(names()),
                         [](const auto& info) { return info.param; });

}  // namespace

}  // namespace rocketmq::fuzz
