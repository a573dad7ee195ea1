#pragma once

#include "base/error.h"
#include "capi/boundary.h"
#include "client/client_options.h"
#include "rocketmq/rocketmq.h"

namespace rocketmq::capi {

// Checks what a caller gave as the options of a client, and copies it. kInvalidArgument naming field and limit,
// kNotSupported for what this version does not have. On the caller's thread.
Result<ClientOptions> read_client_options(const rocketmq_client_options* in);

// The client id of a producer or consumer.
template <typename Object>
Status write_client_id(const Object& object, rocketmq_client_id* out) {
  if (auto valid = check_given(out, "client_id"); !valid) return valid;
  auto id = object.client_id();
  if (!id) return fail(std::move(id.error()));
  rocketmq_client_id full{};
  full.size = sizeof full;
  copy_text(*id, full.text, sizeof full.text);
  copy_out(full, out);
  return {};
}

}  // namespace rocketmq::capi
