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
ROCKETMQ_MOCK_API int32_t rocketmq_mock_create_topic(rocketmq_mock* mock, const char* topic, int32_t queues);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_put(rocketmq_mock* mock, int32_t broker, const char* topic, int32_t queue,
                                            const char* body);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_stop(rocketmq_mock* mock, int32_t kind, int32_t index);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_start(rocketmq_mock* mock, int32_t kind, int32_t index);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_reset_connections(rocketmq_mock* mock, int32_t kind, int32_t index);
// `fault` by its place in rocketmq::mock::Fault::Kind.
ROCKETMQ_MOCK_API int32_t rocketmq_mock_inject(rocketmq_mock* mock, int32_t kind, int32_t index, int32_t request_code,
                                               int32_t fault, int32_t times, int32_t code, int32_t delay_ms,
                                               const char* text);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_clear_faults(rocketmq_mock* mock, int32_t kind, int32_t index);
ROCKETMQ_MOCK_API int32_t rocketmq_mock_request_count(rocketmq_mock* mock, int32_t kind, int32_t index,
                                                      int32_t request_code);
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
