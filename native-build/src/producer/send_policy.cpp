#include "producer/send_policy.h"

#include <algorithm>

#include "base/random.h"
#include "protocol/codes.h"

namespace rocketmq {

namespace {

constexpr Millis kFirstPause{20};
constexpr Millis kLongestPause{500};

// As the Java client's retryResponseCodes, and those that a new route mends.
bool is_retried_by_default(int32_t code) {
  switch (code) {
    case response_code::kTopicNotExist:
    case response_code::kServiceNotAvailable:
    case response_code::kSystemError:
    case response_code::kSystemBusy:
    case response_code::kNoPermission:
    case response_code::kNoBuyerId:
    case response_code::kNotInCurrentUnit:
    case response_code::kInvalidParameter:
    case response_code::kNotLeaderForQueue:
      return true;
    default:
      return false;
  }
}

}  // namespace

Refusal judge_refusal(int32_t code, std::string_view remark, bool asynchronous,
                      const std::optional<std::vector<int32_t>>& codes) {
  Refusal refusal;
  if (codes) {
    refusal.again = std::find(codes->begin(), codes->end(), code) != codes->end();
  } else {
    refusal.again = !asynchronous && is_retried_by_default(code);
  }
  switch (code) {
    case response_code::kSystemError:
      // Of brokers before 5.0; later ones say kInvalidParameter.
      refusal.wrong_queue = remark.find("queueId") != std::string_view::npos;
      refusal.stale_route = true;
      refusal.topic_fails = !refusal.wrong_queue;
      break;
    case response_code::kInvalidParameter:
    case response_code::kNotLeaderForQueue:
      refusal.wrong_queue = refusal.stale_route = true;
      break;
    case response_code::kTopicNotExist:
    case response_code::kNoPermission:
      refusal.stale_route = refusal.topic_fails = true;
      break;
    case response_code::kServiceNotAvailable:
      refusal.stale_route = refusal.broker_fails = true;
      break;
    case response_code::kSystemBusy:
      refusal.broker_fails = true;
      break;
    case response_code::kFlowControl:
    case response_code::kNoBuyerId:
    case response_code::kNotInCurrentUnit:
      refusal.topic_fails = true;
      break;
    case response_code::kGoAway:
      refusal.again = refusal.leaving = true;
      break;
    default:
      break;
  }
  return refusal;
}

std::optional<SendStatus> stored_status(int32_t code) {
  switch (code) {
    case response_code::kSuccess:
      return SendStatus::kOk;
    case response_code::kFlushDiskTimeout:
      return SendStatus::kFlushDiskTimeout;
    case response_code::kFlushSlaveTimeout:
      return SendStatus::kFlushSlaveTimeout;
    case response_code::kSlaveNotAvailable:
      return SendStatus::kSlaveNotAvailable;
    default:
      return std::nullopt;
  }
}

bool is_transient(ErrorKind kind) {
  return kind == ErrorKind::kUnreachable || kind == ErrorKind::kConnectionLost || kind == ErrorKind::kTimeout;
}

Millis pause_before(int32_t pauses) {
  constexpr int32_t kMostDoublings = 5;
  const Millis pause = std::min(kLongestPause, kFirstPause * (1 << std::min(pauses, kMostDoublings)));
  return pause / 2 + Millis(random_below(static_cast<uint32_t>(pause.count())));
}

bool may_give_up(TimePoint sent_at, TimePoint deadline, TimePoint at, bool silent) {
  return silent || at >= sent_at + (deadline - sent_at) / 4 * 3;
}

}  // namespace rocketmq
