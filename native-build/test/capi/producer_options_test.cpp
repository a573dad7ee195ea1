#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "capi_values.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::test {

namespace {

class ProducerOptionsTest : public ::testing::Test {
 protected:
  ProducerOptionsTest() {
    client_.size = sizeof client_;
    client_.name_servers = text(servers_);
    options_.size = sizeof options_;
    options_.group = text(group_);
    error_.size = sizeof error_;
  }

  int32_t create() {
    rocketmq_producer* producer = nullptr;
    const int32_t status = rocketmq_producer_create(&client_, &options_, &producer, &error_);
    if (status == ROCKETMQ_OK) rocketmq_producer_destroy(producer);
    return status;
  }

  const std::string servers_ = "127.0.0.1:9876";
  const std::string group_ = "group";
  rocketmq_client_options client_{};
  rocketmq_producer_options options_{};
  rocketmq_error error_{};
};

TEST_F(ProducerOptionsTest, CodesToRetryAreAnArrayOrNone) {
  const int32_t codes[64] = {2, 215};
  EXPECT_EQ(create(), ROCKETMQ_OK) << error_.message;
  options_.retry_response_codes = codes;
  for (const int32_t count : {0, 2, 64}) {
    options_.retry_response_code_count = count;
    EXPECT_EQ(create(), ROCKETMQ_OK) << error_.message;
  }
  for (const int32_t count : {-1, 65}) {
    options_.retry_response_code_count = count;
    EXPECT_EQ(create(), ROCKETMQ_INVALID_ARGUMENT);
    EXPECT_NE(std::string(error_.message).find("retry_response_code_count is " + std::to_string(count)),
              std::string::npos)
        << error_.message;
  }
  options_.retry_response_codes = nullptr;
  options_.retry_response_code_count = 1;
  EXPECT_EQ(create(), ROCKETMQ_INVALID_ARGUMENT);
}

TEST_F(ProducerOptionsTest, RetryingTheSameQueueIsOnOrOff) {
  options_.retry_same_queue = 1;
  EXPECT_EQ(create(), ROCKETMQ_OK) << error_.message;
  options_.retry_same_queue = 2;
  EXPECT_EQ(create(), ROCKETMQ_INVALID_ARGUMENT);
}

// Callers that were compiled before these options existed.
TEST_F(ProducerOptionsTest, AnOlderStructIsTaken) {
  options_.size = offsetof(rocketmq_producer_options, retry_response_codes);
  options_.retry_response_code_count = 7;
  EXPECT_EQ(create(), ROCKETMQ_OK) << error_.message;
}

}  // namespace

}  // namespace rocketmq::test
