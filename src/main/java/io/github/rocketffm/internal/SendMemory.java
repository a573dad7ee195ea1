package io.github.rocketffm.internal;

import io.github.rocketffm.internal.Strings.MalformedText;
import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.binding.rocketmq_message;
import io.github.rocketffm.internal.binding.rocketmq_property;
import io.github.rocketffm.internal.binding.rocketmq_send_options;
import io.github.rocketffm.internal.binding.rocketmq_send_result;
import io.github.rocketffm.internal.binding.rocketmq_string;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Native memory for the arguments of one send, taken from a pool and given back, so that an ordinary send allocates
 * nothing. What the pool does not keep is freed at once: nothing waits for the garbage collector.
 */
final class SendMemory implements AutoCloseable {
  private static final int SLOTS = 256;
  private static final int PROBES = 8;
  private static final long LEAST_TEXT_BYTES = 8 * 1024;

  /** A larger message gets memory of its own, which the system gives and clears page by page. */
  private static final long MOST_KEPT_TEXT_BYTES = 4 * 1024 * 1024;

  private static final long MOST_POOLED_BYTES = 32 * 1024 * 1024;

  private static final AtomicReferenceArray<SendMemory> POOL = new AtomicReferenceArray<>(SLOTS);

  /** What belongs to the pool, in use or not. */
  private static final AtomicInteger POOLED = new AtomicInteger();

  private static final AtomicLong POOLED_BYTES = new AtomicLong();

  private static final long STRING_LENGTH = rocketmq_string.length$offset();
  private static final long VALUE = rocketmq_property.value$offset();
  private static final long PROPERTY_BYTES = rocketmq_property.sizeof();

  final MemorySegment error;
  final MemorySegment result;
  private final MemorySegment options;
  private final MemorySegment message;

  /** The texts, the properties and the body that the message points at. */
  private final MemorySegment texts;

  private final long textsAddress;

  /** Null for one that belongs to the pool. */
  private final Arena own;

  private long used;

  private SendMemory(Arena arena, Arena own, long textBytes) {
    this.own = own;
    error = NativeError.prepare(rocketmq_error.allocate(arena));
    result = rocketmq_send_result.allocate(arena);
    rocketmq_send_result.size(result, rocketmq_send_result.sizeof());
    options = rocketmq_send_options.allocate(arena);
    rocketmq_send_options.size(options, rocketmq_send_options.sizeof());
    message = rocketmq_message.allocate(arena);
    texts = arena.allocate(textBytes, 8);
    textsAddress = texts.address();
  }

  /** With room for the message; beginning empty. */
  static SendMemory take(OutgoingMessage message) {
    long needed = bytesOf(message);
    if (needed <= MOST_KEPT_TEXT_BYTES) {
      SendMemory pooled = takePooled(needed);
      if (pooled != null) {
        pooled.used = 0;
        return pooled;
      }
    }
    Arena arena = Arena.ofConfined();
    return new SendMemory(arena, arena, needed);
  }

  private static SendMemory takePooled(long needed) {
    int first = firstSlot();
    for (int i = 0; i < PROBES; i++) {
      int slot = (first + i) % SLOTS;
      SendMemory taken = POOL.getPlain(slot) == null ? null : POOL.getAndSet(slot, null);
      if (taken == null) {
        continue;
      }
      if (taken.texts.byteSize() < needed) {
        // A larger one takes its place; the garbage collector frees this one.
        taken.leavePool();
        break;
      }
      return taken;
    }
    return pooled(needed);
  }

  /** A new one, or null where the pool has its most. */
  private static SendMemory pooled(long needed) {
    long rounded = Long.highestOneBit(Math.max(needed, LEAST_TEXT_BYTES) - 1) << 1;
    if (POOLED.get() >= SLOTS || POOLED_BYTES.get() + rounded > MOST_POOLED_BYTES) {
      return null;
    }
    SendMemory fresh = new SendMemory(Arena.ofAuto(), null, rounded);
    POOLED.incrementAndGet();
    POOLED_BYTES.addAndGet(rounded);
    return fresh;
  }

  private void leavePool() {
    POOLED.decrementAndGet();
    POOLED_BYTES.addAndGet(-texts.byteSize());
  }

