package io.github.rocketffm.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Native memory for the arguments of one call, reused from call to call: a bump allocator that is taken from a
 * pool and given back. The garbage collector frees what the pool does not keep.
 */
final class Scratch implements AutoCloseable {
  private static final int FIRST_BYTES = 16 * 1024;

  /** Larger ones are not kept: a rare large body must not stay for ever. */
  private static final int MOST_KEPT_BYTES = 512 * 1024;

  private static final ConcurrentLinkedQueue<Scratch> POOL = new ConcurrentLinkedQueue<>();

  private MemorySegment memory;
  private long used;

  private Scratch(long bytes) {
    memory = Arena.ofAuto().allocate(bytes, 8);
  }

  /** With room for at least so many bytes, beginning empty. */
  static Scratch take(long bytes) {
    Scratch scratch = POOL.poll();
    if (scratch == null) {
      scratch = new Scratch(Math.max(bytes, FIRST_BYTES));
    } else if (scratch.memory.byteSize() < bytes) {
      scratch.memory = Arena.ofAuto().allocate(bytes, 8);
    }
    scratch.used = 0;
    return scratch;
  }

  @Override
  public void close() {
    if (memory.byteSize() <= MOST_KEPT_BYTES) {
      POOL.add(this);
    }
  }

  /** Zeroed, and aligned to 8 bytes. */
  MemorySegment struct(long bytes) {
    return room(bytes).fill((byte) 0);
  }

  /** Not zeroed: for what the callee fills. */
  MemorySegment room(long bytes) {
    MemorySegment slice = memory.asSlice(used, bytes);
    used += (bytes + 7) & ~7;
    return slice;
  }

  /** The bytes of a text, followed by nothing. */
  MemorySegment text(byte[] utf8) {
    MemorySegment slice = room(utf8.length);
    MemorySegment.copy(utf8, 0, slice, ValueLayout.JAVA_BYTE, 0, utf8.length);
    return slice;
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
