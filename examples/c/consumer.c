// Prints the messages of a topic until Ctrl-C ends it: consumer NAME_SERVERS TOPIC
#define _POSIX_C_SOURCE 200809L
#include <rocketmq/rocketmq.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rocketmq_string text(const char* characters) {
  return (rocketmq_string){characters, (int64_t)strlen(characters)};
}

static void report(const char* what, const rocketmq_error* error) {
  fprintf(stderr, "%s: %s: %s\n", what, rocketmq_status_name(error->status), error->message);
}

// What the library has to say, on a thread of its own: of a cluster that is down nothing else tells, as a consumer
// tries on until it answers. Texts do not end with NUL.
static void write_log(uint64_t context, const rocketmq_log_record* record) {
  (void)context;
  fprintf(stderr, "librocketmq: %.*s\n", (int)record->message.length, record->message.data);
}

// The work. A message may come more than once; it is valid until its batch is acknowledged.
static int consume(const rocketmq_message_view* message) {
  printf("received %.*s, which is %.*s\n", (int)message->body_length, (const char*)message->body,
         (int)message->message_id.length, message->message_id.data);
  return fflush(stdout) == 0;
}

// What the callback is given: it runs after the start, so that the consumer is there.
typedef struct application {
  rocketmq_push_consumer* consumer;
} application;

// On a thread of the library, one call at a time unless options.consume_threads says otherwise.
static void on_messages(uint64_t context, const rocketmq_message_batch* batch) {
  application* self = (application*)(uintptr_t)context;
  rocketmq_acknowledgement acknowledgement = {.size = sizeof acknowledgement};
  while (acknowledgement.success_count < batch->count && consume(batch->messages[acknowledgement.success_count])) {
    acknowledgement.success_count++;
  }
  // Frees the batch. What was not consumed is delivered again, later.
  rocketmq_error error = {.size = sizeof error};
  if (rocketmq_push_consumer_acknowledge(self->consumer, batch->delivery_id, &acknowledgement, &error) != ROCKETMQ_OK) {
    report("acknowledge", &error);
  }
}

static int consume_until_signal(rocketmq_push_consumer* consumer, const char* topic, const sigset_t* ends) {
  rocketmq_error error = {.size = sizeof error};
  rocketmq_string name = text(topic);
  rocketmq_string tags = ROCKETMQ_STRING("*");
  if (rocketmq_push_consumer_subscribe(consumer, &name, ROCKETMQ_FILTER_TAG, &tags, &error) != ROCKETMQ_OK) {
    report("subscribe", &error);
    return 0;
  }
  if (rocketmq_push_consumer_start(consumer, &error) != ROCKETMQ_OK) {
    report("start", &error);
    return 0;
  }
  int signal_number = 0;
  return sigwait(ends, &signal_number) == 0;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s NAME_SERVERS TOPIC, such as: %s 127.0.0.1:9876 orders\n", argv[0], argv[0]);
    return 2;
  }
  // Before the library has threads, which inherit it: these signals wait until they are asked for.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, NULL);
  rocketmq_set_log_callback(write_log, 0, ROCKETMQ_LOG_WARN, NULL);

  application self = {.consumer = NULL};
  rocketmq_client_options client = {.size = sizeof client, .name_servers = text(argv[1])};
  rocketmq_push_consumer_options options = {
      .size = sizeof options,
      .group = ROCKETMQ_STRING("example-consumers"),
      .on_messages = on_messages,
      .context = (uint64_t)(uintptr_t)&self,
      .consume_from = ROCKETMQ_CONSUME_FROM_FIRST_OFFSET,
  };
  rocketmq_error error = {.size = sizeof error};
  if (rocketmq_push_consumer_create(&client, &options, &self.consumer, &error) != ROCKETMQ_OK) {
    report("create", &error);
    return EXIT_FAILURE;
  }
  int done = consume_until_signal(self.consumer, argv[2], &ends);
  // Gives callbacks that run 10 s to end, then commits the offsets.
  if (rocketmq_push_consumer_close(self.consumer, 10000, &error) != ROCKETMQ_OK) {
    report("close", &error);
    done = 0;
  }
  rocketmq_push_consumer_statistics statistics = {.size = sizeof statistics};
  if (rocketmq_push_consumer_get_statistics(self.consumer, &statistics, NULL) == ROCKETMQ_OK) {
    printf("consumed %lld messages\n", (long long)statistics.messages_consumed);
  }
  rocketmq_push_consumer_destroy(self.consumer);
  rocketmq_set_log_callback(NULL, 0, ROCKETMQ_LOG_OFF, NULL);
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
