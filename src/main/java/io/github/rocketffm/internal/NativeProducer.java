package io.github.rocketffm.internal;

import io.github.rocketffm.internal.binding.Rocketmq;
import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.binding.rocketmq_message;
import io.github.rocketffm.internal.binding.rocketmq_producer_options;
import io.github.rocketffm.internal.binding.rocketmq_producer_statistics;
import io.github.rocketffm.internal.binding.rocketmq_property;
import io.github.rocketffm.internal.binding.rocketmq_send_callback;
import io.github.rocketffm.internal.binding.rocketmq_send_completion;
import io.github.rocketffm.internal.binding.rocketmq_send_options;
import io.github.rocketffm.internal.binding.rocketmq_send_result;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A producer of the library: calls down, completions up. */
public final class NativeProducer {
  private static final Logger LOGGER = LoggerFactory.getLogger(NativeProducer.class);
  private static final AtomicLong NEXT_ID = new AtomicLong();
  private static final Map<Long, NativeProducer> PRODUCERS = new ConcurrentHashMap<>();

  /** Receives the end of one asynchronous send, exactly once, on a thread of the library. */
  public interface Completion {
    /** One of the two is null. */
    void complete(NativeResult result, NativeError error);
  }

  /** The numbers of 0 are the library's defaults. */
  public static final class Settings {
    public String group = "";
    public int sendTimeoutMillis;
    public int attemptTimeoutMillis;
    public int maxAttempts;
    public int compressThresholdBytes;
    public int compressLevel;
    public int maxMessageBytes;
    public int maxInFlightCount;
    public long maxInFlightBytes;
    public int defaultTopicQueues;
    public boolean retryNotStoreOk;
    public boolean blockWhenFull;
  }

  /** A rocketmq_send_result as Java values. */
  public record NativeResult(
      int status,
      String messageId,
      String offsetMessageId,
      String brokerName,
      int queueId,
      long queueOffset,
      int attempts) {}

  /** A message, with its texts in UTF-8. */
  public static final class Outgoing {
    public byte[] topic;
    public byte[] tag;
    public byte[] keys;
    public byte[] shardingKey;
    public byte[] brokerName;
    public byte[] body;
    public byte[][] properties;
    public int flag;
    public int delayLevel;
    public int queueId;
    public long deliverAtMillis;

    private long nativeBytes() {
      long bytes =
          8L * 8
              + topic.length
              + tag.length
              + keys.length
              + shardingKey.length
              + brokerName.length
              + body.length;
      for (byte[] text : properties) {
        bytes += text.length + 8;
      }
      return bytes + (properties.length / 2) * rocketmq_property.sizeof();
    }
  }

  // Loaded after the library.
  private static final class Stub {
    static final MemorySegment ON_SENT =
        rocketmq_send_callback.allocate(NativeProducer::onSent, Arena.global());
  }

  private final long id;
  private final AtomicLong nextSend = new AtomicLong();
  private final Map<Long, Completion> pending = new ConcurrentHashMap<>();
  private final NativeHandle handle;

  private NativeProducer(long id, MemorySegment pointer) {
    this.id = id;
    handle = new NativeHandle(pointer, this::destroy);
  }

  private void destroy(MemorySegment pointer) {
    Rocketmq.rocketmq_producer_destroy(pointer);
    PRODUCERS.remove(id);
  }

