#include "mock/faults.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "eventually.h"
#include "mock/mock_cluster.h"
#include "net/remoting_client.h"
#include "protocol/codes.h"

namespace rocketmq::test {

namespace {

using mock::Fault;

// Long enough for an answer on a busy machine that does come, short enough to wait for one that does not.
constexpr Millis kSilence{300};

class Outcome : public ResponseHandler {
 public:
  void on_response(RemotingCommand response, const std::string&) override { end_.set_value(std::move(response)); }
  void on_failure(Error error) override { end_.set_value(fail(std::move(error))); }
  std::future<Result<RemotingCommand>> future() { return end_.get_future(); }

 private:
  std::promise<Result<RemotingCommand>> end_;
};

RemotingCommand pull_request(int64_t offset) {
  RemotingCommand request = RemotingCommand::request(request_code::kPullMessage);
  request.ext_fields.add("consumerGroup", "group");
  request.ext_fields.add("topic", "topic");
  request.ext_fields.add("queueId", 0);
  request.ext_fields.add("queueOffset", offset);
  request.ext_fields.add("maxMsgNums", 32);
  request.ext_fields.add("sysFlag", 4);
  request.ext_fields.add("subscription", "*");
  return request;
}

RemotingCommand offset_request() {
  RemotingCommand request = RemotingCommand::request(request_code::kGetMaxOffset);
  request.ext_fields.add("topic", "topic");
  request.ext_fields.add("queueId", 0);
  return request;
}

std::vector<std::string> bodies(const RemotingCommand& pulled) {
  std::vector<std::string> texts;
  const auto decoded = decode_messages(pulled.body);
  if (!decoded) return texts;
  for (const auto& message : decoded->messages) texts.emplace_back(as_text(message.body.view()));
  return texts;
}

class FaultsTest : public ::testing::Test {
 protected:
  FaultsTest() : client_(RemotingClient::create(loop_, {})) {
    for (const char* body : {"a", "b", "c"}) cluster_.broker().put("topic", 0, body);
  }
  ~FaultsTest() override { client_->close(); }

  std::future<Result<RemotingCommand>> begin(const RemotingCommand& request, Millis timeout = kPatience) {
    auto outcome = std::make_shared<Outcome>();
    auto future = outcome->future();
    client_->send(cluster_.broker().address(), request, now() + timeout, RemotingClient::Write::kDirect, outcome);
    return future;
  }
  Result<RemotingCommand> ask(const RemotingCommand& request, Millis timeout = kPatience) {
    return begin(request, timeout).get();
  }

  mock::MockCluster cluster_;
  EventLoop loop_{"test-io"};
  std::shared_ptr<RemotingClient> client_;
};

TEST_F(FaultsTest, AFrozenBrokerReadsAndAnswersOnceItIsThawed) {
  ASSERT_TRUE(ask(offset_request()));
  cluster_.broker().freeze();
  auto answer = begin(offset_request());
  ASSERT_TRUE(cluster_.broker().await_requests(request_code::kGetMaxOffset, 2, kPatience));
  EXPECT_EQ(answer.wait_for(kSilence), std::future_status::timeout);
  cluster_.broker().thaw();
  const auto end = answer.get();
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->ext_fields.number("offset", -1), 3);
}

TEST_F(FaultsTest, ABlackHoleIsOneConnectionThatStaysOpen) {
  ASSERT_TRUE(ask(offset_request()));
  ASSERT_TRUE(cluster_.broker().black_hole_connection(0));
  EXPECT_FALSE(cluster_.broker().black_hole_connection(1));
  const auto end = ask(offset_request(), kSilence);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(cluster_.broker().connection_count(), 1);
  ASSERT_TRUE(cluster_.broker().reset_connection(0));
  EXPECT_TRUE(eventually([&] { return bool(ask(offset_request())); }));
}

TEST_F(FaultsTest, AFaultThatLastsEndsByItself) {
  ASSERT_TRUE(ask(offset_request()));
  cluster_.broker().inject(mock::kAnyRequest, Fault::respond(response_code::kSystemBusy, "busy").during(Millis(1000)));
  const auto refused = ask(offset_request());
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->code, response_code::kSystemBusy);
  EXPECT_TRUE(eventually([&] {
    const auto end = ask(offset_request());
    return end && end->code == response_code::kSuccess;
  }));
}

