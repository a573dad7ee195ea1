#include <thread>

#include "consumer/consumer_fixture.h"
#include "consumer/simple/simple_consumer.h"

namespace rocketmq::test {

using mock::Fault;
using mock::MockCluster;

class FilterTest : public ConsumerTest {
 protected:
  static Running create_filtered(const ClientOptions& client, const std::string& condition) {
    Running running = create(client, quick());
    EXPECT_TRUE(running.consumer->subscribe(*make_sql_subscription(kTopic, condition)));
    return running;
  }
  static ClientOptions impatient(const MockCluster& cluster) {
    ClientOptions options = client(cluster);
    options.request_timeout = Millis(300);
    return options;
  }
  static void expect_refusal(const Status& status, const MockCluster& cluster) {
    ASSERT_FALSE(status);
    const Error& error = status.error();
    EXPECT_EQ(error.kind, ErrorKind::kRejected);
    EXPECT_EQ(error.response_code, response_code::kSubscriptionParseFailed);
    EXPECT_EQ(error.remark, "unexpected \")\" at column 3");
    EXPECT_EQ(error.topic, kTopic);
    EXPECT_EQ(error.address, const_cast<MockCluster&>(cluster).broker().address());
    EXPECT_NE(error.message.find(error.remark), std::string::npos);
  }
  static Fault refusal(int32_t times = 1) {
    return Fault::respond(response_code::kSubscriptionParseFailed, "unexpected \")\" at column 3", times);
  }
};

TEST_F(FilterTest, ABrokerIsAskedAndThenFilters) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().put(kTopic, 0, "far", "region\001us\002");
  cluster.broker().put(kTopic, 0, "near", "region\001eu\002");
  auto running = create_filtered(client(cluster), "region = 'eu'");
  ASSERT_TRUE(running.consumer->start());
  ASSERT_EQ(cluster.broker().request_count(request_code::kCheckClientConfig), 1);
  const auto check = cluster.broker().requests(request_code::kCheckClientConfig)[0];
  const std::string body(as_text(check.body.view()));
  for (const std::string part :
       {R"("group":"billing")", R"("subString":"region = 'eu'")", R"("expressionType":"SQL92")", R"("clientId":)"}) {
    EXPECT_NE(body.find(part), std::string::npos) << body;
  }
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_EQ(running.received->bodies(), std::vector<std::string>{"near"});
  EXPECT_TRUE(eventually([&] { return cluster.broker().committed_offset(kGroup, kTopic, 0) == 2; }));
  const auto pull = cluster.broker().requests(request_code::kPullMessage)[0];
  EXPECT_EQ(pull.ext_fields.text("expressionType"), pull.ext_fields.text("topic") == kTopic ? "SQL92" : "TAG");
  const auto sent = cluster.broker().requests(request_code::kHeartbeat).back();
  const auto heartbeat = parse_heartbeat(as_text(sent.body.view()));
  ASSERT_TRUE(heartbeat);
  for (const auto& each : heartbeat->consumers[0].subscriptions) {
    if (each.topic == kTopic) {
      EXPECT_EQ(each.expression, "region = 'eu'");
      EXPECT_TRUE(each.by_sql());
      EXPECT_TRUE(each.codes.empty());
    }
  }
}

TEST_F(FilterTest, StartFailsWithTheBrokersWordsAndMayBeCalledAgain) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto running = create_filtered(client(cluster), ") or (");
  cluster.broker().inject(request_code::kCheckClientConfig, refusal());
  expect_refusal(running.consumer->start(), cluster);
  EXPECT_TRUE(cluster.broker().clients_of(kGroup).empty());
  EXPECT_EQ(running.consumer->resume().error().kind, ErrorKind::kInvalidState);
  ASSERT_TRUE(running.consumer->subscribe(kTopic, "*"));
  ASSERT_TRUE(running.consumer->start());
  cluster.broker().put(kTopic, 0, "x");
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
}

TEST_F(FilterTest, ARefusedChangeLeavesTheEarlierFilter) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto running = create_filtered(client(cluster), "region = 'eu'");
  ASSERT_TRUE(running.consumer->start());
  cluster.broker().inject(request_code::kCheckClientConfig, refusal());
  expect_refusal(running.consumer->subscribe(*make_sql_subscription(kTopic, ") or (")), cluster);
  cluster.broker().put(kTopic, 0, "far", "region\001us\002");
  cluster.broker().put(kTopic, 0, "near", "region\001eu\002");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  EXPECT_EQ(running.received->bodies(), std::vector<std::string>{"near"});
}

