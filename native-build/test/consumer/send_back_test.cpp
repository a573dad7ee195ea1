#include "consumer/push/send_back.h"

#include "consumer/consumer_parts_fixture.h"

namespace rocketmq::test {

using mock::Fault;

class SendBackTest : public ConsumerPartsTest {
 protected:
  // What send_back answers; nothing when it did not end.
  std::optional<bool> send_one_back() {
    auto answer = std::make_shared<std::promise<bool>>();
    auto ended = answer->get_future();
    on_loop([&] { context_->start(run(context_, std::move(answer)), "a message that goes back"); });
    if (ended.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
    return ended.get();
  }

 private:
  static asio::awaitable<void> run(std::shared_ptr<PushContext> context, std::shared_ptr<std::promise<bool>> answer) {
    StoredMessage message;
    message.topic = kTopic;
    MessageQueue queue{kTopic, context->client->routes().find(kTopic)->route.brokers[0].name, 0};
    const bool taken = co_await send_back(context, queue, message, 0);
    answer->set_value(taken);
  }
};

// A message may fail before the first round has looked the retry topic up: it would come again at once and only here.
TEST_F(SendBackTest, ARetryTopicThatIsNotKnownYetIsLookedUp) {
  cluster_.create_topic(retry_topic(kGroup), 1);
  cluster_.broker().inject(request_code::kConsumerSendMessageBack,
                           Fault::respond(response_code::kSystemError, "no", -1));
  ASSERT_EQ((*lease_)->routes().find(retry_topic(kGroup)), nullptr);
  EXPECT_EQ(send_one_back(), true);
  EXPECT_TRUE(eventually([&] { return cluster_.message_count(retry_topic(kGroup)) == 1; }));
}

}  // namespace rocketmq::test
