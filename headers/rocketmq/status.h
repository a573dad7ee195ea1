// What functions answer; see rocketmq.h for the rules that hold for all of them.
#ifndef ROCKETMQ_STATUS_H_
#define ROCKETMQ_STATUS_H_

#include <stdint.h>

#if defined(_WIN32)
#if defined(ROCKETMQ_BUILDING)
#define ROCKETMQ_API __declspec(dllexport)
#else
#define ROCKETMQ_API __declspec(dllimport)
#endif
#else
#define ROCKETMQ_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

// Success.
#define ROCKETMQ_OK 0
// An argument is outside its range; the message names it, its value, the limit and what to do.
#define ROCKETMQ_INVALID_ARGUMENT 1
// The call does not fit the object's state: not started, started twice, a delivery acknowledged twice,
// an object of the parent process after fork.
#define ROCKETMQ_INVALID_STATE 2
// The object is closed or closing, or was closed before the operation completed.
#define ROCKETMQ_CLOSED 3
// The deadline passed. Of a send, may_be_stored tells whether a broker may have the message.
#define ROCKETMQ_TIMEOUT 4
// No name server or broker could be reached: nothing was sent.
#define ROCKETMQ_UNREACHABLE 5
// The connection broke while a request was on its way: it may or may not have been carried out.
#define ROCKETMQ_CONNECTION_LOST 6
// No name server knows the topic, and it cannot be created on demand.
#define ROCKETMQ_TOPIC_NOT_FOUND 7
// The broker or name server refused; response_code and remark tell why.
#define ROCKETMQ_REJECTED 8
// The limit of asynchronous sends in flight (count or bytes) is reached: wait for completions.
#define ROCKETMQ_TOO_MANY_REQUESTS 9
// The peer answered what the protocol does not allow.
#define ROCKETMQ_PROTOCOL_ERROR 10
// This version of the library, or the broker, cannot do that.
#define ROCKETMQ_NOT_SUPPORTED 11
// Another live object already has that role: a second consumer of the same group with the same client.
#define ROCKETMQ_CONFLICT 12
// Memory could not be allocated.
#define ROCKETMQ_OUT_OF_MEMORY 13
// A defect of the library; the message says where.
#define ROCKETMQ_INTERNAL_ERROR 14

typedef struct rocketmq_string {
  const char *data;
  int64_t length;
} rocketmq_string;

// A text literal as a rocketmq_string: ROCKETMQ_STRING("orders"). C99 and C++11.
#ifdef __cplusplus
#define ROCKETMQ_STRING(literal) (rocketmq_string{"" literal, static_cast<int64_t>(sizeof(literal) - 1)})
#else
#define ROCKETMQ_STRING(literal) ((rocketmq_string){"" literal, (int64_t)(sizeof(literal) - 1)})
#endif

typedef struct rocketmq_property {
  rocketmq_string name;
  rocketmq_string value;
} rocketmq_property;

// What went wrong. The texts are NUL-terminated UTF-8, cut at a character's border where too long.
typedef struct rocketmq_error {
  uint64_t size;
  // One of ROCKETMQ_*.
  int32_t status;
  // The broker's or name server's response code; -1 where none answered.
  int32_t response_code;
  // Attempts made, for a send; otherwise 0.
  int32_t attempts;
  // 1 where a broker may have stored the message, or one of the batch, although the send failed: sending it again may
  // make a second copy. 0 where it is certain that none did, and for what sends no message.
  int32_t may_be_stored;
  // From the call to the failure.
  int64_t elapsed_ms;
  // A sentence that tells what failed and why.
  char message[1024];
  // The remark that came with response_code.
  char remark[512];
  // "host:port" of the peer that failed, where one was involved.
  char address[256];
  char topic[256];
} rocketmq_error;

// The library's version, "major.minor.patch", NUL-terminated and static.
ROCKETMQ_API const char *rocketmq_version(void);

// The static name of a status, such as "TIMEOUT"; "UNKNOWN" for a number that is none.
ROCKETMQ_API const char *rocketmq_status_name(int32_t status);

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_STATUS_H_
