package io.github.rocketffm.internal.memory;

import io.github.rocketffm.internal.binding.rocketmq_message;
import io.github.rocketffm.internal.binding.rocketmq_property;
import io.github.rocketffm.internal.binding.rocketmq_string;
import io.github.rocketffm.internal.memory.Strings.MalformedText;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Writes messages as rocketmq_message, and what these point at into memory behind. Pointers are written as numbers, so
 * that no segment is made for each.
 */
final class MessageWriter {
  private static final long STRING_LENGTH = rocketmq_string.length$offset();
  private static final long VALUE = rocketmq_property.value$offset();
  private static final long PROPERTY_BYTES = rocketmq_property.sizeof();
  private static final long ALIGNMENT = 8;
  private static final Thread OTHER_THREAD =
      Thread.ofVirtual().inheritInheritableThreadLocals(false).unstarted(() -> {});

  private final MemorySegment memory;
  private final long address;
  private long used;

  /** The memory must be aligned for any struct. */
  MessageWriter(MemorySegment memory) {
    this.memory = memory;
    address = memory.address();
  }

  void rewind() {
    used = 0;
  }

  /** What a message's texts, properties and body take at the most. */
  static long bytesOf(OutgoingMessage message) {
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
        + (isInPlace(message) ? 0 : message.bodyLength())
        + ALIGNMENT;
  }

  /**
   * A body in native memory is read where it lies, where nobody can free it meanwhile: memory of this thread's own, and
   * such as is never freed. A shared arena may be closed at any time.
   */
  private static boolean isInPlace(OutgoingMessage message) {
    MemorySegment body = message.segment;
    return body != null
        && body.isNative()
        // Of a file that is cut short, reading natively would end the process.
        && !body.isMapped()
        && body.scope().isAlive()
        && body.isAccessibleBy(Thread.currentThread())
        && (!body.isAccessibleBy(OTHER_THREAD) || body.scope().equals(Arena.global().scope()));
  }

  /** Writes a message to a rocketmq_message at an offset of other memory. */
  void write(OutgoingMessage from, MemorySegment structs, long at) throws NativeFailure {
    MemorySegment message = at == 0 ? structs : structs.asSlice(at, rocketmq_message.sizeof());
    message.fill((byte) 0);
    rocketmq_message.size(message, rocketmq_message.sizeof());
    writeProperties(message, from.properties);
    boolean reply = !from.replyTo.isEmpty();
    writeText(message, rocketmq_message.topic$offset(), "topic", reply ? "" : from.topic);
    writeText(message, rocketmq_message.reply_to$offset(), "request's property", from.replyTo);
    writeText(message, rocketmq_message.tag$offset(), "tag", from.tag);
    writeText(message, rocketmq_message.keys$offset(), "keys", from.keys);
    writeText(message, rocketmq_message.sharding_key$offset(), "sharding key", from.shardingKey);
    writeText(message, rocketmq_message.broker_name$offset(), "broker name", from.brokerName);
    writeBody(message, from);
    rocketmq_message.flag(message, from.flag);
    rocketmq_message.delay_level(message, from.delayLevel);
    rocketmq_message.queue_id(message, from.queueId);
    rocketmq_message.deliver_at_ms(message, from.deliverAtMillis);
    if (from.priority >= 0) {
      rocketmq_message.priority(message, from.priority);
      rocketmq_message.has_priority(message, 1);
    }
  }

  private void writeBody(MemorySegment message, OutgoingMessage from) throws NativeFailure {
    long length = from.bodyLength();
    long body = address + used;
    if (isInPlace(from)) {
      body = from.segment.address();
    } else if (from.segment == null) {
      MemorySegment.copy(from.bytes, 0, memory, ValueLayout.JAVA_BYTE, used, (int) length);
      used += length;
    } else {
      copy(from.segment);
      used += length;
    }
    message.set(ValueLayout.JAVA_LONG, rocketmq_message.body$offset(), body);
    rocketmq_message.body_length(message, length);
  }

  private void copy(MemorySegment body) throws NativeFailure {
    try {
      MemorySegment.copy(body, 0, memory, used, body.byteSize());
    } catch (IllegalStateException | WrongThreadException e) {
      throw NativeFailure.invalid("the body cannot be read on this thread: " + e.getMessage());
    }
  }

  /** First of all, as the array must be aligned. */
  private void writeProperties(MemorySegment message, String[] properties) throws NativeFailure {
    int count = properties.length / 2;
    if (count == 0) {
      return;
    }
    long array = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    used = array + count * PROPERTY_BYTES;
    for (int i = 0; i < count; i++) {
      long property = array + i * PROPERTY_BYTES;
      writeText(memory, property, "property name", properties[2 * i]);
      writeText(memory, property + VALUE, "value of a property", properties[2 * i + 1]);
    }
    message.set(ValueLayout.JAVA_LONG, rocketmq_message.properties$offset(), address + array);
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
      length = Strings.write(text, memory, used);
    } catch (MalformedText e) {
      throw NativeFailure.invalid("the " + name + " " + e.getMessage());
    }
    struct.set(ValueLayout.JAVA_LONG, offset, address + used);
    struct.set(ValueLayout.JAVA_LONG, offset + STRING_LENGTH, length);
    used += length;
  }
}
