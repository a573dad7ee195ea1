// The mock cluster as a C API, for the Java tests. Every function returns 0, or -1 for a bad argument;
// counts are returned as such.
#ifndef ROCKETMQ_MOCK_H_
#define ROCKETMQ_MOCK_H_

#include <stdint.h>

#if defined(_WIN32)
#define ROCKETMQ_MOCK_API __declspec(dllexport)
#else
#define ROCKETMQ_MOCK_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define ROCKETMQ_MOCK_NAME_SERVER 0
#define ROCKETMQ_MOCK_BROKER 1

typedef struct rocketmq_mock rocketmq_mock;

ROCKETMQ_MOCK_API rocketmq_mock* rocketmq_mock_create(int32_t name_servers, int32_t brokers, int32_t queues,
                                                      int32_t auto_create_topics);
ROCKETMQ_MOCK_API void rocketmq_mock_destroy(rocketmq_mock* mock);
// Writes NUL-terminated text.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_name_servers(rocketmq_mock* mock, char* out, int32_t capacity);
// Once more: with another number of queues.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_create_topic(rocketmq_mock* mock, const char* topic, int32_t queues);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_put(rocketmq_mock* mock, int32_t broker, const char* topic, int32_t queue,
                                            const char* body);
// Creates "<prefix>0", "<prefix>1", … with so many queues each on every broker.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_create_topics(rocketmq_mock* mock, const char* prefix, int32_t topics,
                                                      int32_t queues);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_stop(rocketmq_mock* mock, int32_t kind, int32_t index);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_start(rocketmq_mock* mock, int32_t kind, int32_t index);

// Faults of requests: `fault` by its place in rocketmq::mock::Fault::Kind.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_inject(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t request_code,
                                               int32_t fault, int32_t times, int32_t code, int32_t delay_ms,
                                               const char* text);
// For all requests of that code from now on, during the time.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_inject_for(rocketmq_mock* mock, int32_t kind, int32_t index,
                                                   int32_t request_code, int32_t fault, int32_t duration_ms,
                                                   int32_t code, int32_t delay_ms, const char* text);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_clear_faults(rocketmq_mock* mock, int32_t kind, int32_t index);
// Faults of connections: `connection` is its place among those that are open, the oldest being 0; -1 where there is
// none. A black hole reads on and sends nothing any more.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_reset_connections(rocketmq_mock* mock, int32_t kind, int32_t index);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_reset_connection(rocketmq_mock* mock, int32_t kind, int32_t index,
                                                         int32_t connection);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_black_hole_connection(rocketmq_mock* mock, int32_t kind, int32_t index,
                                                              int32_t connection);
// Faults of servers. A frozen one accepts and reads, and does nothing else until it is thawed.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_freeze(rocketmq_mock* mock, int32_t kind, int32_t index);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_thaw(rocketmq_mock* mock, int32_t kind, int32_t index);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_stop_reading(rocketmq_mock* mock, int32_t kind, int32_t index);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_resume_reading(rocketmq_mock* mock, int32_t kind, int32_t index);
// Per connection; 0: without limit.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_limit_writing(rocketmq_mock* mock, int32_t kind, int32_t index,
                                                      int32_t bytes_per_second);
// Flips bits in the body of a stored message; -1 where there is none.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_corrupt(rocketmq_mock* mock, int32_t broker, const char* topic, int32_t queue,
                                                int64_t offset);
// What a broker answers as the members of a group, joined by ',', in place of who is there; NULL: who is there.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_set_listed_members(rocketmq_mock* mock, int32_t broker, const char* group,
                                                           const char* client_ids);

ROCKETMQ_MOCK_API int32_t rocketmq_mock_request_count(rocketmq_mock* mock, int32_t kind, int32_t index,
                                                      int32_t request_code);
// Without recording, requests are counted and not kept.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_record_requests(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t on);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_connection_count(rocketmq_mock* mock, int32_t kind, int32_t index);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_open_transactions(rocketmq_mock* mock, int32_t broker);
// Asks producers about the open transactions; how many were asked about.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_check_transactions(rocketmq_mock* mock, int32_t broker);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_message_count(rocketmq_mock* mock, const char* topic);
ROCKETMQ_MOCK_API int64_t rocketmq_mock_committed_offset(rocketmq_mock* mock, int32_t broker, const char* group,
                                                         const char* topic, int32_t queue);

// How a member of a group would share out queues, which needs no cluster. Queues are "topic broker id", joined by ';',
// client ids and machine rooms are joined by ','. Writes the queues, NUL-terminated.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_allocate(int32_t kind, int32_t virtual_nodes, const char* machine_rooms,
                                                 const char* configured_queues, const char* queues,
                                                 const char* client_ids, const char* self, char* out, int32_t capacity);

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_MOCK_H_