  /** Creates and starts one; what it made is freed when that fails. */
  public static NativeProducer start(ClientSettings client, Settings settings)
      throws NativeFailure {
    Runtime.ensureLoaded();
    long id = NEXT_ID.incrementAndGet();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment options = write(settings, id, arena);
      NativeFailure.check(
          Rocketmq.rocketmq_producer_create(client.write(arena), options, out, error), error);
      NativeProducer producer = new NativeProducer(id, out.get(ValueLayout.ADDRESS, 0));
      PRODUCERS.put(id, producer);
      try {
        NativeFailure.check(
            Rocketmq.rocketmq_producer_start(out.get(ValueLayout.ADDRESS, 0), error), error);
      } catch (NativeFailure e) {
        producer.handle.release();
        throw e;
      }
      return producer;
    }
  }

  private static MemorySegment write(Settings settings, long context, Arena arena) {
    MemorySegment options = rocketmq_producer_options.allocate(arena);
    rocketmq_producer_options.size(options, rocketmq_producer_options.sizeof());
    Strings.set(rocketmq_producer_options.group(options), settings.group, arena);
    rocketmq_producer_options.on_sent(options, Stub.ON_SENT);
    rocketmq_producer_options.context(options, context);
    rocketmq_producer_options.send_timeout_ms(options, settings.sendTimeoutMillis);
    rocketmq_producer_options.attempt_timeout_ms(options, settings.attemptTimeoutMillis);
    rocketmq_producer_options.max_attempts(options, settings.maxAttempts);
    rocketmq_producer_options.compress_threshold_bytes(options, settings.compressThresholdBytes);
    rocketmq_producer_options.compress_level(options, settings.compressLevel);
    rocketmq_producer_options.max_message_bytes(options, settings.maxMessageBytes);
    rocketmq_producer_options.max_in_flight_count(options, settings.maxInFlightCount);
    rocketmq_producer_options.max_in_flight_bytes(options, settings.maxInFlightBytes);
    rocketmq_producer_options.default_topic_queues(options, settings.defaultTopicQueues);
    rocketmq_producer_options.retry_not_store_ok(options, settings.retryNotStoreOk ? 1 : 0);
    rocketmq_producer_options.block_when_full(options, settings.blockWhenFull ? 1 : 0);
    return options;
  }

  /** Sends on this thread, and waits. */
  public NativeResult send(Outgoing message, int timeoutMillis) throws NativeFailure {
    MemorySegment producer = enter();
    try (Scratch scratch = Scratch.take(CALL_BYTES + message.nativeBytes())) {
      MemorySegment error = NativeError.prepare(scratch.room(rocketmq_error.sizeof()));
      MemorySegment result = scratch.room(rocketmq_send_result.sizeof());
      rocketmq_send_result.size(result, rocketmq_send_result.sizeof());
      MemorySegment options = writeTimeout(timeoutMillis, scratch);
      NativeFailure.check(
          Rocketmq.rocketmq_producer_send(
              producer, write(message, scratch), options, result, error),
          error);
      return read(result);
    } finally {
      handle.leave();
    }
  }

  /** Begins a send; unless this throws, {@code completion} is called exactly once. */
  public void sendAsync(Outgoing message, int timeoutMillis, Completion completion)
      throws NativeFailure {
    MemorySegment producer = enter();
    Long send = nextSend.incrementAndGet();
    pending.put(send, completion);
    boolean accepted = false;
    try (Scratch scratch = Scratch.take(CALL_BYTES + message.nativeBytes())) {
      MemorySegment error = NativeError.prepare(scratch.room(rocketmq_error.sizeof()));
      MemorySegment options = writeTimeout(timeoutMillis, scratch);
      NativeFailure.check(
          Rocketmq.rocketmq_producer_send_async(
              producer, write(message, scratch), options, send, error),
          error);
      accepted = true;
    } finally {
      if (!accepted) {
        pending.remove(send);
      }
      handle.leave();
    }
  }

  /** Hands a message to the connection, without an acknowledgement. */
  public void sendOneWay(Outgoing message, int timeoutMillis) throws NativeFailure {
    MemorySegment producer = enter();
    try (Scratch scratch = Scratch.take(CALL_BYTES + message.nativeBytes())) {
      MemorySegment error = NativeError.prepare(scratch.room(rocketmq_error.sizeof()));
      MemorySegment options = writeTimeout(timeoutMillis, scratch);
      NativeFailure.check(
          Rocketmq.rocketmq_producer_send_one_way(
              producer, write(message, scratch), options, error),
          error);
    } finally {
      handle.leave();
    }
  }

  public void warmUp(String topic) throws NativeFailure {
    MemorySegment producer = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = NativeError.prepare(rocketmq_error.allocate(arena));
      NativeFailure.check(
          Rocketmq.rocketmq_producer_warm_up(producer, Strings.of(topic, arena), error), error);
    } finally {
      handle.leave();
    }
  }

  /** In the order of rocketmq_producer_statistics. */
  public long[] statistics() throws NativeFailure {
    MemorySegment producer = enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statistics = rocketmq_producer_statistics.allocate(arena);
      rocketmq_producer_statistics.size(statistics, rocketmq_producer_statistics.sizeof());
      Rocketmq.rocketmq_producer_get_statistics(producer, statistics, MemorySegment.NULL);
      return statistics.asSlice(8).toArray(ValueLayout.JAVA_LONG);
    } finally {
      handle.leave();
    }
  }

  /** Drains and ends; idempotent. */
  public void close(int timeoutMillis) {
    MemorySegment producer = handle.enter();
    if (producer == null) {
      return;
    }
    try {
      Rocketmq.rocketmq_producer_close(producer, timeoutMillis, MemorySegment.NULL);
    } finally {
      handle.release();
      handle.leave();
    }
  }

  private MemorySegment enter() throws NativeFailure {
    MemorySegment producer = handle.enter();
    if (producer == null) {
      throw NativeFailure.closed("the producer is closed: create another one");
    }
    return producer;
  }

  private static final long CALL_BYTES =
      rocketmq_error.sizeof()
          + rocketmq_send_result.sizeof()
          + rocketmq_send_options.sizeof()
          + rocketmq_message.sizeof()
          + 64;

  private static MemorySegment writeTimeout(int timeoutMillis, Scratch scratch) {
    if (timeoutMillis == 0) {
      return MemorySegment.NULL;
    }
    MemorySegment options = scratch.struct(rocketmq_send_options.sizeof());
    rocketmq_send_options.size(options, rocketmq_send_options.sizeof());
    rocketmq_send_options.timeout_ms(options, timeoutMillis);
    return options;
  }

  private static MemorySegment write(Outgoing message, Scratch scratch) {
    MemorySegment out = scratch.struct(rocketmq_message.sizeof());
    rocketmq_message.size(out, rocketmq_message.sizeof());
    Strings.set(rocketmq_message.topic(out), message.topic, scratch);
    Strings.set(rocketmq_message.tag(out), message.tag, scratch);
    Strings.set(rocketmq_message.keys(out), message.keys, scratch);
    Strings.set(rocketmq_message.sharding_key(out), message.shardingKey, scratch);
    Strings.set(rocketmq_message.broker_name(out), message.brokerName, scratch);
    rocketmq_message.body(out, scratch.text(message.body));
    rocketmq_message.body_length(out, message.body.length);
    rocketmq_message.flag(out, message.flag);
    rocketmq_message.delay_level(out, message.delayLevel);
    rocketmq_message.queue_id(out, message.queueId);
    rocketmq_message.deliver_at_ms(out, message.deliverAtMillis);
    int count = message.properties.length / 2;
    if (count > 0) {
      MemorySegment array = scratch.struct(count * rocketmq_property.sizeof());
      for (int i = 0; i < count; i++) {
        MemorySegment property = rocketmq_property.asSlice(array, i);
        Strings.set(rocketmq_property.name(property), message.properties[2 * i], scratch);
        Strings.set(rocketmq_property.value(property), message.properties[2 * i + 1], scratch);
      }
      rocketmq_message.properties(out, array);
      rocketmq_message.property_count(out, count);
    }
    return out;
  }

  private static NativeResult read(MemorySegment result) {
    return new NativeResult(
        rocketmq_send_result.send_status(result),
        rocketmq_send_result.message_id(result).getString(0),
        rocketmq_send_result.offset_message_id(result).getString(0),
        rocketmq_send_result.broker_name(result).getString(0),
        rocketmq_send_result.queue_id(result),
        rocketmq_send_result.queue_offset(result),
        rocketmq_send_result.attempts(result));
  }

  private static void onSent(long context, MemorySegment completions, int count) {
    // Nothing may leave an upcall: the virtual machine would end.
    try {
      NativeProducer producer = PRODUCERS.get(context);
      MemorySegment pointers =
          completions.reinterpret((long) count * ValueLayout.ADDRESS.byteSize());
      for (int i = 0; i < count; i++) {
        producer.complete(
            pointers
                .getAtIndex(ValueLayout.ADDRESS, i)
                .reinterpret(rocketmq_send_completion.sizeof()));
      }
    } catch (Throwable e) {
      LOGGER.error("completions of sends were lost", e);
    }
  }

  private void complete(MemorySegment completion) {
    try {
      Completion waiting = pending.remove(rocketmq_send_completion.context(completion));
      MemorySegment result = rocketmq_send_completion.result(completion);
      if (result.address() != 0) {
        waiting.complete(read(result.reinterpret(rocketmq_send_result.sizeof())), null);
      } else {
        MemorySegment error =
            rocketmq_send_completion.error(completion).reinterpret(rocketmq_error.sizeof());
        waiting.complete(null, NativeError.read(error));
      }
    } catch (Throwable e) {
      LOGGER.error("the completion of a send failed", e);
    }
  }
}
