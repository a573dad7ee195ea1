#include "protocol/pop.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rocketmq::test {

namespace {

struct Put {
  std::string topic = "orders";
  int32_t queue = 0;
  int64_t offset = 0;
  std::string properties;
};

RemotingCommand response(const std::vector<Put>& puts, const std::string& starts, const std::string& offsets) {
  RemotingCommand command;
  command.ext_fields.add("popTime", int64_t{1700000000000});
  command.ext_fields.add("invisibleTime", 60000);
  command.ext_fields.add("reviveQid", 5);
  command.ext_fields.add("startOffsetInfo", starts);
  command.ext_fields.add("msgOffsetInfo", offsets);
  std::vector<uint8_t> body;
  for (const Put& put : puts) {
    MessageToStore message;
    message.topic = put.topic;
    message.queue_id = put.queue;
    message.queue_offset = put.offset;
    message.properties = put.properties;
    message.body = as_bytes("x");
    encode_stored_message(message, body);
  }
  command.body = SharedBytes(std::move(body));
  return command;
}

std::vector<std::string> handles(const RemotingCommand& command) {
  const auto popped = parse_pop_response(command, "orders", "broker-a");
  EXPECT_TRUE(popped) << popped.error().message;
  std::vector<std::string> all;
  if (!popped) return all;
  for (const auto& each : popped->messages) all.push_back(each.handle.text());
  for (const auto& each : popped->left_out) all.push_back("left out: " + each);
  return all;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST(PopTest, GivesEachMessageTheCheckpointOfItsQueue) {
  const auto all = handles(
      response({{"orders", 0, 7, ""}, {"orders", 0, 9, ""}, {"orders", 3, 2, ""}}, "0 0 7;0 3 1", "0 0 7,9;0 3 2"));
  EXPECT_EQ(all,
            (Texts{"7 1700000000000 60000 5 0 broker-a 0 7 orders", "7 1700000000000 60000 5 0 broker-a 0 9 orders",
                   "1 1700000000000 60000 5 0 broker-a 3 2 orders"}));
}

TEST(PopTest, KeepsTheCheckpointThatTheBrokerGaveARedelivery) {
  const std::string checkpoint = "4 1700000000000 60000 5 1 broker-a 0 6";
  const auto all = handles(response({{"orders", 0, 6, "POP_CK\001" + checkpoint + "\002"}, {"orders", 0, 6, ""}},
                                    "1 0 4;0 0 5", "1 0 6;0 0 6"));
  EXPECT_EQ(all, (Texts{checkpoint + " orders", "5 1700000000000 60000 5 0 broker-a 0 6 orders"}));
  EXPECT_EQ(ReceiptHandle::parse(all[0])->real_topic("billing"), "%RETRY%billing_orders");
  EXPECT_EQ(ReceiptHandle::parse(all[1])->real_topic("billing"), "orders");
}

TEST(PopTest, KnowsRedeliveriesByTheirTopicsName) {
  for (const auto& [name, mark] : {std::pair("%RETRY%billing_orders", "1"), std::pair("%RETRY%billing+orders", "2")}) {
    const std::string entry = std::string(mark) + " 0 ";
    const auto command = response({{name, 0, 6, ""}}, entry + "4", entry + "6");
    const auto popped = parse_pop_response(command, "orders", "broker-a");
    ASSERT_TRUE(popped);
    ASSERT_EQ(popped->messages.size(), 1U);
    EXPECT_EQ(popped->messages[0].message.topic, "orders");
    EXPECT_EQ(popped->messages[0].handle.real_topic("billing"), name);
  }
  // With the topic's own name, and without a checkpoint, only the header tells.
  EXPECT_EQ(handles(response({{"orders", 0, 6, ""}}, "1 0 4", "1 0 6")),
            (Texts{"4 1700000000000 60000 5 1 broker-a 0 6 orders"}));
}

TEST(PopTest, AnOldBrokersFirstMessageMarksTheStart) {
  EXPECT_EQ(handles(response({{"orders", 0, 7, ""}, {"orders", 0, 9, ""}}, "", "")),
            (Texts{"7 1700000000000 60000 5 0 broker-a 0 7 orders", "7 1700000000000 60000 5 0 broker-a 0 9 orders"}));
}

// Whoever may send could otherwise stop a group with one message.
TEST(PopTest, ACheckpointThatAProducerSetIsNotBelieved) {
  for (const std::string forged :
       {"4 1600000000000 60000 5 1 broker-a 0 6", "4 1700000000000 60000 5 1 broker-b 0 6", "nonsense",
        "4 1700000000000 60000 5 1 broker-a 0 7", "4 1700000000000 60000 5 1 broker-a 1 6", "-1 -1 -1 -1 9  -1 -1"}) {
    EXPECT_EQ(handles(response({{"orders", 0, 6, "POP_CK\001" + forged + "\002"}}, "0 0 5", "0 0 6")),
              (Texts{"5 1700000000000 60000 5 0 broker-a 0 6 orders"}))
        << forged;
  }
}

TEST(PopTest, LeavesOutWhatCouldNotBeAcknowledged) {
  EXPECT_EQ(handles(response({{"orders", 0, 7, ""}, {"orders", 1, 7, ""}}, "0 0 7", "0 0 7")),
            (Texts{"7 1700000000000 60000 5 0 broker-a 0 7 orders",
                   "left out: the message at offset 7 of queue 1 has no checkpoint, and could not be acknowledged"}));
  EXPECT_EQ(handles(response({{"orders", 0, -7, ""}}, "0 0 7", "0 0 -7")).size(), 1U);
}

TEST(HostilePopTest, AMalformedHeaderIsAProtocolError) {
  const char* const infos[] = {"0",
                               "0 0",
                               "0 0 x",
                               "0 0 1 2",
                               "3 0 1",
                               "0 -1 1",
                               "0 x 1",
                               ";",
                               "0 0 1;",
                               "0 0 1;0 0 2",
                               "0 0 99999999999999999999",
                               "0  1",
                               " "};
  for (const std::string info : infos) {
    for (const auto& command : {response({{"orders", 0, 1, ""}}, info, "0 0 1"), response({}, "0 0 1", info)}) {
      const auto popped = parse_pop_response(command, "orders", "broker-a");
      ASSERT_FALSE(popped) << info;
      EXPECT_EQ(popped.error().kind, ErrorKind::kProtocolError) << info;
    }
  }
  for (const std::string left : {"popTime", "invisibleTime", "reviveQid"}) {
    const RemotingCommand whole = response({}, "", "");
    RemotingCommand command;
    for (size_t i = 0; i < whole.ext_fields.size(); ++i) {
      const auto [name, value] = whole.ext_fields.at(i);
      command.ext_fields.add(name, name == left ? std::string_view("1x") : value);
    }
    EXPECT_EQ(parse_pop_response(command, "orders", "b").error().kind, ErrorKind::kProtocolError) << left;
  }
  EXPECT_EQ(parse_pop_response(RemotingCommand(), "orders", "b").error().kind, ErrorKind::kProtocolError);
}

TEST(HostilePopTest, ABodyThatIsNoneIsAProtocolError) {
  RemotingCommand command = response({}, "", "");
  command.body = SharedBytes::copy_of("HTTP/1.1 400 Bad Request");
  EXPECT_EQ(parse_pop_response(command, "orders", "b").error().kind, ErrorKind::kProtocolError);
}

TEST(ReceiptHandleTest, SurvivesItsText) {
  ReceiptHandle handle;
  handle.start_offset = 1;
  handle.pop_time_ms = 1700000000000;
  handle.invisible_ms = 30000;
  handle.revive_queue = 999;
  handle.retry = '2';
  handle.broker_name = "broker-a";
  handle.queue_id = 3;
  handle.offset = INT64_MAX;
  handle.topic = "orders";
  const auto again = ReceiptHandle::parse(handle.text());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->text(), handle.text());
  EXPECT_EQ(again->checkpoint(), "1 1700000000000 30000 999 2 broker-a 3 9223372036854775807");
}

TEST(ReceiptHandleTest, RefusesWhatIsNone) {
  const std::string good = "1 2 3 4 0 broker-a 0 7 orders";
  ASSERT_TRUE(ReceiptHandle::parse(good));
  const std::string texts[] = {std::string(),
                               std::string("x"),
                               good + " more",
                               "1 2 3 4 0 broker-a 0 7",
                               "1 2 3 4 0  0 7 orders",
                               "1 2 3 4 7 broker-a 0 7 orders",
                               "1 2 3 4 0 broker-a 0 7 or/ders",
                               "1 2 3 4 0 broker-a -1 7 orders",
                               "1 2 3 4 0 broker-a 0 -7 orders",
                               "a 2 3 4 0 broker-a 0 7 orders",
                               "1 2 3 4 0 \xff 0 7 orders",
                               std::string(2000, '1')};
  for (const std::string& text : texts) {
    const auto handle = ReceiptHandle::parse(text);
    ASSERT_FALSE(handle) << text;
    EXPECT_EQ(handle.error().kind, ErrorKind::kInvalidArgument);
    EXPECT_NE(handle.error().message.find("receipt handle"), std::string::npos) << handle.error().message;
  }
  EXPECT_EQ(ReceiptHandle::parse("x").error().message.find("the receipt handle \"x\" is malformed: pass on"), 0U);
}

}  // namespace rocketmq::test
