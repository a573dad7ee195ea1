package io.github.rocketffm.internal.calls;

import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.loading.NativeLibrary;
import java.util.List;

/** What must have happened before the first call into the library. */
public final class Runtime {
  private static final String INTERNAL = "io.github.rocketffm.internal.";
  private static final String CALLS = INTERNAL + "calls.";
  private static final String MEMORY = INTERNAL + "memory.";
  private static final String BINDING = INTERNAL + "binding.";

  /**
   * What events and ends touch: a class whose initialisation finds no memory is lost for good, so it happens at the
   * start.
   */
  private static final List<String> CLASSES =
      List.of(
          CALLS + "Completions",
          CALLS + "HandOvers",
          CALLS + "HandOvers$Task",
          CALLS + "LibraryThread",
          CALLS + "NativeBatch",
          CALLS + "NativeCheck",
          CALLS + "NativePushConsumer$Acknowledgements",
          MEMORY + "HexId",
          MEMORY + "JavaNames",
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

  /**
   * Before any other class here is touched: these fail for good where the library is not there.
   *
   * @param more what the caller's own ends touch, by the names of the classes
   */
  public static synchronized void ensureLoaded(List<String> more) {
    NativeLibrary.load();
    if (!initialized) {
      CLASSES.forEach(Runtime::initialize);
      more.forEach(Runtime::initialize);
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
