package io.github.rocketffm.internal.calls;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.QueueListener;
import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_acknowledgement;
import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.binding.rocketmq_message_batch;
import io.github.rocketffm.internal.binding.rocketmq_push_consumer_options;
import io.github.rocketffm.internal.binding.rocketmq_push_consumer_statistics;
import io.github.rocketffm.internal.binding.rocketmq_queue;
import io.github.rocketffm.internal.binding.rocketmq_string;
import io.github.rocketffm.internal.memory.Hosts;
import io.github.rocketffm.internal.memory.NativeError;
import io.github.rocketffm.internal.memory.NativeFailure;
import io.github.rocketffm.internal.memory.QueueCache;
import io.github.rocketffm.internal.memory.Strings;
import io.github.rocketffm.internal.memory.Strings.MalformedText;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A push consumer of the library: calls down, batches up. */
public final class NativePushConsumer implements NativeConsumer {
  private static final Logger LOGGER = LoggerFactory.getLogger(NativePushConsumer.class);
  private static final int FIRST_WAIT_MILLIS = 10;
  private static final int LONGEST_WAIT_MILLIS = 1000;

  /** Takes batches over, on a thread of the library. */
  public interface Receiver {
    /** False where it cannot take this one now: it comes again, and the ones behind it wait. */
    boolean receive(NativeBatch batch);
  }

  /** The numbers of 0 are the library's defaults. */
  public static final class Settings implements Cloneable {
    public String group = "";
    public boolean orderly;
    public boolean broadcasting;
    public String offsetDirectory = "";
    public int suspendQueueMillis;
    public int pullIntervalMillis;
    public int consumeFrom;
    public long consumeTimestampMillis;
    public int maxOutstandingBatches;
    public int maxBatchSize;
    public int maxReconsumeTimes;
    public int pullBatchSize;
    public int maxCachedMessagesPerQueue;
    public long maxCachedBytesPerQueue;
    public int maxCachedMessagesPerTopic;
    public long maxCachedBytesPerTopic;
    public int maxOffsetSpanPerQueue;
    public int pullSuspendMillis;
    public int rebalanceMillis;
    public int persistOffsetMillis;
    public int consumeTimeoutMillis;
    public int allocation;
    public int allocationVirtualNodes;
    public List<MessageQueue> allocationQueues = List.of();
    public List<String> allocationMachineRooms = List.of();

