package io.github.rocketffm.internal.calls;

import io.github.rocketffm.ReceivedMessage;
import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.binding.rocketmq_receipt_handle;
import io.github.rocketffm.internal.binding.rocketmq_receive_options;
import io.github.rocketffm.internal.binding.rocketmq_received_batch;
import io.github.rocketffm.internal.binding.rocketmq_simple_completion;
import io.github.rocketffm.internal.binding.rocketmq_simple_consumer_options;
import io.github.rocketffm.internal.binding.rocketmq_simple_consumer_statistics;
import io.github.rocketffm.internal.memory.BodyOwner;
import io.github.rocketffm.internal.memory.Hosts;
import io.github.rocketffm.internal.memory.Memory;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;
import io.github.rocketffm.internal.memory.NativeMessage;
import io.github.rocketffm.internal.memory.QueueCache;
import io.github.rocketffm.internal.memory.Strings;
import io.github.rocketffm.internal.memory.Strings.MalformedText;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.Executor;

/** A simple consumer of the library: calls down, their ends up. */
public final class NativeSimpleConsumer implements NativeConsumer {
  /** Receives the end of one asynchronous call, exactly once, on a thread of the library. */
  public interface Completion extends Waiting {
    /**
     * The messages are those of a receive, the handle that of a change of the invisible duration; where there is an
     * error, both are null.
     */
    void complete(List<ReceivedMessage> messages, String receiptHandle, NativeError error);
  }

  /** The numbers of 0 are the library's defaults. */
  public static final class Settings implements Cloneable {
    public String group = "";
    public int consumeFrom;

    /** Runs what waits for the ends of calls; null: the thread of the library does. */
    public Executor completionExecutor;

