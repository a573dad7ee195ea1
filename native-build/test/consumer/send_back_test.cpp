#include "consumer/push/send_back.h"

#include "consumer/consumer_parts_fixture.h"

namespace rocketmq::test {

using mock::Fault;

class SendBackTest : public ConsumerPartsTest {
 protected:
  // How many of so many, which fail at the same time, are taken; those that did not end are not.
  int send_back_together(int count) {
    std::vector<std::future<bool>> ended;
    on_loop([&] {
      for (int i = 0; i < count; ++i) {
        auto answer = std::make_shared<std::promise<bool>>();
        ended.push_back(answer->get_future());
        context_->start(run(context_, std::move(answer)), "a message that goes back");
      }
    });
    int taken = 0;
    for (auto& each : ended) {
      if (each.wait_for(kPatience) == std::future_status::ready && each.get()) ++taken;
    }
    return taken;
  }

 private:
  static asio::awaitable<void> run(std::shared_ptr<PushContext> context, std::shared_ptr<std::promise<bool>> answer) {
    StoredMessage message;
    message.topic = kTopic;
    MessageQueue queue{kTopic, context->client->routes().find(kTopic)->route.brokers[0].name, 0};
    const bool taken = co_await send_back(context, queue, message, 0);
    answer->set_value(taken);
  }

 protected:
  static asio::awaitable<void> look_up(std::shared_ptr<PushContext> context) {
    co_await context->client->routes().refresh(context->retry_topic);
  }
};

// A message may fail before the first round has looked the retry topic up: it would come again at once and only here.
TEST_F(SendBackTest, ARetryTopicThatIsNotKnownYetIsLookedUp) {
  cluster_.create_topic(retry_topic(kGroup), 1);
  cluster_.broker().inject(request_code::kConsumerSendMessageBack,
                           Fault::respond(response_code::kSystemError, "no", -1));
  ASSERT_EQ((*lease_)->routes().find(retry_topic(kGroup)), nullptr);
  // While somebody else looks it up, too, as the rounds do.
  context_->start(look_up(context_), "the look-up of a round");
  EXPECT_EQ(send_back_together(3), 3);
  EXPECT_TRUE(eventually([&] { return cluster_.message_count(retry_topic(kGroup)) == 3; }));
  // One for the topic, and two at the most for its retry topic.
  EXPECT_LE(cluster_.name_server().request_count(request_code::kGetRouteByTopic), 3);
}

}  // namespace rocketmq::test
