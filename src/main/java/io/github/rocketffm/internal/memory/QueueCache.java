package io.github.rocketffm.internal.memory;

import io.github.rocketffm.MessageQueue;
import io.github.rocketffm.internal.binding.rocketmq_queue;
import io.github.rocketffm.internal.binding.rocketmq_string;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** The queues seen lately, so that results of the same queue share one object. Any thread. */
public final class QueueCache {
  private static final int SLOTS = 256;

  /** The one before, which it nearly always is in a batch. */
  private volatile MessageQueue last = new MessageQueue("", "", -1);

  private final AtomicReferenceArray<MessageQueue> queues = new AtomicReferenceArray<>(SLOTS);

  /** The broker's name is {@code length} bytes of UTF-8. */
  public MessageQueue find(
      String topic, MemorySegment memory, long offset, long length, int queueId) {
    MessageQueue before = last;
    if (isSame(before, topic, memory, offset, length, queueId)) {
      return before;
    }
    MessageQueue found = look(topic, memory, offset, length, queueId);
    last = found;
    return found;
  }

  /** Reads {@code count} pointers to rocketmq_queue of one topic. */
  public List<MessageQueue> read(String topic, MemorySegment pointers, int count) {
    long address = pointers.address();
    List<MessageQueue> found = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      MemorySegment queue =
          MemorySegment.ofAddress(Memory.address(address + 8L * i))
              .reinterpret(rocketmq_queue.sizeof());
      MemorySegment broker = rocketmq_queue.broker_name(queue);
      found.add(
          find(
              topic,
              Memory.ALL,
              rocketmq_string.data(broker).address(),
              rocketmq_string.length(broker),
              rocketmq_queue.queue_id(queue)));
    }
    return found;
  }

  private MessageQueue look(
      String topic, MemorySegment memory, long offset, long length, int queueId) {
    int hash = topic.hashCode() * 31 + queueId;
    for (int i = 0; i < length; i++) {
      hash = hash * 31 + memory.get(ValueLayout.JAVA_BYTE, offset + i);
    }
    int slot = (hash ^ hash >>> 16) & (SLOTS - 1);
    MessageQueue known = queues.get(slot);
    if (known != null && isSame(known, topic, memory, offset, length, queueId)) {
      return known;
    }
    MessageQueue queue = new MessageQueue(topic, Strings.get(memory, offset, length), queueId);
    queues.set(slot, queue);
    return queue;
  }

  private static boolean isSame(
      MessageQueue queue,
      String topic,
      MemorySegment memory,
      long offset,
      long length,
      int queueId) {
    return queue.queueId() == queueId
        && queue.topic().equals(topic)
        && isAscii(queue.brokerName(), memory, offset, length);
  }

  /** Whether the memory holds this text; false also for what is not ASCII. */
  public static boolean isAscii(String text, MemorySegment memory, long offset, long length) {
    if (text.length() != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (memory.get(ValueLayout.JAVA_BYTE, offset + i) != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