    public Settings copy() {
      try {
        return (Settings) clone();
      } catch (CloneNotSupportedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Made beforehand: a batch that is not consumed can be acknowledged without memory. */
  private static final class Acknowledgements {
    static final MemorySegment RETRY = rocketmq_acknowledgement.allocate(Arena.global());

    static {
      rocketmq_acknowledgement.size(RETRY, rocketmq_acknowledgement.sizeof());
    }
  }

  /** Of its messages, and of its queues. */
  private final long source;

  private final MemorySegment pointer;
  private final Receiver receiver;

  /** Null where nobody asks. */
  private final QueueListener queueListener;

  private final ClassLoader loader = Thread.currentThread().getContextClassLoader();
  private final QueueCache queues = new QueueCache();
  private final Hosts hosts = new Hosts();
  private final NativeHandle handle;

  private volatile boolean closed;

  /** The batches that were given out. */
  final PendingCalls<NativeBatch> outstanding = new PendingCalls<>();

  private NativePushConsumer(
      long source, MemorySegment pointer, Receiver receiver, QueueListener queueListener) {
    this.source = source;
    this.receiver = receiver;
    this.queueListener = queueListener;
    this.pointer = pointer;
    handle = new NativeHandle("the consumer", pointer, this::destroy);
  }

  private void destroy(MemorySegment pointer) {
    // First, as the batches that wait go with the consumer.
    Events.close(source);
    Rocketmq.rocketmq_push_consumer_destroy(pointer);
  }

  public static NativePushConsumer create(
      ClientSettings client, Settings settings, Receiver receiver, QueueListener queueListener)
      throws NativeFailure {
    Told told = new Told();
    long source = Events.open(told);
    boolean created = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment options = write(settings, source, arena);
      if (queueListener != null) {
        rocketmq_push_consumer_options.on_queues_changed(
            options, Rocketmq.rocketmq_event_on_queues_changed$address());
      }
      NativeFailure.check(
          Rocketmq.rocketmq_push_consumer_create(client.write(arena), options, out, error), error);
      NativePushConsumer consumer =
          new NativePushConsumer(source, out.get(ValueLayout.ADDRESS, 0), receiver, queueListener);
      told.consumer = consumer;
      created = true;
      return consumer;
    } catch (MalformedText e) {
      throw NativeFailure.invalid("a setting is no text: " + e.getMessage());
    } finally {
      if (!created) {
        Events.close(source);
      }
    }
  }

  private static MemorySegment write(Settings settings, long source, Arena arena)
      throws MalformedText {
    MemorySegment options = rocketmq_push_consumer_options.allocate(arena);
    rocketmq_push_consumer_options.size(options, rocketmq_push_consumer_options.sizeof());
    Strings.set(rocketmq_push_consumer_options.group(options), settings.group, arena);
    rocketmq_push_consumer_options.on_messages(
        options, Rocketmq.rocketmq_event_on_messages$address());
    rocketmq_push_consumer_options.context(options, source);
    rocketmq_push_consumer_options.consume_from(options, settings.consumeFrom);
    rocketmq_push_consumer_options.consume_timestamp_ms(options, settings.consumeTimestampMillis);
    rocketmq_push_consumer_options.max_outstanding_batches(options, settings.maxOutstandingBatches);
    rocketmq_push_consumer_options.max_batch_size(options, settings.maxBatchSize);
    rocketmq_push_consumer_options.max_reconsume_times(options, settings.maxReconsumeTimes);
    rocketmq_push_consumer_options.pull_batch_size(options, settings.pullBatchSize);
    rocketmq_push_consumer_options.max_cached_messages_per_queue(
        options, settings.maxCachedMessagesPerQueue);
    rocketmq_push_consumer_options.max_cached_bytes_per_queue(
        options, settings.maxCachedBytesPerQueue);
    rocketmq_push_consumer_options.max_cached_messages_per_topic(
        options, settings.maxCachedMessagesPerTopic);
    rocketmq_push_consumer_options.max_cached_bytes_per_topic(
        options, settings.maxCachedBytesPerTopic);
    rocketmq_push_consumer_options.max_offset_span_per_queue(
        options, settings.maxOffsetSpanPerQueue);
    rocketmq_push_consumer_options.pull_suspend_timeout_ms(options, settings.pullSuspendMillis);
    rocketmq_push_consumer_options.rebalance_interval_ms(options, settings.rebalanceMillis);
    rocketmq_push_consumer_options.persist_offset_interval_ms(
        options, settings.persistOffsetMillis);
    rocketmq_push_consumer_options.consume_timeout_ms(options, settings.consumeTimeoutMillis);
    rocketmq_push_consumer_options.message_model(
        options,
        settings.broadcasting ? Rocketmq.ROCKETMQ_BROADCASTING() : Rocketmq.ROCKETMQ_CLUSTERING());
    rocketmq_push_consumer_options.consume_mode(
        options, settings.orderly ? Rocketmq.ROCKETMQ_ORDERLY() : Rocketmq.ROCKETMQ_CONCURRENTLY());
    rocketmq_push_consumer_options.suspend_queue_ms(options, settings.suspendQueueMillis);
    rocketmq_push_consumer_options.pull_interval_ms(options, settings.pullIntervalMillis);
    Strings.set(
        rocketmq_push_consumer_options.offset_directory(options), settings.offsetDirectory, arena);
    writeAllocation(settings, options, arena);
    return options;
  }

  private static void writeAllocation(Settings settings, MemorySegment options, Arena arena)
      throws MalformedText {
    rocketmq_push_consumer_options.allocation(options, settings.allocation);
    rocketmq_push_consumer_options.allocation_virtual_nodes(
        options, settings.allocationVirtualNodes);
    int queueCount = settings.allocationQueues.size();
    MemorySegment queues = arena.allocate(ValueLayout.ADDRESS, Math.max(queueCount, 1));
    for (int i = 0; i < queueCount; i++) {
      MessageQueue queue = settings.allocationQueues.get(i);
      MemorySegment memory = rocketmq_queue.allocate(arena);
      rocketmq_queue.size(memory, rocketmq_queue.sizeof());
      Strings.set(rocketmq_queue.topic(memory), queue.topic(), arena);
      Strings.set(rocketmq_queue.broker_name(memory), queue.brokerName(), arena);
      rocketmq_queue.queue_id(memory, queue.queueId());
      queues.setAtIndex(ValueLayout.ADDRESS, i, memory);
    }
    rocketmq_push_consumer_options.allocation_queues(options, queues);
    rocketmq_push_consumer_options.allocation_queue_count(options, queueCount);
    int roomCount = settings.allocationMachineRooms.size();
    MemorySegment rooms = rocketmq_string.allocateArray(Math.max(roomCount, 1), arena);
    for (int i = 0; i < roomCount; i++) {
      Strings.set(rocketmq_string.asSlice(rooms, i), settings.allocationMachineRooms.get(i), arena);
    }
    rocketmq_push_consumer_options.allocation_machine_rooms(options, rooms);
    rocketmq_push_consumer_options.allocation_machine_room_count(options, roomCount);
  }

  private void call(NativeHandle.Call call) throws NativeFailure {
    handle.call("the topic or the filter", call);
  }

  @Override
  public void subscribe(String topic, int filterType, String expression) throws NativeFailure {
    call(
        (consumer, error, arena) ->
            Rocketmq.rocketmq_push_consumer_subscribe(
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
            Rocketmq.rocketmq_push_consumer_unsubscribe(consumer, Strings.of(topic, arena), error));
  }

  @Override
  public String clientId() throws NativeFailure {
    return ClientId.read(handle, Rocketmq::rocketmq_push_consumer_get_client_id);
  }

  @Override
  public void start() throws NativeFailure {
    call((consumer, error, arena) -> Rocketmq.rocketmq_push_consumer_start(consumer, error));
  }

  public void suspend() throws NativeFailure {
    call((consumer, error, arena) -> Rocketmq.rocketmq_push_consumer_suspend(consumer, error));
  }

  public void resume() throws NativeFailure {
    call((consumer, error, arena) -> Rocketmq.rocketmq_push_consumer_resume(consumer, error));
  }

  /** Ends a batch, with which its native memory goes. What fails here cannot be mended by the caller: it is logged. */
  void acknowledge(long deliveryId, int successCount, int delayLevel, int suspendMillis) {
    int status;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment acknowledgement = rocketmq_acknowledgement.allocate(arena);
      rocketmq_acknowledgement.size(acknowledgement, rocketmq_acknowledgement.sizeof());
      rocketmq_acknowledgement.success_count(acknowledgement, successCount);
      rocketmq_acknowledgement.delay_level(acknowledgement, delayLevel);
      rocketmq_acknowledgement.suspend_ms(acknowledgement, suspendMillis);
      status = acknowledge(deliveryId, acknowledgement);
      if (status == Rocketmq.ROCKETMQ_INVALID_ARGUMENT()) {
        LOGGER.warn(
            "the library refuses the result ({} consumed, delay level {}, {} ms of rest): the messages are"
                + " to be delivered again by the broker's schedule",
            successCount,
            delayLevel,
            suspendMillis);
        status = acknowledge(deliveryId, Acknowledgements.RETRY);
      }
    } catch (OutOfMemoryError e) {
      // Without memory only these two can be told.
      status =
          acknowledge(deliveryId, successCount == -1 ? MemorySegment.NULL : Acknowledgements.RETRY);
    } finally {
      // The batch's place in the handle, taken when it came.
      handle.leave();
    }
    if (status != Rocketmq.ROCKETMQ_OK()) {
      // Closed, or the batch had timed out: the group gets it again.
      LOGGER.debug("an acknowledgement came too late (status {})", status);
    }
  }

  private int acknowledge(long deliveryId, MemorySegment acknowledgement) {
    return Rocketmq.rocketmq_push_consumer_acknowledge(
        pointer, deliveryId, acknowledgement, MemorySegment.NULL);
  }

  /** In the order of rocketmq_push_consumer_statistics. */
  public long[] statistics() throws NativeFailure {
    long[][] values = new long[1][];
    call(
        (consumer, error, arena) -> {
          MemorySegment statistics = rocketmq_push_consumer_statistics.allocate(arena);
          rocketmq_push_consumer_statistics.size(
              statistics, rocketmq_push_consumer_statistics.sizeof());
          int status = Rocketmq.rocketmq_push_consumer_get_statistics(consumer, statistics, error);
          values[0] = statistics.asSlice(8).toArray(ValueLayout.JAVA_LONG);
          return status;
        });
    return values[0];
  }

  /**
   * Drains and ends, and waits for both: not to be called on a thread of the library. Idempotent; a concurrent call
   * waits too.
   */
  @Override
  public void close(int timeoutMillis) {
    MemorySegment consumer = handle.enter();
    if (consumer == null) {
      return;
    }
    try {
      Rocketmq.rocketmq_push_consumer_close(consumer, timeoutMillis, MemorySegment.NULL);
    } finally {
      closed = true;
      try {
        outstanding.forEach(NativeBatch.ABANDON);
      } finally {
        handle.release();
        handle.leave();
      }
    }
  }

  /** What the library tells of a consumer. */
  private static final class Told implements Events.Handler {
    /** Set before the start, before which nothing is told. */
    volatile NativePushConsumer consumer;

    @Override
    public ClassLoader loader() {
      return consumer.loader;
    }

    @Override
    public void handle(Event event) {
      if (event.kind() == Rocketmq.ROCKETMQ_EVENT_MESSAGES()) {
        consumer.receive(event);
      } else {
        consumer.queuesChanged(event);
      }
    }
  }

  private void receive(Event event) {
    // The batch's memory lives as long as the consumer: it holds it until it is acknowledged.
    if (handle.enter() == null) {
      return;
    }
    NativeBatch messages = null;
    boolean taken = false;
    try {
      MemorySegment batch =
          MemorySegment.ofAddress(event.data()).reinterpret(rocketmq_message_batch.sizeof());
      messages = read(event, batch);
      if (messages == null) {
        acknowledge(rocketmq_message_batch.delivery_id(batch), Acknowledgements.RETRY);
        return;
      }
      taken = receiver.receive(messages);
      if (taken && closed) {
        // The close may have passed it by.
        messages.abandon();
      }
      if (!taken) {
        int tries = event.progress();
        event.setProgress(tries + 1);
        event.repeatAfter(Math.min(FIRST_WAIT_MILLIS << Math.min(tries, 7), LONGEST_WAIT_MILLIS));
      }
    } finally {
      // Otherwise its acknowledgement gives the place back.
      if (messages == null) {
        handle.leave();
      } else if (!taken) {
        if (messages.cancel()) {
          handle.leave();
        } else {
          // The executor runs it, although it failed: the event's memory goes with the
          // acknowledgement.
          event.setTaken();
        }
      }
    }
  }

  /** Null for what cannot be read, and is to be delivered again. */
  private NativeBatch read(Event event, MemorySegment batch) {
    if (event.isLastTry()) {
      return null;
    }
    try {
      return new NativeBatch(this, batch, queues, hosts);
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) {
      LibraryThread.report(LOGGER, "a batch could not be read: to be delivered again", e);
      return null;
    }
  }

  private void queuesChanged(Event event) {
    if (event.isLastTry()) {
      throw new IllegalStateException("there was no memory to tell the queue listener");
    }
    MemorySegment topic =
        MemorySegment.ofAddress(event.topic()).reinterpret(rocketmq_string.sizeof());
    String name = Strings.get(topic);
    Set<MessageQueue> all =
        new LinkedHashSet<>(
            queues.read(name, MemorySegment.ofAddress(event.data()), event.count()));
    queueListener.queuesChanged(name, Collections.unmodifiableSet(all));
  }
}
