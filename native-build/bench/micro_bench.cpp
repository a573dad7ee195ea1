// rocketmq-micro-bench: the steps of a send and of a pull that cost the client's CPU.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "producer/message_encoder.h"
#include "protocol/codes.h"
#include "protocol/message.h"
#include "protocol/remoting_command.h"
#include "protocol/route.h"
#include "protocol/unique_id.h"

namespace {

using rocketmq::as_bytes;
using rocketmq::RemotingCommand;
using rocketmq::SharedBytes;

using Properties = std::array<std::pair<std::string_view, std::string_view>, 3>;
constexpr Properties kProperties = {{{"order", "2024-000123"}, {"region", "eu-central-1"}, {"attempt", "1"}}};

// A step that fails would be measured as a fast one.
template <typename Value>
void require(const rocketmq::Result<Value>& result) {
  if (result) return;
  std::cerr << result.error().message << std::endl;
  std::abort();
}

void encode_send(benchmark::State& state) {
  const std::string body(static_cast<size_t>(state.range(0)), 'x');
  rocketmq::ProducerOptions options;
  options.group = "bench-group";
  options.compress_threshold_bytes = -1;
  rocketmq::OutgoingMessage message;
  message.topic = "bench-topic";
  message.body = as_bytes(body);
  message.properties = kProperties.data();
  message.property_count = static_cast<size_t>(state.range(1));
  for ([[maybe_unused]] auto step : state) {
    auto encoded = rocketmq::encode_message(message, options);
    require(encoded);
    rocketmq::SendRequest request;
    request.producer_group = options.group;
    request.topic = encoded->topic;
    request.queue_id = 2;
    request.born_timestamp_ms = rocketmq::wall_clock_ms();
    request.properties = encoded->properties;
    request.broker_name = "broker-a";
    benchmark::DoNotOptimize(encoded->frame.with_header(request, 1).data());
  }
}
BENCHMARK(encode_send)->ArgNames({"body", "properties"})->ArgsProduct({{128, 1024}, {0, 3}});

// As a broker of version 5.5 answers; with a JSON header by default, whatever the request's.
void decode_send_response(benchmark::State& state, rocketmq::SerializeType type) {
  RemotingCommand response;
  response.language = 0;
  response.version = rocketmq::kProtocolVersion;
  response.opaque = 123456;
  response.flag = RemotingCommand::kResponseFlag;
  response.serialize_type = type;
  response.ext_fields.add("queueId", "2");
  response.ext_fields.add("transactionId", "7F0000012A9F5B2133D200000000BCD1");
  response.ext_fields.add("msgId", "7F00000100002A9F00000000075BCD15");
  response.ext_fields.add("TRACE_ON", "true");
  response.ext_fields.add("MSG_REGION", "DefaultRegion");
  response.ext_fields.add("queueOffset", "123456789");
  std::vector<uint8_t> bytes;
  require(rocketmq::encode_frame(response, bytes));
  const SharedBytes frame = SharedBytes(bytes).slice(4, bytes.size());
  for ([[maybe_unused]] auto step : state) {
    auto decoded = rocketmq::decode_frame(frame);
    require(decoded);
    benchmark::DoNotOptimize(decoded->opaque);
  }
}
BENCHMARK_CAPTURE(decode_send_response, json, rocketmq::SerializeType::kJson);
BENCHMARK_CAPTURE(decode_send_response, binary, rocketmq::SerializeType::kRocketMq);

void decode_pull_body(benchmark::State& state) {
  constexpr int64_t kMessages = 32;
  const std::string body(1024, 'x');
  std::string properties;
  for (const auto& [name, value] : kProperties) rocketmq::append_property(properties, name, value);
  rocketmq::append_property(properties, rocketmq::property::kUniqueId, rocketmq::as_text(rocketmq::create_unique_id()));
  rocketmq::append_property(properties, rocketmq::property::kWait, "true");
  std::vector<uint8_t> bytes;
  for (int64_t i = 0; i < kMessages; ++i) {
    rocketmq::MessageToStore message;
    message.topic = "bench-topic";
    message.properties = properties;
    message.body = as_bytes(body);
    message.queue_offset = i;
    message.commit_log_offset = static_cast<int64_t>(bytes.size());
    message.born_timestamp_ms = message.store_timestamp_ms = rocketmq::wall_clock_ms();
    rocketmq::encode_stored_message(message, bytes);
  }
  const SharedBytes stored(std::move(bytes));
  for ([[maybe_unused]] auto step : state) {
    auto decoded = rocketmq::decode_messages(stored);
    require(decoded);
    if (decoded->messages.size() != kMessages) std::abort();
    benchmark::DoNotOptimize(decoded->messages.data());
  }
  state.SetItemsProcessed(state.iterations() * kMessages);
}
BENCHMARK(decode_pull_body);

void parse_route(benchmark::State& state) {
  constexpr int kBrokers = 16;
  rocketmq::TopicRoute route;
  for (int i = 0; i < kBrokers; ++i) {
    const std::string name = "broker-" + std::to_string(i);
    const std::string host = "10.0.0." + std::to_string(i);
    route.brokers.push_back({"bench-cluster", name, {{0, host + ":10911"}, {1, host + ":10921"}}, false});
    route.queues.push_back({name, 8, 8, 6});
  }
  const std::string json = rocketmq::route_to_json(route);
  for ([[maybe_unused]] auto step : state) {
    auto parsed = rocketmq::parse_route(json);
    require(parsed);
    benchmark::DoNotOptimize(parsed->brokers.data());
  }
}
BENCHMARK(parse_route);

void create_unique_id(benchmark::State& state) {
  for ([[maybe_unused]] auto step : state) {
    auto id = rocketmq::create_unique_id();
    benchmark::DoNotOptimize(id.data());
  }
}
BENCHMARK(create_unique_id);

}  // namespace

BENCHMARK_MAIN();
