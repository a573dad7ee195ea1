package io.github.rocketffm.internal;

import io.github.rocketffm.internal.binding.rocketmq_send_result;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Native memory for the arguments of one batch, and for its results where the caller waits for them. */
final class BatchMemory implements AutoCloseable {
  private final Arena arena = Arena.ofConfined();
  private final SendMemory[] messages;
  private final MemorySegment messagePointers;
  private MemorySegment results = MemorySegment.NULL;

  BatchMemory(List<OutgoingMessage> batch) throws NativeFailure {
    messages = new SendMemory[batch.size()];
    try {
      messagePointers = arena.allocate(ValueLayout.ADDRESS, Math.max(1, batch.size()));
      for (int i = 0; i < messages.length; i++) {
        messages[i] = SendMemory.take(batch.get(i));
        messagePointers.setAtIndex(ValueLayout.ADDRESS, i, messages[i].message(batch.get(i)));
      }
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  /** A rocketmq_message *const *. */
  MemorySegment messages() {
    return messagePointers;
  }

  /** The options of a send. */
  MemorySegment options(int timeoutMillis, boolean unlimited) {
    return messages.length == 0
        ? MemorySegment.NULL
        : messages[0].options(timeoutMillis, unlimited);
  }

  /** A rocketmq_send_result *const *, with room for one each. */
  MemorySegment results() {
    long size = rocketmq_send_result.sizeof();
    results = arena.allocate(rocketmq_send_result.layout(), messages.length);
    MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, Math.max(1, messages.length));
    for (int i = 0; i < messages.length; i++) {
      MemorySegment one = results.asSlice(i * size, size);
      rocketmq_send_result.size(one, size);
      pointers.setAtIndex(ValueLayout.ADDRESS, i, one);
    }
    return pointers;
  }

  MemorySegment result(int place) {
    long size = rocketmq_send_result.sizeof();
    return results.asSlice(place * size, size);
  }

  @Override
  public void close() {
    for (SendMemory message : messages) {
      if (message != null) {
        message.close();
      }
    }
    arena.close();
  }
}
