// How to reach a cluster; see rocketmq.h.
#ifndef ROCKETMQ_CLIENT_H_
#define ROCKETMQ_CLIENT_H_

#include "rocketmq/status.h"

#ifdef __cplusplus
extern "C" {
#endif

// How to reach a cluster. Objects whose client options are equal share one client: its connections, its
// routes, its thread for the network ("rmq-io-N") and those that run callbacks ("rmq-callback-N-K"): one at rest, more
// as callbacks block.
typedef struct rocketmq_client_options {
  uint64_t size;
  // Required: "host:port", several separated by ';'. IPv6 literals as "[::1]:9876".
  rocketmq_string name_servers;
  // Tells apart clients of one process that must not share; default: shared. 1 to 120 characters of
  // letters, digits, '_' and '-'.
  rocketmq_string instance_name;
  // RocketMQ 5's namespace (request fields "ns" and "nsd"). Not in this version: a value gives NOT_SUPPORTED.
  rocketmq_string namespace_name;
  // Credentials of RocketMQ's ACL. Not in this version: a value gives NOT_SUPPORTED.
  rocketmq_string access_key;
  rocketmq_string secret_key;
  rocketmq_string security_token;
  // To establish a connection. Default 3,000; 1 to 600,000.
  int32_t connect_timeout_ms;
  // For requests to name servers and for the control requests to brokers. Default 3,000; 1 to 600,000.
  int32_t request_timeout_ms;
  // How often routes are refreshed. Default 30,000; 10 to 3,600,000.
  int32_t route_refresh_interval_ms;
  // How often brokers are told that this client lives. Default 30,000; 10 to 3,600,000.
  int32_t heartbeat_interval_ms;
  // 1 asks for TLS. Not in this version: 1 gives NOT_SUPPORTED.
  int32_t tls;
  // The largest frame accepted, in bytes: a larger answer is passed over, and its call fails. Pulls ask for no more at
  // once, receives of simple consumers for fewer messages after such an answer (whose messages come again), but a
  // broker always gives one message whole, so the minimum of 4,325,376 has room for a message of 4 MiB with its
  // properties; where brokers take larger ones (maxMessageSize) it must be so much more. What is sent is limited by
  // producer_options.max_message_bytes. Default and maximum 16,777,216 (RocketMQ's own limit,
  // com.rocketmq.remoting.frameMaxLength).
  int32_t max_frame_bytes;
} rocketmq_client_options;

// The name by which brokers know a client, such as "192.0.2.1@12345#name"; NUL-terminated.
typedef struct rocketmq_client_id {
  uint64_t size;
  char text[256];
} rocketmq_client_id;

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_CLIENT_H_
