#include "net/address.h"

#include <gtest/gtest.h>

namespace rocketmq::test {

TEST(AddressTest, HostNamesAndLiteralsKeepTheirText) {
  for (const char* text : {"127.0.0.1:9876", "broker-1.example:10911", "[::1]:9876", "[fe80::1%eth0]:1", "a_b:65535"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(parse_address(" [::1]:9876 ")->host, "::1");
}

TEST(AddressTest, WhatIsWrongIsNamedWithTheText) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "is empty"},
      {"host", "has no port"},
      {"[::1]", "has no port"},
      {":9876", "no host"},
      {"::1:9876", "IPv6"},
      {"host:0", "1 to 65535"},
      {"host:65536", "1 to"},
      {"host:12x", "1 to 65535"},
      {"host:", "1 to 65535"},
      {"ho st:1", "no host name has"},
      {"host/path:1", "no host name has"},
  };
  for (const auto& [text, reason] : cases) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::kInvalidArgument);
    EXPECT_NE(address.error().message.find(reason), std::string::npos) << address.error().message;
    EXPECT_NE(address.error().message.find(text), std::string::npos) << address.error().message;
  }
}

TEST(AddressTest, AListJoinedByCommasIsToldHowToJoin) {
  const auto list = parse_address_list("a:1,b:2");
  ASSERT_FALSE(list);
  EXPECT_NE(list.error().message.find("has a ',': separate addresses by ';'"), std::string::npos)
      << list.error().message;
}

TEST(AddressTest, ListsMayRepeatAndHaveBlanks) {
  const auto list = parse_address_list(" a:1 ;b:2; a:1;;");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ((*list)[1].text(), "b:2");
  EXPECT_FALSE(parse_address_list(" ; "));
  EXPECT_FALSE(parse_address_list("a:1;b"));
}

TEST(AddressTest, ASchemeIsPassedOver) {
  for (const char* text : {"http://127.0.0.1:9876", " http://127.0.0.1:9876/ ", "https://127.0.0.1:9876"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_EQ(address->text(), "127.0.0.1:9876");
  }
  const auto list = parse_address_list("http://127.0.0.1:9876; ");
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->size(), 1U);
  for (const char* text : {"http://", "://127.0.0.1:9876", "http://127.0.0.1", "a.b://127.0.0.1:9876"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

// As brokers write them in routes.
TEST(AddressTest, WhatIsAnnouncedIsSplitAtItsLastColon) {
  EXPECT_EQ(parse_announced_address("::1:27911")->text(), "[::1]:27911");
  EXPECT_EQ(parse_announced_address("fe80::1%eth0:10911")->host, "fe80::1%eth0");
  EXPECT_EQ(parse_announced_address("[::1]:27911")->text(), "[::1]:27911");
  EXPECT_EQ(parse_announced_address("broker-a:10911")->text(), "broker-a:10911");
  EXPECT_FALSE(parse_announced_address("::1:x"));
  EXPECT_FALSE(parse_address("::1:27911"));
}

}  // namespace rocketmq::test
