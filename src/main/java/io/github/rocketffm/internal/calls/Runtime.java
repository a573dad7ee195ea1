package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.loading.NativeLibrary;
import java.util.List;

/** What must have happened before the first call into the library. */
public final class Runtime {
  private static final String API = "io.github.rocketffm.";
  private static final String CALLS = API + "internal.calls.";
  private static final String CLIENT = API + "internal.client.";
  private static final String MEMORY = API + "internal.memory.";
  private static final String BINDING = API + "internal.binding.";

  /**
   * What events and ends touch: a class whose initialisation finds no memory is lost for good, so it happens at the
   * start.
   */
  private static final List<String> CLASSES =
      List.of(
          API + "ClientClosedException",
          API + "ConsumeResult",
          API + "DeadlineExceededException",
          API + "ErrorKind",
          API + "MessageQueue",
          API + "RocketMqException",
          API + "RocketMqExceptionBuilder",
          API + "RocketMqExceptionBuilder$1",
          API + "SendStatus",
          API + "TransactionState",
          CALLS + "Completions",
          CALLS + "Completions$HandedOver",
          CALLS + "LibraryThread",
          CALLS + "NativeBatch",
          CALLS + "NativeCheck",
          CALLS + "NativePushConsumer$Acknowledgements",
          CLIENT + "Failures",
          CLIENT + "JavaNames",
          CLIENT + "ListenerRunner",
          CLIENT + "SendFuture",
          CLIENT + "SendTurns",
          CLIENT + "TransactionChecks",
          MEMORY + "HexId",
          MEMORY + "LastText",
          MEMORY + "Memory",
          MEMORY + "NativeError",
          MEMORY + "NativeFailure",
          MEMORY + "NativeMessage",
          MEMORY + "NativeSendResult",
          MEMORY + "QueueCache",
          MEMORY + "Strings",
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
          BINDING + "Rocketmq$rocketmq_event_queue_destroy",
          BINDING + "Rocketmq$rocketmq_event_source_destroy",
          BINDING + "Rocketmq$rocketmq_producer_answer_check",
          BINDING + "Rocketmq$rocketmq_producer_destroy",
          BINDING + "Rocketmq$rocketmq_push_consumer_acknowledge",
          BINDING + "Rocketmq$rocketmq_push_consumer_destroy",
          BINDING + "Rocketmq$rocketmq_simple_consumer_destroy",
          BINDING + "Rocketmq$rocketmq_received_batch_release");

  private static boolean initialized;

  private Runtime() {}

  /** Before any other class here is touched: these fail for good where the library is not there. */
  public static synchronized void ensureLoaded() {
    NativeLibrary.load();
    if (!initialized) {
      for (String name : CLASSES) {
        initialize(name);
      }
      initialized = true;
    }
  }

  private static void initialize(String name) {
    try {
      Class.forName(name, true, Rocketmq.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Of the native library. */
  public static String version() {
    NativeLibrary.load();
    return Rocketmq.rocketmq_version().getString(0);
  }
}
