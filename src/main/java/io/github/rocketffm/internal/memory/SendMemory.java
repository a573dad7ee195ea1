package io.github.rocketffm.internal.memory;

import io.github.rocketffm.internal.binding.rocketmq_error;
import io.github.rocketffm.internal.binding.rocketmq_message;
import io.github.rocketffm.internal.binding.rocketmq_send_options;
import io.github.rocketffm.internal.binding.rocketmq_send_result;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Native memory for the arguments of one send, taken from a pool and given back, so that an ordinary send allocates
 * nothing. What is too large for the pool is freed at once; what leaves it waits for the garbage collector, which is
 * rare.
 */
public final class SendMemory implements AutoCloseable {
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

  public final MemorySegment error;
  public final MemorySegment result;
  private final MemorySegment options;
  private final MemorySegment message;

  /** The texts, the properties and the body that the message points at. */
  private final MemorySegment texts;

  private final MessageWriter writer;

  /** Null for one that belongs to the pool. */
  private final Arena own;

  private SendMemory(Arena arena, Arena own, long textBytes) {
    this.own = own;
    error = NativeError.prepare(rocketmq_error.allocate(arena));
    result = rocketmq_send_result.allocate(arena);
    rocketmq_send_result.size(result, rocketmq_send_result.sizeof());
    options = rocketmq_send_options.allocate(arena);
    rocketmq_send_options.size(options, rocketmq_send_options.sizeof());
    message = rocketmq_message.allocate(arena);
    texts = arena.allocate(textBytes, 8);
    writer = new MessageWriter(texts);
  }

  /** With room for the message; beginning empty. */
  public static SendMemory take(OutgoingMessage message) {
    long needed = MessageWriter.bytesOf(message);
    if (needed <= MOST_KEPT_TEXT_BYTES) {
      SendMemory pooled = takePooled(needed);
      if (pooled != null) {
        pooled.writer.rewind();
        return pooled;
      }
    }
    Arena arena = Arena.ofConfined();
    SendMemory own = null;
    try {
      own = new SendMemory(arena, arena, needed);
      return own;
    } finally {
      if (own == null) {
        arena.close();
      }
    }
  }

  private static SendMemory takePooled(long needed) {
    int first = firstSlot();
    for (int i = 0; i < PROBES; i++) {
      int slot = (first + i) % SLOTS;
      SendMemory taken = POOL.getPlain(slot) == null ? null : POOL.getAndSet(slot, null);
      if (taken == null) {
        continue;
      }
      if (taken.texts.byteSize() >= needed) {
        return taken;
      }
      return taken.larger(needed);
    }
    return pooled(needed);
  }

  /** One that takes this one's place, which the garbage collector frees; null where the pool has no room for it. */
  private SendMemory larger(long needed) {
    leavePool();
    SendMemory larger = pooled(needed);
    if (larger == null) {
      POOLED.incrementAndGet();
      POOLED_BYTES.addAndGet(texts.byteSize());
      close();
    }
    return larger;
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

  /** A rocketmq_send_options; NULL where all is as the producer has it. */
  public MemorySegment options(int timeoutMillis, boolean unlimited) {
    if (timeoutMillis == 0 && !unlimited) {
      return MemorySegment.NULL;
    }
    rocketmq_send_options.timeout_ms(options, timeoutMillis);
    rocketmq_send_options.unlimited(options, unlimited ? 1 : 0);
    return options;
  }

  /** A rocketmq_message. */
  public MemorySegment message(OutgoingMessage from) throws NativeFailure {
    writer.write(from, message, 0);
    return message;
  }
}
