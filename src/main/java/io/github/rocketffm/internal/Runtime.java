package io.github.rocketffm.internal;

import io.github.rocketffm.internal.binding.Rocketmq;
import java.util.List;

/** What must have happened before the first call into the library. */
final class Runtime {
  private static final String API = "io.github.rocketffm.";
  private static final String INTERNAL = API + "internal.";
  private static final String BINDING = INTERNAL + "binding.";

  /**
   * What events and ends touch: a class whose initialisation finds no memory is lost for good, so it happens at the
   * start.
   */
  private static final List<String> CLASSES =
      List.of(
          API + "ConsumeResult",
          API + "ErrorKind",
          API + "ListenerRunner",
          API + "MessageQueue",
          API + "RocketMqException",
          API + "RocketMqException$1",
          API + "SendFuture",
          API + "SendResult",
          API + "SendStatus",
          API + "SendTimeoutException",
          API + "TransactionChecks",
          API + "TransactionState",
          INTERNAL + "Completions",
          INTERNAL + "Completions$HandedOver",
          INTERNAL + "HexId",
          INTERNAL + "LastText",
          INTERNAL + "LibraryThread",
          INTERNAL + "Memory",
          INTERNAL + "NativeBatch",
          INTERNAL + "NativeCheck",
          INTERNAL + "NativeError",
          INTERNAL + "NativeFailure",
          INTERNAL + "NativeMessage",
          INTERNAL + "NativePushConsumer$Acknowledgements",
          INTERNAL + "QueueCache",
          INTERNAL + "Strings",
          BINDING + "rocketmq_acknowledgement",
          BINDING + "rocketmq_error",
          BINDING + "rocketmq_log_record",
          BINDING + "rocketmq_message_batch",
          BINDING + "rocketmq_message_view",
          BINDING + "rocketmq_queue",
          BINDING + "rocketmq_received_batch",
          BINDING + "rocketmq_reply_completion",
          BINDING + "rocketmq_send_completion",
          BINDING + "rocketmq_send_result",
          BINDING + "rocketmq_simple_completion",
          BINDING + "rocketmq_string",
          BINDING + "rocketmq_transaction_check",
          BINDING + "Rocketmq$rocketmq_producer_answer_check",
          BINDING + "Rocketmq$rocketmq_push_consumer_acknowledge",
          BINDING + "Rocketmq$rocketmq_received_batch_release");

  private static boolean installed;

  private Runtime() {}

  static synchronized void ensureLoaded() {
    NativeLibrary.load();
    if (installed) {
      NativeLog.syncLevel();
      return;
    }
    for (String name : CLASSES) {
      initialize(name);
    }
    Events.start();
    NativeLog.install();
    installed = true;
  }

  private static void initialize(String name) {
    try {
      Class.forName(name, true, Rocketmq.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }
}
