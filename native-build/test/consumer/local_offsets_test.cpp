#include "consumer/local_offsets.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace rocketmq::test {

namespace fs = std::filesystem;

class LocalOffsetsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = fs::path(::testing::TempDir()) / (std::string("rocketmq-offsets-") + info->name());
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::shared_ptr<LocalOffsets> open(const std::string& instance = "one", const std::string& group = "g") {
    auto opened = LocalOffsets::open(directory_, instance, group);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened : nullptr;
  }
  static std::string content(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static void overwrite(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  // Two saves, so that there is a backup with 5 and a file with 7.
  fs::path save_twice() {
    auto offsets = open();
    offsets->set(queue_, 5);
    EXPECT_TRUE(offsets->save());
    offsets->set(queue_, 7);
    EXPECT_TRUE(offsets->save());
    offsets->close();
    return offsets->file();
  }

  fs::path directory_;
  const MessageQueue queue_{"orders", "broker-a", 3};
};

TEST_F(LocalOffsetsTest, WhatWasSavedIsThereAgain) {
  {
    auto offsets = open();
    EXPECT_EQ(offsets->file(), directory_ / "one" / "g" / "offsets.json");
    EXPECT_FALSE(offsets->find(queue_));
    offsets->set(queue_, 42);
    offsets->set({"größe", "b", 0}, INT64_MAX / 8);
    ASSERT_TRUE(offsets->save());
    // As Apache's client writes it.
    EXPECT_NE(content(offsets->file()).find(R"({"brokerName":"broker-a","queueId":3,"topic":"orders"}:42)"),
              std::string::npos)
        << content(offsets->file());
  }
  auto offsets = open();
  EXPECT_EQ(offsets->find(queue_), 42);
  EXPECT_EQ(offsets->find({"größe", "b", 0}), INT64_MAX / 8);
  EXPECT_FALSE(offsets->find({"orders", "broker-a", 4}));
}

TEST_F(LocalOffsetsTest, ReadsWhatApachesClientWrote) {
  fs::create_directories(directory_ / "one" / "g");
  overwrite(
      directory_ / "one" / "g" / "offsets.json",
      "{\n\t\"offsetTable\":{{\n\t\t\t\"brokerName\":\"broker-a\",\n\t\t\t\"queueId\":3,\n\t\t\t\"topic\":\"orders\"\n"
      "\t\t}:11\n\t}\n}");
  EXPECT_EQ(open()->find(queue_), 11);
}

class ImportedOffsetsTest : public LocalOffsetsTest {
 protected:
  void leave(const std::string& client_id, const std::string& name, const std::string& text) {
    fs::create_directories(directory_ / client_id / "g");
    overwrite(directory_ / client_id / "g" / name, text);
  }
  static std::string table(int offset) {
    return R"({"offsetTable":{{"brokerName":"broker-a","queueId":3,"topic":"orders"}:)" + std::to_string(offset) + "}}";
  }
};

TEST_F(ImportedOffsetsTest, WithoutAFileOfItsOwnApachesIsReadAndLeft) {
  leave("127.0.0.1@one", "offsets.json", table(11));
  // Of another machine that shares the directory, of no address, and of another instance.
  leave("192.0.2.1@one", "offsets.json", table(22));
  leave("224.0.0.1@one", "offsets.json", table(22));
  leave("0.0.0.0@one", "offsets.json", table(22));
  leave("nowhere@one", "offsets.json", table(22));
  leave("@one", "offsets.json", table(22));
  leave("127.0.0.1@one@unit", "offsets.json", table(22));
  {
    auto offsets = open();
    EXPECT_EQ(offsets->find(queue_), 11);
    EXPECT_EQ(offsets->queues(), std::vector<MessageQueue>{queue_});
    ASSERT_TRUE(offsets->save());
    offsets->close();
  }
  EXPECT_EQ(content(directory_ / "127.0.0.1@one" / "g" / "offsets.json"), table(11));
  // From now on there is one.
  leave("127.0.0.1@one", "offsets.json", table(99));
  EXPECT_EQ(open()->find(queue_), 11);
}

TEST_F(ImportedOffsetsTest, AnInstanceWithoutANameIsApachesDefault) {
  leave("127.0.0.1@DEFAULT", "offsets.json", table(5));
  EXPECT_EQ((*LocalOffsets::open(directory_, "", "g"))->find(queue_), 5);
  EXPECT_FALSE(open("one")->find(queue_));
}

TEST_F(ImportedOffsetsTest, TheNewestOfThisMachineIsTaken) {
  leave("127.0.0.1@one", "offsets.json", table(5));
  leave("127.0.0.2@one", "offsets.json", table(6));
  const auto time = fs::last_write_time(directory_ / "127.0.0.1@one" / "g" / "offsets.json");
  fs::last_write_time(directory_ / "127.0.0.2@one" / "g" / "offsets.json", time - std::chrono::hours(1));
  EXPECT_EQ(open()->find(queue_), 5);
}

TEST_F(ImportedOffsetsTest, ItsBackupStandsInAndGarbageIsNothing) {
  leave("127.0.0.1@one", "offsets.json.bak", table(7));
  EXPECT_EQ(open()->find(queue_), 7);
  for (const char* garbage :
       {"", "{", "null", "\xff\xfe", R"({"offsetTable":{}})", R"({"offsetTable":{{"a":1}:-5}})"}) {
    leave("127.0.0.1@two", "offsets.json", garbage);
    auto offsets = open("two");
    ASSERT_TRUE(offsets) << garbage;
    EXPECT_TRUE(offsets->queues().empty()) << garbage;
    offsets->close();
  }
}

TEST_F(LocalOffsetsTest, TheBackupStandsInForADamagedFile) {
  for (const char* damage :
       {"", "{", "{\"offsetTable\":{{\"brokerName\":\"broker-a\",\"que", "null", "\xff\xfe", "[]",
        "{\"offsetTable\":{{\"brokerName\":\"broker-a\",\"queueId\":3,\"topic\":\"orders\"}:-1}}"}) {
    const fs::path file = save_twice();
    overwrite(file, damage);
    auto offsets = open();
    EXPECT_EQ(offsets->find(queue_), 5) << damage;
    // What is damaged does not become the backup.
    offsets->set(queue_, 9);
    ASSERT_TRUE(offsets->save());
    EXPECT_NE(content(fs::path(file) += ".bak").find(":5"), std::string::npos) << damage;
    EXPECT_NE(content(file).find(":9"), std::string::npos) << damage;
    offsets->close();
    fs::remove_all(file.parent_path());
  }
}

// The process died between the two renames, or while it wrote.
TEST_F(LocalOffsetsTest, ADeathInMidSaveLosesNothing) {
  const fs::path file = save_twice();
  fs::remove(file);
  overwrite(fs::path(file) += ".tmp", "{\"offsetTable\":{{\"brokerNa");
  EXPECT_EQ(open()->find(queue_), 5);
  save_twice();
  overwrite(fs::path(file) += ".tmp", "{\"offsetTable\":{{\"brokerNa");
  EXPECT_EQ(open()->find(queue_), 7);
}

TEST_F(LocalOffsetsTest, WhereNothingIsGoodEveryQueueIsNew) {
  const fs::path file = save_twice();
  overwrite(file, "garbage");
  overwrite(fs::path(file) += ".bak", "garbage too");
  auto offsets = open();
  EXPECT_FALSE(offsets->find(queue_));
  offsets->set(queue_, 1);
  EXPECT_TRUE(offsets->save());
}

TEST_F(LocalOffsetsTest, ADirectoryThatCannotBeUsedIsAnArgument) {
  overwrite(directory_ / "file", "x");
  const auto opened = LocalOffsets::open(directory_ / "file", "one", "g");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kInvalidArgument);
  EXPECT_NE(opened.error().message.find("offset_directory"), std::string::npos) << opened.error().message;
  EXPECT_NE(opened.error().message.find((directory_ / "file").string()), std::string::npos) << opened.error().message;
  // It holds nothing.
  fs::remove(directory_ / "file");
  EXPECT_TRUE(LocalOffsets::open(directory_ / "file", "one", "g"));
}

