// librocketmq: a native client of Apache RocketMQ, as a C API.
//
// Rules that hold for every function below; a function's own comment names only what differs.
//
//   Status     A function that can fail returns a ROCKETMQ_* status (0 is success) and, where the caller
//              passes one, fills a rocketmq_error. `error` may be NULL. No error is kept per thread.
//   Structs    Start with `size`, which the caller sets to sizeof(the struct) in what it passes in, and
//              the library sets in what it passes out. A smaller size is an older caller: the missing
//              fields take their defaults. Zero the struct first; 0 means "the default" unless said
//              otherwise. Fields are only ever added at the end.
//   Strings    UTF-8, pointer and length in bytes, not NUL-terminated. {NULL, 0} is the absent string.
//              What is passed in is copied before the call returns.
//   Threads    Every function may be called from any thread at any time, callbacks included.
//   Ownership  A *_create gives a handle to the caller, who frees it by the matching *_destroy, once.
//              NULL is a valid argument of every *_destroy, and does nothing.
//   Callbacks  Run on named threads of the library, never on its event loop. They may call any function,
//              also close and destroy on the object that called. No exception and no longjmp may leave
//              one. What they are given is valid until they return, unless said otherwise.
//   Time       Milliseconds. Points in time are milliseconds since 1970-01-01T00:00:00Z.
//   fork       A child process must create its own objects: those of its parent answer
//              ROCKETMQ_INVALID_STATE there.
#ifndef ROCKETMQ_ROCKETMQ_H_
#define ROCKETMQ_ROCKETMQ_H_

#include "rocketmq/client.h"
#include "rocketmq/events.h"
#include "rocketmq/log.h"
#include "rocketmq/message.h"
#include "rocketmq/producer.h"
#include "rocketmq/push_consumer.h"
#include "rocketmq/request.h"
#include "rocketmq/simple_consumer.h"
#include "rocketmq/status.h"
#include "rocketmq/transaction.h"

#endif  // ROCKETMQ_ROCKETMQ_H_
