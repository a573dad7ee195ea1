#include "capi/client_options.h"

#include <algorithm>

#include "capi/boundary.h"

namespace rocketmq::capi {

namespace {

constexpr size_t kLongestInstanceName = 120;
constexpr int32_t kLongestIntervalMs = 3600000;

Status not_supported(std::string_view what) {
  return fail(ErrorKind::kNotSupported,
              "client_options." + std::string(what) + " is set, which this version cannot do yet: leave it unset");
}

Status check_instance_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (plain && name.size() <= kLongestInstanceName) return {};
  return fail(ErrorKind::kInvalidArgument,
              "client_options.instance_name must be 1 to 120 letters, digits, '_' and '-', not \"" +
                  std::string(name.substr(0, kLongestInstanceName)) + "\"");
}

}  // namespace

Result<ClientOptions> read_client_options(const rocketmq_client_options* in) {
  auto options = copy_in(in, "client_options");
  if (!options) return fail(options.error());
  auto name_servers = text_of(options->name_servers, "client_options.name_servers");
  if (!name_servers) return fail(name_servers.error());
  auto addresses = parse_address_list(*name_servers);
  if (!addresses) {
    addresses.error().message = "client_options.name_servers: " + addresses.error().message;
    return fail(addresses.error());
  }
  auto instance = text_of(options->instance_name, "client_options.instance_name");
  if (!instance) return fail(instance.error());
  if (auto valid = check_instance_name(*instance); !valid) return fail(valid.error());
  const std::pair<const rocketmq_string*, std::string_view> unsupported[] = {
      {&options->namespace_name, "namespace_name"},
      {&options->access_key, "access_key"},
      {&options->secret_key, "secret_key"},
      {&options->security_token, "security_token"}};
  for (const auto& [text, name] : unsupported) {
    if (text->length != 0) return fail(not_supported(name).error());
  }
  if (options->tls != 0) return fail(not_supported("tls").error());

  RangeCheck range("client_options");
  ClientOptions out;
  out.name_servers = std::move(*addresses);
  out.instance_name = *instance;
  out.connect_timeout =
      Millis(range.number("connect_timeout_ms", options->connect_timeout_ms, 3000, 1, kMostTimeoutMs));
  out.request_timeout =
      Millis(range.number("request_timeout_ms", options->request_timeout_ms, 3000, 1, kMostTimeoutMs));
  out.route_refresh_interval = Millis(
      range.number("route_refresh_interval_ms", options->route_refresh_interval_ms, 30000, 10, kLongestIntervalMs));
  out.heartbeat_interval =
      Millis(range.number("heartbeat_interval_ms", options->heartbeat_interval_ms, 30000, 10, kLongestIntervalMs));
  out.max_frame_bytes =
      range.number("max_frame_bytes", options->max_frame_bytes, kMaxFrameBytes, kLeastFrameLimit, kMaxFrameBytes);
  if (!range.status()) return fail(range.status().error());
  return out;
}

}  // namespace rocketmq::capi
