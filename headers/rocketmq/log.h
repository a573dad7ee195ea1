// The log records of the library; see rocketmq.h.
#ifndef ROCKETMQ_LOG_H_
#define ROCKETMQ_LOG_H_

#include "rocketmq/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ROCKETMQ_LOG_TRACE 0
#define ROCKETMQ_LOG_DEBUG 1
#define ROCKETMQ_LOG_INFO 2
#define ROCKETMQ_LOG_WARN 3
#define ROCKETMQ_LOG_ERROR 4
#define ROCKETMQ_LOG_OFF 5

typedef struct rocketmq_log_record {
  uint64_t size;
  int32_t level;
  int32_t reserved;
  int64_t timestamp_ms;
  // The layer: "base", "net", "client", "producer", "consumer" or "capi".
  rocketmq_string layer;
  // The name of the thread that wrote the record.
  rocketmq_string thread;
  rocketmq_string message;
} rocketmq_log_record;

// Called on the thread "rmq-log", one record at a time. A callback that blocks delays later records and,
// once 4,096 wait, loses the newest ones (the next record tells how many); it never delays the client.
typedef void (*rocketmq_log_callback)(uint64_t context, const rocketmq_log_record *record);

// Sets the process-wide receiver of log records and the lowest level that it gets; NULL turns the log off.
// The library never writes to a file or stream itself: before this call its records are dropped.
// On return, an earlier callback is no longer running and will not be called again, unless this is called (or was, and
// has not returned)
// from inside it.
// Errors: INVALID_ARGUMENT for a level outside TRACE..OFF.
ROCKETMQ_API int32_t rocketmq_set_log_callback(rocketmq_log_callback callback, uint64_t context, int32_t level,
                                               rocketmq_error *error);

// Changes the lowest level alone. Errors: INVALID_ARGUMENT for a level outside TRACE..OFF.
ROCKETMQ_API int32_t rocketmq_set_log_level(int32_t level, rocketmq_error *error);

#ifdef __cplusplus
}
#endif

#endif  // ROCKETMQ_LOG_H_