    public Settings copy() {
      try {
        return (Settings) clone();
      } catch (CloneNotSupportedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Of messages whose bodies were copied as they arrived. */
  private static final BodyOwner COPIED =
      new BodyOwner() {
        @Override
        public boolean enter() {
          return false;
        }

        @Override
        public void leave() {}
      };

  /** Made beforehand, for when there is no memory left. */
  private static final NativeError UNREADABLE =
      NativeError.of(
          Rocketmq.ROCKETMQ_OUT_OF_MEMORY(),
          "the call ended, and its outcome could not be read for want of heap memory: messages come again"
              + " after their invisible duration");

  private static final long CONTEXT = rocketmq_simple_completion.context$offset();
  private static final long ERROR = rocketmq_simple_completion.error$offset();
  private static final long BATCH = rocketmq_simple_completion.batch$offset();
  private static final long RECEIPT_HANDLE = rocketmq_simple_completion.receipt_handle$offset();

  /** Of the ends of its calls. */
  private final long source = Events.open(new Ends());

  private final ClassLoader loader = Thread.currentThread().getContextClassLoader();
  private final QueueCache queues = new QueueCache();
  private final Hosts hosts = new Hosts();
  private final Calls pending;

  /** Set once it is created. */
  private NativeHandle handle;

  private volatile boolean destroyed;

  private NativeSimpleConsumer(Settings settings) {
    pending = new Calls(settings.completionExecutor);
  }

  private void destroy(MemorySegment pointer) {
    Rocketmq.rocketmq_simple_consumer_destroy(pointer);
    destroyed = true;
    closeSource();
  }

  /** A callback that does not return keeps ends behind it, which are told once it does. */
  private void closeSource() {
    if (pending.isEmpty()) {
      Events.close(source);
    }
  }

  public static NativeSimpleConsumer create(ClientSettings client, Settings settings)
      throws NativeFailure {
    NativeSimpleConsumer consumer = new NativeSimpleConsumer(settings);
    boolean created = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment options = rocketmq_simple_consumer_options.allocate(arena);
      rocketmq_simple_consumer_options.size(options, rocketmq_simple_consumer_options.sizeof());
      Strings.set(rocketmq_simple_consumer_options.group(options), settings.group, arena);
      rocketmq_simple_consumer_options.on_completed(
          options, Rocketmq.rocketmq_event_on_completed$address());
      rocketmq_simple_consumer_options.context(options, consumer.source);
      rocketmq_simple_consumer_options.consume_from(options, settings.consumeFrom);
      NativeFailure.check(
          Rocketmq.rocketmq_simple_consumer_create(client.write(arena), options, out, error),
          error);
      consumer.handle =
          new NativeHandle("the consumer", out.get(ValueLayout.ADDRESS, 0), consumer::destroy);
      created = true;
      return consumer;
    } catch (MalformedText e) {
      throw NativeFailure.invalid("a setting is no text: " + e.getMessage());
    } finally {
      if (!created) {
        consumer.closeSource();
      }
    }
  }

  private void call(NativeHandle.Call call) throws NativeFailure {
    handle.call("the topic or the filter", call);
  }

  @Override
  public void subscribe(String topic, int filterType, String expression) throws NativeFailure {
    call(
        (consumer, error, arena) ->
            Rocketmq.rocketmq_simple_consumer_subscribe(
                consumer,
                Strings.of(topic, arena),
                filterType,
                Strings.of(expression, arena),
                error));
  }

  @Override
  public void unsubscribe(String topic) throws NativeFailure {
    call(
        (consumer, error, arena) ->
            Rocketmq.rocketmq_simple_consumer_unsubscribe(
                consumer, Strings.of(topic, arena), error));
  }

  @Override
  public String clientId() throws NativeFailure {
    return ClientId.read(handle, Rocketmq::rocketmq_simple_consumer_get_client_id);
  }

  @Override
  public void start() throws NativeFailure {
    call((consumer, error, arena) -> Rocketmq.rocketmq_simple_consumer_start(consumer, error));
  }

  private static MemorySegment receiveOptions(
      int maxMessages, int invisibleMillis, int awaitMillis, Arena arena) {
    MemorySegment options = rocketmq_receive_options.allocate(arena);
    rocketmq_receive_options.size(options, rocketmq_receive_options.sizeof());
    rocketmq_receive_options.max_messages(options, maxMessages);
    rocketmq_receive_options.invisible_ms(options, invisibleMillis);
    rocketmq_receive_options.await_ms(options, awaitMillis);
    return options;
  }

  /**
   * Receives, and blocks the thread meanwhile.
   *
   * @param awaitMillis -1: not at all
   */
  public List<ReceivedMessage> receive(int maxMessages, int invisibleMillis, int awaitMillis)
      throws NativeFailure {
    long[] batch = new long[1];
    call(
        (consumer, error, arena) -> {
          MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
          int status =
              Rocketmq.rocketmq_simple_consumer_receive(
                  consumer,
                  receiveOptions(maxMessages, invisibleMillis, awaitMillis, arena),
                  out,
                  error);
          batch[0] = out.get(ValueLayout.JAVA_LONG, 0);
          return status;
        });
    try {
      return copy(batch[0]);
    } finally {
      release(batch[0]);
    }
  }

  public void acknowledge(String receiptHandle) throws NativeFailure {
    call(
        (consumer, error, arena) ->
            Rocketmq.rocketmq_simple_consumer_ack(
                consumer, Strings.of(receiptHandle, arena), error));
  }

  /** Returns the new handle. */
  public String changeInvisibleDuration(String receiptHandle, int invisibleMillis)
      throws NativeFailure {
    String[] changed = new String[1];
    call(
        (consumer, error, arena) -> {
          MemorySegment out = rocketmq_receipt_handle.allocate(arena);
          rocketmq_receipt_handle.size(out, rocketmq_receipt_handle.sizeof());
          int status =
              Rocketmq.rocketmq_simple_consumer_change_invisible_duration(
                  consumer, Strings.of(receiptHandle, arena), invisibleMillis, out, error);
          changed[0] = rocketmq_receipt_handle.text(out).getString(0);
          return status;
        });
    return changed[0];
  }

  private interface AsyncCall {
    int apply(MemorySegment consumer, int context, MemorySegment error, Arena arena)
        throws MalformedText;
  }

  /** Unless this throws, the completion is called exactly once. */
  private void begin(AsyncCall call, Completion completion) throws NativeFailure {
    int context = pending.add(completion);
    boolean accepted = false;
    try {
      call((consumer, error, arena) -> call.apply(consumer, context, error, arena));
      accepted = true;
    } finally {
      if (!accepted) {
        pending.remove(context);
      }
    }
  }

  public void receiveAsync(
      int maxMessages, int invisibleMillis, int awaitMillis, Completion completion)
      throws NativeFailure {
    begin(
        (consumer, context, error, arena) ->
            Rocketmq.rocketmq_simple_consumer_receive_async(
                consumer,
                receiveOptions(maxMessages, invisibleMillis, awaitMillis, arena),
                context,
                error),
        completion);
  }

  public void acknowledgeAsync(String receiptHandle, Completion completion) throws NativeFailure {
    begin(
        (consumer, context, error, arena) ->
            Rocketmq.rocketmq_simple_consumer_ack_async(
                consumer, Strings.of(receiptHandle, arena), context, error),
        completion);
  }

  public void changeInvisibleDurationAsync(
      String receiptHandle, int invisibleMillis, Completion completion) throws NativeFailure {
    begin(
        (consumer, context, error, arena) ->
            Rocketmq.rocketmq_simple_consumer_change_invisible_duration_async(
                consumer, Strings.of(receiptHandle, arena), invisibleMillis, context, error),
        completion);
  }

  /** By which a message is acknowledged; null for one that no simple consumer received. */
  public static String receiptHandle(ReceivedMessage message) {
    return message instanceof NativeMessage received ? received.receiptHandle() : null;
  }

  /** After a change of its invisible duration. */
  public static void receiptHandle(ReceivedMessage message, String changed) {
    ((NativeMessage) message).receiptHandle(changed);
  }

  /** In the order of rocketmq_simple_consumer_statistics. */
  public long[] statistics() throws NativeFailure {
    long[][] values = new long[1][];
    call(
        (consumer, error, arena) -> {
          MemorySegment statistics = rocketmq_simple_consumer_statistics.allocate(arena);
          rocketmq_simple_consumer_statistics.size(
              statistics, rocketmq_simple_consumer_statistics.sizeof());
          int status =
              Rocketmq.rocketmq_simple_consumer_get_statistics(consumer, statistics, error);
          values[0] = statistics.asSlice(8).toArray(ValueLayout.JAVA_LONG);
          return status;
        });
    return values[0];
  }

  /**
   * Ends what is under way, and waits for that: not to be called on a thread of the library. Idempotent; a concurrent
   * call waits too.
   */
  @Override
  public void close(int timeoutMillis) {
    MemorySegment consumer = handle.enter();
    if (consumer == null) {
      return;
    }
    try {
      Rocketmq.rocketmq_simple_consumer_close(consumer, timeoutMillis, MemorySegment.NULL);
    } finally {
      try {
        pending.close();
      } finally {
        handle.release();
        handle.leave();
      }
    }
  }

  /** The messages of a rocketmq_received_batch; none for address 0. */
  private List<ReceivedMessage> copy(long batch) {
    if (batch == 0) {
      return List.of();
    }
    MemorySegment received =
        MemorySegment.ofAddress(batch).reinterpret(rocketmq_received_batch.sizeof());
    NativeMessage[] messages = new NativeMessage[rocketmq_received_batch.count(received)];
    long pointers = rocketmq_received_batch.messages(received).address();
    for (int i = 0; i < messages.length; i++) {
      messages[i] = new NativeMessage(COPIED, Memory.address(pointers + 8L * i), queues, hosts);
      messages[i].keepBody();
    }
    return List.of(messages);
  }

  private static void release(long batch) {
    if (batch != 0) {
      Rocketmq.rocketmq_received_batch_release(MemorySegment.ofAddress(batch));
    }
  }

  private final class Ends implements Events.Handler {
    @Override
    public ClassLoader loader() {
      return loader;
    }

    @Override
    public void handle(Event event) {
      pending.handleAll(event);
      if (destroyed) {
        closeSource();
      }
    }
  }

  /** What waits for the ends of calls. */
  private final class Calls extends Completions<Completion> {
    Calls(Executor executor) {
      super(executor);
    }

    @Override
    long contextOffset() {
      return CONTEXT;
    }

    /** A rocketmq_simple_completion. */
    @Override
    Ended read(Completion waiting, long completion) {
      long error = Memory.address(completion + ERROR);
      if (error != 0) {
        NativeError failure = error(error);
        return () -> waiting.complete(null, null, failure);
      }
      List<ReceivedMessage> messages = copy(Memory.address(completion + BATCH));
      String receiptHandle =
          Strings.get(Memory.ALL.asSlice(completion + RECEIPT_HANDLE, Strings.SIZE));
      return () -> waiting.complete(messages, receiptHandle, null);
    }

    @Override
    Ended unreadable(Completion waiting) {
      return () -> waiting.complete(null, null, UNREADABLE);
    }

    @Override
    void ended(long completion) {
      release(Memory.address(completion + BATCH));
    }
  }
}