  private static int firstSlot() {
    return (int) (Thread.currentThread().threadId() * 0x9E3779B97F4A7C15L >>> 56);
  }

  @Override
  public void close() {
    if (own != null) {
      own.close();
      return;
    }
    int first = firstSlot();
    for (int i = 0; i < PROBES; i++) {
      if (POOL.compareAndSet((first + i) % SLOTS, null, this)) {
        return;
      }
    }
    leavePool();
  }

  private static long bytesOf(OutgoingMessage message) {
    long chars =
        message.topic.length()
            + message.tag.length()
            + message.keys.length()
            + message.shardingKey.length()
            + message.brokerName.length()
            + message.replyTo.length();
    for (String text : message.properties) {
      chars += text.length();
    }
    return chars * Strings.MOST_BYTES_PER_CHAR
        + message.properties.length / 2 * PROPERTY_BYTES
        + message.body.length;
  }

  /** A rocketmq_send_options; NULL where all is as the producer has it. */
  MemorySegment options(int timeoutMillis, boolean unlimited) {
    if (timeoutMillis == 0 && !unlimited) {
      return MemorySegment.NULL;
    }
    rocketmq_send_options.timeout_ms(options, timeoutMillis);
    rocketmq_send_options.unlimited(options, unlimited ? 1 : 0);
    return options;
  }

  /** A rocketmq_message. Pointers are written as numbers, so that no segment is made for each. */
  MemorySegment message(OutgoingMessage from) throws NativeFailure {
    message.fill((byte) 0);
    rocketmq_message.size(message, rocketmq_message.sizeof());
    writeProperties(from.properties);
    boolean reply = !from.replyTo.isEmpty();
    writeText(message, rocketmq_message.topic$offset(), "topic", reply ? "" : from.topic);
    writeText(message, rocketmq_message.reply_to$offset(), "request's property", from.replyTo);
    writeText(message, rocketmq_message.tag$offset(), "tag", from.tag);
    writeText(message, rocketmq_message.keys$offset(), "keys", from.keys);
    writeText(message, rocketmq_message.sharding_key$offset(), "sharding key", from.shardingKey);
    writeText(message, rocketmq_message.broker_name$offset(), "broker name", from.brokerName);
    byte[] body = from.body;
    MemorySegment.copy(body, 0, texts, ValueLayout.JAVA_BYTE, used, body.length);
    message.set(ValueLayout.JAVA_LONG, rocketmq_message.body$offset(), textsAddress + used);
    rocketmq_message.body_length(message, body.length);
    rocketmq_message.flag(message, from.flag);
    rocketmq_message.delay_level(message, from.delayLevel);
    rocketmq_message.queue_id(message, from.queueId);
    rocketmq_message.deliver_at_ms(message, from.deliverAtMillis);
    return message;
  }

  /** First of all, as the array must be aligned. */
  private void writeProperties(String[] properties) throws NativeFailure {
    int count = properties.length / 2;
    if (count == 0) {
      return;
    }
    used = count * PROPERTY_BYTES;
    for (int i = 0; i < count; i++) {
      String name = properties[2 * i];
      writeText(texts, i * PROPERTY_BYTES, "property name", name);
      writeText(texts, i * PROPERTY_BYTES + VALUE, "value of a property", properties[2 * i + 1]);
    }
    message.set(ValueLayout.JAVA_LONG, rocketmq_message.properties$offset(), textsAddress);
    rocketmq_message.property_count(message, count);
  }

  private void writeText(MemorySegment struct, long offset, String name, String text)
      throws NativeFailure {
    if (text.isEmpty()) {
      struct.set(ValueLayout.JAVA_LONG, offset, 0);
      struct.set(ValueLayout.JAVA_LONG, offset + STRING_LENGTH, 0);
      return;
    }
    long length;
    try {
      length = Strings.write(text, texts, used);
    } catch (MalformedText e) {
      throw NativeFailure.invalid("the " + name + " " + e.getMessage());
    }
    struct.set(ValueLayout.JAVA_LONG, offset, textsAddress + used);
    struct.set(ValueLayout.JAVA_LONG, offset + STRING_LENGTH, length);
    used += length;
  }
}