TEST_F(LocalOffsetsTest, AFileThatCannotBeWrittenIsTriedAgain) {
  auto offsets = open();
  offsets->set(queue_, 5);
  // A folder where the file is to be written first; Windows removes no folder whose files are open.
  const fs::path in_the_way = fs::path(offsets->file()) += ".tmp";
  fs::remove(in_the_way);
  fs::create_directories(in_the_way / "x");
  EXPECT_FALSE(offsets->save());
  fs::remove_all(in_the_way);
  EXPECT_TRUE(offsets->save());
  EXPECT_NE(content(offsets->file()).find(":5"), std::string::npos);
}

TEST_F(LocalOffsetsTest, OneUserOfAFileAtATime) {
  auto first = open();
  const auto second = LocalOffsets::open(directory_, "one", "g");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
  EXPECT_NE(second.error().message.find("instance_name"), std::string::npos) << second.error().message;
  EXPECT_TRUE(LocalOffsets::open(directory_, "two", "g"));
  EXPECT_TRUE(LocalOffsets::open(directory_, "one", "h"));
  first->close();
  EXPECT_TRUE(LocalOffsets::open(directory_, "one", "g"));
}

TEST_F(LocalOffsetsTest, NamesBecomeNamesOfFiles) {
  EXPECT_EQ(open("one", "ns%a|b")->file().parent_path().filename(), "ns%25a%7Cb");
  EXPECT_EQ(open("one", "ns%a%7Cb")->file().parent_path().filename(), "ns%25a%257Cb");
  // Without an instance name, the host's.
  const auto unnamed = LocalOffsets::open(directory_, "", "g");
  ASSERT_TRUE(unnamed);
  EXPECT_FALSE((*unnamed)->file().parent_path().parent_path().filename().empty());
  EXPECT_NE((*unnamed)->file().parent_path().parent_path(), directory_);
}

}  // namespace rocketmq::test
