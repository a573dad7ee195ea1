package io.github.rocketffm.internal.memory;

import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.binding.rocketmq_message;
import io.github.rocketffm.internal.binding.rocketmq_send_options;
import io.github.rocketffm.internal.binding.rocketmq_send_result;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Native memory for the arguments of one batch, and for its results where the caller waits for them: one piece for all
 * messages, freed with the call, whatever their number.
 */
public final class BatchMemory implements AutoCloseable {
  private static final long MESSAGE_BYTES = rocketmq_message.sizeof();
  private static final long RESULT_BYTES = rocketmq_send_result.sizeof();

  private final Arena arena = Arena.ofConfined();
  private final int count;
  private final MemorySegment pointers;
  private final MemorySegment options;
  public final MemorySegment error;
  private MemorySegment results = MemorySegment.NULL;

  public BatchMemory(List<OutgoingMessage> batch) throws NativeFailure {
    count = batch.size();
    boolean written = false;
    try {
      error = NativeError.prepare(rocketmq_error.allocate(arena));
      options = rocketmq_send_options.allocate(arena);
      rocketmq_send_options.size(options, rocketmq_send_options.sizeof());
      pointers = arena.allocate(ValueLayout.ADDRESS, Math.max(1, count));
      write(batch);
      written = true;
    } finally {
      if (!written) {
        arena.close();
      }
    }
  }

  private void write(List<OutgoingMessage> batch) throws NativeFailure {
    long textBytes = 0;
    for (OutgoingMessage message : batch) {
      textBytes += MessageWriter.bytesOf(message);
    }
    MemorySegment structs = arena.allocate(rocketmq_message.layout(), Math.max(1, count));
    MessageWriter writer = new MessageWriter(arena.allocate(Math.max(1, textBytes), 8));
    for (int i = 0; i < count; i++) {
      writer.write(batch.get(i), structs, i * MESSAGE_BYTES);
      pointers.setAtIndex(ValueLayout.JAVA_LONG, i, structs.address() + i * MESSAGE_BYTES);
    }
  }

  /** A rocketmq_message *const *. */
  public MemorySegment messages() {
    return pointers;
  }

  /** A rocketmq_send_options. */
  public MemorySegment options(int timeoutMillis, boolean unlimited) {
    rocketmq_send_options.timeout_ms(options, timeoutMillis);
    rocketmq_send_options.unlimited(options, unlimited ? 1 : 0);
    return options;
  }

  /** A rocketmq_send_result *const *, with room for one each. */
  public MemorySegment results() {
    results = arena.allocate(rocketmq_send_result.layout(), Math.max(1, count));
    MemorySegment resultPointers = arena.allocate(ValueLayout.ADDRESS, Math.max(1, count));
    for (int i = 0; i < count; i++) {
      rocketmq_send_result.size(result(i), RESULT_BYTES);
      resultPointers.setAtIndex(ValueLayout.JAVA_LONG, i, results.address() + i * RESULT_BYTES);
    }
    return resultPointers;
  }

  public MemorySegment result(int place) {
    return results.asSlice(place * RESULT_BYTES, RESULT_BYTES);
  }

  @Override
  public void close() {
    arena.close();
  }
}
