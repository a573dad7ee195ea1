// Sends messages, one a second, until they are all sent or Ctrl-C ends it: producer NAME_SERVERS TOPIC [COUNT]
#define _POSIX_C_SOURCE 200809L
#include <rocketmq/rocketmq.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static rocketmq_string text(const char* characters) {
  return (rocketmq_string){characters, (int64_t)strlen(characters)};
}

static void report(const char* what, const rocketmq_error* error) {
  fprintf(stderr, "%s: %s: %s\n", what, rocketmq_status_name(error->status), error->message);
  if (error->may_be_stored) {
    fputs("The message may be stored all the same: sent again, there may be two.\n", stderr);
  }
}

// What the library has to say, on a thread of its own. Its texts do not end with NUL.
static void write_log(uint64_t context, const rocketmq_log_record* record) {
  (void)context;
  fprintf(stderr, "librocketmq: %.*s\n", (int)record->message.length, record->message.data);
}

static int send_one(rocketmq_producer* producer, const char* topic, long number) {
  char body[64];
  int length = snprintf(body, sizeof body, "message %ld", number);
  // What is not named here is zero, which is the default. Nothing of it is used after the call.
  rocketmq_message message = {
      .size = sizeof message,
      .topic = text(topic),
      .tag = ROCKETMQ_STRING("example"),
      .body = (const uint8_t*)body,
      .body_length = length,
  };
  rocketmq_send_result result = {.size = sizeof result};
  rocketmq_error error = {.size = sizeof error};
  // Waits for the broker's acknowledgement, and makes what attempts fit into the send's time: 3 s, by default.
  if (rocketmq_producer_send(producer, &message, NULL, &result, &error) != ROCKETMQ_OK) {
    report("send", &error);
    return 0;
  }
  printf("sent %s as %s, to queue %d of %s\n", body, result.message_id, (int)result.queue_id, result.broker_name);
  fflush(stdout);
  return 1;
}

// Until all are sent, one is not, or a signal comes.
static int send_all(rocketmq_producer* producer, const char* topic, long count, const sigset_t* ends) {
  const struct timespec second = {.tv_sec = 1};
  for (long number = 1; number <= count; number++) {
    if (!send_one(producer, topic, number)) {
      return 0;
    }
    if (number < count && sigtimedwait(ends, NULL, &second) > 0) {
      break;
    }
  }
  return 1;
}

int main(int argc, char** argv) {
  long count = argc > 3 ? strtol(argv[3], NULL, 10) : 10;
  if (argc < 3 || argc > 4 || count < 1) {
    fprintf(stderr, "usage: %s NAME_SERVERS TOPIC [COUNT], such as: %s 127.0.0.1:9876 orders\n", argv[0], argv[0]);
    return 2;
  }
  // Before the library has threads, which inherit it: these signals wait until they are asked for.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, NULL);
  rocketmq_set_log_callback(write_log, 0, ROCKETMQ_LOG_WARN, NULL);

  rocketmq_client_options client = {.size = sizeof client, .name_servers = text(argv[1])};
  rocketmq_producer_options options = {.size = sizeof options, .group = ROCKETMQ_STRING("example-producers")};
  rocketmq_error error = {.size = sizeof error};
  // One producer serves all threads of a program, for as long as it runs.
  rocketmq_producer* producer = NULL;
  if (rocketmq_producer_create(&client, &options, &producer, &error) != ROCKETMQ_OK) {
    report("create", &error);
    return EXIT_FAILURE;
  }
  int done = 0;
  if (rocketmq_producer_start(producer, &error) != ROCKETMQ_OK) {
    report("start", &error);
  } else {
    done = send_all(producer, argv[2], count, &ends);
  }
  // Asynchronous sends would have these 5 s to end; destroy frees the producer whatever close says.
  if (rocketmq_producer_close(producer, 5000, &error) != ROCKETMQ_OK) {
    report("close", &error);
    done = 0;
  }
  rocketmq_producer_destroy(producer);
  rocketmq_set_log_callback(NULL, 0, ROCKETMQ_LOG_OFF, NULL);
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
