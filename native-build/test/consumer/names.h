#pragma once

namespace rocketmq::test {

inline constexpr char kTopic[] = "orders";
inline constexpr char kGroup[] = "billing";

}  // namespace rocketmq::test