TEST_F(FilterTest, TheFilterChangesWhileItRuns) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  PushConsumerOptions options = quick();
  options.pull_suspend_timeout = Millis(50);
  auto running = create(client(cluster), options);
  ASSERT_TRUE(running.consumer->subscribe(*make_sql_subscription(kTopic, "region = 'eu'")));
  ASSERT_TRUE(running.consumer->start());
  cluster.broker().put(kTopic, 0, "near", "region\001eu\002");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 1; }));
  ASSERT_TRUE(running.consumer->subscribe(*make_sql_subscription(kTopic, "region = 'us'")));
  // Pulls that are held still have the earlier one.
  const auto pulls_with = [&](const std::string& condition) {
    for (const auto& pull : cluster.broker().requests(request_code::kPullMessage)) {
      if (pull.ext_fields.text("topic") == kTopic && pull.ext_fields.text("subscription") == condition) return true;
    }
    return false;
  };
  ASSERT_TRUE(eventually([&] { return pulls_with("region = 'us'"); }));
  cluster.broker().put(kTopic, 0, "near again", "region\001eu\002");
  cluster.broker().put(kTopic, 0, "far", "region\001us\002");
  ASSERT_TRUE(eventually([&] { return running.received->count() == 2; }));
  EXPECT_EQ(running.received->bodies(), (std::vector<std::string>{"near", "far"}));
  // And back to a filter by tag, about which nobody needs to be asked.
  const int asked = cluster.broker().request_count(request_code::kCheckClientConfig);
  ASSERT_TRUE(running.consumer->subscribe(kTopic, "*"));
  ASSERT_TRUE(eventually([&] { return pulls_with("*"); }));
  cluster.broker().put(kTopic, 0, "any");
  ASSERT_TRUE(eventually([&] { return running.received->count("any") == 1; }));
  EXPECT_EQ(cluster.broker().request_count(request_code::kCheckClientConfig), asked);
}

TEST_F(FilterTest, AClusterThatIsDownIsAskedLater) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto running = create_filtered(impatient(cluster), "region = 'eu'");
  cluster.broker().stop();
  cluster.name_server().stop();
  const auto begin = now();
  ASSERT_TRUE(running.consumer->start());
  EXPECT_LT(millis_between(begin, now()), 5000);
  cluster.name_server().start();
  cluster.broker().start();
  cluster.broker().put(kTopic, 0, "near", "region\001eu\002");
  EXPECT_TRUE(cluster.broker().await_requests(request_code::kCheckClientConfig, 1, kPatience));
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
}

TEST_F(FilterTest, ASilentBrokerDoesNotHoldUpTheStart) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().inject(request_code::kCheckClientConfig, Fault::of(Fault::Kind::kIgnore));
  // Asked again, it refuses; then nobody asks any more.
  cluster.broker().inject(request_code::kCheckClientConfig, refusal());
  auto running = create_filtered(impatient(cluster), "region = 'eu'");
  const auto begin = now();
  ASSERT_TRUE(running.consumer->start());
  EXPECT_LT(millis_between(begin, now()), 5000);
  EXPECT_TRUE(cluster.broker().await_requests(request_code::kCheckClientConfig, 2, kPatience));
  EXPECT_TRUE(running.consumer->close(Millis(1000)));
  EXPECT_EQ(cluster.broker().request_count(request_code::kCheckClientConfig), 2);
}

TEST_F(FilterTest, ABrokerThatDoesNotKnowTheQuestionIsBelieved) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  cluster.broker().inject(request_code::kCheckClientConfig,
                          Fault::respond(response_code::kRequestCodeNotSupported, "what?"));
  auto running = create_filtered(client(cluster), "region = 'eu'");
  ASSERT_TRUE(running.consumer->start());
  cluster.broker().put(kTopic, 0, "near", "region\001eu\002");
  EXPECT_TRUE(eventually([&] { return running.received->count() == 1; }));
}

TEST_F(FilterTest, ClosesWhileABrokerIsAsked) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto running = create(client(cluster), quick());
  ASSERT_TRUE(running.consumer->start());
  cluster.broker().inject(request_code::kCheckClientConfig, Fault::of(Fault::Kind::kIgnore, -1));
  std::thread subscribing([&] {
    const auto status = running.consumer->subscribe(*make_sql_subscription(kTopic, "region = 'eu'"));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kClosed);
  });
  EXPECT_TRUE(cluster.broker().await_requests(request_code::kCheckClientConfig, 1, kPatience));
  EXPECT_TRUE(running.consumer->close(Millis(1000)));
  subscribing.join();
}

TEST_F(FilterTest, ASimpleConsumerAsksToo) {
  MockCluster cluster;
  cluster.create_topic(kTopic, 1);
  auto created = SimpleConsumer::create(client(cluster), {.group = kGroup});
  ASSERT_TRUE(created);
  SimpleConsumer& consumer = **created;
  ASSERT_TRUE(consumer.subscribe(*make_sql_subscription(kTopic, ") or (")));
  cluster.broker().inject(request_code::kCheckClientConfig, refusal());
  expect_refusal(consumer.start(), cluster);
  ASSERT_TRUE(consumer.start());
  cluster.broker().inject(request_code::kCheckClientConfig, refusal());
  expect_refusal(consumer.subscribe(*make_sql_subscription(kTopic, ") or (")), cluster);
  EXPECT_TRUE(consumer.subscribe(*make_sql_subscription(kTopic, "region = 'eu'")));
  EXPECT_EQ(cluster.broker().request_count(request_code::kCheckClientConfig), 4);
}

TEST_F(FilterTest, ABadConditionIsRefusedHere) {
  for (const std::string condition : {"", "  ", "a = '\xff'"}) {
    const auto subscription = make_sql_subscription(kTopic, condition);
    ASSERT_FALSE(subscription) << condition;
    EXPECT_EQ(subscription.error().kind, ErrorKind::kInvalidArgument);
  }
}

}  // namespace rocketmq::test