TEST_F(FaultsTest, AServerThatStoppedReadingGoesOnLater) {
  ASSERT_TRUE(ask(offset_request()));
  cluster_.broker().stop_reading();
  // The connection's read that was under way still takes one request.
  auto first = begin(offset_request());
  auto second = begin(offset_request());
  EXPECT_EQ(second.wait_for(kSilence), std::future_status::timeout);
  cluster_.broker().resume_reading();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
}

TEST_F(FaultsTest, WritingIsLimitedToARate) {
  cluster_.broker().put("topic", 0, std::string(20000, 'x'));
  cluster_.broker().limit_writing(100000);
  const TimePoint begun = now();
  const auto pulled = ask(pull_request(3));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_GE(millis_between(begun, now()), 150);
  ASSERT_EQ(bodies(*pulled).size(), 1u);
}

TEST_F(FaultsTest, HalfAFrameThenAResetLosesTheConnection) {
  cluster_.broker().inject(request_code::kGetMaxOffset, Fault::of(Fault::Kind::kHalfFrameReset));
  const auto end = ask(offset_request());
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::kConnectionLost);
}

TEST_F(FaultsTest, AGarbageFrameIsAProtocolError) {
  ASSERT_TRUE(ask(offset_request()));
  cluster_.broker().inject(request_code::kGetMaxOffset, Fault::of(Fault::Kind::kGarbageFrame));
  const auto end = ask(offset_request());
  ASSERT_FALSE(end);
  EXPECT_NE(end.error().kind, ErrorKind::kTimeout) << end.error().message;
}

TEST_F(FaultsTest, APullIsAnsweredFromBelowTheAskedOffset) {
  cluster_.broker().inject(request_code::kPullMessage, Fault::below_offset(2));
  const auto pulled = ask(pull_request(2));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(bodies(*pulled), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(pulled->ext_fields.number("nextBeginOffset", -1), 3);
}

TEST_F(FaultsTest, APullFindsNothingAndDoesNotMove) {
  cluster_.broker().inject(request_code::kPullMessage, Fault::of(Fault::Kind::kNotMoving));
  const auto pulled = ask(pull_request(1));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->code, response_code::kPullNotFound);
  EXPECT_EQ(pulled->ext_fields.number("nextBeginOffset", -1), 1);
}

TEST_F(FaultsTest, ACorruptBodyNoLongerFitsItsChecksum) {
  const auto pulled_body = [this] {
    const auto pulled = ask(pull_request(0));
    return std::string(pulled ? as_text(pulled->body.view()) : std::string_view());
  };
  const std::string before = pulled_body();
  ASSERT_TRUE(cluster_.broker().corrupt("topic", 0, 1));
  EXPECT_FALSE(cluster_.broker().corrupt("topic", 0, 3));
  const std::string after = pulled_body();
  ASSERT_EQ(before.size(), after.size());
  int different = 0;
  for (size_t i = 0; i < before.size(); ++i) different += before[i] != after[i] ? 1 : 0;
  EXPECT_EQ(different, 1);
}

TEST_F(FaultsTest, MembersAreListedAsATestSaysAndTopicsHaveTheirNewNumberOfQueues) {
  cluster_.broker().set_listed_members("group", std::vector<std::string>{"one", "one", "two"});
  RemotingCommand request = RemotingCommand::request(request_code::kGetConsumerListByGroup);
  request.ext_fields.add("consumerGroup", "group");
  const auto listed = ask(request);
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(*parse_consumer_list(as_text(listed->body.view())), (std::vector<std::string>{"one", "one", "two"}));
  cluster_.create_topics("many-", 1000, 10);
  EXPECT_EQ(cluster_.route_of("many-999").queues.front().read_queues, 10);
  cluster_.create_topic("many-999", 3);
  EXPECT_EQ(cluster_.route_of("many-999").queues.front().read_queues, 3);
}

}  // namespace

}  // namespace rocketmq::test
