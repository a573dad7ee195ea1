#include "capi/filter.h"

#include "capi/boundary.h"
#include "protocol/names.h"

namespace rocketmq::capi {

Result<Subscription> read_subscription(const rocketmq_string* topic, int32_t filter_type,
                                       const rocketmq_string* expression) {
  auto name = text_of(topic, "topic");
  if (!name) return fail(name.error());
  if (auto valid = validate_topic(*name); !valid) return fail(valid.error());
  auto filter = text_of(expression, "expression");
  if (!filter) return fail(filter.error());
  switch (filter_type) {
    case ROCKETMQ_FILTER_TAG:
      return make_tag_subscription(*name, *filter);
    case ROCKETMQ_FILTER_SQL92:
      return make_sql_subscription(*name, *filter);
    default:
      return fail(ErrorKind::kInvalidArgument, "filter_type is " + std::to_string(filter_type) +
                                                   ": use ROCKETMQ_FILTER_TAG (0) or ROCKETMQ_FILTER_SQL92 (1)");
  }
}

}  // namespace rocketmq::capi
